"""Extractive overviews: representative sentences of the documents, or those that match the topic of a list."""

from collections.abc import Generator

from ingest.library.library import Library
from ingest.types import Embedder
from rag.answers.producer import AnswerTask, Draft
from rag.answers.producers.overview_draft import build_request, draft_overview
from rag.summarization.extractive_overview import quote_overview
from rag.types import AnswerEvent


class ExtractiveOverviewProducer:
    """Streams the progress of the choice, then the quotes."""

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder

    def produce(self, task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
        """See `Producer`."""
        overview = yield from quote_overview(self._library, self._embedder, build_request(task))
        task.clock.mark_first_token()
        return draft_overview(overview)
