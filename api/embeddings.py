"""The embedder as a model that clients can name: texts to vectors, and how many tokens they have."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest.embedders.embedder import BUNDLED_NAME, EmbedderInfo
from ingest.embedders.tokenizer import SpellingTokenizer, load_tokenizer
from ingest.types import Embedder

BATCH_TEXTS = 64
"""Texts between two moments at which a client that left is noticed."""
BUNDLED_HUB_NAME = f"sentence-transformers/{BUNDLED_NAME}".casefold()


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Unit vectors, shape (texts, dimension), float32, and the number of tokens of all texts."""

    vectors: NDArray[np.float32]
    token_count: int


class EmbeddingModel:
    """The configured embedder, with the name by which clients know it. Safe to use from several threads."""

    def __init__(self, info: EmbedderInfo, embedder: Embedder) -> None:
        self.id = info.name
        self.path = info.path
        self.max_tokens = info.max_tokens
        self.dimension = info.dimension
        self._tokenizer_path = info.tokenizer_path
        self._embedder = embedder

    def is_named(self, name: str) -> bool:
        """Whether this is the model that `name` names, in any case; the bundled one has its name on the Hub, too."""
        names = {self.id.casefold()} | ({BUNDLED_HUB_NAME} if self.id == BUNDLED_NAME else set[str]())
        return name.casefold() in names

    def embed(self, texts: Sequence[str]) -> Generator[bytes, None, Embeddings]:
        """Yield an empty piece after each batch of texts (see `api.http.sse`), and return the embeddings in order.

        Raises `TextTooLongError` and `WorkerError`.
        """
        batches: list[NDArray[np.float32]] = [np.empty((0, self.dimension), np.float32)]
        for start in range(0, len(texts), BATCH_TEXTS):
            batches.append(self._embedder.embed(texts[start : start + BATCH_TEXTS]))
            yield b""
        return Embeddings(np.concatenate(batches), sum(len(self.tokenizer.token_spans(text)) for text in texts))

    def truncate(self, text: str) -> str:
        """Return as much of the beginning of `text` as the embedder reads."""
        spans = self.tokenizer.token_spans(text)
        return text if len(spans) <= self.max_tokens else text[: spans[self.max_tokens - 1][1]]

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a text by the embedder's own tokenizer, without special ones."""
        return self.tokenizer.encode(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text that becomes `tokens`; raise `UnknownTokenError` for one that is not in the vocabulary."""
        return self.tokenizer.decode(tokens)

    @cached_property
    def tokenizer(self) -> SpellingTokenizer:
        """Its tokenizer."""
        return load_tokenizer(self._tokenizer_path)


def shorten_vectors(vectors: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
    """Return the first components of vectors as unit vectors: shape (rows, dimensions), float32."""
    shortened = vectors[:, :dimensions]
    lengths = np.linalg.norm(shortened, axis=1, keepdims=True)
    result: NDArray[np.float32] = (shortened / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return result
