"""Files inside files: no trace of them remains, and every parser reads them under /proc."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.parsers.embedded_files import read_attachment, scratch_file
from ingest.parsers.registry import parse_pieces
from ingest.parsers.source import Source
from tests.ingest.parsers.every_format import WRITERS

KILLED_WHILE_IT_READS = """
import os, signal
from ingest.parsers.embedded_files import scratch_file
with scratch_file() as (file, path):
    file.write(b"canary" * 1000)
    file.flush()
    assert path.read_bytes().startswith(b"canary")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files have no path here")
def test_a_killed_process_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_READS], env=environment, check=False)
    assert ended.returncode == -9
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read_at_the_path() -> None:
    with scratch_file() as (file, path):
        file.write(b"something")
        file.flush()
        assert path.read_bytes() == b"something"
        assert path.stat().st_size == 9


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_kind_of_reader_takes_what_is_kept(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    WRITERS[suffix](path)
    (alone,) = parse_pieces(Source(path, path.name))
    (inside,) = read_attachment(path.read_bytes(), path.name, Source(tmp_path / "around.eml", "around.eml"))
    assert inside.text == alone.text
