"""Questions in other words, made by rule: synonyms, another question word, a clause moved to the front. Pure.

The words come from `synonyms.txt`. The same seed makes the same paraphrases.
"""

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rag.questions.stopwords import STOPWORDS

MIN_REPLACED_SHARE = 0.25
"""A paraphrase has synonyms for at least this share of the words that say what the question is about."""

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_FRAMES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(rf"^{pattern}\b", re.IGNORECASE), frames)
    for pattern, frames in (
        (r"how many", ("what number of", "tell me how many")),
        (r"how much", ("what amount of", "tell me how much")),
        (r"(?:in )?(?:what|which) year(?= (?:is|was|were|did|does)\b)", ("when",)),
        (r"when", ("at what time", "on which date")),
        (r"where", ("in which place", "at what spot")),
        (r"whose", ("which person's",)),
        (r"who", ("which person", "what individual")),
        (r"why", ("for what reason",)),
        (r"(?:what|which)(?= (?!is|are|was|were|did|do|does|can)\w)", ("which", "please tell me which")),
    )
)
_PREPOSITION = r"(?:in|during|after|before|since|between)"
_LAST_CLAUSE = re.compile(
    rf"^(?P<rest>\S+(?: \S+){{4,}}?) (?P<clause>{_PREPOSITION} (?!in |from |of |to )[^,?]{{3,60}})(?P<end>\??)$"
)


def load_synonyms() -> dict[str, tuple[str, ...]]:
    """Return what people say instead of each word of `synonyms.txt`."""
    lines = Path(__file__).with_name("synonyms.txt").read_text(encoding="utf-8").splitlines()
    entries = (line.partition(": ") for line in lines if not line.startswith("#"))
    return {word: tuple(alternatives.split(", ")) for word, _, alternatives in entries}


def paraphrase(question: str, synonyms: Mapping[str, Sequence[str]], rng: random.Random) -> str | None:
    """Return the question in other words; None if too few of its words have a synonym."""
    replaced = replace_words(question, synonyms, rng)
    return None if replaced is None else change_question_word(move_last_clause(replaced), rng)


def replace_words(question: str, synonyms: Mapping[str, Sequence[str]], rng: random.Random) -> str | None:
    """Return the question with a synonym for every word that has one; None if these are too small a share.

    A capitalised word is a name, and stays.
    """
    contents = [match for match in _WORD.finditer(question) if match[0].lower() not in STOPWORDS]
    known = [match for match in contents if match[0] in synonyms]
    if not known or len(known) < MIN_REPLACED_SHARE * len(contents):
        return None
    parts: list[str] = []
    position = 0
    for match in known:
        parts += [question[position : match.start()], rng.choice(synonyms[match[0]])]
        position = match.end()
    return "".join([*parts, question[position:]])


def move_last_clause(question: str) -> str:
    """Return the question with its last clause of time or place in front, unchanged if it has none."""
    match = _LAST_CLAUSE.match(question)
    if match is None:
        return question
    return f"{_capitalise_like(question, match['clause'])}, {match['rest'][0].lower()}{match['rest'][1:]}{match['end']}"


def change_question_word(question: str, rng: random.Random) -> str:
    """Return the question with another question word at its beginning, or after a clause that was moved there."""
    start = question.find(", ") + 2 if re.match(rf"{_PREPOSITION}\b", question, re.IGNORECASE) else 0
    for pattern, frames in _FRAMES:
        if pattern.match(question[start:]):
            frame = rng.choice(frames)
            frame = _capitalise_like(question, frame) if start == 0 else frame
            return question[:start] + pattern.sub(frame, question[start:], count=1)
    return question


def _capitalise_like(question: str, words: str) -> str:
    return words[0].upper() + words[1:] if question[0].isupper() else words
