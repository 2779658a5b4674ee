"""Beginnings of prompts that a model has read, kept on disk: rules and documents that many questions share."""

import hashlib
import logging
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.runtime.derived_files import Derived, DerivedFiles

logger = logging.getLogger(__name__)

SHORTEST_HEAD = 128
"""Fewer tokens are read about as fast as a file."""
SHORTEST_GAIN = 64
"""A head is taken from the disk only where it spares so many tokens."""

Tokens = NDArray[np.int32]


class _Description(msgspec.Struct):
    """What stands in the header of such a file; see `KeptHeads` for `context`."""

    context: str
    tokens: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The tokens of a beginning that is on disk, of which the first `common` begin the prompt that was asked for."""

    name: str
    tokens: list[int]
    common: int


class KeptHeads:
    """The heads that one model can go on from, as it is loaded now.

    `context` names all that a state depends on: the model, the version of llama.cpp and how its memory is laid out.
    """

    def __init__(self, files: DerivedFiles, context: str) -> None:
        self._files = files
        self._context = context

    def longest(self, prompt: list[int]) -> Head | None:
        """Return the head that shares the longest beginning with `prompt`; None where that is hardly anything."""
        wanted = np.array(prompt, dtype=np.int32)
        found = [
            Head(derived.name, tokens.tolist(), _common(tokens, wanted))
            for derived in self._files.all()
            if (tokens := self._tokens(derived.head)) is not None
        ]
        best = max(found, key=lambda head: head.common, default=None)
        return best if best is not None and best.common >= SHORTEST_HEAD else None

    def state(self, head: Head) -> bytes | None:
        """Return what a model has kept of a head; None where that is damaged, gone or cannot be read."""
        try:
            return self._files.body(head.name)
        except OSError as error:
            logger.warning("what was read ahead cannot be used: %s", error)
            return None

    def keep(self, tokens: list[int], state: memoryview, made_of: tuple[str, ...]) -> bool:
        """Keep the state after `tokens`, which were `made_of` documents; return False where the disk has no room."""
        data = np.array(tokens, dtype=np.int32).tobytes()
        name = hashlib.sha256(self._context.encode() + data).hexdigest()[:32]
        head = msgspec.msgpack.encode(_Description(self._context, data))
        try:
            return self._files.store(Derived(name, made_of, head), state)
        except OSError as error:
            logger.warning("what was read ahead is not kept: %s", error)
            return False

    def _tokens(self, head: bytes) -> Tokens | None:
        try:
            description = msgspec.msgpack.decode(head, type=_Description)
        except msgspec.DecodeError:
            return None
        return np.frombuffer(description.tokens, dtype=np.int32) if description.context == self._context else None


def _common(left: Tokens, right: Tokens) -> int:
    """Return how many tokens two arrays share from their start."""
    length = min(len(left), len(right))
    differing = np.flatnonzero(left[:length] != right[:length])
    return int(differing[0]) if len(differing) else length
