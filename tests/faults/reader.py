"""A process that has a home open and reads what is queued there, with parsers and an embedder that cost nothing.

`python -m tests.faults.reader HOME` obeys the lines of its standard input, each of them a list in JSON, and answers
each with one line of JSON: `["add", NAME, TEXT]`, `["remove", NAME]`, `["search", QUERY]`, `["statuses"]`.
"""

import io
import json
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ingest.index.search_index import SearchIndex
from ingest.jobs.pipeline import Ingestor, ParserLimits
from ingest.jobs.queue import IngestQueue
from ingest.library.library import Library
from ingest.parsers import NextPiece
from ingest.runtime.supervisor import Worker
from ingest.runtime.wait_limit import Allowance
from ingest.runtime.worker_pool import WorkerPool
from ingest.types import ChunkedDocument
from tests.faults.homes import EMBEDDER
from tests.faults.steps import PASSPORT, pieces

T = TypeVar("T")

WIDTH = 2
LIMITS = ParserLimits(timeout_seconds=30, memory_bytes=3 << 30)
COLLECTION = "c"


class InlineParser(Worker):
    """A parser in this process: every line of a file is a piece. It takes its time over each."""

    def __init__(self, log: Path, pause_seconds: float) -> None:
        self._log = log
        self._pause_seconds = pause_seconds
        self._pieces: Iterator[ChunkedDocument] = iter(())

    def start(self) -> None:
        """It runs already."""

    def recycle(self) -> None:
        """Read on no further."""
        self._pieces = iter(())

    def call(
        self,
        method: str,
        params: dict[str, Any],
        reply: type[T],
        *,
        timeout_seconds: float,
        priority: int = 0,
        allowance: Allowance | None = None,
    ) -> T:
        if method == "parse":
            with self._log.open("a") as log:
                log.write(f"{params['filename']}\n")
            self._pieces = iter(pieces(*Path(params["path"]).read_text().splitlines()))
        time.sleep(self._pause_seconds)
        answer = NextPiece(next(self._pieces, None))
        assert isinstance(answer, reply)
        return answer


class InlineParsers(WorkerPool):
    """As many inline parsers as are asked for."""

    def __init__(self, log: Path, pause_seconds: float) -> None:
        self.size, self.spare = WIDTH, 0
        self._log = log
        self._pause_seconds = pause_seconds

    @contextmanager
    def lease(self, timeout_seconds: float | None = None) -> Generator[Worker]:
        yield InlineParser(self._log, self._pause_seconds)


class HomeReader:
    """An open home with a queue that works. `reads.log` beside the home has a line for each file that is begun."""

    def __init__(self, home: Path, pause_seconds: float) -> None:
        self.library = Library(home)
        self.index = SearchIndex(self.library)
        parsers = InlineParsers(home.with_name("reads.log"), pause_seconds)
        self.ingestor = Ingestor(self.library, parsers, EMBEDDER, self.index, passport=PASSPORT, limits=LIMITS)
        self.collection_id = self.ingestor.collection_for(COLLECTION).id
        self.queue = IngestQueue(self.library, self.ingestor)
        self.queue.start()

    def add(self, name: str, text: str) -> str:
        file = self.library.add_file(source=name, filename=name, content=io.BytesIO(text.encode()))
        document = self.library.enqueue(self.collection_id, file.id)
        self.queue.wake()
        return document.status

    def remove(self, name: str) -> str:
        (file_id,) = (file.id for file in self.library.files() if file.source == name)
        self.library.remove(file_id, None)
        return file_id

    def search(self, query: str) -> list[list[str]]:
        """Return the sources of what both ways of searching find."""
        dense = self.index.search_dense(self.collection_id, EMBEDDER.embed_query(query), 5)
        lexical = self.index.search_lexical(self.collection_id, query, 5)
        return [
            [chunk.source for chunk in self.library.chunks([id_ for id_, _ in found])] for found in (dense, lexical)
        ]

    def statuses(self) -> dict[str, str]:
        return {document.source: document.status for document in self.library.documents()}

    def close(self) -> None:
        self.queue.close()
        self.library.close()


def main(home: Path, pause_seconds: float) -> None:
    """Obey until the standard input ends."""
    reader = HomeReader(home, pause_seconds)
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        answer = getattr(reader, method)(*arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    reader.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
