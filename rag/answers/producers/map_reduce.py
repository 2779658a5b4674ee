"""Overviews by map-reduce: a model takes notes of every part of the documents and answers from the notes."""

from collections.abc import Generator
from dataclasses import replace

from ingest.library.library import Library
from rag.answers.grounder import Grounder
from rag.answers.producer import AnswerTask, Draft
from rag.answers.producers.overview_draft import build_request, draft_overview
from rag.summarization.map_reduce import MapReduceSpec, write_overview
from rag.summarization.overview_types import Overview, OverviewEvent
from rag.types import AnswerEvent


class MapReduceProducer:
    """Streams the progress of the notes, then the answer."""

    def __init__(self, library: Library, grounder: Grounder) -> None:
        self._library = library
        self._grounder = grounder

    def produce(self, task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
        """See `Producer`. The call raises `PromptTooLongError` if the question leaves no room for passages."""
        return self._draft(
            write_overview(self._library, task.engine, build_request(task), MapReduceSpec(), task.clock), task
        )

    def _draft(
        self, events: Generator[OverviewEvent, None, Overview], task: AnswerTask
    ) -> Generator[AnswerEvent, None, Draft]:
        overview = yield from events
        task.clock.mark_first_token()
        return replace(draft_overview(overview), attributor=self._grounder.start_attribution(overview.passages))
