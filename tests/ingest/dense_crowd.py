"""Threads that add, remove and search at once, each with an eye on what the index says."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from ingest.index.dense_index import DenseIndex
from tests.ingest.dense_world import Rows, Vectors, unit

THREADS = 8
IDS_EACH = 1_000_000


@dataclass
class Crowd:
    """Eight threads at one index. Each owns a range of ids; what any of them has removed must not be found."""

    rows: Rows
    index: DenseIndex
    seconds: float
    make: Callable[[np.random.Generator, int], Vectors]
    searches: int = 0
    problems: list[str] = field(default_factory=list)
    _gone: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Let all of them work for some seconds; afterwards `problems` says what went wrong."""
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.index.wait_for_training()
        self.rows.bring(self.index)
        if self.index.list_ids() != set(self.rows.vectors):
            self.problems.append("the index does not have the ids of the rows")

    def _work(self, number: int) -> None:
        random = np.random.default_rng(number)
        mine: list[int] = []
        until, next_id = time.monotonic() + self.seconds, (number + 1) * IDS_EACH
        try:
            while time.monotonic() < until and not self.problems:
                mine += self.rows.add(self.make(random, 20), first_id=next_id)
                next_id += 20
                self._search(random, mine)
                doomed = [mine.pop(int(random.integers(len(mine)))) for _ in range(min(15, len(mine)))]
                self.rows.remove(doomed)
                self.rows.bring(self.index)
                with self._lock:
                    self._gone |= set(doomed)
                self._search(random, mine)
        except Exception as error:  # noqa: BLE001 (a thread's error is to fail the test)
            self.problems.append(repr(error))

    def _search(self, random: np.random.Generator, mine: list[int]) -> None:
        self.rows.bring(self.index)
        with self._lock:
            gone = set(self._gone)
        target = mine[int(random.integers(len(mine)))]
        query = self.rows.vectors[target]
        among = np.array(mine, dtype=np.int64) if random.random() < 0.3 else None
        hits = self.index.search(query, 10, among)
        self.searches += 1
        found = dict(hits)
        if not self.index.is_exact and target not in found and len(hits) < 10:
            self.problems.append(f"{target} is not found")
        if self.index.is_exact and found.get(target) != pytest.approx(1, abs=1e-5):
            self.problems.append(f"{target} is not found by its own vector")
        if back := gone & set(found):
            self.problems.append(f"{sorted(back)} were removed and are found")
        if among is not None and not set(found) <= set(mine):
            self.problems.append("it finds others than it was asked for")
        ids, vectors = self.rows.stored(list(found))
        for id_, cosine in zip(ids, (vectors @ query).tolist(), strict=True):
            if abs(found[id_] - cosine) > 1e-5:
                self.problems.append(f"{id_} has cosine {cosine}, not {found[id_]}")


def random_units(dimension: int) -> Callable[[np.random.Generator, int], Vectors]:
    """Return a maker of vectors in all directions."""
    return lambda random, count: unit(random.standard_normal((count, dimension)))
