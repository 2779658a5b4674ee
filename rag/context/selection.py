"""What the model is shown: whole documents when they fit, else the best chunks. Pure."""

from collections.abc import Callable, Mapping, Sequence
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


def number(chunks: Sequence[StoredChunk], known: Mapping[int, int] | None = None) -> tuple[Passage, ...]:
    """Number chunks in the order given: with the numbers that are `known` of them by id, the others after those."""
    numbers = dict(known or {})
    for chunk in chunks:
        numbers.setdefault(chunk.id, max(numbers.values(), default=0) + 1)
    return tuple(Passage(numbers[chunk.id], chunk) for chunk in chunks)


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


def distinct(hits: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Return hits without those that say word for word what a better one says: copies of a text crowd out others."""
    by_text: dict[str, ScoredChunk] = {}
    for hit in hits:
        by_text.setdefault(" ".join(hit.chunk.chunk.text.casefold().split()), hit)
    return list(by_text.values())


def whole_documents(passages: Sequence[Passage], tokens: int, budget: int) -> Context:
    """Return the context of all chunks of all documents, in reading order."""
    documents = len(_documents(passages))
    what = "the whole document" if documents == 1 else f"all {documents} documents, whole"
    return Context("whole", f"{what}: {tokens:,} of {budget:,} tokens", tuple(passages))


def best_chunks(
    hits: Sequence[ScoredChunk],
    budget_tokens: int,
    count_tokens: Callable[[Sequence[Passage]], int],
    *,
    present: Sequence[Passage] = (),
    known: Mapping[int, int] | None = None,
) -> Context:
    """Return the best hits that fit the budget together; neighbours stand together as in the document.

    `present` are passages that the conversation holds already: they stay, and are not shown twice. At least one passage
    is shown. `count_tokens` tells how long the prompt gets with some new passages in it; `known` has the numbers of
    chunks by id.
    """
    there = {passage.stored.id for passage in present}
    chunks = [hit.chunk for hit in hits if hit.chunk.id not in there]
    least = 0 if there else 1
    chosen = number(neighbours_together(chunks), known)
    while len(chosen) > least and count_tokens(chosen) > budget_tokens:
        chosen = number(neighbours_together(chunks[: len(chosen) - 1]), known)
    return Context("retrieval", _explain_found(chosen, present, cut=len(chunks) - len(chosen)), (*present, *chosen))


def _explain_found(chosen: Sequence[Passage], present: Sequence[Passage], *, cut: int) -> str:
    passages = (*present, *chosen)
    reason = f"retrieval: {_count(len(passages), 'passage')} from {_count(len(_documents(passages)), 'document')}"
    if present:
        reason += f", {len(present)} of them shown before"
    return f"{reason}; {cut} more did not fit the model's window" if cut else reason


def _documents(passages: Sequence[Passage]) -> set[tuple[str, str]]:
    return {(passage.stored.collection_id, passage.stored.file_id) for passage in passages}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
