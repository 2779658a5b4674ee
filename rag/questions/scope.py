"""Decide which documents a question names, and what is left of it without their names. Pure.

A name limits the search, so an ordinary word must not become one. It counts as a name if it is written as one (with its
suffix, in quotation marks, with underscores or digits), or if words that lead to a document stand before it and it is
a noun for a kind of document with what tells it from others: `in the lab report`, `laut Mietvertrag`. The noun alone
names a document if there is only one of its kind.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.text.analyzer import extract_terms
from ingest.text.names import MIN_ABBREVIATION, make_name_keys
from ingest.types import DocumentName
from rag.questions.name_mentions import Mention, NamePhrase, is_empty_word
from rag.questions.scope_patterns import CONTAINERS, DOCUMENT_NOUNS, SUMMARY_OF
from rag.questions.words import fold_words

MAX_TITLE_WORDS = 12
"""A longer title is a sentence: its words do not describe the document."""
MAX_NAMED = 12
"""The most documents that a description names; with more of them it tells none from the others."""

_NUMBER = re.compile(r"\d+")
_SUMMARY = re.compile(rf"(?<!\w)(?:{SUMMARY_OF})(?!\w)", re.IGNORECASE)
_MARKS = re.compile(r"\s+(?=[.,;:?!])|^[\s,;:]+|[\s,;:]+$")


@dataclass(frozen=True, slots=True)
class NamedDocuments:
    """The documents that a phrase names.

    `is_firm` unless the phrase is the one noun for them after a preposition, or has a number as its only name.
    """

    mention: Mention
    phrase: NamePhrase
    documents: tuple[DocumentName, ...]
    is_firm: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """The documents that a question names, and the `rest` of it without their names.

    `asks_for_all` if the rest has no topic: the question is for what the documents say. If the scope is not firm,
    documents outside of it may answer as well.
    """

    documents: tuple[DocumentName, ...]
    question: str
    rest: str
    is_firm: bool = True
    asks_for_all: bool = False

    @property
    def query(self) -> str:
        """The text to search for in the documents."""
        return self.question if self.asks_for_all else self.rest

    def describe(self) -> str:
        """Return the scope in words, for the reason of an answer."""
        names = list(dict.fromkeys(document.filename for document in self.documents))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f"in {shown}, which the question names"


def choose_exact(mention: Mention, phrase: NamePhrase, candidates: Sequence[DocumentName]) -> NamedDocuments | None:
    """Return the `candidates` whose file name or title is the phrase, if it counts as a name here."""
    named = next(filter(None, (_select_by_key(candidates, key, phrase) for key in phrase.keys)), ())
    return NamedDocuments(mention, phrase, named) if named and _is_exact_name(mention, phrase) else None


def choose_by_ending(mention: Mention, phrase: NamePhrase, candidates: Sequence[DocumentName]) -> NamedDocuments | None:
    """Return the one of the `candidates` whose file name ends with the words of the phrase, suffix included.

    People leave out what stands in front: `minutes.pdf` for 07-minutes.pdf. None if there are several.
    """
    words = list(phrase.words)
    named = tuple(name for name in candidates if fold_words(name.filename)[-len(words) :] == words)
    return NamedDocuments(mention, phrase, named) if len(named) == 1 else None


def choose_without_noun(
    mention: Mention, phrase: NamePhrase, candidates: Sequence[DocumentName]
) -> NamedDocuments | None:
    """Return the `candidates` whose file name or title is the phrase without the noun: lab.pdf for “the lab report”."""
    if not phrase.nouns or not (phrase.is_complete or mention.evidence == "firm"):
        return None
    named = _select_by_key(candidates, phrase.key_without_noun, phrase)
    return NamedDocuments(mention, phrase, named) if named else None


def choose_described(mention: Mention, phrase: NamePhrase, candidates: Sequence[DocumentName]) -> NamedDocuments | None:
    """Return the `candidates` that the phrase describes, if it tells them from others.

    `candidates` are all documents whose names have the words of `phrase.described_by`, or more than `MAX_NAMED`.
    """
    if not phrase.nouns or not (phrase.is_complete or mention.evidence == "firm"):
        return None
    named = tuple(name for name in candidates if _is_described(name, phrase))
    if len(phrase.described_by) > 1:
        return NamedDocuments(mention, phrase, named) if 0 < len(candidates) <= MAX_NAMED and named else None
    is_led = mention.has_determiner or mention.evidence == "firm" or phrase.words[0] not in DOCUMENT_NOUNS
    if len(candidates) != 1 or not named or not is_led:
        return None
    return NamedDocuments(mention, phrase, named, is_firm=mention.evidence == "firm")


def make_scope(question: str, named: Sequence[NamedDocuments]) -> Scope | None:
    """Return the scope of the documents that are named; None if there are none."""
    if not named:
        return None
    documents = dict.fromkeys(name for of_phrase in named for name in of_phrase.documents)
    rest = _cut(question, [(of_phrase.phrase.cut_from, of_phrase.phrase.end) for of_phrase in named])
    return Scope(
        documents=tuple(documents),
        question=question,
        rest=rest,
        is_firm=all(of_phrase.is_firm and of_phrase.mention.evidence != "numbered" for of_phrase in named),
        asks_for_all=all(map(is_empty_word, fold_words(_SUMMARY.sub(" ", rest)))),
    )


def _select_by_key(candidates: Sequence[DocumentName], key: str, phrase: NamePhrase) -> tuple[DocumentName, ...]:
    """Return the documents with a key, whose numbers are written like those of the phrase: 3.5 is not 35."""
    numbers = _NUMBER.findall(phrase.text)
    return tuple(
        name
        for name in candidates
        if key in make_name_keys(name.filename, name.title)
        and numbers in (_NUMBER.findall(name.filename), _NUMBER.findall(name.title), _NUMBER.findall(_stem(name)))
    )


def _is_exact_name(mention: Mention, phrase: NamePhrase) -> bool:
    if mention.evidence in ("written", "firm") or set(phrase.words) & CONTAINERS:
        return True
    return phrase.is_complete and bool(phrase.nouns) and len(phrase.described_by) > 1


def _is_described(name: DocumentName, phrase: NamePhrase) -> bool:
    """Whether each word of the phrase is one of a document's names, or begins one, or is begun by one."""
    title = fold_words(name.title)
    words = [*fold_words(_stem(name)), *(title if len(title) <= MAX_TITLE_WORDS else [])]
    return all(any(_are_alike(word, of_name) for of_name in words) for word in phrase.described_by)


def _are_alike(word: str, other: str) -> bool:
    if word == other or extract_terms(word) == extract_terms(other):
        return True
    shorter, longer = sorted((word, other), key=len)
    is_noun = word in DOCUMENT_NOUNS
    return not is_noun and len(shorter) >= MIN_ABBREVIATION and shorter.isalpha() and longer.startswith(shorter)


def _stem(name: DocumentName) -> str:
    return PurePosixPath(name.filename).stem


def _cut(question: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a question without some spans, its spaces tidied."""
    kept: list[str] = []
    position = 0
    for start, end in sorted(spans):
        kept.append(question[position : max(start, position)])
        position = max(position, end)
    text = " ".join(" ".join([*kept, question[position:]]).split())
    return _MARKS.sub("", text)
