"""Keep text that a person does not see in a document behind what a person sees. Pure.

Hidden text is found, quoted with its mark and named as a source, so that its owner learns of it. But whoever hides text
in a document must not decide what its readers are told: it never comes before visible evidence, it replaces and
contradicts nothing that is seen, and a model reads it only if a setting says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.text.annotations import remove_hidden
from ingest.types import Chunk, StoredChunk
from rag.grounding.evidence import SentenceMatch
from rag.types import Passage, ScoredChunk

EVIDENCE_SHARE = 0.6
"""Share of the best score from which a visible sentence is evidence beside a hidden one: those below are not quoted."""
CHUNK_SHARE = 0.9
"""Share of its score with which a hidden chunk is ranked among others: it comes behind a visible copy of its text."""
ONLY_HIDDEN = (
    "what could answer stands in text that is hidden in its document, which a model is not shown "
    "(setting PINCITE_HIDDEN_IN_PROMPTS)"
)


@dataclass(frozen=True, slots=True)
class ModelView:
    """What a model is shown of documents: what a person sees in them, or, if `with_hidden`, all of their text."""

    with_hidden: bool = False

    def shows(self, stored: StoredChunk) -> bool:
        """Whether anything of a chunk is shown."""
        return self.with_hidden or stored.chunk.hidden is None

    def show_text(self, text: str) -> str:
        """Return a text as it is shown: hidden text in it is marked, or left out."""
        return text if self.with_hidden else "\n".join(map(remove_hidden, text.split("\n")))

    def show_chunk(self, chunk: Chunk) -> str:
        """Return a chunk below its context as it is shown."""
        text = chunk.text if self.with_hidden or chunk.hidden is None else ""
        return self.show_text(f"{chunk.context}\n{text}" if chunk.context else text)

    def select_matches(self, matches: Sequence[SentenceMatch]) -> list[SentenceMatch]:
        """Return the sentences that are shown, in their order."""
        return [match for match in matches if self.with_hidden or match.hidden is None]

    def select_passages(self, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        """Return the passages of which anything is shown, in their order."""
        return tuple(passage for passage in passages if self.shows(passage.stored))


VISIBLE_TEXT = ModelView()


def put_hidden_last(matches: Sequence[SentenceMatch], *, min_score: float) -> list[SentenceMatch]:
    """Return the sentences in their order, the hidden ones behind all visible ones that are evidence.

    A visible sentence is evidence if it has `min_score` and `EVIDENCE_SHARE` of the best score.
    """
    if all(match.hidden is None for match in matches):
        return list(matches)
    least = max(min_score, EVIDENCE_SHARE * max(match.score for match in matches))

    def rank(match: SentenceMatch) -> int:
        return 1 if match.hidden else 0 if match.score >= least else 2

    return sorted(matches, key=rank)


def put_hidden_chunks_behind(hits: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Return hits in their order, hidden ones behind the visible ones that score nearly as much."""
    if all(hit.chunk.chunk.hidden is None for hit in hits):
        return list(hits)
    ordered: list[ScoredChunk] = [hit for hit in hits if hit.chunk.chunk.hidden is None]
    for hit in hits:
        if hit.chunk.chunk.hidden is not None:
            ahead = [place for place, other in enumerate(ordered) if other.score >= CHUNK_SHARE * hit.score]
            ordered.insert(ahead[-1] + 1 if ahead else 0, hit)
    return ordered
