"""Answers that the model writes from the passages of its prompt."""

from collections.abc import Generator
from dataclasses import replace

from rag.answers.grounder import Grounder
from rag.answers.producer import AnswerTask, Draft
from rag.generation.json_text import extract_text_values
from rag.generation.streaming import stream_answer, stream_json
from rag.types import AnswerEvent


class WrittenProducer:
    """Streams what the model writes; sentences are pinned while the model writes the next one."""

    def __init__(self, grounder: Grounder) -> None:
        self._grounder = grounder

    def produce(self, task: AnswerTask) -> Generator[AnswerEvent, None, Draft]:
        """See `Producer`."""
        passages, sampling = task.plan.context.passages, task.sampling
        attributor = self._grounder.start_attribution(passages)
        if sampling.json_schema:  # numbers in brackets are lists there, not markers
            deltas = task.engine.generate(task.plan.messages, sampling, client=task.question.client)
            completion = yield from stream_json(deltas, task.clock)
            return Draft(completion, attributor, prose=extract_text_values(completion.text))
        sampling = replace(sampling, cite_up_to=max((passage.number for passage in passages), default=0))
        deltas = task.engine.generate(task.plan.messages, sampling, client=task.question.client)
        completion = yield from stream_answer(
            deltas, passages, task.clock, prompt_tokens=task.plan.prompt_tokens, attributor=attributor
        )
        return Draft(completion, attributor)
