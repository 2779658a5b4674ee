"""Choose the passages of a prompt by its token budget: whole documents if they fit, else the best chunks. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingest.types import StoredChunk
from rag.types import ContextMode, Passage, ScoredChunk

WHOLE_SHARE = 0.7
"""Share of the free context window that whole documents may fill (LM Studio's rule)."""


@dataclass(frozen=True, slots=True)
class Context:
    """The passages that were chosen, and why, in words for the user."""

    mode: ContextMode
    reason: str
    passages: tuple[Passage, ...] = ()


def budget_whole_documents(context_window: int, used_tokens: int) -> int:
    """Return how many tokens whole documents and the question may take together.

    LM Studio's rule: 70% of what the chat history leaves free, less the more of the window it fills.
    """
    free = max(context_window - used_tokens, 0)
    return int(free * WHOLE_SHARE * (1 - min(used_tokens / context_window, 1.0)))


def number_passages(chunks: Sequence[StoredChunk], numbers: Mapping[int, int] | None = None) -> tuple[Passage, ...]:
    """Number chunks in the order given: `numbers` has those of some chunks by id, the others follow the highest."""
    assigned = dict(numbers or {})
    for chunk in chunks:
        assigned.setdefault(chunk.id, max(assigned.values(), default=0) + 1)
    return tuple(Passage(assigned[chunk.id], chunk) for chunk in chunks)


def group_neighbours(chunks: Sequence[StoredChunk]) -> list[StoredChunk]:
    """Return chunks in the order given, but each run of neighbours in reading order at the position of its first.

    A statement that begins in one chunk often ends in the next.
    """
    files = {chunk.id: (chunk.collection_id, chunk.file_id) for chunk in chunks}

    def find_start(id_: int) -> int:
        while files.get(id_ - 1) == files[id_]:  # the chunks of a document have consecutive ids
            id_ -= 1
        return id_

    positions: dict[int, int] = {}
    for chunk in chunks:
        positions.setdefault(find_start(chunk.id), len(positions))
    return sorted(chunks, key=lambda chunk: (positions[find_start(chunk.id)], chunk.id))


def deduplicate(hits: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Return hits in order, without those that repeat the text of a better one: copies would crowd out other texts."""
    by_text: dict[str, ScoredChunk] = {}
    for hit in hits:
        by_text.setdefault(" ".join(hit.chunk.chunk.text.casefold().split()), hit)
    return list(by_text.values())


def select_whole_documents(passages: Sequence[Passage], tokens: int, budget: int) -> Context:
    """Return the context of all chunks of all documents, in reading order."""
    documents = len(_list_documents(passages))
    subject = "the whole document" if documents == 1 else f"all {documents} documents, whole"
    return Context("whole", f"{subject}: {tokens:,} of {budget:,} tokens", tuple(passages))


def select_passages(
    hits: Sequence[ScoredChunk],
    budget_tokens: int,
    count_tokens: Callable[[Sequence[Passage]], int],
    *,
    present: Sequence[Passage] = (),
    numbers: Mapping[int, int] | None = None,
) -> Context:
    """Return the best hits that fit the budget together; neighbours are in the order of the document.

    The chat history includes the passages `present` already: they stay, and the prompt does not repeat them. The
    context has at least one passage. `count_tokens` returns the length of the prompt with some new passages in it;
    `numbers` has the passage numbers of chunks by id.
    """
    present_ids = {passage.stored.id for passage in present}
    chunks = [hit.chunk for hit in hits if hit.chunk.id not in present_ids]
    least = 0 if present_ids else 1
    selected = number_passages(group_neighbours(chunks), numbers)
    while len(selected) > least and count_tokens(selected) > budget_tokens:
        selected = number_passages(group_neighbours(chunks[: len(selected) - 1]), numbers)
    cut = len(chunks) - len(selected)
    return Context("retrieval", _explain_selection(selected, present, cut=cut), (*present, *selected))


def _explain_selection(selected: Sequence[Passage], present: Sequence[Passage], *, cut: int) -> str:
    passages = (*present, *selected)
    documents = len(_list_documents(passages))
    reason = f"retrieval: {pluralize(len(passages), 'passage')} from {pluralize(documents, 'document')}"
    if present:
        reason += f", {len(present)} of them shown before"
    return f"{reason}; {cut} more did not fit the model's window" if cut else reason


def _list_documents(passages: Sequence[Passage]) -> set[tuple[str, str]]:
    return {(passage.stored.collection_id, passage.stored.file_id) for passage in passages}


def pluralize(count: int, noun: str) -> str:
    """Return a count with its noun, in words for the user."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
