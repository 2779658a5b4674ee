"""Put what a follow-up question changes into the question before it. Pure.

“What was the potassium on 12 January 2026?”, then “and in March?”: a time takes the place of a time, a code that of a
code, a phrase that of the one behind the same preposition, a thing that of the thing that is asked about. If nothing
has its place, it is added.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rag.questions.follow_up_patterns import ASKING_PHRASE, DETERMINERS, QUESTION_WORD, TIME, VERB
from rag.questions.identifiers import extract_identifiers
from rag.questions.stopwords import STOPWORDS
from rag.questions.words import JOINED_WORD

_PREPOSITIONS = frozenset(
    ["em", "até", "desde", "hasta", "sobre", "entre", "tra", "fra", "tot", "sinds", "seit", "bis", "depuis", "chez"]
)
"""Those that are no stopwords."""
_GENITIVE_LIST = "of von vom d de du des del do da dos das di della dello dei degli delle van"
_GENITIVE_PREPOSITIONS = frozenset(_GENITIVE_LIST.split())
_GENITIVE_ARTICLES = frozenset({"der", "des", "eines", "einer"})
_END = " \t\n.?!¿¡…"


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Content words in a row with their determiner, `[start, end)`, and the preposition in front of them, if any."""

    start: int
    end: int
    last_word: int
    determiner: str
    preposition: str


def substitute(topic: str, fragment: str) -> str:
    """Return the question `topic` with `fragment` in the place of what it changes; at its end if there is no such."""
    part = fragment.strip(_END)
    for replace_slot in (
        _replace_time,
        _replace_identifier,
        _replace_behind_preposition,
        _replace_name,
        _replace_thing,
    ):
        if (completed := replace_slot(topic, part)) is not None:
            return completed
    return append(topic, part)


def append(topic: str, fragment: str) -> str:
    """Return the question `topic` with `fragment` at its end."""
    return f"{topic.rstrip(_END)} {fragment.strip(_END)}?"


def is_typed(fragment: str) -> bool:
    """Whether a fragment has a form that says what it changes: a time, a code, or a phrase behind a preposition."""
    part = fragment.strip(_END)
    first = JOINED_WORD.match(part)
    is_phrase = first is not None and first.end() < len(part) and _is_preposition(first[0])
    return is_phrase or TIME.fullmatch(part) is not None or bool(extract_identifiers(part))


def substitute_asking(topic: str, asking: str) -> str:
    """Return `topic` with other words of asking: “why?” after “When was it moved?” is “why was it moved?”."""
    words = asking.strip(_END)
    start = ASKING_PHRASE.match(topic)
    rest = topic[start.end() :] if start else f" {topic[:1].lower()}{topic[1:]}"
    return f"{words}{rest}"


def _replace_time(topic: str, part: str) -> str | None:
    given = TIME.fullmatch(part)
    times = list(TIME.finditer(topic))
    if given is None or not times:
        return None
    old = times[-1]
    year = "" if not given["month"] or given["year"] or not old["year"] else f" {old['year']}"
    lead = "" if given["lead"] or not old["lead"] else f"{old['lead']} "
    return _put(topic, old.start(), old.end(), f"{lead}{part}{year}")


def _replace_identifier(topic: str, part: str) -> str | None:
    for new in extract_identifiers(part):
        for old in extract_identifiers(topic):
            if new.is_like(old):
                return _put(topic, old.start, old.end, new.number)
    return None


def _replace_behind_preposition(topic: str, part: str) -> str | None:
    words = list(JOINED_WORD.finditer(part))
    if len(words) < 2 or not _is_preposition(words[0][0]):
        return None
    preposition = words[0][0].casefold()
    phrase = next((phrase for phrase in _list_phrases(topic) if phrase.preposition == preposition), None)
    return None if phrase is None else _put(topic, phrase.start, phrase.end, part[words[0].end() :].strip())


def _replace_name(topic: str, part: str) -> str | None:
    """Replace the last name by a name: capitals without a determiner, as nouns have one in German."""
    words = JOINED_WORD.findall(part)
    if not words or not all(word[0].isupper() for word in words):
        return None
    names = [
        phrase
        for phrase in _list_phrases(topic)
        if not phrase.determiner and topic[phrase.start].isupper() and not TIME.search(topic, phrase.start, phrase.end)
    ]
    return _put(topic, names[-1].start, names[-1].end, part) if names else None


def _replace_thing(topic: str, part: str) -> str | None:
    """Replace the thing that is asked about: with its determiner if it has one, else the last word alone.

    If several have a determiner like the new one, any of them can be meant, and none is replaced.
    """
    first = JOINED_WORD.match(part)
    if first is None or _is_preposition(first[0]):
        return None
    has_own = first[0].casefold() in DETERMINERS
    times = [time.span() for time in TIME.finditer(topic)]
    phrases = [
        phrase
        for phrase in _list_phrases(topic)
        if not any(start < phrase.end and phrase.start < end for start, end in times)
    ]
    alike = [index for index, phrase in enumerate(phrases) if phrase.determiner or not has_own]
    subjects = [index for index in alike if not phrases[index].preposition]
    if not subjects:
        return None
    index = subjects[0]
    while index + 1 < len(phrases) and _is_genitive(topic, phrases[index], phrases[index + 1]):
        index += 1
    if has_own and max(alike) > index:
        return None
    phrase = phrases[index]
    start = phrase.start if phrase.determiner else phrase.last_word
    new = part if has_own or not phrase.determiner else f"{phrase.determiner} {part}"
    return _put(topic, start, phrase.end, new)


def _is_genitive(topic: str, phrase: _Phrase, following: _Phrase) -> bool:
    """Whether the following phrase says of what a phrase is: the price *of the ticket*."""
    between = topic[phrase.end : following.start].strip().casefold()
    if following.preposition:
        return following.preposition in _GENITIVE_PREPOSITIONS and between.strip("'’") == following.preposition
    return not between and following.determiner.casefold() in _GENITIVE_ARTICLES


def _list_phrases(topic: str) -> Iterator[_Phrase]:
    """Yield the phrases of a question behind its words of asking, in order."""
    asking = ASKING_PHRASE.match(topic)
    before: list[re.Match[str]] = []
    for is_content, run in groupby(
        JOINED_WORD.finditer(topic, asking.end() if asking else 0), lambda w: _is_content(w[0])
    ):
        words = list(run)
        if is_content:
            has_determiner = bool(before) and before[-1][0].casefold() in DETERMINERS
            determiner = before.pop() if has_determiner else None
            preposition = before[-1][0].casefold() if before and _is_preposition(before[-1][0]) else ""
            yield _Phrase(
                start=(determiner or words[0]).start(),
                end=words[-1].end(),
                last_word=words[-1].start(),
                determiner=determiner[0] if determiner else "",
                preposition=preposition,
            )
        before = words


def _is_content(word: str) -> bool:
    folded = word.casefold()
    is_function_word = folded in STOPWORDS or folded in DETERMINERS or folded in _PREPOSITIONS
    return not is_function_word and VERB.fullmatch(word) is None


def _is_preposition(word: str) -> bool:
    """Whether a word has no content and is neither a determiner, a verb nor a word of asking."""
    return not _is_content(word) and not any(
        (word.casefold() in DETERMINERS, VERB.fullmatch(word), QUESTION_WORD.fullmatch(word))
    )


def _put(text: str, start: int, end: int, new: str) -> str:
    return f"{text[:start]}{new}{text[end:]}"
