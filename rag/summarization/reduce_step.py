"""Condense notes that do not fit one prompt: a model shortens them, group by group."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from rag.engines.types import Engine, Sampling
from rag.errors import PromptTooLongError, RagError
from rag.summarization.map_step import CompletionRequest, CompletionResult, RunReport, complete_all
from rag.summarization.notes import Note, merge_notes, parse_condensed_notes
from rag.summarization.overview_types import OverviewEvent
from rag.summarization.prompts import build_answer_messages, build_condense_messages
from rag.types import AnswerDelta, AnswerProgress


@dataclass(frozen=True, slots=True)
class Condenser:
    """Condenses the notes of a run of so many `parts`; usage and shortfalls go into `report`."""

    engine: Engine
    query: str
    client: str
    prompt_budget: int
    note_tokens: int
    parallel: int
    parts: int
    report: RunReport

    def condense(self, notes: list[Note], answer_budget: int) -> Generator[OverviewEvent, None, list[Note]]:
        """Return notes with which the prompt of the answer fits its budget, in as many rounds as that takes.

        Every other note is left out if the model does not make them fewer.
        """
        before = len(notes) + 1
        while not self._fits(notes, answer_budget) and len(notes) < before:
            before = len(notes)
            notes = yield from self._shorten(notes)
        while len(notes) > 1 and not self._fits(notes, answer_budget):
            notes = self._halve(notes, "there is no room for them")
        return notes

    def _fits(self, notes: Sequence[Note], budget: int) -> bool:
        return self.engine.count_tokens(build_answer_messages(self.query, notes)) <= budget

    def _shorten(self, notes: Sequence[Note]) -> Generator[OverviewEvent, None, list[Note]]:
        groups = self._split(notes)
        requests: list[Callable[[], CompletionRequest | RagError]] = [
            partial(self._build_request, group) for group in groups
        ]
        condensed: list[Note] = []
        with closing(complete_all(self.engine, requests, parallel=self.parallel, client=self.client)) as results:
            for event in results:
                if isinstance(event, AnswerDelta):
                    yield event
                    continue
                index, result = event
                condensed.extend(self._parse_result(groups[index], result))
                doing = f"shortening the notes, {index + 1} of {len(groups)}"
                yield AnswerProgress(self.parts, self.parts, doing)
        return merge_notes(condensed)

    def _split(self, notes: Sequence[Note]) -> list[Sequence[Note]]:
        """Return the notes in groups that fit one prompt each."""
        messages = build_condense_messages(self.query, notes)
        if len(notes) < 2 or self.engine.count_tokens(messages) <= self.prompt_budget:
            return [notes]
        middle = len(notes) // 2
        return [*self._split(notes[:middle]), *self._split(notes[middle:])]

    def _build_request(self, notes: Sequence[Note]) -> CompletionRequest | RagError:
        messages = build_condense_messages(self.query, notes)
        used = self.engine.count_tokens(messages)
        if used > self.prompt_budget:
            return PromptTooLongError(prompt_tokens=used, context_window=self.engine.info().context_window)
        highest = max(number for note in notes for number in note.numbers)
        return CompletionRequest(messages, Sampling(max_tokens=self.note_tokens, cite_up_to=highest))

    def _parse_result(self, notes: Sequence[Note], result: CompletionResult) -> list[Note]:
        """Return the condensed notes of a group; half of the notes if the model gave none or no fewer."""
        self.report.add_usage(result.usage)
        condensed = [] if result.error is not None else parse_condensed_notes(result.text, notes)
        if len(notes) < 2 or 0 < len(condensed) < len(notes):
            return condensed or list(notes)
        return self._halve(notes, "the model did not shorten them")

    def _halve(self, notes: Sequence[Note], cause: str) -> list[Note]:
        self.report.add_shortfall(f"{len(notes) // 2} of {len(notes)} notes were left out: {cause}")
        return list(notes[::2])
