"""No answer from the documents: Pincite says so itself, and no model is asked."""

from collections.abc import Generator

from rag.answers.producer import AnswerTask, Draft
from rag.engines.completion import Completion
from rag.engines.types import Usage
from rag.types import AnswerDelta, AnswerEvent


class AbstainedProducer:
    """Says the text of the plan."""

    def produce(self, task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
        """See `Producer`."""
        yield AnswerDelta(task.plan.text)
        return Draft(Completion(task.plan.text, "stop", Usage(0, 0)), answer_verdict="does not answer")
