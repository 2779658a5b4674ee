"""How long a search takes while a batch of documents is read, against the same searches when nothing else goes on.

usage: python -m tests.benchmarks.search_during_ingest [--documents N] [--per-second N] [--rounds N]

Everything is as served: the bundled embedder, parsers in processes of their own, searches through the `Retriever`. The
library has the samples and some generated texts; the batch is more of those. Questions come at a steady pace, none
twice; each round asks them idle first, then until the batch is read. The last line is what the goal speaks of: 95%
of the searches during an ingest are answered within so many times the 95th percentile of idle ones.
"""

import argparse
import itertools
import logging
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from api.commands.ingest import ingest_files
from api.services import Services
from api.settings import load_settings
from ingest.jobs.intake import Intake
from ingest.text.sentences import split_sentences
from ingest.types import Collection
from rag.types import Search
from tests.benchmarks.measuring import seconds

ROOT = Path(__file__).parents[2]
PROSE = (ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
"""The generated texts are sentences of these, in another order each."""
SENTENCES = 60
QUESTION_WORDS = 8
LIBRARY_DOCUMENTS = 100
IDLE_QUESTIONS = 60
TOP_K = 6


class Writer:
    """Makes up documents and questions; the same ones in every run."""

    def __init__(self) -> None:
        self._random = random.Random(0)  # noqa: S311 (no secret)
        texts = [path.read_text(encoding="utf-8") for path in PROSE]
        self._sentences = [text[start:end] for text in texts for start, end in split_sentences(text)]

    def documents(self, folder: Path, count: int) -> list[Path]:
        """Write some text files into a new folder."""
        folder.mkdir()
        paths = [folder / f"{number}.txt" for number in range(count)]
        for path in paths:
            path.write_text("\n\n".join(self._random.sample(self._sentences, SENTENCES)), encoding="utf-8")
        return paths

    def questions(self) -> Iterator[str]:
        """Yield words that stand together somewhere."""
        while True:
            words = self._random.choice(self._sentences).split()
            start = self._random.randrange(len(words))
            yield " ".join([*words[start : start + QUESTION_WORDS], self._random.choice(self._sentences).split()[0]])


class Bench:
    """Services with a library, and somebody who asks at a steady pace."""

    def __init__(self, home: Path, per_second: float) -> None:
        self.services = Services(load_settings(home=home))
        self.collection: Collection = self.services.create_collection("bench")
        self.writer = Writer()
        self._questions = self.writer.questions()
        self._pause = 1 / per_second

    def ask_while(self, is_going_on: Callable[[], bool]) -> list[float]:
        """Return how long each search took."""
        times: list[float] = []
        started = time.perf_counter()
        for number in itertools.count():
            if not is_going_on():
                return times
            time.sleep(max(started + number * self._pause - time.perf_counter(), 0))
            search = Search(next(self._questions), (self.collection.id,))
            times.append(seconds(partial(self.services.retriever.retrieve, search, TOP_K)))
        raise AssertionError("count() does not end")

    def idle(self) -> list[float]:
        """Ask when nothing else goes on."""
        left = iter(range(IDLE_QUESTIONS))
        return self.ask_while(lambda: next(left, None) is not None)

    def during(self, files: list[Path]) -> list[float]:
        """Ask until the files are read."""
        library = self.services.library
        intake = Intake(library, self.collection)
        for file in files:
            intake.ingest(file)
        intake.close()
        self.services.queue.wake()

        def is_reading() -> bool:
            state = library.queue_state()
            return bool(state.queued or state.reading)

        return self.ask_while(is_reading)


def main() -> int:
    """Print percentiles of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--per-second", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    idle: list[float] = []
    during: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name, "home"), arguments.per_second)
        try:
            samples = sorted(Path(ROOT, "data", "samples").iterdir())
            first = bench.writer.documents(Path(name, "first"), LIBRARY_DOCUMENTS)
            ingest_files(bench.services, bench.collection, [*samples, *first])
            bench.idle()  # everything is loaded, and caches are as full as they get
            for number in range(arguments.rounds):
                idle += bench.idle()
                during += bench.during(bench.writer.documents(Path(name, f"batch {number}"), arguments.documents))
            size = bench.services.library.size([bench.collection.id])
        finally:
            bench.services.close()
    logging.info("%d documents, %d chunks in the end", size.documents, size.chunks)
    for what, times in (("idle", idle), ("during an ingest", during)):
        p50, p95 = statistics.median(times) * 1e3, percentile(times) * 1e3
        logging.info("%-17s %4d searches, p50 %6.1f ms, p95 %6.1f ms", what, len(times), p50, p95)
    logging.info("p95 during an ingest against idle: %.2f times", percentile(during) / percentile(idle))
    return 0


def percentile(times: list[float]) -> float:
    """Return what 95% of the times are within."""
    return float(np.percentile(times, 95))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("ingest").setLevel(logging.WARNING)
    sys.exit(main())
