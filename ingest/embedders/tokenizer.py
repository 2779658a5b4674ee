"""The tokenizer of an embedder: the span of every token in a text (the adapter of `tokenizers`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from ingest.errors import UnknownTokenError
from ingest.runtime.model_cache import GGUF_SUFFIX
from ingest.types import SpanTokenizer

_UNKNOWN_TOKENS = frozenset({"[UNK]", "<unk>"})
"""The tokens for a stretch of text that the vocabulary cannot spell."""


class SpellingTokenizer(SpanTokenizer, Protocol):
    """A tokenizer that also counts what its vocabulary can only spell letter by letter, and that reads tokens."""

    def count_spelled(self, text: str) -> int: ...

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without special ones; there are as many as `token_spans` has."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text that becomes `tokens`; raise `UnknownTokenError` for one that is not in the vocabulary."""
        ...


def load_tokenizer(path: str | Path) -> SpellingTokenizer:
    """Return the tokenizer of the embedder whose `tokenizer.json` or GGUF file is at `path`; no weights are loaded."""
    if Path(path).suffix != GGUF_SUFFIX:
        return WordPieceTokenizer(path)
    from ingest.embedders.gguf_tokenizer import GgufTokenizer  # loads llama.cpp

    return GgufTokenizer(path)


class WordPieceTokenizer:
    """A `SpanTokenizer` over the `tokenizer.json` of an embedder. Loads no model."""

    def __init__(self, tokenizer_path: str | Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer_path))
        # The file of a sentence-transformers model turns truncation and padding on; both would change the spans.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the span of each token in text order, in characters as `[start, end)`, without special tokens."""
        offsets: list[tuple[int, int]] = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return offsets

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without special ones."""
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return tokens

    def count_spelled(self, text: str) -> int:
        """Return the number of tokens; a stretch that becomes the unknown token counts one for each character."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        tokens = zip(encoding.tokens, encoding.offsets, strict=True)
        return sum(end - start if token in _UNKNOWN_TOKENS else 1 for token, (start, end) in tokens)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text that becomes `tokens`; raise `UnknownTokenError` for one that is not in the vocabulary."""
        for token in tokens:
            if self._tokenizer.id_to_token(token) is None:
                raise UnknownTokenError(token=token)
        text: str = self._tokenizer.decode(list(tokens))
        return text
