"""The values of an overview of everything: its request, its events and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.types import Filter
from rag.engines.completion import Completion
from rag.engines.types import Sampling
from rag.generation.quote_selection import QuotedSentence
from rag.grounding.hidden_text import VISIBLE_TEXT, ModelView
from rag.questions.overview_intent import OverviewIntent
from rag.types import AnswerDelta, AnswerProgress, Passage, PinnedSentence

OverviewEvent = AnswerProgress | AnswerDelta | PinnedSentence

NOTHING_NOTED = "Nothing in these documents says anything about that."


@dataclass(frozen=True, slots=True)
class OverviewRequest:
    """A question about all documents of some collections (ids) that match `filters`.

    `sampling` is for the answer, its length included. `numbers` has the passage numbers of the chat so far, by chunk
    id; those of other chunks follow them. `view` is what a model is shown of the documents.
    """

    query: str
    intent: OverviewIntent
    collections: tuple[str, ...]
    filters: Filter | None = None
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=512))
    client: str = ""
    numbers: Mapping[int, int] = field(default_factory=dict[int, int])
    view: ModelView = VISIBLE_TEXT


@dataclass(frozen=True, slots=True)
class Overview:
    """An overview and how it was made.

    The text names `passages` by their numbers, which have gaps; the usage is that of all requests. The first
    `own_chars` of the text are Pincite's own words, which need no pin. `shortfalls` say what is missing, `reason` how
    the overview was made, both in words. `quotes` has all sentences of an extractive overview.
    """

    completion: Completion
    passages: tuple[Passage, ...]
    reason: str
    shortfalls: tuple[str, ...] = ()
    own_chars: int = 0
    quotes: tuple[QuotedSentence, ...] = ()

    @property
    def text(self) -> str:
        """The text of the overview."""
        return self.completion.text
