"""What the turns of a stored conversation were shown, brought back so that it goes on as if it had never ended."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.context.passage_memory import PassageMemory, TurnPassages
from rag.conversations.turns import AnswerRecord, PassageReference, Turn
from rag.types import Passage, Question


def restore_passages(library: Library, memory: PassageMemory, question: Question, above: Sequence[Turn]) -> None:
    """Note in `memory` what was shown for the questions `above` a question, whose messages begin with theirs.

    The record is the truth, whatever is remembered. Nothing is brought back of turns that asked other documents, nor
    of passages that are not in the library any more.
    """
    chunks = _Chunks(library)
    for index, (asked, answer) in enumerate(pairwise(above)):
        if asked.role != "user" or answer.record is None or not _asks_the_same(answer.record, question):
            continue
        if (shown := _shown(answer.record, chunks)) is not None:
            memory.remember(replace(question, messages=question.messages[: index + 1]), answer.text, shown)


def _shown(record: AnswerRecord, chunks: "_Chunks") -> TurnPassages | None:
    basis = record.basis
    if basis is None:
        return None
    found = {passage.number: chunks.at(passage) for passage in basis.passages}
    standing = tuple(Passage(number, chunk) for number, chunk in found.items() if chunk and number in basis.new)
    # The number of a chunk that is gone is not given to another one: answers still name it.
    return TurnPassages({chunk.id if chunk else -number: number for number, chunk in found.items()}, standing)


def _asks_the_same(record: AnswerRecord, question: Question) -> bool:
    before = record.question
    return (before.collections, repr(before.filters)) == (question.collections, repr(question.filters))


class _Chunks:
    """The chunks of documents by their places, each document read once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[tuple[str, str], dict[tuple[int, int], StoredChunk]] = {}

    def at(self, passage: PassageReference) -> StoredChunk | None:
        """Return the chunk that was shown, None where it is not there any more."""
        key = (passage.collection_id, passage.file_id)
        if key not in self._known:
            chunks = self._library.document_chunks(*key)
            self._known[key] = {(each.chunk.start, each.chunk.end): each for each in chunks}
        return self._known[key].get((passage.start, passage.end))
