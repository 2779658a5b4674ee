"""The prefix cache: KV cache states of prompt prefixes on disk, such as rules and documents that questions share."""

import hashlib
import logging
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.runtime.derived_files import DerivedFile, DerivedFiles

logger = logging.getLogger(__name__)

MIN_PREFIX_TOKENS = 128
"""Prefill of fewer tokens is about as fast as reading a file."""
MIN_SAVED_TOKENS = 64
"""A state is read from the disk only if it saves the prefill of so many tokens."""

Tokens = NDArray[np.int32]


class _StateMetadata(msgspec.Struct):
    """Metadata in the header of a state's file. `context` is the cache's fingerprint, `tokens` an int32 array."""

    context: str
    tokens: bytes


@dataclass(frozen=True, slots=True)
class CachedPrefix:
    """The tokens of a prefix on disk, of which the first `shared_tokens` begin the prompt that was looked up."""

    name: str
    tokens: list[int]
    shared_tokens: int


class PrefixCache:
    """The cached prefixes that one loaded model can resume from.

    `fingerprint` names all that a state depends on: the model's files, the library's version and the cache's layout.
    """

    def __init__(self, files: DerivedFiles, fingerprint: str) -> None:
        self._files = files
        self._fingerprint = fingerprint

    def find_longest(self, prompt: list[int]) -> CachedPrefix | None:
        """Return the prefix that shares the most tokens with `prompt`; None below `MIN_PREFIX_TOKENS`."""
        prompt_tokens = np.array(prompt, dtype=np.int32)
        prefixes = [
            CachedPrefix(file.name, tokens.tolist(), _count_shared(tokens, prompt_tokens))
            for file in self._files.list_files()
            if (tokens := self._read_tokens(file.metadata)) is not None
        ]
        best = max(prefixes, key=lambda prefix: prefix.shared_tokens, default=None)
        return best if best is not None and best.shared_tokens >= MIN_PREFIX_TOKENS else None

    def load_state(self, prefix: CachedPrefix) -> bytes | None:
        """Return the KV cache state of a prefix; None if its file is damaged, gone or cannot be read."""
        try:
            return self._files.read_body(prefix.name)
        except OSError as error:
            logger.warning("a state of the prefix cache cannot be read: %s", error)
            return None

    def store(self, tokens: list[int], state: memoryview, documents: tuple[str, ...]) -> bool:
        """Store the state after `tokens`, which contain `documents`; return False if the disk or budget is full."""
        token_bytes = np.array(tokens, dtype=np.int32).tobytes()
        name = hashlib.sha256(self._fingerprint.encode() + token_bytes).hexdigest()[:32]
        metadata = msgspec.msgpack.encode(_StateMetadata(self._fingerprint, token_bytes))
        try:
            return self._files.store(DerivedFile(name, documents, metadata), state)
        except OSError as error:
            logger.warning("a state of the prefix cache cannot be stored: %s", error)
            return False

    def _read_tokens(self, metadata: bytes) -> Tokens | None:
        try:
            state = msgspec.msgpack.decode(metadata, type=_StateMetadata)
        except msgspec.DecodeError:
            return None
        return np.frombuffer(state.tokens, dtype=np.int32) if state.context == self._fingerprint else None


def _count_shared(left: Tokens, right: Tokens) -> int:
    """Return how many tokens two arrays share from their start."""
    length = min(len(left), len(right))
    differing = np.flatnonzero(left[:length] != right[:length])
    return int(differing[0]) if len(differing) else length
