"""Answer a question from everything that was stored: notes of every part, then the answer from the notes (map-reduce).

What the answer lists or counts is put together and counted here, not by the model; an overview in words is its own.
"""

import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial

from ingest.library.library import Library
from ingest.types import DocumentRecord, Filter, StoredChunk
from rag.engines.types import Delta, Engine, Sampling
from rag.errors import PromptTooLongError, RagError
from rag.generation.extractive import QuotedSentence
from rag.generation.streaming import Clock, written
from rag.grounding.markers import MARKER, parse_numbers
from rag.summarization.intent import OverviewQuestion
from rag.summarization.intent_patterns import OverviewKind
from rag.summarization.map_step import Account, OverviewEvent, Request, Written, written_by
from rag.summarization.notes import Note, Numbering, merged, taken_notes
from rag.summarization.parts import Part, documents_to_read, each_chunk, parts
from rag.summarization.prompts import NOTHING, answer_messages, note_messages
from rag.summarization.reduce_step import Condenser
from rag.types import AnswerDelta, AnswerProgress, Passage

logger = logging.getLogger(__name__)

NOTHING_NOTED = "Nothing in these documents says anything about that."
MIN_ANSWER_TOKENS = 32
SHOWN_SHORTFALLS = 3
"""How many of them the reason names."""


@dataclass(frozen=True, slots=True)
class OverviewSpec:
    """How much a model reads and writes at a time, and how many parts it reads at once."""

    part_tokens: int = 2_048
    note_tokens: int = 256
    parallel: int = 1

    def __post_init__(self) -> None:
        if self.parallel < 1 or self.note_tokens < MIN_ANSWER_TOKENS or self.part_tokens < MIN_ANSWER_TOKENS:
            raise ValueError(f"{self} leaves no room; read one part at a time or more, of {MIN_ANSWER_TOKENS} tokens")


@dataclass(frozen=True, slots=True)
class OverviewRequest:
    """Who asks what of which collections (ids); `sampling` is for the answer, with its longest length.

    `known_numbers` are those that chunks, by id, have in the conversation already; others come after them.
    """

    asked: str
    question: OverviewQuestion
    collections: tuple[str, ...]
    filters: Filter | None = None
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=512))
    client: str = ""
    known_numbers: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class Overview:
    """What the reading came to.

    `text` names `passages` by their numbers, which have gaps. `last` ends it as an engine's last delta does, with the
    usage of all requests. The first `own_chars` of the text are Pincite's words, which no passage bears. `shortfalls`
    say what is missing, `reason` how it was made, both in words. `quoted` has all sentences where it is made of quotes.
    """

    text: str
    passages: tuple[Passage, ...]
    last: Delta
    reason: str
    shortfalls: tuple[str, ...] = ()
    own_chars: int = 0
    quoted: tuple[QuotedSentence, ...] = ()


def overview(
    library: Library, engine: Engine, request: OverviewRequest, spec: OverviewSpec, clock: Clock | None = None
) -> Generator[OverviewEvent, None, Overview]:
    """Yield how far the reading is and the pieces of the answer; return the whole of it.

    `AnswerProgress` goes from 0 to the number of parts; empty deltas are signs of life. Closing the generator stops the
    model.
    A part that fails is told of, not hidden; where all fail, or some in a row, the error is raised. Before the first
    event: `CollectionNotFoundError`, and `PromptTooLongError` where the question leaves no room for passages.
    """
    return (yield from _Run(library, engine, request, spec, clock or Clock()).events())


class _Run:
    """One reading of everything, and what is known so far."""

    def __init__(
        self, library: Library, engine: Engine, request: OverviewRequest, spec: OverviewSpec, clock: Clock
    ) -> None:
        self._library = library
        self._engine = engine
        self._request = request
        self._kind: OverviewKind = request.question.kind
        self._window = engine.info().context_window
        self._note_tokens = max(MIN_ANSWER_TOKENS, min(spec.note_tokens, self._window // 4))
        self._prompt_budget = min(spec.part_tokens, self._window - self._note_tokens)
        self._parallel = spec.parallel
        self._clock = clock
        self._numbering = Numbering(request.known_numbers)
        self._account = Account()
        self._parts: list[Part] = []
        self._cut = 0

    def events(self) -> Generator[OverviewEvent, None, Overview]:
        """See `overview`."""
        self._check_room()
        documents = documents_to_read(self._library, self._request.collections, self._request.filters)
        for part in parts(each_chunk(self._library, documents), self._prompt_budget, self._count_part):
            self._parts.append(part)
            yield AnswerDelta("")
        notes = yield from self._all_notes()
        own_chars = 0
        if not notes:
            text, last = NOTHING_NOTED, Delta("", "stop")
            own_chars = len(text)
            yield AnswerDelta(text)
        elif self._kind == "overview":
            text, last = yield from self._answer(notes)
        else:
            lead = f"{len(notes)} found:\n\n" if self._kind == "counting" else ""
            text, last, own_chars = lead + "\n".join(note.line for note in notes), Delta("", "stop"), len(lead)
            yield AnswerDelta(text)
        return self._overview(text, last, own_chars, documents)

    def _check_room(self) -> None:
        used = self._count_part(())
        if used + MIN_ANSWER_TOKENS > self._prompt_budget:
            raise PromptTooLongError(prompt_tokens=used, context_window=self._window)

    def _count_part(self, chunks: Sequence[StoredChunk]) -> int:
        return self._engine.count_tokens(note_messages(self._kind, self._request.asked, chunks))

    # Notes of every part

    def _all_notes(self) -> Generator[OverviewEvent, None, list[Note]]:
        total = len(self._parts)
        yield AnswerProgress(0, total, f"reading part 1 of {total}" if total else "there is nothing to read")
        shown: dict[int, list[StoredChunk]] = {}
        requests = [partial(self._part_request, place, shown) for place in range(total)]
        notes: list[Note] = []
        readings = written_by(self._engine, requests, parallel=self._parallel, client=self._request.client)
        with closing(readings):
            for event in readings:
                if isinstance(event, AnswerDelta):
                    yield event
                    continue
                place, result = event
                new = self._notes_of(place, result, shown.pop(place, []))
                notes.extend(new)
                doing = f"reading part {place + 2} of {total}" if place + 1 < total else "putting the notes together"
                yield AnswerProgress(place + 1, total, doing, "\n".join(note.line for note in new))
        if self._cut:
            self._account.miss(f"the notes of {self._cut} of {total} parts were cut off at {self._note_tokens} tokens")
        return merged(notes)

    def _part_request(self, place: int, shown: dict[int, list[StoredChunk]]) -> Request | RagError:
        part = self._parts[place]
        shown[place] = self._library.chunks(list(part.ids))
        messages = note_messages(self._kind, self._request.asked, shown[place])
        if not part.fits:
            return PromptTooLongError(prompt_tokens=self._engine.count_tokens(messages), context_window=self._window)
        sampling = Sampling(max_tokens=self._note_tokens, stop=(NOTHING,), cite_up_to=len(shown[place]))
        return Request(messages, sampling)

    def _notes_of(self, place: int, result: Written, chunks: Sequence[StoredChunk]) -> list[Note]:
        self._account.add(result.usage)
        self._cut += result.is_cut
        if result.error is not None:
            logger.warning("part %d of %d was not read: %s", place + 1, len(self._parts), result.error)
            where = f"part {place + 1} of {len(self._parts)}{_place(chunks)}"
            self._account.miss(f"{where} was not read: {result.error}")
            return []
        return taken_notes(result.text, chunks, self._numbering)

    # The answer from the notes

    def _answer(self, notes: list[Note]) -> Generator[OverviewEvent, None, tuple[str, Delta]]:
        wanted = self._request.sampling.max_tokens or self._note_tokens
        reserve = max(MIN_ANSWER_TOKENS, min(wanted, self._window // 4))
        notes = yield from self._condenser().condensed(notes, self._window - reserve)
        messages = answer_messages(self._request.asked, notes)
        room = self._window - self._engine.count_tokens(messages)
        sampling = replace(
            self._request.sampling, max_tokens=min(wanted, room), cite_up_to=self._numbering.highest, json_schema=""
        )
        deltas = self._engine.generate(messages, sampling, client=self._request.client)
        passages = self._passages(number for note in notes for number in note.numbers)
        completion = yield from written(deltas, passages, self._clock, prompt_tokens=self._window - room)
        self._account.add(completion.usage)
        return completion.text, Delta("", completion.finish_reason)

    def _condenser(self) -> Condenser:
        return Condenser(
            engine=self._engine,
            asked=self._request.asked,
            client=self._request.client,
            prompt_budget=self._prompt_budget,
            note_tokens=self._note_tokens,
            parallel=self._parallel,
            parts=len(self._parts),
            account=self._account,
        )

    def _overview(self, text: str, last: Delta, own_chars: int, documents: Sequence[DocumentRecord]) -> Overview:
        passages = self._passages(number for match in MARKER.finditer(text) for number in parse_numbers(match.group(1)))
        read = sum(len(part.ids) for part in self._parts)
        made = f"overview, because of “{self._request.question.words}”: {_count(read, 'passage')} of "
        made += f"{_count(len(documents), 'document')}, read in {_count(len(self._parts), 'part')}"
        missing = self._account.shortfalls
        more = [f"and {len(missing) - SHOWN_SHORTFALLS} more of this kind"] if len(missing) > SHOWN_SHORTFALLS else []
        reason = "; ".join([made, *missing[:SHOWN_SHORTFALLS], *more])
        last = Delta("", last.finish_reason, self._account.usage)
        return Overview(text, passages, last, reason, tuple(missing), own_chars)

    def _passages(self, wanted: Iterable[int]) -> tuple[Passage, ...]:
        """Return the passages that have these numbers, where they are still there."""
        places = self._numbering.chunks(wanted)
        chunks = {chunk.id: chunk for chunk in self._library.chunks([chunk_id for _, chunk_id in places])}
        return tuple(Passage(number, chunks[chunk_id]) for number, chunk_id in places if chunk_id in chunks)


def _place(chunks: Sequence[StoredChunk]) -> str:
    """Return in words where a part begins and ends."""
    if not chunks:
        return ""
    first, last = chunks[0], chunks[-1]
    begin = f"{first.filename}, page {first.chunk.first_page}"
    end = f"page {last.chunk.last_page}" if first.file_id == last.file_id else f"{last.filename}"
    return f" ({begin}, to {end})"


def _count(many: int, noun: str) -> str:
    return f"{many:,} {noun}" if many == 1 else f"{many:,} {noun}s"
