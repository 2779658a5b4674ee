"""The files of a language model: the parts of a split GGUF file, and a fingerprint of the weights."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

GGUF_PART_NAME = re.compile(r"(?P<stem>.+)-(?P<part>\d{5})-of-(?P<parts>\d{5})$")
"""llama.cpp's names of the parts of a split model (`gguf-split`)."""
SAMPLES = 128
SAMPLE_BYTES = 64 << 10


def list_gguf_parts(path: Path) -> tuple[Path, ...]:
    """Return every file of the model whose first file is `path`, in order; just `path` if the model is not split."""
    match = GGUF_PART_NAME.fullmatch(path.stem)
    if match is None:
        return (path,)
    stem, parts = match["stem"], int(match["parts"])
    return tuple(path.with_name(f"{stem}-{number:05d}-of-{parts:05d}.gguf") for number in range(1, parts + 1))


def fingerprint_files(paths: Sequence[Path]) -> str:
    """Return a SHA-256 over the sizes of a model's files and samples of 64 KiB all over them, as hex digits.

    A hash of all bytes would take longer than the prefill that a cached state saves; other weights differ in every
    sample.
    """
    digest = hashlib.sha256()
    for path in paths:
        size_bytes = path.stat().st_size
        digest.update(size_bytes.to_bytes(8, "little"))
        with path.open("rb") as file:
            for sample in range(SAMPLES):
                file.seek(size_bytes * sample // SAMPLES)
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()
