"""A parser process that some file names are poison to."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.chunking.chunker import ChunkSpec
from ingest.embedders.tokenizer import WordPieceTokenizer
from ingest.parsers.worker import ParseParams, ParserWorker
from ingest.runtime.worker_main import Channel, serve_calls
from ingest.types import ChunkedDocument

TOO_MUCH = 64 << 30


class PoisonedReader(ParserWorker):
    """Reads files, but dies of, hangs at, or eats all memory for those with a name that says so."""

    def __init__(self, tokenizer: Path, log: Path) -> None:
        super().__init__(WordPieceTokenizer(tokenizer), ChunkSpec(40))
        self._log = log

    def parse(self, params: ParseParams) -> Iterator[ChunkedDocument]:
        with self._log.open("a") as log:
            log.write(f"{params.filename}\n")
        match Path(params.filename).stem:
            case "dies":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "hangs":
                time.sleep(600)
            case "eats":
                bytearray(TOO_MUCH)
            case "bursts":  # what the kernel does where native code asks for too much
                os.abort()
        yield from super().parse(params)


def poisoned(channel: Channel, options: dict[str, Any]) -> None:
    """Be a parser; `log` is a file that gets a line for each file that is begun."""
    reader = PoisonedReader(Path(options["tokenizer"]), Path(options["log"]))
    channel.ready()
    serve_calls(channel, reader.handle)
