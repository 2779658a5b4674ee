"""Questions about the pages of documents, made by rule from their sentences, headings, numbers and tables. Pure.

The same pages and the same seed make the same questions. A question names every page that has its words and its answer.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from ingest.text.analyzer import extract_terms
from ingest.text.sentences import split_sentences
from ingest.types import BlockKind, Chunk, StoredChunk
from rag.questions.stopwords import STOPWORDS

Kind = Literal["number", "subject", "heading", "table", "written"]
RULES: tuple[Kind, ...] = ("number", "subject", "heading", "table")
"""The kinds that are made by rule."""

MIN_WORDS, MAX_WORDS = 8, 40
"""Words of a sentence that a question is made of."""
MAX_PAGES = 3
"""A question that more pages answer tells nothing about search."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(
    r"(?P<before>.*?\s)(?P<money>[$€£]\s?)?(?P<number>\d[\d.,]*\d|\d)\s(?P<unit>[^\W\d_]{3,})(?P<rest>.*)", re.DOTALL
)
_SUBJECT = re.compile(
    r"(?P<subject>(?:The|A|An|Every|Each|This|Das|Der|Die|Ein|Eine)\s(?:[\w-]+\s){1,6}?)"
    r"(?P<verb>is|are|was|were|has|have|must|may|should|can|means|covers|ist|sind|hat|heißt|kann)\s(?P<rest>.{20,})",
    re.DOTALL,
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|ein|eine)\b")


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """A question, and the pages of the document `source` that answer it."""

    question: str
    source: str
    pages: frozenset[int]
    kind: Kind


def make_questions(chunks: Sequence[StoredChunk], source: str, rng: random.Random) -> list[PageQuestion]:
    """Return the questions that the chunks of one document give, in an order that `rng` shuffles."""
    pages = _collect_pages(chunks)
    questions = [question for stored in chunks for question in _ask_about(stored.chunk, source, pages)]
    unique = {question.question: question for question in questions if len(question.pages) <= MAX_PAGES}
    return rng.sample(list(unique.values()), len(unique))


def select_questions(of_documents: Sequence[Sequence[PageQuestion]], for_each_kind: int) -> list[PageQuestion]:
    """Return at most `for_each_kind` questions of each kind, from the documents in turn."""
    in_turn = [question for row in zip_longest(*of_documents) for question in row if question is not None]
    by_kind = ([question for question in in_turn if question.kind == kind] for kind in RULES)
    return [question for of_kind in by_kind for question in of_kind[:for_each_kind]]


def _collect_pages(chunks: Sequence[StoredChunk]) -> dict[int, frozenset[str]]:
    """Return the terms of each page, those of its headings included."""
    terms: dict[int, set[str]] = {}
    for stored in chunks:
        for page in range(stored.chunk.first_page, stored.chunk.last_page + 1):
            terms.setdefault(page, set()).update(extract_terms(f"{stored.chunk.context}\n{stored.chunk.text}"))
    return {page: frozenset(of_page) for page, of_page in terms.items()}


def _ask_about(chunk: Chunk, source: str, pages: dict[int, frozenset[str]]) -> Iterable[PageQuestion]:
    asked: Iterable[tuple[str, str, Kind]]
    if chunk.kind is BlockKind.TABLE:
        asked = _ask_about_rows(chunk.text, chunk.context)
    elif chunk.kind is BlockKind.PROSE:
        sentences = (" ".join(chunk.text[start:end].split()) for start, end in split_sentences(chunk.text))
        asked = [
            *(question for sentence in sentences for question in _ask_about_sentence(sentence)),
            *_ask_about_heading(chunk.heading_path, chunk.text),
        ]
    else:
        return
    own_pages = range(chunk.first_page, chunk.last_page + 1)
    for question, needed, kind in asked:
        terms = set(extract_terms(needed))
        answering = {page for page, of_page in pages.items() if terms <= of_page}
        if terms and not answering.isdisjoint(own_pages):
            yield PageQuestion(question, source, frozenset(answering), kind)


def _ask_about_sentence(sentence: str) -> Iterable[tuple[str, str, Kind]]:
    """Yield each question of a sentence, the words that a page needs to answer it, and its kind."""
    if not MIN_WORDS <= len(sentence.split()) <= MAX_WORDS:
        return
    number = _NUMBER.fullmatch(sentence)
    if number and number["unit"].lower() not in STOPWORDS and len(_WORD.findall(number["before"])) >= 4:
        how_many = "Wie viele" if _GERMAN.search(sentence) else "How many"
        asked = f"{how_many} {number['money'] or ''}{number['unit']}: {_lower_first(number['before']).strip(' ,;:(')}?"
        yield asked, f"{number['before']} {number['number']} {number['unit']}", "number"
    subject = _SUBJECT.match(sentence)
    if subject and len(_WORD.findall(subject["subject"])) >= 3:
        words = "Was {verb} {subject}?" if _GERMAN.search(sentence) else "What {verb} {subject}?"
        asked = words.format(verb=subject["verb"], subject=_lower_first(subject["subject"]).strip())
        yield asked, f"{subject['subject']} {subject['verb']} {subject['rest']}", "subject"


def _ask_about_heading(path: Sequence[str], text: str) -> Iterable[tuple[str, str, Kind]]:
    if path and len(_WORD.findall(path[-1])) >= 2 and path[-1] in text:
        yield f"Where can I read about {_lower_first(path[-1]).rstrip(' ?.:')}?", path[-1], "heading"


def _ask_about_rows(text: str, context: str) -> Iterable[tuple[str, str, Kind]]:
    """Yield a question for the second and the last cell of each row, by the names of its columns."""
    lines = [line.split(" | ") for line in [context.splitlines()[-1] if context else "", *text.splitlines()]]
    header, *rows = [[cell.strip() for cell in line] for line in lines]
    for row in rows:
        if len(header) < 2 or len(row) != len(header) or row == header or not _WORD.search(row[0]):
            continue
        for column in {1, len(row) - 1}:
            if _WORD.search(header[column]) and row[column]:
                yield f"What is the {header[column]} for {row[0]}?", f"{row[0]} {row[column]} {header[column]}", "table"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
