"""Pages a second of the whole ingest, against each of its stages alone and against a plain script.

usage: python -m tests.benchmarks.ingest_speed FILE... [--rounds N] [--chunk-tokens N] [--against SCRIPT]

Everything runs in turn, some rounds; the figures are medians, so that a busy machine troubles all of them alike.
The stages are reading (parse and cut, as many processes as an ingest uses), embedding, and storing.
SCRIPT is called as `python SCRIPT EMBEDDER_DIR FILE...` and prints one JSON line with `pages_per_s` and `chunks`,
as `plain_ingest.py` does; `--chunk-tokens` brings both to chunks of the same size.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.commands.ingest import ingest_files
from api.services import Services
from api.settings import load_settings
from ingest.chunking.chunker import contextualize
from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from ingest.jobs.intake import Intake
from ingest.jobs.pipeline import SLICE_CHUNKS, ParserLimits, create_parser_pool
from ingest.library.library import Library
from ingest.parsers import NextPiece
from ingest.runtime.worker_pool import WorkerPool
from ingest.settings import IngestSettings
from ingest.types import ChunkedDocument, DocumentFacts, Progress
from tests.benchmarks.measuring import seconds

Read = dict[Path, list[ChunkedDocument]]
Vectors = dict[Path, NDArray[np.float32]]


class Stages:
    """The three stages of an ingest, each by itself, over the same files."""

    def __init__(self, files: list[Path], settings: IngestSettings) -> None:
        folder = find_embedder(settings.embedder)
        limits = ParserLimits(settings.parser_timeout_seconds, settings.parser_memory_mb << 20)
        self._files = files
        self._passport = folder.passport()
        self._scratch = tempfile.TemporaryDirectory()
        self._embedder = WorkerEmbedder(folder, batch_size=settings.embed_batch)
        self._parsers: WorkerPool = create_parser_pool(
            tokenizer=str(folder.tokenizer_path),
            max_tokens=settings.chunk_tokens,
            limits=limits,
            size=settings.parser_workers,
            originals=Path(os.path.commonpath([path.parent for path in files])),
            scratch=Path(self._scratch.name),
            with_ocr=settings.ocr,
        )
        self.pieces: Read = {}
        self.vectors: Vectors = {}

    def read(self) -> None:
        """Parse and cut every file, several at a time."""
        with ThreadPoolExecutor(self._parsers.size) as threads:
            self.pieces = dict(zip(self._files, threads.map(self._pieces, self._files), strict=True))

    def embed(self) -> None:
        """Embed the chunks of every file, in slices as long as those of an ingest."""
        for path, pieces in self.pieces.items():
            texts = [contextualize(chunk) for piece in pieces for chunk in piece.chunks]
            slices = [texts[start : start + SLICE_CHUNKS] for start in range(0, len(texts), SLICE_CHUNKS)]
            self.vectors[path] = np.concatenate([self._embedder.embed(each) for each in slices])

    def store(self) -> None:
        """Store every file with its chunks and vectors in a library of its own."""
        with tempfile.TemporaryDirectory() as home:
            library = Library(Path(home))
            collection = library.create_collection("bench", self._passport)
            intake = Intake(library, collection)
            for path, pieces in self.pieces.items():
                intake.ingest(path)
                document = library.claim(self._passport)
                assert document is not None
                done = 0
                for piece in pieces[:-1]:
                    library.append(document, piece, self._rows(path, piece, done), Progress("embedding", 0, 0))
                    done += len(piece.chunks)
                first = pieces[0].document
                facts = DocumentFacts(first.title, first.media_type, first.unit)
                library.complete(document, pieces[-1], self._rows(path, pieces[-1], done), facts, 0.0)
            library.close()

    def close(self) -> None:
        """End the processes."""
        self._parsers.close()
        self._embedder.close()
        self._scratch.cleanup()

    def _rows(self, path: Path, piece: ChunkedDocument, done: int) -> NDArray[np.float32]:
        return self.vectors[path][done : done + len(piece.chunks)]

    def _pieces(self, path: Path) -> list[ChunkedDocument]:
        return list(self._each_piece(path))

    def _each_piece(self, path: Path) -> Iterator[ChunkedDocument]:
        with self._parsers.lease() as parser:
            params = {"path": str(path), "filename": path.name, "password": None}
            piece = parser.call("parse", params, NextPiece, timeout_seconds=600).piece
            while piece is not None:
                yield piece
                piece = parser.call("more", {}, NextPiece, timeout_seconds=600).piece


@contextmanager
def whole_ingest(files: list[Path], settings: IngestSettings) -> Iterator[Callable[[], float]]:
    """Lend a function that ingests all files into a library that has none of them, all processes running.

    It returns the seconds that this took; to remove what the round before has stored does not count.
    """
    with tempfile.TemporaryDirectory() as home:
        services = Services(load_settings(home=Path(home), chunk_tokens=settings.chunk_tokens))
        try:
            warm_up = services.create_collection("warm-up")
            ingest_files(services, warm_up, files)

            def run() -> float:
                for collection in services.library.collections():
                    services.delete_collection(collection)
                collection = services.create_collection("bench")
                return seconds(lambda: ingest_files(services, collection, files))

            yield run
        finally:
            services.close()


def main() -> int:
    """Print pages a second of everything, and the ratios that matter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chunk-tokens", type=int, default=IngestSettings().chunk_tokens)
    parser.add_argument("--against", type=Path, metavar="SCRIPT")
    arguments = parser.parse_args()
    files = [path.resolve() for path in arguments.files]
    settings = IngestSettings(chunk_tokens=arguments.chunk_tokens)
    measured: dict[str, list[float]] = {}
    stages = Stages(files, settings)
    with whole_ingest(files, settings) as ingest:
        for _ in range(arguments.rounds):
            for name, run in (("reading", stages.read), ("embedding", stages.embed), ("storing", stages.store)):
                measured.setdefault(name, []).append(seconds(run))
            measured.setdefault("whole ingest", []).append(ingest())
            if arguments.against:
                measured.setdefault("the script", []).append(_against(arguments.against, settings, files))
    pieces = [piece for each in stages.pieces.values() for piece in each]
    stages.close()
    _tell(measured, pages=sum(len(p.document.pages) for p in pieces), chunks=sum(len(p.chunks) for p in pieces))
    return 0


def _against(script: Path, settings: IngestSettings, files: list[Path]) -> float:
    """Return the seconds that a script needs for the same files, its start and its model's loading left out."""
    command = [sys.executable, str(script), str(find_embedder(settings.embedder).path), *map(str, files)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    logging.info("%s: %s", script.name, told)
    return float(told["seconds"])


def _tell(measured: dict[str, list[float]], *, pages: int, chunks: int) -> None:
    medians = {name: statistics.median(each) for name, each in measured.items()}
    logging.info("%d pages, %d chunks", pages, chunks)
    for name, median in medians.items():
        logging.info("%-13s %7.1f pages/s %7.1f chunks/s", name, pages / median, chunks / median)
    slowest = max(medians[name] for name in ("reading", "embedding", "storing"))
    logging.info("whole against slowest stage: %.2f", slowest / medians["whole ingest"])
    if "the script" in medians:
        logging.info("whole against the script: %.1f times", medians["the script"] / medians["whole ingest"])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main())
