"""The parser process: it parses, chunks, renders, and reports why a file cannot be read."""

import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from ingest.errors import EncryptedFileError, NoOpenFileError, ParserLimitError, UnsupportedFormatError
from ingest.jobs.pipeline import ParserLimits, create_parser_pool
from ingest.parsers import PARSER_ERRORS, NextPiece
from ingest.runtime import landlock
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.confinement import Confined
from ingest.runtime.supervisor import Worker
from ingest.runtime.worker_pool import WorkerPool
from ingest.text.word_boxes import find_boxes
from ingest.types import ChunkedDocument
from tests.files import encrypt_pdf, write_pdf
from tests.ingest.parsers.every_format import WRITERS

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


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only folder that the confined parsers read."""
    return tmp_path_factory.mktemp("inside")


@pytest.fixture(scope="module")
def confined(tokenizer: Path, inside: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    """Parsers as Pincite starts them."""
    limits = ParserLimits(timeout_seconds=TIMEOUT_SECONDS, memory_bytes=3 << 30)
    scratch = tmp_path_factory.mktemp("scratch")
    pool = create_parser_pool(
        tokenizer=str(tokenizer), max_tokens=40, limits=limits, size=1, originals=inside, scratch=scratch
    )
    yield pool
    pool.close()


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
    (tmp_path / "large.md").write_bytes(b"- tide\n" * (8 * 1024 * 1024))
    (tmp_path / "small.txt").write_bytes(b"tide")
    try:
        with pytest.raises(ParserLimitError, match="more memory"):
            read(worker, tmp_path / "large.md", "large.md")
        assert read(worker, tmp_path / "small.txt", "small.txt").document.text == "tide"
    finally:
        worker.close()


def test_a_parser_that_took_the_place_of_another_does_not_say_that_the_file_is_over(
    tokenizer: Path, tmp_path: Path
) -> None:
    worker = make_worker(tokenizer)
    (tmp_path / "a.txt").write_text("tide")
    try:
        read(worker, tmp_path / "a.txt", "a.txt")
        worker.recycle()
        with pytest.raises(NoOpenFileError):
            worker.call("more", {}, NextPiece, timeout_seconds=TIMEOUT_SECONDS)
    finally:
        worker.close()


@pytest.mark.skipif(sys.platform != "linux" or landlock.find_version() == 0, reason="this kernel has no Landlock")
def test_a_parser_can_neither_connect_nor_read_other_files_nor_start_programs(
    confined: WorkerPool, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("a secret")
    with confined.lease() as parser:
        seen = parser.call("try_refused", {"outside": str(outside)}, Confined, timeout_seconds=TIMEOUT_SECONDS)
    assert seen == Confined(no_new_privileges=True, network=True, files=True, programs=True)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_confined_parser_reads_every_format_as_a_free_one_does(
    parser: Worker, confined: WorkerPool, inside: Path, suffix: str
) -> None:
    path = inside / f"a.{suffix}"
    WRITERS[suffix](path)
    expected = read(parser, path, path.name)
    with confined.lease() as confined_parser:
        assert read(confined_parser, path, path.name) == expected


def test_a_confined_parser_reads_attachments_and_draws_pages(confined: WorkerPool, inside: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "Tides"
    message.set_content("See the file.")
    write_pdf(inside / "b.pdf", ["High tide at noon"])
    message.add_attachment((inside / "b.pdf").read_bytes(), maintype="application", subtype="pdf", filename="b.pdf")
    (inside / "a.eml").write_bytes(message.as_bytes())
    with confined.lease() as parser:
        first = read(parser, inside / "a.eml", "a.eml")
        second = parser.call("more", {}, NextPiece, timeout_seconds=TIMEOUT_SECONDS).piece
        params = {"path": str(inside / "b.pdf"), "page": 1}
        picture = parser.call("render", params, bytes, timeout_seconds=TIMEOUT_SECONDS)
    assert "See the file." in first.document.text
    assert second is not None
    assert "High tide at noon" in second.document.text
    assert picture.startswith(b"\x89PNG")
