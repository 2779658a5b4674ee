"""Restore the passage memory of a stored conversation, so that it continues with the passages of its turns."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.context.passage_memory import PassageMemory, TurnPassages
from rag.conversations.turns import AnswerRecord, PassageReference, Turn
from rag.types import Passage, Question


def restore_passages(library: Library, memory: PassageMemory, question: Question, above: Sequence[Turn]) -> None:
    """Fill `memory` with the passages of the turns `above` a question, whose messages begin with theirs.

    The stored record replaces what the memory has. Turns about other documents and passages that have left the library
    are skipped.
    """
    chunks = _Chunks(library)
    for index, (asking, answer) in enumerate(pairwise(above)):
        if asking.role != "user" or answer.record is None or not _has_same_documents(answer.record, question):
            continue
        if (passages := _load_passages(answer.record, chunks)) is not None:
            memory.remember(replace(question, messages=question.messages[: index + 1]), answer.text, passages)


def _load_passages(record: AnswerRecord, chunks: "_Chunks") -> TurnPassages | None:
    basis = record.basis
    if basis is None:
        return None
    by_number = {passage.number: chunks.load(passage) for passage in basis.passages}
    new = tuple(Passage(number, chunk) for number, chunk in by_number.items() if chunk and number in basis.new)
    # The number of a removed chunk stays taken: answers still cite it.
    return TurnPassages({chunk.id if chunk else -number: number for number, chunk in by_number.items()}, new)


def _has_same_documents(record: AnswerRecord, question: Question) -> bool:
    before = record.question
    return (before.collections, repr(before.filters)) == (question.collections, repr(question.filters))


class _Chunks:
    """Looks up chunks by their spans, and loads each document once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._documents: dict[tuple[str, str], dict[tuple[int, int], StoredChunk]] = {}

    def load(self, passage: PassageReference) -> StoredChunk | None:
        """Return the chunk of a passage, None if it has left the library."""
        key = (passage.collection_id, passage.file_id)
        if key not in self._documents:
            chunks = self._library.document_chunks(*key)
            self._documents[key] = {(stored.chunk.start, stored.chunk.end): stored for stored in chunks}
        return self._documents[key].get((passage.start, passage.end))
