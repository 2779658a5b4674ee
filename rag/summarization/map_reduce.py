"""Write an overview by map-reduce: notes of every part of the documents, then an answer from the notes.

Lists and counts are put together here, not by the model; the model writes an overview in prose.
"""

import logging
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from ingest.library.library import Library
from ingest.types import DocumentRecord, StoredChunk
from rag.context.selection import pluralize
from rag.engines.completion import Completion
from rag.engines.types import Engine, Message, Sampling
from rag.errors import PromptTooLongError, RagError
from rag.generation.answer_clock import AnswerClock
from rag.generation.streaming import stream_answer
from rag.grounding.markers import MARKER, parse_numbers
from rag.questions.overview_patterns import OverviewKind
from rag.summarization.map_step import CompletionRequest, CompletionResult, RunReport, complete_all
from rag.summarization.notes import Note, PassageNumbers, merge_notes, parse_notes
from rag.summarization.overview_types import NOTHING_NOTED, Overview, OverviewEvent, OverviewRequest
from rag.summarization.parts import Part, iterate_chunks, list_readable_documents, pack_parts
from rag.summarization.prompts import NOTHING, build_answer_messages, build_note_messages
from rag.summarization.reduce_step import Condenser
from rag.types import AnswerDelta, AnswerProgress, Passage

logger = logging.getLogger(__name__)

MIN_ANSWER_TOKENS = 32
SHOWN_SHORTFALLS = 3
"""How many shortfalls the reason names."""


@dataclass(frozen=True, slots=True)
class MapReduceSpec:
    """The tokens of a part and of its notes, and how many parts the model reads at once."""

    part_tokens: int = 2_048
    note_tokens: int = 256
    parallel: int = 1

    def __post_init__(self) -> None:
        if self.parallel < 1 or self.note_tokens < MIN_ANSWER_TOKENS or self.part_tokens < MIN_ANSWER_TOKENS:
            raise ValueError(f"{self} leaves no room; read one part at a time or more, of {MIN_ANSWER_TOKENS} tokens")


def write_overview(
    library: Library, engine: Engine, request: OverviewRequest, spec: MapReduceSpec, clock: AnswerClock | None = None
) -> Generator[OverviewEvent, None, Overview]:
    """Yield the progress of the notes and the pieces of the answer; return the overview.

    Progress goes from 0 to the number of parts; empty deltas are signs of life. Closing the generator stops the model.
    A part that fails becomes a shortfall; the error is raised if all parts fail, or some in a row. The call itself
    raises `CollectionNotFoundError`, and `PromptTooLongError` if the question leaves no room for passages.
    """
    run = _Run(library, engine, request, spec, clock or AnswerClock())
    run.check_room()
    return run.produce(list_readable_documents(library, request.collections, request.filters))


class _Run:
    """One map-reduce run and its state."""

    def __init__(
        self, library: Library, engine: Engine, request: OverviewRequest, spec: MapReduceSpec, clock: AnswerClock
    ) -> None:
        self._library = library
        self._engine = engine
        self._request = request
        self._kind: OverviewKind = request.intent.kind
        self._context_window = engine.info().context_window
        self._note_tokens = max(MIN_ANSWER_TOKENS, min(spec.note_tokens, self._context_window // 4))
        self._prompt_budget = min(spec.part_tokens, self._context_window - self._note_tokens)
        self._parallel = spec.parallel
        self._clock = clock
        self._numbers = PassageNumbers(request.numbers)
        self._report = RunReport()
        self._parts: list[Part] = []
        self._cut = 0

    def check_room(self) -> None:
        """Raise `PromptTooLongError` if the question leaves no room for passages."""
        used = self._count_part(())
        if used + MIN_ANSWER_TOKENS > self._prompt_budget:
            raise PromptTooLongError(prompt_tokens=used, context_window=self._context_window)

    def produce(self, documents: Sequence[DocumentRecord]) -> Generator[OverviewEvent, None, Overview]:
        """See `write_overview`."""
        chunks = filter(self._request.view.shows, iterate_chunks(self._library, documents))
        for part in pack_parts(chunks, self._prompt_budget, self._count_part):
            self._parts.append(part)
            yield AnswerDelta("")
        notes = yield from self._take_notes()
        own_chars = 0
        if not notes:
            completion = Completion(NOTHING_NOTED, "stop", self._report.usage)
            own_chars = len(NOTHING_NOTED)
            yield AnswerDelta(NOTHING_NOTED)
        elif self._kind == "overview":
            completion = yield from self._write_answer(notes)
        else:
            lead = f"{len(notes)} found:\n\n" if self._kind == "counting" else ""
            text, own_chars = lead + "\n".join(note.line for note in notes), len(lead)
            completion = Completion(text, "stop", self._report.usage)
            yield AnswerDelta(text)
        return self._finish(completion, own_chars, documents)

    def _count_part(self, chunks: Sequence[StoredChunk]) -> int:
        return self._engine.count_tokens(self._build_note_messages(chunks))

    def _build_note_messages(self, chunks: Sequence[StoredChunk]) -> tuple[Message, ...]:
        return build_note_messages(self._kind, self._request.query, chunks, self._request.view)

    # Map: notes of every part

    def _take_notes(self) -> Generator[OverviewEvent, None, list[Note]]:
        total = len(self._parts)
        yield AnswerProgress(0, total, f"reading part 1 of {total}" if total else "there is nothing to read")
        chunks: dict[int, list[StoredChunk]] = {}
        requests = [partial(self._request_part, index, chunks) for index in range(total)]
        notes: list[Note] = []
        results = complete_all(self._engine, requests, parallel=self._parallel, client=self._request.client)
        with closing(results):
            for event in results:
                if isinstance(event, AnswerDelta):
                    yield event
                    continue
                index, result = event
                new = self._parse_result(index, result, chunks.pop(index, []))
                notes.extend(new)
                doing = f"reading part {index + 2} of {total}" if index + 1 < total else "putting the notes together"
                yield AnswerProgress(index + 1, total, doing, "\n".join(note.line for note in new))
        if self._cut:
            self._report.add_shortfall(
                f"the notes of {self._cut} of {total} parts were cut off at {self._note_tokens} tokens"
            )
        return merge_notes(notes)

    def _request_part(self, index: int, chunks: dict[int, list[StoredChunk]]) -> CompletionRequest | RagError:
        part = self._parts[index]
        chunks[index] = self._library.chunks(list(part.ids))
        messages = self._build_note_messages(chunks[index])
        if not part.fits:
            return PromptTooLongError(
                prompt_tokens=self._engine.count_tokens(messages), context_window=self._context_window
            )
        sampling = Sampling(max_tokens=self._note_tokens, stop=(NOTHING,), cite_up_to=len(chunks[index]))
        return CompletionRequest(messages, sampling)

    def _parse_result(self, index: int, result: CompletionResult, chunks: Sequence[StoredChunk]) -> list[Note]:
        self._report.add_usage(result.usage)
        self._cut += result.is_cut
        if result.error is not None:
            logger.warning("part %d of %d was not read: %s", index + 1, len(self._parts), result.error)
            part = f"part {index + 1} of {len(self._parts)}{_describe_span(chunks)}"
            self._report.add_shortfall(f"{part} was not read: {result.error}")
            return []
        return parse_notes(result.text, chunks, self._numbers)

    # Reduce: the answer from the notes

    def _write_answer(self, notes: list[Note]) -> Generator[OverviewEvent, None, Completion]:
        max_tokens = self._request.sampling.max_tokens or self._note_tokens
        reserve = max(MIN_ANSWER_TOKENS, min(max_tokens, self._context_window // 4))
        notes = yield from self._build_condenser().condense(notes, self._context_window - reserve)
        messages = build_answer_messages(self._request.query, notes)
        room = self._context_window - self._engine.count_tokens(messages)
        sampling = replace(
            self._request.sampling,
            max_tokens=min(max_tokens, room),
            cite_up_to=self._numbers.highest,
            json_schema="",
        )
        deltas = self._engine.generate(messages, sampling, client=self._request.client)
        passages = self._list_passages(number for note in notes for number in note.numbers)
        completion = yield from stream_answer(deltas, passages, self._clock, prompt_tokens=self._context_window - room)
        self._report.add_usage(completion.usage)
        return completion

    def _build_condenser(self) -> Condenser:
        return Condenser(
            engine=self._engine,
            query=self._request.query,
            client=self._request.client,
            prompt_budget=self._prompt_budget,
            note_tokens=self._note_tokens,
            parallel=self._parallel,
            parts=len(self._parts),
            report=self._report,
        )

    def _finish(self, completion: Completion, own_chars: int, documents: Sequence[DocumentRecord]) -> Overview:
        return Overview(
            completion=replace(completion, usage=self._report.usage),
            passages=self._list_passages(
                number for match in MARKER.finditer(completion.text) for number in parse_numbers(match.group(1))
            ),
            reason=self._explain(documents),
            shortfalls=tuple(self._report.shortfalls),
            own_chars=own_chars,
        )

    def _explain(self, documents: Sequence[DocumentRecord]) -> str:
        passages = pluralize(sum(len(part.ids) for part in self._parts), "passage")
        scope = f"{passages} of {pluralize(len(documents), 'document')}"
        summary = f"overview, because of “{self._request.intent.words}”: {scope}, read in "
        summary += pluralize(len(self._parts), "part")
        shortfalls = self._report.shortfalls
        hidden = len(shortfalls) - SHOWN_SHORTFALLS
        rest = [f"and {hidden} more of this kind"] if hidden > 0 else []
        return "; ".join([summary, *shortfalls[:SHOWN_SHORTFALLS], *rest])

    def _list_passages(self, numbers: Iterable[int]) -> tuple[Passage, ...]:
        """Return the passages with these numbers that the library still has."""
        numbered = self._numbers.list_chunks(numbers)
        chunks = {chunk.id: chunk for chunk in self._library.chunks([chunk_id for _, chunk_id in numbered])}
        return tuple(Passage(number, chunks[chunk_id]) for number, chunk_id in numbered if chunk_id in chunks)


def _describe_span(chunks: Sequence[StoredChunk]) -> str:
    """Return in words from which page to which a part goes."""
    if not chunks:
        return ""
    first, last = chunks[0], chunks[-1]
    begin = f"{first.filename}, page {first.chunk.first_page}"
    end = f"page {last.chunk.last_page}" if first.file_id == last.file_id else f"{last.filename}"
    return f" ({begin}, to {end})"
