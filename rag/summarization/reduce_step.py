"""Notes that are too long to be answered from together: a model shortens them, group by group."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from rag.engines.types import Engine, Sampling
from rag.errors import PromptTooLongError, RagError
from rag.summarization.map_step import Account, OverviewEvent, Request, Written, written_by
from rag.summarization.notes import Note, kept_notes, merged
from rag.summarization.prompts import answer_messages, condense_messages
from rag.types import AnswerDelta, AnswerProgress


@dataclass(frozen=True, slots=True)
class Condenser:
    """Shortens notes of a reading in `parts`; what that costs, and what is left out, is noted in `account`."""

    engine: Engine
    asked: str
    client: str
    prompt_budget: int
    note_tokens: int
    parallel: int
    parts: int
    account: Account

    def condensed(self, notes: list[Note], answer_budget: int) -> Generator[OverviewEvent, None, list[Note]]:
        """Return notes with which the prompt of the answer fits its budget, in as many rounds as that takes.

        Where the model does not make them fewer, every other one is left out.
        """
        before = len(notes) + 1
        while not self._fits(notes, answer_budget) and len(notes) < before:
            before = len(notes)
            notes = yield from self._shortened(notes)
        while len(notes) > 1 and not self._fits(notes, answer_budget):
            notes = self._halved(notes, "there is no room for them")
        return notes

    def _fits(self, notes: Sequence[Note], budget: int) -> bool:
        return self.engine.count_tokens(answer_messages(self.asked, notes)) <= budget

    def _shortened(self, notes: Sequence[Note]) -> Generator[OverviewEvent, None, list[Note]]:
        groups = self._groups(notes)
        requests: list[Callable[[], Request | RagError]] = [partial(self._request, group) for group in groups]
        kept: list[Note] = []
        with closing(written_by(self.engine, requests, parallel=self.parallel, client=self.client)) as readings:
            for event in readings:
                if isinstance(event, AnswerDelta):
                    yield event
                    continue
                place, written = event
                kept.extend(self._kept(groups[place], written))
                yield AnswerProgress(self.parts, self.parts, f"shortening the notes, {place + 1} of {len(groups)}")
        return merged(kept)

    def _groups(self, notes: Sequence[Note]) -> list[Sequence[Note]]:
        """Return the notes in groups that the model can read."""
        if len(notes) < 2 or self.engine.count_tokens(condense_messages(self.asked, notes)) <= self.prompt_budget:
            return [notes]
        middle = len(notes) // 2
        return [*self._groups(notes[:middle]), *self._groups(notes[middle:])]

    def _request(self, notes: Sequence[Note]) -> Request | RagError:
        messages = condense_messages(self.asked, notes)
        used = self.engine.count_tokens(messages)
        if used > self.prompt_budget:
            return PromptTooLongError(prompt_tokens=used, context_window=self.engine.info().context_window)
        highest = max(number for note in notes for number in note.numbers)
        return Request(messages, Sampling(max_tokens=self.note_tokens, cite_up_to=highest))

    def _kept(self, notes: Sequence[Note], written: Written) -> list[Note]:
        """Return what the model kept of some notes; half of them where it kept none, or made them no fewer."""
        self.account.add(written.usage)
        kept = [] if written.error is not None else kept_notes(written.text, notes)
        if len(notes) < 2 or 0 < len(kept) < len(notes):
            return kept or list(notes)
        return self._halved(notes, "the model did not shorten them")

    def _halved(self, notes: Sequence[Note], why: str) -> list[Note]:
        self.account.miss(f"{len(notes) // 2} of {len(notes)} notes were left out: {why}")
        return list(notes[::2])
