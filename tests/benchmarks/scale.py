"""Search in one collection of a million chunks in 100,000 documents: how fast, how good, how large.

    .venv/bin/python -m tests.benchmarks.scale --keep FOLDER [--chunks 1000000] [--crowd-seconds 60]

The library is made once and kept in FOLDER (about 4 GB for a million chunks), from made-up vectors and texts
(`scale_data`), through the library's own functions. One line a figure, each measured on the code that serves users.
Exact search is the same index, kept from growing.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.index.dense_index import DenseIndex
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import Comparison, Filter
from rag.retrieval.hybrid import Retriever
from rag.types import Search
from tests.benchmarks.measuring import seconds
from tests.benchmarks.scale_data import DIMENSION, SyntheticTexts, SyntheticVectors
from tests.benchmarks.scale_library import CHUNKS_PER_SHELF, NAME, SMALL, SMALL_CHUNKS, build, store
from tests.ingest.dense_crowd import Crowd
from tests.ingest.dense_world import Rows, clustered

QUESTIONS, HYBRID_QUESTIONS = 300, 60
TOP_K = 10
CHANGED = 100
CHANGED_NAME = 10**9
FUSION_WEIGHT = 0.75
CROWD_VECTORS = 45_000
"""The crowd begins below the size at which an index grows, and passes it."""

FILTERS: dict[str, Filter] = {
    "filter of 10 documents": Comparison("lt", "number", 10),
    "filter of 100 documents by path": Comparison("glob", "source", "/library/17/*"),
    "filter of 1% of the documents": Comparison("eq", "team", "team 7"),
    "filter of 4% of the documents": Comparison("gte", "year", 2024),
    "filter of half of the documents": Comparison("eq", "draft", True),
}

Vectors = NDArray[np.float32]
T = TypeVar("T")
Finder = Callable[[Vectors], list[tuple[int, float]]]


class QuestionEmbedder:
    """An `Embedder` that knows its questions by heart."""

    def __init__(self, texts: Sequence[str], vectors: Vectors) -> None:
        self._vectors: dict[str, Vectors] = dict(zip(texts, vectors, strict=True))

    @property
    def dimension(self) -> int:
        return DIMENSION

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._vectors[text] for text in texts], dtype=np.float32)

    def embed_query(self, query: str) -> Vectors:
        return self._vectors[query]


class Bench:
    """A library and questions about it. Each method measures one thing and prints it."""

    def __init__(self, home: Path) -> None:
        self.library = Library(home)
        self.collection_id = self.library.collection(NAME).id
        self.index = SearchIndex(self.library)
        self.count = self.library.size([self.collection_id]).chunks
        ids = self.some_ids(5, QUESTIONS)
        self.questions = SyntheticVectors().questions(self.library.vectors(sorted(ids.tolist()))[1])
        self.exact: list[list[int]] = []

    def some_ids(self, seed: int, count: int) -> NDArray[np.int64]:
        """Return the ids of some chunks of the large collection; the first ones are those of the small one."""
        return SMALL_CHUNKS + 1 + np.random.default_rng(seed).choice(self.count, size=count, replace=False)

    def dense(self, question: Vectors, top_k: int = TOP_K) -> list[tuple[int, float]]:
        """Search as users do."""
        return self.index.search_dense(self.collection_id, question, top_k)

    def growth(self) -> None:
        """Build the index from the rows, and search while it is built."""
        say("start without a snapshot: first search", seconds(lambda: self.dense(self.questions[0])), "s")
        started = time.perf_counter()
        saving = threading.Thread(target=self.index.save, args=(self.collection_id,))
        saving.start()
        times: list[float] = []
        while saving.is_alive():
            times.append(seconds(lambda: self.dense(self.questions[len(times) % QUESTIONS])))
        say("compact index built in the background, and saved", time.perf_counter() - started, "s")
        say_times("search while it is built", times)
        say("search while it is built, longest", max(times) * 1e3, "ms")

    def start(self) -> None:
        """Load the snapshot, as the first thing that this process does."""
        before = resident_bytes()
        say("start with a snapshot: first search", seconds(lambda: self.dense(self.questions[0])), "s")
        say("index in memory", (resident_bytes() - before) / self.count, "bytes a vector")

    def search(self) -> None:
        """Compare the index with exact search."""
        times: list[float] = []
        for question in timed(self.questions, times):
            self.dense(question)
        say_times("dense search, first time", times)
        found = measured("dense search", self.dense, self.questions)
        exact = DenseIndex(self.collection_id, DIMENSION, self.library.vectors, exact_limit=sys.maxsize)
        exact.catch_up(-1, lambda _: self.library.read_changes(self.collection_id, 0))
        best = measured("exact search", lambda question: exact.search(question, TOP_K), self.questions)
        say("recall@10", recall(found, best), "")
        for chosen in (100, self.count // 100, self.count // 2):
            self._filtered(exact, chosen)

    def _filtered(self, exact: DenseIndex, chosen: int) -> None:
        index = DenseIndex(self.collection_id, DIMENSION, self.library.vectors)
        snapshot = self.library.snapshot(self.collection_id)
        assert snapshot is not None
        index.load(snapshot.generation, snapshot.row_count, self.library.read_snapshot(snapshot))
        ids = self.some_ids(7, chosen)
        name, asked = f"dense search among {chosen:,} ids", self.questions[:50]
        found = measured(name, lambda question: index.search(question, TOP_K, ids), asked)
        best = measured(f"{name}, exact", lambda question: exact.search(question, TOP_K, ids), asked)
        say(f"{name}, recall@10", recall(found, best), "")

    def changes(self) -> None:
        """Add a document and remove it; the next search takes it over."""
        text, vectors = SyntheticTexts().document(0, CHANGED), SyntheticVectors().document(10**6, CHANGED)
        idle = statistics.median(seconds(lambda: self.dense(vectors[0])) for _ in range(20))
        added: list[float] = []
        removed: list[float] = []
        for turn in range(5):
            (file_id,) = store(self.library, self.collection_id, [(str(CHANGED_NAME + turn), text, vectors)])
            added.append(seconds(lambda: self.dense(vectors[0])) - idle)
            self.library.delete_file(file_id)
            removed.append(seconds(lambda: self.dense(vectors[0])) - idle)
        say(f"{CHANGED} added chunks taken over", statistics.median(added) * 1e3, "ms")
        say(f"{CHANGED} removed chunks taken over", statistics.median(removed) * 1e3, "ms")
        say("snapshot saved", seconds(lambda: self.index.save(self.collection_id)), "s")

    def hybrid(self) -> None:
        """Search as the API does: everywhere, in a small collection, and with filters from narrow to wide."""
        texts = list(SyntheticTexts().questions(QUESTIONS))
        retriever = Retriever(
            self.library, self.index, QuestionEmbedder(texts, self.questions), fusion_weight=FUSION_WEIGHT
        )

        def measure(name: str, search: Callable[[str], object]) -> None:
            say(f"{name}, the first question", seconds(lambda: search(texts[0])) * 1e3, "ms")
            times: list[float] = []
            for text in timed(texts[1:HYBRID_QUESTIONS], times):
                search(text)
            say_times(name, times)

        def hybrid(text: str, collection_id: str = self.collection_id, wanted: Filter | None = None) -> object:
            return retriever.retrieve(Search(text, (collection_id,), filters=wanted), TOP_K)

        small = self.library.collection(SMALL).id
        measure("lexical search", lambda text: self.index.search_lexical(self.collection_id, text, TOP_K))
        measure("lexical search in 100 chunks", lambda text: self.index.search_lexical(small, text, TOP_K))
        measure("hybrid search", hybrid)
        measure("hybrid search in 100 chunks", partial(hybrid, collection_id=small))
        for name, wanted in FILTERS.items():
            measure(f"hybrid search, {name}", partial(hybrid, wanted=wanted))


def main() -> None:
    """Print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=1_000_000)
    parser.add_argument("--crowd-seconds", type=float, default=0)
    arguments = parser.parse_args()
    if arguments.chunks % CHUNKS_PER_SHELF:
        parser.error(f"--chunks must be a multiple of {CHUNKS_PER_SHELF}")
    build(arguments.keep, arguments.chunks)
    for part in (first_start, later_start):  # each in a process of its own: memory that was used once blurs the figures
        process = multiprocessing.get_context("spawn").Process(target=part, args=(arguments.keep,))
        process.start()
        process.join()
    if arguments.crowd_seconds:
        measure_crowd(arguments.crowd_seconds)


def first_start(home: Path) -> None:
    """Measure what happens where there is no snapshot, unless there is one."""
    bench = Bench(home)
    if bench.library.snapshot(bench.collection_id) is None:
        bench.growth()
    bench.library.close()


def later_start(home: Path) -> None:
    """Measure all that needs a snapshot."""
    bench = Bench(home)
    bench.start()
    bench.search()
    bench.changes()
    bench.hybrid()
    bench.library.close()


def measure_crowd(duration: float) -> None:
    """Let eight threads add, remove and search while an index grows, and compare with the rows."""
    rows = Rows(DIMENSION)
    rows.add(clustered(np.random.default_rng(0), CROWD_VECTORS, DIMENSION))
    crowd = Crowd(rows, DenseIndex("crowd", DIMENSION, rows.stored), duration, clustered_like_documents)
    crowd.run()
    say("searches of eight threads that add and remove too", crowd.searches / duration, "a second")
    say("wrong or removed results among them", len(crowd.problems), "")
    for problem in crowd.problems[:10]:
        sys.stdout.write(f"  {problem}\n")


def clustered_like_documents(random: np.random.Generator, count: int) -> Vectors:
    """Return vectors of one more document."""
    return clustered(random, count, DIMENSION, topics=1)


def say(name: str, value: float, unit: str) -> None:
    """Print a figure."""
    sys.stdout.write(f"{name:<56} {value:>12,.4g} {unit}\n")
    sys.stdout.flush()


def say_times(name: str, times: Sequence[float]) -> None:
    """Print the middle and the 95th percentile of some times."""
    say(f"{name}, p50", statistics.median(times) * 1e3, "ms")
    say(f"{name}, p95", float(np.percentile(times, 95)) * 1e3, "ms")


def timed(questions: Iterable[T], times: list[float]) -> Iterator[T]:
    """Yield each question and note how long it was worked on."""
    for question in questions:
        started = time.perf_counter()
        yield question
        times.append(time.perf_counter() - started)


def measured(name: str, search: Finder, questions: Vectors) -> list[list[int]]:
    """Return the ids that a search finds for each question, and print how long it takes."""
    times: list[float] = []
    found = [[id_ for id_, _ in search(question)] for question in timed(questions, times)]
    say_times(name, times)
    return found


def recall(found: list[list[int]], best: list[list[int]]) -> float:
    """Return the share of the best that is found."""
    hits = sum(len(set(mine) & set(its)) for mine, its in zip(found, best, strict=True))
    return hits / sum(map(len, best))


def resident_bytes() -> int:
    """Return how much memory this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
