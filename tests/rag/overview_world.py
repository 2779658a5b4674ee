"""A library of long documents, and models that take notes of it by a rule."""

import io
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from ingest.library.library import Library
from ingest.types import Collection
from rag.engines.types import Message, Sampling
from rag.questions.overview_intent import OverviewIntent
from rag.summarization.map_reduce import MapReduceSpec, write_overview
from rag.summarization.overview_types import Overview, OverviewEvent, OverviewRequest
from rag.types import AnswerDelta
from tests.fakes import HashEmbedder, ScriptedEngine, chunked, passport
from tests.ingest.library_world import complete

EMBEDDER = HashEmbedder()
SUMMARY = OverviewIntent("overview", "Summarise")
LISTING = OverviewIntent("listing", "List all", "machines")
COUNTING = OverviewIntent("counting", "How many … are mentioned", "machines")

_SHOWN = re.compile(r"^\[(\d+)\] [^\n]*\n----\n(.*?)\n----$", re.MULTILINE | re.DOTALL)


def shown_passages(messages: Sequence[Message]) -> list[tuple[int, str]]:
    """Return number and text of the passages in a prompt; none if it has notes."""
    return [(int(number), text) for number, text in _SHOWN.findall(messages[0].content)]


def notes_of_machines(messages: Sequence[Message]) -> list[str]:
    """Play a model that notes every word that ends in `-machine` with its passage, and answers with what it reads."""
    passages = shown_passages(messages)
    if passages:
        notes = [f"- {name} [{number}]\n" for number, text in passages for name in re.findall(r"\w+-machine", text)]
        return notes or ["(nothing)"]
    lines = [line.removeprefix("- ") for line in messages[0].content.splitlines() if line.startswith("- ")]
    if "half as many" in messages[0].content:
        return [f"- {line}\n" for line in lines[: len(lines) // 2]]
    return [f"{line}. " for line in lines]


@dataclass
class World:
    """A library with one collection, and how its overview is asked for."""

    library: Library
    collection: Collection
    engine: ScriptedEngine = field(default_factory=lambda: ScriptedEngine(notes_of_machines, context_window=260))

    @classmethod
    def over(cls, library: Library) -> "World":
        return cls(library, library.create_collection("c", passport()))

    def add(self, source: str, *pages: str) -> None:
        content = chunked(*pages)
        file = self.library.add_file(source=source, filename=source, content=io.BytesIO("".join(pages).encode()))
        vectors = EMBEDDER.embed([chunk.text for chunk in content.chunks])
        complete(self.library, self.library.enqueue(self.collection.id, file.id), content, vectors)

    def request(self, question: OverviewIntent, *, max_tokens: int = 64) -> OverviewRequest:
        return OverviewRequest(
            "The question?", question, (self.collection.id,), sampling=Sampling(max_tokens=max_tokens)
        )

    def run(
        self, question: OverviewIntent, *, parallel: int = 1, note_tokens: int = 64
    ) -> Generator[OverviewEvent, None, Overview]:
        spec = MapReduceSpec(note_tokens=note_tokens, parallel=parallel)
        return write_overview(self.library, self.engine, self.request(question), spec)

    def write(self, question: OverviewIntent, *, parallel: int = 1) -> tuple[list[OverviewEvent], Overview]:
        return read_to_end(self.run(question, parallel=parallel))


def read_to_end(events: Generator[OverviewEvent, None, Overview]) -> tuple[list[OverviewEvent], Overview]:
    """Return all events, and what the generator returns."""
    seen: list[OverviewEvent] = []
    while True:
        try:
            seen.append(next(events))
        except StopIteration as end:
            result = end.value
            assert isinstance(result, Overview)
            return seen, result


def text_of(events: Sequence[OverviewEvent]) -> str:
    """Return the text that was streamed."""
    return "".join(event.text for event in events if isinstance(event, AnswerDelta))


def page(number: int, *, words: int = 30, machine: str = "") -> str:
    """Return the text of a page that no other page has."""
    filler = " ".join(f"word{number}x{index}" for index in range(words))
    return f"{filler} {machine}.".replace(" .", ".")
