"""How well an embedder's vocabulary fits a text: a model is weak in what it only spells. Pure."""

from functools import cache
from pathlib import Path

import regex

from ingest.embedders.tokenizer import load_tokenizer
from ingest.text.analyzer import UNSPACED_SCRIPTS

_LETTER = regex.compile(r"[\p{L}\p{N}\p{M}]")
_DENSE_SCRIPT = regex.compile(f"[{UNSPACED_SCRIPTS}]")
_LETTERS_PER_DENSE_SIGN = 2.0
"""One sign of such a script counts as so many letters of an alphabet."""


class VocabularyFit:
    """Scores the fit of an embedder's vocabulary by the number of its tokens per letter ("fertility").

    Measured in tokens per letter: the bundled embedder takes 0.25 for English, 0.38 for German, about 1 for Russian
    and Chinese, a multilingual one 0.25 to 0.3 for all of them. Loads the tokenizer at the first text, and no model.
    """

    FLUENT, FOREIGN = 0.30, 0.50

    def __init__(self, tokenizer_path: str | Path) -> None:
        self._load_tokenizer = cache(lambda: load_tokenizer(tokenizer_path))

    def score(self, text: str) -> float:
        """Return the fit from 0 (foreign) to 1 (fluent); 1 for a text without letters."""
        letters = sum(_LETTERS_PER_DENSE_SIGN if _DENSE_SCRIPT.match(sign) else 1.0 for sign in _LETTER.findall(text))
        if not letters:
            return 1.0
        tokens_per_letter = self._load_tokenizer().count_spelled(text) / letters
        return min(max((self.FOREIGN - tokens_per_letter) / (self.FOREIGN - self.FLUENT), 0.0), 1.0)
