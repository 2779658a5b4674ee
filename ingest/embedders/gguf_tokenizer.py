"""The tokenizer in a GGUF file: the span of every token in a text.

llama.cpp tokenizes for the spans with the code that tokenizes for the vectors, so that both count the same tokens.
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import regex

from ingest.embedders.llama_model import LlamaModel
from ingest.errors import UnknownTokenError

WORD_CACHE_SIZE = 20_000
_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ceaf\U0002f800-\U0002fa1f"
_SINGLE_CHARACTER = rf"\p{{P}}$+<=>^`|~{_CHINESE}"
_PRETOKEN_PATTERNS = {
    "wordpiece": regex.compile(rf"[{_SINGLE_CHARACTER}]|[^\s{_SINGLE_CHARACTER}]+"),
    "unigram": regex.compile(r"\S+"),
}
"""The words that these tokenizers read independently of their neighbours; both normalize what they read."""

Span = tuple[int, int]


class GgufTokenizer:
    """A `SpanTokenizer` over the vocabulary in a GGUF file. Loads no weights."""

    def __init__(self, path: str | Path) -> None:
        self._model = LlamaModel(path, vocabulary_only=True)
        self._pretoken_pattern = _PRETOKEN_PATTERNS.get(self._model.vocabulary_type)
        self._decode_token = cache(self._model.decode_token)
        self._tokenize_word = lru_cache(WORD_CACHE_SIZE)(self._tokenize_word_uncached)

    def token_spans(self, text: str) -> list[Span]:
        """Return the span of each token in text order, in characters as `[start, end)`, without special tokens.

        If the tokenizer normalizes a word, the number of its tokens is exact and their borders are approximate.
        """
        if self._pretoken_pattern is None:
            return self._byte_spans(text)
        spans: list[Span] = []
        for word in self._pretoken_pattern.finditer(text):
            spans.extend((word.start() + start, word.start() + end) for start, end in self._tokenize_word(word[0]))
        return spans

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without special ones."""
        return self._model.tokenize(text)

    def count_spelled(self, text: str) -> int:
        """Return the number of tokens; a stretch that becomes the unknown token counts one for each character."""
        pieces = [self._decode_token(token) for token in self._model.tokenize(text)]
        lengths = [_count_letters(piece) for piece in pieces if piece is not None]
        unknown = len(pieces) - len(lengths)
        letters = len("".join(text.split())) - sum(lengths)
        return len(lengths) + max(letters, unknown) if unknown else len(lengths)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text that becomes `tokens`; raise `UnknownTokenError` for one that is not in the vocabulary."""
        for token in tokens:
            if token >= self._model.vocabulary_size:
                raise UnknownTokenError(token=token)
        pieces = map(self._decode_token, tokens)
        return b"".join(piece for piece in pieces if piece is not None).decode(errors="replace").strip()

    def _tokenize_word_uncached(self, word: str) -> list[Span]:
        pieces = map(self._decode_token, self._model.tokenize(word))
        return list(spread_spans([None if piece is None else _count_letters(piece) for piece in pieces], len(word)))

    def _byte_spans(self, text: str) -> list[Span]:
        """Return the spans of tokens that are spans of the text's UTF-8 bytes (byte-level BPE)."""
        data = np.frombuffer(text.encode("utf-8", errors="replace"), dtype=np.uint8)
        character_at = np.cumsum((data & 0xC0) != 0x80) - 1
        pieces = map(self._decode_token, self._model.tokenize(text))
        lengths = [None if piece is None else len(piece) for piece in pieces]
        if lengths and lengths[0] and None not in lengths and sum(filter(None, lengths)) == len(data) + 1:
            lengths[0] -= 1  # a space that the vocabulary put in front
        spans = spread_spans(lengths, len(data))
        return [(int(character_at[start]), int(character_at[end - 1]) + 1) for start, end in spans]


def spread_spans(lengths: Sequence[int | None], total: int) -> Iterator[Span]:
    """Yield one span of `range(total)` for each length, in order; no span is empty, and together they cover it.

    Spans of unknown length (None) share the rest equally. Lengths that do not sum up to `total` are scaled.
    """
    unknown = lengths.count(None)
    rest = total - sum(filter(None, lengths))
    share = max(rest / unknown, 1) if unknown else 0
    ends = list(accumulate((share if length is None else length for length in lengths), initial=0.0))
    scale = total / ends[-1] if ends[-1] else 0
    for start, end in pairwise(round(end * scale) for end in ends):
        first = min(start, total - 1)
        yield first, max(end, first + 1)


def _count_letters(piece: bytes) -> int:
    return len(piece.decode(errors="replace").strip())
