"""An answer that code has computed from what documents have: rows or cells of a table, definitions of source files."""

from dataclasses import dataclass

from ingest.types import StoredChunk
from rag.grounding.shown_quote import ShownQuote
from rag.types import AnswerVerdict


@dataclass(frozen=True, slots=True)
class ComputedAnswer:
    """Pincite's own words in front, and the quotes behind them; `read` is a chunk of what was read.

    `lead` has words of the question alone, none of the document. `reason` tells the user how it was made. What code has
    settled answers; the nearest rows only may.
    """

    lead: str
    quotes: tuple[ShownQuote, ...]
    read: StoredChunk
    reason: str
    answer_verdict: AnswerVerdict = "answers"
