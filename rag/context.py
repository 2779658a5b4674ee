"""What the model is shown: whole documents when they fit, else the best chunks. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.types import StoredChunk
from rag.types import ContextMode, Passage, ScoredChunk

WHOLE_SHARE = 0.7
"""Share of the free window that whole documents may take, as LM Studio has it."""


@dataclass(frozen=True, slots=True)
class Context:
    """The passages that were chosen, and why, in words for the user."""

    mode: ContextMode
    reason: str
    passages: tuple[Passage, ...]


def whole_document_budget(context_window: int, used_tokens: int) -> int:
    """Return how many tokens whole documents and the question may take together.

    LM Studio's rule: 70% of what the conversation leaves free, less the more of the window it fills.
    """
    free = max(context_window - used_tokens, 0)
    return int(free * WHOLE_SHARE * (1 - min(used_tokens / context_window, 1.0)))


def number(chunks: Sequence[StoredChunk]) -> tuple[Passage, ...]:
    """Number chunks from 1 in the order given."""
    return tuple(Passage(index, chunk) for index, chunk in enumerate(chunks, start=1))


def neighbours_together(chunks: Sequence[StoredChunk]) -> list[StoredChunk]:
    """Return chunks in the order given, but each run of neighbours in reading order where its first one stood.

    What a text begins in one chunk it often ends in the next.
    """
    files = {chunk.id: (chunk.collection_id, chunk.file_id) for chunk in chunks}

    def start_of_run(id_: int) -> int:
        while files.get(id_ - 1) == files[id_]:  # the chunks of a document are stored one after the other
            id_ -= 1
        return id_

    places: dict[int, int] = {}
    for chunk in chunks:
        places.setdefault(start_of_run(chunk.id), len(places))
    return sorted(chunks, key=lambda chunk: (places[start_of_run(chunk.id)], chunk.id))


def whole_documents(chunks: Sequence[StoredChunk], tokens: int, budget: int) -> Context:
    """Return the context of all chunks of all documents, in reading order."""
    documents = len({(chunk.collection_id, chunk.file_id) for chunk in chunks})
    what = "the whole document" if documents == 1 else f"all {documents} documents, whole"
    return Context("whole", f"{what}: {tokens:,} of {budget:,} tokens", number(chunks))


def best_chunks(
    hits: Sequence[ScoredChunk], budget_tokens: int, count_tokens: Callable[[Sequence[Passage]], int]
) -> Context:
    """Return the best hits that fit the budget together, at least one; neighbours stand together as in the document.

    `count_tokens` tells how long the prompt gets with some passages in it.
    """
    chunks = [hit.chunk for hit in hits]
    chosen = number(neighbours_together(chunks))
    while len(chosen) > 1 and count_tokens(chosen) > budget_tokens:
        chosen = number(neighbours_together(chunks[: len(chosen) - 1]))
    documents = len({(passage.stored.collection_id, passage.stored.file_id) for passage in chosen})
    left_out = len(hits) - len(chosen)
    reason = f"retrieval: {_count(len(chosen), 'passage')} from {_count(documents, 'document')}"
    if left_out:
        reason += f"; {left_out} more did not fit the model's window"
    return Context("retrieval", reason, chosen)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
