"""Read what a GGUF file says about itself, without its weights and without native code.

The vocabulary is skipped, not built: the header of a model with 150,000 tokens takes a fraction of a
second, while the `gguf` package takes several. Every length is checked against the file, so a damaged or
hostile header ends in `GgufHeaderError`, never in a huge allocation.
"""

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_ENTRIES = 1_000_000
MAX_DIMENSIONS = 8
LONGEST_LIST_KEPT = 4_096
DEFAULT_ALIGNMENT = 32

Scalar = int | float | bool | str
Metadata = dict[str, Scalar | tuple[Scalar, ...]]


class GgufHeaderError(Exception):
    """The file is not a GGUF that can be read."""


@dataclass(frozen=True, slots=True)
class TensorSpan:
    """A tensor's name, shape, and size in the file, its padding included."""

    name: str
    shape: tuple[int, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Metadata and tensors of one file. Of lists longer than `LONGEST_LIST_KEPT` only the length is kept."""

    metadata: Metadata
    list_lengths: dict[str, int]
    tensors: tuple[TensorSpan, ...]


def read_header(path: Path) -> GgufHeader:
    """Return the header of the GGUF file at `path`; raises `GgufHeaderError` if it is damaged."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return _Reader(view).read()
    except (OSError, ValueError) as error:  # mmap says ValueError for an empty file
        raise GgufHeaderError(f"it cannot be read: {error}") from error
    except struct.error as error:
        raise GgufHeaderError("the file ends inside its header") from error


class _Reader:
    SCALARS: ClassVar[dict[int, str]] = {
        0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
    }  # fmt: skip
    STRING = 8
    LIST = 9

    def __init__(self, view: mmap.mmap) -> None:
        self._view = view
        self._at = 0

    def read(self) -> GgufHeader:
        if self._view[:4] != MAGIC:
            raise GgufHeaderError("it is not a GGUF file")
        self._at = 4
        version = self._integer("<I")
        if version not in VERSIONS:
            raise GgufHeaderError(f"its GGUF version {version} is not supported")
        tensor_count, entry_count = self._count(), self._count()
        metadata: Metadata = {}
        lengths: dict[str, int] = {}
        for _ in range(entry_count):
            self._entry(metadata, lengths)
        return GgufHeader(metadata, lengths, self._tensors(tensor_count, metadata))

    def _entry(self, metadata: Metadata, lengths: dict[str, int]) -> None:
        key, kind = self._string(), self._integer("<I")
        if kind != self.LIST:
            metadata[key] = self._value(kind)
            return
        kind, length = self._integer("<I"), self._count()
        lengths[key] = length
        if length <= LONGEST_LIST_KEPT:
            metadata[key] = tuple(self._value(kind) for _ in range(length))
        elif kind == self.STRING:
            self._skip_strings(length)
        else:
            self._skip(length * struct.calcsize(self._format(kind)))

    def _value(self, kind: int) -> Scalar:
        return self._string() if kind == self.STRING else self._number(self._format(kind))

    def _tensors(self, count: int, metadata: Metadata) -> tuple[TensorSpan, ...]:
        tensors = [self._tensor() for _ in range(count)]
        alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
        if not isinstance(alignment, int) or alignment < 1:
            raise GgufHeaderError("its alignment is not a positive number")
        data_start = -(-self._at // alignment) * alignment
        end = len(self._view) - data_start
        spans: list[TensorSpan] = []
        for name, shape, offset in sorted(tensors, key=lambda tensor: tensor[2], reverse=True):
            if offset > end:
                raise GgufHeaderError(f"the tensor {name} lies beyond the end of the file; it is incomplete")
            spans.append(TensorSpan(name, shape, end - offset))
            end = offset
        return tuple(reversed(spans))

    def _tensor(self) -> tuple[str, tuple[int, ...], int]:
        name, dimensions = self._string(), self._integer("<I")
        if dimensions > MAX_DIMENSIONS:
            raise GgufHeaderError(f"the tensor {name} has {dimensions} dimensions")
        shape = tuple(self._integer("<Q") for _ in range(dimensions))
        self._skip(4)  # the number format of the weights
        return name, shape, self._integer("<Q")

    def _number(self, form: str) -> int | float:
        number: int | float = struct.unpack_from(form, self._view, self._at)[0]
        self._at += struct.calcsize(form)
        return number

    def _integer(self, form: str) -> int:
        return int(self._number(form))

    def _string(self) -> str:
        length = self._integer("<Q")
        start = self._at
        self._skip(length)
        return self._view[start : self._at].decode("utf-8", errors="replace")

    def _skip_strings(self, count: int) -> None:
        read_length: Callable[..., tuple[int]] = struct.Struct("<Q").unpack_from
        at = self._at
        for _ in range(count):
            at += 8 + read_length(self._view, at)[0]
        self._skip(at - self._at)

    def _skip(self, size_bytes: int) -> None:
        if self._at + size_bytes > len(self._view):
            raise GgufHeaderError("the file ends inside its header")
        self._at += size_bytes

    def _count(self) -> int:
        count = self._integer("<Q")
        if count > MAX_ENTRIES:
            raise GgufHeaderError(f"its header claims {count} entries")
        return count

    def _format(self, kind: int) -> str:
        if kind not in self.SCALARS:
            raise GgufHeaderError(f"its header has a value of the unknown type {kind}")
        return self.SCALARS[kind]
