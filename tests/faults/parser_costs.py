"""What a parser spends on a file: the seconds of processor time, the memory at its peak, and how it ends.

`python -m tests.faults.parser_costs` reads the files of `tests.faults.heavy_files` in full size, or those kinds that
are named, and prints a line each. Wall-clock time says nothing on a machine that others use.
"""

import argparse
import os
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.embedders.embedder import find_embedder
from ingest.errors import IngestError
from ingest.jobs.pipeline import ParserLimits, create_parser_pool
from ingest.parsers import NextPiece
from ingest.runtime.supervisor import Worker
from ingest.runtime.worker_pool import WorkerPool
from ingest.settings import IngestSettings
from tests.faults.heavy_files import KINDS

MOST_CPU_SECONDS = 15.0
MOST_MB = 512
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """What one file cost: `outcome` is the reason why it cannot be read, or how many characters were."""

    kind: str
    cpu_seconds: float
    peak_mb: float
    outcome: str
    was_stopped: bool = False

    @property
    def is_bearable(self) -> bool:
        """Whether the file ended within the limits of the check B2."""
        return not self.was_stopped and self.cpu_seconds <= MOST_CPU_SECONDS and self.peak_mb <= MOST_MB

    def __str__(self) -> str:
        mark = "" if self.is_bearable else "  <-- TOO MUCH"
        return f"{self.cpu_seconds:6.1f} s {self.peak_mb:6.0f} MB  {self.kind}: {self.outcome[:150]}{mark}"


def measure_costs(kinds: Sequence[str] = tuple(KINDS), *, is_small: bool = False) -> Iterator[Cost]:
    """Write a file of each kind, have it read by a parser of its own, and yield what that cost.

    A parser that exceeds the limit on processor time is stopped.
    """
    with tempfile.TemporaryDirectory(prefix="pincite-heavy-") as folder:
        for name in kinds:
            kind = KINDS[name]
            path = Path(folder) / kind.filename
            kind.write(path, kind.small if is_small else kind.full)
            with _parsers(path.parent) as pool:
                yield measure(name, path, pool)
            path.unlink()


def measure_small_costs(folder: Path) -> Iterator[Cost]:
    """Write a small file of each kind in `folder`, have one parser read them all, and yield what each cost.

    The memory is that of the files so far.
    """
    with _parsers(folder) as pool:
        for name, kind in KINDS.items():
            path = folder / kind.filename
            kind.write(path, kind.small)
            yield measure(name, path, pool)


def measure(name: str, path: Path, pool: WorkerPool) -> Cost:
    """Have a file read to its end by a parser, and return what that cost."""
    with pool.lease() as parser:
        parser.start()
        with _Meter(parser) as meter:
            outcome = _read(parser, path)
    return Cost(name, meter.cpu_seconds, meter.peak_mb, outcome, meter.has_stopped)


@contextmanager
def _parsers(folder: Path) -> Generator[WorkerPool]:
    """Lend a parser for the files of a folder, with the limits of the default settings."""
    settings = IngestSettings()
    limits = ParserLimits(
        settings.parser_timeout_seconds,
        settings.parser_memory_mb << 20,
        settings.parser_file_timeout_seconds,
        settings.parser_cpu_seconds,
    )
    tokenizer = str(find_embedder("bundled").tokenizer_path)
    pool = create_parser_pool(
        tokenizer=tokenizer,
        max_tokens=settings.chunk_tokens,
        limits=limits,
        size=1,
        originals=folder,
        scratch=folder,
    )
    try:
        yield pool
    finally:
        pool.close()


def _read(parser: Worker, path: Path) -> str:
    chars = pieces = 0
    try:
        piece = parser.call("parse", {"path": str(path), "filename": path.name}, NextPiece, timeout_seconds=3_600).piece
        while piece is not None:
            chars, pieces = chars + len(piece.document.text), pieces + 1
            warnings = piece.document.warnings
            piece = parser.call("more", {}, NextPiece, timeout_seconds=3_600).piece
    except IngestError as error:
        return str(error)
    return f"{chars} characters in {pieces} pieces {'; '.join(warnings)}".rstrip()


class _Meter:
    """Watches a process from a thread of its own: what it has spent is gone when it ends."""

    def __init__(self, parser: Worker) -> None:
        self._parser = parser
        self._pid = parser.pid
        self._before = _read_cpu_seconds(self._pid)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.cpu_seconds = self.peak_mb = 0.0
        self.has_stopped = False

    def __enter__(self) -> "_Meter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._is_over.wait(POLL_SECONDS):
            self._look()
            if self.cpu_seconds > MOST_CPU_SECONDS + POLL_SECONDS and not self.has_stopped:
                self.has_stopped = True
                self._parser.recycle()

    def _look(self) -> None:
        self.cpu_seconds = max(self.cpu_seconds, _read_cpu_seconds(self._pid) - self._before)
        self.peak_mb = max(self.peak_mb, _read_peak_mb(self._pid))


def _read_cpu_seconds(pid: int | None) -> float:
    """Return the processor time of a process so far; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read_peak_mb(pid: int | None) -> float:
    """Return the most memory that a process has had resident; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def main(arguments: Sequence[str]) -> int:
    """Print what each kind costs; return 1 if any costs too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="a part of the names of the kinds to read")
    options = parser.parse_args(arguments)
    chosen = [name for name in KINDS if not options.kinds or any(part in name for part in options.kinds)]
    costs = []
    for cost in measure_costs(chosen):
        sys.stdout.write(f"{cost}\n")
        sys.stdout.flush()
        costs.append(cost)
    bearable = sum(cost.is_bearable for cost in costs)
    sys.stdout.write(
        f"bad inputs: {bearable} of {len(costs)} kinds end within {MOST_CPU_SECONDS:g} s and {MOST_MB} MB\n"
    )
    return 0 if bearable == len(costs) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
