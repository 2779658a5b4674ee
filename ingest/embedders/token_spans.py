"""Where the embedder's word pieces are in a text (the adapter of `tokenizers`), and how well they fit it."""

from functools import cache
from pathlib import Path
from typing import Protocol

import regex
from tokenizers import Tokenizer

from ingest.runtime.model_cache import GGUF_SUFFIX
from ingest.text.analyzer import UNSPACED_SCRIPTS
from ingest.types import TextMeasure

_LETTER = regex.compile(r"[\p{L}\p{N}\p{M}]")
_DENSE_SCRIPT = regex.compile(f"[{UNSPACED_SCRIPTS}]")
_LETTERS_IN_A_SIGN = 2.0
"""A sign of these scripts says about as much as so many letters of others."""
_UNKNOWN = frozenset({"[UNK]", "<unk>"})
"""What tokenizers put for a stretch that they cannot even spell."""


class SpellingMeasure(TextMeasure, Protocol):
    """A measure that knows which words its vocabulary lacks."""

    def count_spelled(self, text: str) -> int: ...


def measure_of(path: str | Path) -> SpellingMeasure:
    """Return the measure of the embedder whose `tokenizer.json` or GGUF file is at `path`."""
    if Path(path).suffix != GGUF_SUFFIX:
        return WordPieceMeasure(path)
    from ingest.embedders.gguf_tokenizer import GgufMeasure  # llama.cpp is not loaded where it is not needed

    return GgufMeasure(path)


class WordPieceMeasure:
    """A `TextMeasure` over the `tokenizer.json` of the embedder. Loads no model."""

    def __init__(self, tokenizer_path: str | Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer_path))
        # The file of a sentence-transformers model asks for cutting off and padding: neither belongs in a measure.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the `[start, end)` of each word piece in order, special tokens left out."""
        offsets: list[tuple[int, int]] = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return offsets

    def count_spelled(self, text: str) -> int:
        """Return the number of word pieces, a stretch that the tokenizer does not know counted letter by letter."""
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        pieces = zip(encoded.tokens, encoded.offsets, strict=True)
        return sum(end - start if token in _UNKNOWN else 1 for token, (start, end) in pieces)


class Fluency:
    """How well an embedder's vocabulary fits a text: what it must spell letter by letter, it was not trained on.

    Measured in word pieces a letter: the bundled embedder takes 0.25 for English, 0.38 for German, about 1 for Russian
    and Chinese, a multilingual one 0.25 to 0.3 for all of them. Loads no model; the tokenizer at the first text.
    """

    FLUENT, FOREIGN = 0.30, 0.50

    def __init__(self, tokenizer_path: str | Path) -> None:
        self._measure = cache(lambda: measure_of(tokenizer_path))

    def of(self, text: str) -> float:
        """Return a number from 0 (foreign) to 1 (fluent); 1 for a text without letters."""
        letters = sum(_LETTERS_IN_A_SIGN if _DENSE_SCRIPT.match(sign) else 1.0 for sign in _LETTER.findall(text))
        if not letters:
            return 1.0
        pieces = self._measure().count_spelled(text)
        return min(max((self.FOREIGN - pieces / letters) / (self.FOREIGN - self.FLUENT), 0.0), 1.0)
