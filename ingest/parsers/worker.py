"""The parser process: parses files, splits them into chunks, renders pages (see `ingest.runtime.supervisor`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ingest.chunking.chunker import ChunkSpec
from ingest.chunking.streaming import split_pieces
from ingest.embedders.tokenizer import load_tokenizer
from ingest.errors import NoOpenFileError, ParserLimitError
from ingest.parsers import NextPiece
from ingest.parsers.formats import Format, identify
from ingest.parsers.images import parser as image
from ingest.parsers.pdf import parser as pdf
from ingest.parsers.registry import Source, parse_pieces
from ingest.runtime.confinement import Confined, try_what_is_refused
from ingest.runtime.effort import limit_effort
from ingest.runtime.worker_main import Call, Channel, serve_calls
from ingest.types import Box, ChunkedDocument, SpanTokenizer


class ParseParams(msgspec.Struct, forbid_unknown_fields=True):
    """The parameters of `parse`."""

    path: str
    filename: str
    password: str | None = None
    max_tokens: int | None = None
    """The size of a chunk of this file, if it is another than that of the options."""


class RenderParams(msgspec.Struct, forbid_unknown_fields=True):
    """The parameters of `render`."""

    path: str
    page: int
    boxes: tuple[Box, ...] = ()
    password: str | None = None


class ParserOptions(msgspec.Struct, forbid_unknown_fields=True):
    """The options of the worker: the embedder's tokenizer (`load_tokenizer`), the size of a chunk in tokens, OCR."""

    tokenizer: str
    max_tokens: int
    with_ocr: bool = True
    cpu_seconds: float | None = None


CPU_SHARE_PER_MB = 0.25
"""The share of `cpu_seconds` that a piece may take more for each MB of the file."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Serve `parse`, `more` and `render` until the parent ends."""
    settings = msgspec.convert(options, ParserOptions)
    reader = ParserWorker(
        load_tokenizer(settings.tokenizer),
        ChunkSpec(settings.max_tokens),
        with_ocr=settings.with_ocr,
        cpu_seconds=settings.cpu_seconds,
    )
    channel.ready()
    serve_calls(channel, reader.handle)


class ParserWorker:
    """Answers the calls of one worker.

    A file is parsed piece by piece on demand, so that at most one piece is in memory.
    """

    def __init__(
        self, tokenizer: SpanTokenizer, spec: ChunkSpec, *, with_ocr: bool = True, cpu_seconds: float | None = None
    ) -> None:
        self._tokenizer = tokenizer
        self._spec = spec
        self._with_ocr = with_ocr
        self._cpu_seconds = cpu_seconds
        self._size_bytes = 0
        self._pieces: Iterator[ChunkedDocument] | None = None

    def handle(self, call: Call) -> Iterator[NextPiece | bytes | Confined]:
        """Yield the answer to a call.

        `parse` gives the first piece of a file, `more` the next one, `render` a PNG, `try_refused` what this process
        may not do.
        """
        match call.method:
            case "parse":
                params = msgspec.convert(call.params, ParseParams)
                self._pieces = self.parse(params)
                self._size_bytes = Path(params.path).stat().st_size
                yield self._next_piece(self._pieces)
            case "more":
                if self._pieces is None:
                    raise NoOpenFileError
                yield self._next_piece(self._pieces)
            case "render":
                yield _render(msgspec.convert(call.params, RenderParams))
            case "try_refused":
                yield try_what_is_refused(Path(call.params["outside"]))
            case method:
                raise ValueError(f"a parser has no method {method!r}")

    def _next_piece(self, pieces: Iterator[ChunkedDocument]) -> NextPiece:
        """Return the next piece within what a file of this size may take."""
        if self._cpu_seconds is None:
            return NextPiece(next(pieces, None))
        cpu_seconds = self._cpu_seconds * (1 + CPU_SHARE_PER_MB * self._size_bytes / 1_000_000)
        with limit_effort(cpu_seconds):
            return NextPiece(next(pieces, None))

    def parse(self, params: ParseParams) -> Iterator[ChunkedDocument]:
        """Yield the pieces of a file with their chunks; raises one of `PARSER_ERRORS`."""
        source = Source(Path(params.path), params.filename, params.password, with_ocr=self._with_ocr)
        try:
            spec = self._spec if params.max_tokens is None else ChunkSpec(params.max_tokens)
            yield from split_pieces(parse_pieces(source), spec, self._tokenizer)
        except MemoryError as error:
            detail = "splitting it into chunks needs more memory than one parser may use"
            raise ParserLimitError(filename=params.filename, detail=detail) from error


def _render(params: RenderParams) -> bytes:
    path = Path(params.path)
    if identify(path, path.name) is Format.IMAGE:
        return image.render_page(path, params.page, params.boxes)
    return pdf.render_page(path, params.page, params.boxes, params.password)
