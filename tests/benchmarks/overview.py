"""How long an overview of a long PDF takes, with quotes alone and with a model, and how soon it stops.

usage: python -m tests.benchmarks.overview [--pages N] [--parts N] [--parallel N] [--part-tokens N] [--note-tokens N]

A PDF with chapters is made and read the way users' files are. The quoted overview and the quoted list are timed whole.
Then the default model reads the parts of the document (all of them, or the first `--parts`) for a list, and is stopped
in the middle of the next one.
"""

import argparse
import logging
import random
import re
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from api.commands.ingest import ingest_files
from api.services import Services
from api.settings import load_settings
from rag.questions.overview_intent import detect_overview
from rag.summarization.extractive_overview import quote_overview
from rag.summarization.map_reduce import MapReduceSpec, write_overview
from rag.summarization.overview_types import Overview, OverviewEvent, OverviewRequest
from rag.types import AnswerProgress
from tests.files import Line, write_pdf

LINES_PER_PAGE = 38
PAGES_PER_CHAPTER = 20
ASKED = {"overview": "Summarise the handbook.", "list": "List all machines in the handbook."}
SUBJECTS = [
    "The technician",
    "The operator",
    "The workshop",
    "A visitor",
    "The supervisor",
    "The night shift",
    "The cleaning crew",
]
VERBS = ["checks", "opens", "replaces", "records", "cleans", "reports", "locks", "measures", "orders", "returns"]
OBJECTS = [
    "the filter",
    "the valve",
    "the cooling water",
    "the log book",
    "the spare parts",
    "the safety switch",
    "the oil level",
]
TIMES = [
    "every morning",
    "before each shift",
    "once a month",
    "after a fault",
    "in the spring",
    "at the end of the week",
]


def handbook(path: Path, pages: int) -> Path:
    """Write a PDF with chapters; every fifth page introduces a machine that no other page does."""
    dice = random.Random(pages)  # noqa: S311 (made-up text)
    chapters = [
        (f"Chapter {first // PAGES_PER_CHAPTER + 1}", first + 1) for first in range(0, pages, PAGES_PER_CHAPTER)
    ]
    return write_pdf(path, *(_page(number, dice) for number in range(1, pages + 1)), title="Handbook", outline=chapters)


def _page(number: int, dice: random.Random) -> list[Line]:
    lines: list[Line] = []
    if number % PAGES_PER_CHAPTER == 1:
        lines += [(f"Chapter {number // PAGES_PER_CHAPTER + 1}", 20.0), ""]
    if number % 5 == 1:
        lines.append(
            f"The machine MX-{1_000 + number} stands in hall {dice.randint(1, 40)} and weighs {number + 200} kg."
        )
    while len(lines) < LINES_PER_PAGE:
        what = f"{dice.choice(SUBJECTS)} {dice.choice(VERBS)} {dice.choice(OBJECTS)} of hall {dice.randint(1, 40)}"
        lines.append(f"{what} {dice.choice(TIMES)}.")
    return lines


class Watch:
    """Reads events of an overview and says when they came."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started = time.perf_counter()

    def read(self, events: Generator[OverviewEvent, None, Overview], *, stop_after: int = 0) -> Overview | None:
        """Return what comes of all events; None where the reading is left in the part after `stop_after`."""
        done = -1
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                made: Overview = end.value
                logging.info("%s: complete after %.1f s: %s", self._name, self._elapsed(), made.reason)
                return made
            if isinstance(event, AnswerProgress):
                done = event.done
                if done in (0, 1, event.total) or not done % 10:
                    logging.info("%s: %d of %d after %.1f s", self._name, done, event.total, self._elapsed())
            elif 0 < stop_after <= done:
                return None

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started


def main() -> int:
    """Print all times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--parts", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--part-tokens", type=int, default=MapReduceSpec().part_tokens)
    parser.add_argument("--note-tokens", type=int, default=MapReduceSpec().note_tokens)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        services = Services(load_settings(home=Path(name, "home")))
        try:
            collection = services.create_collection("bench")
            started = time.perf_counter()
            ingest_files(services, collection, [handbook(Path(name, "handbook.pdf"), arguments.pages)])
            (document,) = services.library.documents(collection.id)
            took = time.perf_counter() - started
            logging.info("%d pages, %d chunks, ingested in %.0f s", document.pages, document.chunks, took)
            for kind, asked in ASKED.items():
                request = _request(asked, collection.id)
                made = Watch(f"quoted {kind}").read(quote_overview(services.library, services.embedder, request))
                _show(made)
            _with_model(services, _request(ASKED["list"], collection.id), arguments)
        finally:
            services.close()
    return 0


def _request(asked: str, collection_id: str) -> OverviewRequest:
    intent = detect_overview(asked)
    if intent is None:
        raise ValueError(f"{asked} does not ask for an overview")
    return OverviewRequest(asked, intent, (collection_id,))


def _show(made: Overview | None) -> None:
    if made is not None:
        machines = len(set(re.findall(r"MX-\d+", made.text)))
        logging.info("%d machines named, %d passages cited, %s", machines, len(made.passages), made.completion.usage)


def _with_model(services: Services, request: OverviewRequest, arguments: argparse.Namespace) -> None:
    engine = services.models.open_engine(None)
    spec = MapReduceSpec(arguments.part_tokens, arguments.note_tokens, arguments.parallel)
    events = write_overview(services.library, engine, request, spec)
    made = Watch(f"list by {engine.info().id}").read(events, stop_after=arguments.parts)
    _show(made)
    if made is not None:
        events = write_overview(services.library, engine, request, spec)
        Watch("stopping").read(events, stop_after=1)
    stopping = time.perf_counter()
    events.close()
    logging.info("closed in %.0f ms", (time.perf_counter() - stopping) * 1e3)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger().setLevel(logging.INFO)
    for noisy in ("ingest", "rag", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    sys.exit(main())
