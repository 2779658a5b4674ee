"""Identifiers that a question asks about: codes, numbers of records, clauses, versions and phones. Pure.

An identifier is a condition: a text that lacks it is about something else, however similar it is. Quantities, years and
other numbers are none, because documents state them in many forms.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from rag.questions.identifier_forms import (
    LONG_DIGITS,
    IdentifierKind,
    compact,
    compile_form,
    compile_spelling,
    is_line_start,
    list_search_terms,
)
from rag.questions.identifier_patterns import (
    CODE,
    DOTTED_NUMBER,
    EDITION,
    EDITION_OF_YEAR,
    FILE_NAME,
    LONG_NUMBER,
    NO_CODE,
    PART,
    PART_IN_WORDS,
    RECORD,
    VERSION,
)

CERTAIN_CHARS = 4
"""A number with so many letters and digits needs no label to be recognized in a document."""
MAX_SIMILAR = 3

_YEAR = re.compile(r"1[0-9]\d\d|20\d\d")
_DATE_OR_RANGE = re.compile(
    r"(?:\d{4}\W\d{1,2}\W\d{1,2}|\d{1,2}\W\d{1,2}\W\d{2,4}|(?:[1-9]|1\d|20)\d\d\W(?:(?:1\d|20)\d\d|\d\d))"
)
_VERB_BEFORE = re.compile(r"\b(?:i|we|you|they|to|not|please|can|could|may|must|should|will|would)\s+$", re.IGNORECASE)
"""What makes a verb of the label: to order 10 pumps, we claim 500 euros."""
_GROUPED = re.compile(r"\d{1,3}(?:\.\d{3})+")
_ROUND = re.compile(r"[1-9]\d{0,2}0{5,}")


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier of a question: its `number` is `question[start:end]`, its `label` the words in front of it."""

    number: str
    kind: IdentifierKind
    label: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """The identifier as people call it: a short number needs its label."""
        if self.kind == "edition":
            return f"The {self.number} edition"
        return self.number if self.kind == "code" else f"{self.label}{self.number}"

    def is_in(self, text: str) -> bool:
        """Whether a text has this identifier, in any of its written forms."""
        return compile_spelling(self.number, self.kind).search(text) is not None

    def is_like(self, other: "Identifier") -> bool:
        """Whether both have one form, as the codes of two faults."""
        return compile_form(self.number, self.kind) == compile_form(other.number, other.kind)

    def find_in(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of this identifier in a text, in order."""
        return [match.span() for match in compile_spelling(self.number, self.kind).finditer(text)]

    def find_alike(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of all identifiers of this form in a text, in order; of a part, where the part begins."""
        spans = [match.span() for match in compile_form(self.number, self.kind).finditer(text)]
        return [span for span in spans if self.kind != "part" or is_line_start(text, span[0])]

    def rank_similar(self, texts: Iterable[str]) -> list[str]:
        """Return the other identifiers of this form in some texts, the most similar first, as they are written."""
        form, own = compile_form(self.number, self.kind), compact(self.number)
        spellings = {
            compact(match["number"]): " ".join(match["number"].split())
            for text in texts
            for match in form.finditer(text)
        }
        ranked = sorted(spellings.keys() - {own}, key=lambda key: (_count_differences(own, key), key))
        return [spellings[key] for key in ranked[:MAX_SIMILAR]]

    @property
    def search_terms(self) -> list[str]:
        """The words under which a lexical index can have this identifier."""
        return list_search_terms(self.number, self.kind, self.label)


def extract_identifiers(question: str) -> tuple[Identifier, ...]:
    """Return the identifiers of a question in its order; names of files and addresses have none."""
    masked = FILE_NAME.sub(lambda name: " " * len(name[0]), question)
    identifiers: list[Identifier] = []
    for identifier in _list_candidates(masked):
        if not any(identifier.start < other.end and other.start < identifier.end for other in identifiers):
            identifiers.append(identifier)
    return tuple(sorted(identifiers, key=lambda identifier: identifier.start))


def _count_differences(number: str, other: str) -> int:
    """Return in how many characters two numbers differ, from the first to the last."""
    return sum(mine != theirs for mine, theirs in zip_longest(number, other))


def _list_candidates(question: str) -> Iterator[Identifier]:
    """Yield identifiers, which may overlap: the surest first."""
    for pattern, classify in _CLASSIFIERS:
        for match in pattern.finditer(question):
            if (kind := classify(match)) is not None:
                start, end = match.span("number")
                yield Identifier(match["number"], kind, match[0][: start - match.start()], start, end)


def _classify_long(match: re.Match[str]) -> IdentifierKind | None:
    number = match["number"]
    is_long = sum(map(str.isdigit, number)) >= LONG_DIGITS
    return "code" if is_long and not _DATE_OR_RANGE.fullmatch(number) and not _ROUND.fullmatch(number) else None


def _classify_code(match: re.Match[str]) -> IdentifierKind | None:
    """Return whether letters with digits are a code, and no quarter, unit or word of every day (MP3, WW2)."""
    number = match["number"]
    is_code = sum(map(str.isdigit, number)) > 1 or not number.isalnum()
    return "code" if is_code and not NO_CODE.fullmatch(number) else None


def _classify_record(match: re.Match[str]) -> IdentifierKind | None:
    number = match["number"]
    is_verb = number.isdigit() and _VERB_BEFORE.search(match.string[: match.start()]) is not None
    is_year = _YEAR.fullmatch(number) is not None and "#" not in match[0]
    if is_verb or is_year or NO_CODE.fullmatch(number):
        return None
    return "code" if not number.isdigit() or len(number) >= CERTAIN_CHARS else "record"


def _classify_part(match: re.Match[str]) -> IdentifierKind | None:
    return None if match["number"] == "I" else "part"


def _classify_dotted(match: re.Match[str]) -> IdentifierKind | None:
    number = match["number"]
    return None if _GROUPED.fullmatch(number) or _DATE_OR_RANGE.fullmatch(number) else "version"


def _classify_version(_: re.Match[str]) -> IdentifierKind:
    return "version"


def _classify_edition(_: re.Match[str]) -> IdentifierKind:
    return "edition"


_CLASSIFIERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], IdentifierKind | None]], ...] = (
    (LONG_NUMBER, _classify_long),
    (VERSION, _classify_version),
    (EDITION, _classify_edition),
    (EDITION_OF_YEAR, _classify_edition),
    (PART, _classify_part),
    (PART_IN_WORDS, _classify_part),
    (CODE, _classify_code),
    (RECORD, _classify_record),
    (DOTTED_NUMBER, _classify_dotted),
)
