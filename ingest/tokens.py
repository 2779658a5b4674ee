"""Where the embedder's word pieces are in a text (the adapter of `tokenizers`)."""

from pathlib import Path

from tokenizers import Tokenizer


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
