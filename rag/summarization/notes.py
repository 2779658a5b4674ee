"""The notes that a model takes of parts of documents, and what they come to together. Pure.

A note names the passages it comes from by numbers that are unique over the whole reading, given in the order in which
passages are first noted. A model sees the passages of its part as 1 to n; its numbers are translated here.
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
"""Share of its words that a note without a number must have in a passage to be taken for a note of it."""
SHOWN_NUMBERS = 5
"""As many passages are named behind an item that many have."""

_LIST_MARK = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Note:
    """One finding without markers, and the numbers of the passages that have it."""

    text: str
    numbers: tuple[int, ...]

    @property
    def line(self) -> str:
        """The note as a line of a list, with its markers."""
        return f"- {self.text} [{', '.join(map(str, self.numbers[:SHOWN_NUMBERS]))}]"


class Numbering:
    """Gives chunks numbers in the order in which they are first noted, after those that are `known` by chunk id."""

    def __init__(self, known: Mapping[int, int]) -> None:
        self._numbers = dict(known)
        self._noted: dict[int, int] = {}
        self.highest = max(self._numbers.values(), default=0)

    def of(self, chunk_id: int) -> int | None:
        """Return the number of a chunk, a new one where it has none; None where there are no more numbers."""
        if chunk_id not in self._numbers:
            if self.highest >= MAX_NUMBER:
                return None
            self.highest += 1
            self._numbers[chunk_id] = self.highest
        self._noted[self._numbers[chunk_id]] = chunk_id
        return self._numbers[chunk_id]

    def chunks(self, wanted: Iterable[int]) -> list[tuple[int, int]]:
        """Return number and chunk id of those `wanted` numbers that were noted, in rising order."""
        return [(number, self._noted[number]) for number in sorted(set(wanted)) if number in self._noted]


def taken_notes(written: str, chunks: Sequence[StoredChunk], numbering: Numbering) -> list[Note]:
    """Return the notes that a model took of `chunks`, which it was shown as 1 to n.

    A line that names no passage belongs to the one that has most of its words; one that none has is dropped.
    """
    notes: list[Note] = []
    for text, named in _lines(written):
        places = [place for place in named if 1 <= place <= len(chunks)] or _place_of(text, chunks)
        ids = [numbering.of(chunks[place - 1].id) for place in places]
        if known := tuple(id_ for id_ in ids if id_ is not None):
            notes.append(Note(text, known))
    return merged(notes)


def kept_notes(written: str, shown: Sequence[Note]) -> list[Note]:
    """Return the notes that a model made of others; a line that names none of their passages is dropped."""
    known = {number for note in shown for number in note.numbers}
    kept = [Note(text, tuple(number for number in named if number in known)) for text, named in _lines(written)]
    return merged(note for note in kept if note.numbers)


def merged(notes: Iterable[Note]) -> list[Note]:
    """Return notes in their order, those that say the same in the same words as one, with all their numbers."""
    found: dict[tuple[str, ...], Note] = {}
    for note in notes:
        key = tuple(extract_terms(note.text))
        before = found.get(key)
        numbers_of_both = (*(before.numbers if before else ()), *note.numbers)
        found[key] = replace(before or note, numbers=tuple(dict.fromkeys(numbers_of_both)))
    return list(found.values())


def _lines(written: str) -> list[tuple[str, list[int]]]:
    """Return what each line says without its markers, and the numbers in them; lines that say nothing are left out."""
    lines: list[tuple[str, list[int]]] = []
    for line in written.splitlines():
        named = [number for match in MARKER.finditer(line) for number in parse_numbers(match.group(1))]
        text = " ".join(_LIST_MARK.sub("", MARKER.sub("", line)).split())
        text = defuse(re.sub(r"\s+([.,;:!?])", r"\1", text))  # "[[1] 2]" without its marker is one again
        if any(map(str.isalnum, text)):
            lines.append((text, list(dict.fromkeys(named))))
    return lines


def _place_of(text: str, chunks: Sequence[StoredChunk]) -> list[int]:
    """Return the place, from 1, of the chunk that has most of the words of a note; none where none has enough."""
    noted = set(extract_terms(text))
    if not noted or not chunks:
        return []
    shares = [len(noted & set(extract_terms(chunk.chunk.text))) / len(noted) for chunk in chunks]
    best = max(shares)
    return [shares.index(best) + 1] if best >= MIN_SHARED_WORDS else []
