"""The parser process: it parses, chunks, renders, and reports why a file cannot be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from ingest.errors import EncryptedFileError, ParserLimitError, UnsupportedFormatError
from ingest.parsers import PARSER_ERRORS, NextPiece
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.supervisor import Worker
from ingest.text.word_boxes import find_boxes
from ingest.types import ChunkedDocument
from tests.files import encrypt_pdf, write_pdf

pytestmark = pytest.mark.slow

TIMEOUT_SECONDS = 60.0


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer that counts words."""
    words = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    words.save(str(path))
    return path


@pytest.fixture(scope="module")
def parser(tokenizer: Path) -> Iterator[Worker]:
    worker = make_worker(tokenizer)
    yield worker
    worker.close()


def make_worker(tokenizer: Path, memory_limit_bytes: int | None = None) -> Worker:
    options = {"tokenizer": str(tokenizer), "max_tokens": 40}
    target = "ingest.parsers.worker:main"
    return Worker(WorkerSpec("parser", target, options, errors=PARSER_ERRORS, memory_limit_bytes=memory_limit_bytes))


def read(parser: Worker, path: Path, filename: str, password: str | None = None) -> ChunkedDocument:
    params = {"path": str(path), "filename": filename, "password": password}
    piece = parser.call("parse", params, NextPiece, timeout_seconds=TIMEOUT_SECONDS).piece
    assert piece is not None
    return piece


def test_a_file_comes_back_as_a_document_and_its_chunks(parser: Worker, tmp_path: Path) -> None:
    lines = [f"Sentence number {number} is about tides." for number in range(30)]
    content = read(parser, write_pdf(tmp_path / "a.pdf", lines), "tides.pdf")
    text = content.document.text
    assert text == "\n".join(lines)
    assert len(content.chunks) > 1
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in content.chunks)


def test_the_page_is_drawn_with_its_boxes(parser: Worker, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["High tide at noon"])
    page = read(parser, path, "a.pdf").document.pages[0]
    params = {"path": str(path), "page": 1, "boxes": find_boxes(page, 0, 9)}
    plain = parser.call("render", {**params, "boxes": ()}, bytes, timeout_seconds=TIMEOUT_SECONDS)
    marked = parser.call("render", params, bytes, timeout_seconds=TIMEOUT_SECONDS)
    assert plain.startswith(b"\x89PNG")
    assert marked.startswith(b"\x89PNG")
    assert plain != marked


def test_a_file_that_cannot_be_read_raises_its_reason_in_the_parent(parser: Worker, tmp_path: Path) -> None:
    plain = write_pdf(tmp_path / "plain.pdf", ["secret"])
    locked = encrypt_pdf(plain, tmp_path / "locked.pdf", user_password="moon", owner_password="sun")
    with pytest.raises(EncryptedFileError) as encrypted:
        read(parser, locked, "locked.pdf")
    assert encrypted.value.filename == "locked.pdf"
    assert read(parser, locked, "locked.pdf", password="moon").document.text == "secret"
    with pytest.raises(EncryptedFileError, match="the password does not open it"):
        read(parser, locked, "locked.pdf", password="mars")
    (tmp_path / "a.ps").write_bytes(b"%!PS-Adobe-3.0")
    with pytest.raises(UnsupportedFormatError) as unsupported:
        read(parser, tmp_path / "a.ps", "a.ps")
    assert "PostScript" in unsupported.value.format_name


def test_a_file_that_needs_too_much_memory_is_refused_and_the_worker_lives_on(tokenizer: Path, tmp_path: Path) -> None:
    worker = make_worker(tokenizer, memory_limit_bytes=1024 * 1024 * 1024)
    (tmp_path / "large.txt").write_bytes(b"tide " * (80 * 1024 * 1024))
    (tmp_path / "small.txt").write_bytes(b"tide")
    try:
        with pytest.raises(ParserLimitError, match="more memory"):
            read(worker, tmp_path / "large.txt", "large.txt")
        assert read(worker, tmp_path / "small.txt", "small.txt").document.text == "tide"
    finally:
        worker.close()
