"""Parse and merge the notes that a model takes of parts of documents. Pure.

A note names its passages by numbers that are unique in the whole run, assigned in the order in which notes first name
them. The prompt of a part numbers its passages from 1 to n; parsing translates these numbers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.text.analyzer import extract_terms
from ingest.types import StoredChunk
from rag.context.prompt import defuse
from rag.grounding.markers import MARKER, parse_numbers

MAX_NUMBER = 9_999
"""Markers have four digits at most."""
MIN_SHARED_WORDS = 0.6
"""Share of its words that a passage must have before a note without a number is attributed to it."""
SHOWN_NUMBERS = 5
"""The most passages that a line of a list names."""

_LIST_MARK = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Note:
    """One finding without markers, and the numbers of the passages that state it."""

    text: str
    numbers: tuple[int, ...]

    @property
    def line(self) -> str:
        """The note as a line of a list, with its markers."""
        return f"- {self.text} [{', '.join(map(str, self.numbers[:SHOWN_NUMBERS]))}]"


class PassageNumbers:
    """Assigns numbers to chunks in the order in which notes name them, after the `assigned` ones (by chunk id)."""

    def __init__(self, assigned: Mapping[int, int]) -> None:
        self._numbers = dict(assigned)
        self._noted: dict[int, int] = {}
        self.highest = max(self._numbers.values(), default=0)

    def assign(self, chunk_id: int) -> int | None:
        """Return the number of a chunk, a new one if it has none; None if there are no more numbers."""
        if chunk_id not in self._numbers:
            if self.highest >= MAX_NUMBER:
                return None
            self.highest += 1
            self._numbers[chunk_id] = self.highest
        self._noted[self._numbers[chunk_id]] = chunk_id
        return self._numbers[chunk_id]

    def list_chunks(self, numbers: Iterable[int]) -> list[tuple[int, int]]:
        """Return number and chunk id of those `numbers` that notes have named, in rising order."""
        return [(number, self._noted[number]) for number in sorted(set(numbers)) if number in self._noted]


def parse_notes(text: str, chunks: Sequence[StoredChunk], numbers: PassageNumbers) -> list[Note]:
    """Return the notes of a completion whose prompt numbered `chunks` from 1 to n.

    A line that names no passage is attributed to the one with most of its words, and dropped if none has enough.
    """
    notes: list[Note] = []
    for line, named in _parse_lines(text):
        local = [number for number in named if 1 <= number <= len(chunks)] or _find_by_words(line, chunks)
        assigned = [numbers.assign(chunks[number - 1].id) for number in local]
        if translated := tuple(number for number in assigned if number is not None):
            notes.append(Note(line, translated))
    return merge_notes(notes)


def parse_condensed_notes(text: str, notes: Sequence[Note]) -> list[Note]:
    """Return the notes of a completion that condenses others; a line that names none of their passages is dropped."""
    valid = {number for note in notes for number in note.numbers}
    condensed = [Note(line, tuple(number for number in named if number in valid)) for line, named in _parse_lines(text)]
    return merge_notes(note for note in condensed if note.numbers)


def merge_notes(notes: Iterable[Note]) -> list[Note]:
    """Return notes in their order; notes with the same words become one, with all their numbers."""
    by_words: dict[tuple[str, ...], Note] = {}
    for note in notes:
        key = tuple(extract_terms(note.text))
        before = by_words.get(key)
        numbers_of_both = (*(before.numbers if before else ()), *note.numbers)
        by_words[key] = replace(before or note, numbers=tuple(dict.fromkeys(numbers_of_both)))
    return list(by_words.values())


def _parse_lines(text: str) -> list[tuple[str, list[int]]]:
    """Return each line without its markers, and the numbers in them; lines without a letter or digit are left out."""
    lines: list[tuple[str, list[int]]] = []
    for line in text.splitlines():
        named = [number for match in MARKER.finditer(line) for number in parse_numbers(match.group(1))]
        statement = " ".join(_LIST_MARK.sub("", MARKER.sub("", line)).split())
        statement = defuse(re.sub(r"\s+([.,;:!?])", r"\1", statement))  # "[[1] 2]" without its marker is one again
        if any(map(str.isalnum, statement)):
            lines.append((statement, list(dict.fromkeys(named))))
    return lines


def _find_by_words(text: str, chunks: Sequence[StoredChunk]) -> list[int]:
    """Return the number, from 1, of the chunk with most of the words of a note; none if none has enough."""
    noted = set(extract_terms(text))
    if not noted or not chunks:
        return []
    shares = [len(noted & set(extract_terms(chunk.chunk.text))) / len(noted) for chunk in chunks]
    best = max(shares)
    return [shares.index(best) + 1] if best >= MIN_SHARED_WORDS else []
