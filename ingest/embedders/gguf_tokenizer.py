# pyright: basic, reportArgumentType=false, reportAttributeAccessIssue=false
# (a handle is None only where loading raised)
"""Where the tokens of a GGUF embedder are in a text (the adapter of llama.cpp's tokenizers).

The file's own vocabulary cuts the text with the code that embeds it, so that what is counted is what is computed. The
weights stay on the disk.
"""

import ctypes
import os
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from pathlib import Path

import llama_cpp
import numpy as np
import regex

ERROR_LEVEL = 4
_NOT_IN_A_TEXT = llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN | llama_cpp.LLAMA_TOKEN_ATTR_CONTROL
"""Of control tokens only the unknown one is ever found in a text; many files call it such."""
_WORDS_REMEMBERED = 20_000
_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ceaf\U0002f800-\U0002fa1f"
_SIGN_ALONE = rf"\p{{P}}$+<=>^`|~{_CHINESE}"
_WORDS = {
    llama_cpp.LLAMA_VOCAB_TYPE_WPM: regex.compile(rf"[{_SIGN_ALONE}]|[^\s{_SIGN_ALONE}]+"),
    llama_cpp.LLAMA_VOCAB_TYPE_UGM: regex.compile(r"\S+"),
}
"""Stretches that these tokenizers read one by one, whatever stands around them; they rewrite what they read."""

Span = tuple[int, int]


class GgufError(Exception):
    """llama.cpp refuses the file, or cannot do with it what it was asked for."""


class _Log:
    """llama.cpp's log, kept out of the process's output; its last errors explain failures."""

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=4)
        self._callback = llama_cpp.llama_log_callback(self._take)  # must live as long as llama.cpp may call it
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p())
        llama_cpp.llama_backend_init()

    def _take(self, level: int, text: bytes, _: object) -> None:
        if level == ERROR_LEVEL:
            self.errors.append(text.decode(errors="replace").strip())


_log = cache(_Log)


def explained(what: str) -> GgufError:
    """Return an error that says what failed and what llama.cpp said about it."""
    said = "; ".join(_log().errors)
    return GgufError(f"{what} ({said})" if said else what)


class GgufModel:
    """A model that llama.cpp opened on the CPU, and its vocabulary. Freed when nobody holds it any more."""

    def __init__(self, path: str | Path, *, vocabulary_only: bool) -> None:
        _log().errors.clear()
        params = llama_cpp.llama_model_default_params()
        params.vocab_only = vocabulary_only
        params.n_gpu_layers = 0  # what memory a GPU has is planned for the model that answers
        self._no_devices = (ctypes.c_void_p * 1)()
        params.devices = ctypes.cast(self._no_devices, ctypes.c_void_p)
        self.handle = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise explained(f"llama.cpp refuses {Path(path).name}")
        weakref.finalize(self, llama_cpp.llama_model_free, self.handle)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self.handle)
        self.vocabulary_kind = int(llama_cpp.llama_vocab_type(self._vocabulary))

    def tokens(self, text: str, *, special: bool = False) -> list[int]:
        """Return the tokens of a text; with `special`, those around it that the model wants to read too.

        The name of a control token in it is text as any other.
        """
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 16  # a token is at least one byte, but for a space that some vocabularies put in front
        while True:
            tokens = (llama_cpp.llama_token * room)()
            count = llama_cpp.llama_tokenize(self._vocabulary, data, len(data), tokens, room, special, False)
            if count >= 0:
                return list(tokens[:count])
            room = -count  # signs that stand for several others (ﷺ) are written out before they are cut

    def piece(self, token: int) -> bytes | None:
        """Return what a token stands for in a text; None where that can be anything."""
        if llama_cpp.llama_vocab_get_attr(self._vocabulary, token) & _NOT_IN_A_TEXT:
            return None
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, size, 0, True)
            if length >= 0:
                return buffer.raw[:length]
            size = -length


class GgufTokenizer:
    """A `SpanTokenizer` over the vocabulary in a GGUF file. Loads no weights."""

    def __init__(self, path: str | Path) -> None:
        self._model = GgufModel(path, vocabulary_only=True)
        self._words = _WORDS.get(self._model.vocabulary_kind)
        self._piece = cache(self._model.piece)
        self._spans_of_word = lru_cache(_WORDS_REMEMBERED)(self._cut_word)

    def token_spans(self, text: str) -> list[Span]:
        """Return the `[start, end)` of each token in order, special tokens left out.

        Of tokens that are not spelled as the text is, the number is exact and the place about right.
        """
        if self._words is None:
            return self._spans_in_bytes(text)
        spans: list[Span] = []
        for word in self._words.finditer(text):
            spans.extend((word.start() + start, word.start() + end) for start, end in self._spans_of_word(word[0]))
        return spans

    def count_spelled(self, text: str) -> int:
        """Return the number of tokens, a stretch that the vocabulary does not know counted letter by letter."""
        pieces = [self._piece(token) for token in self._model.tokens(text)]
        known = [_letters(piece) for piece in pieces if piece is not None]
        unknown = len(pieces) - len(known)
        letters = len("".join(text.split())) - sum(known)
        return len(known) + max(letters, unknown) if unknown else len(known)

    def _cut_word(self, word: str) -> list[Span]:
        pieces = map(self._piece, self._model.tokens(word))
        return list(spread([None if piece is None else _letters(piece) for piece in pieces], len(word)))

    def _spans_in_bytes(self, text: str) -> list[Span]:
        """Return the spans of tokens that are stretches of the text's bytes."""
        data = np.frombuffer(text.encode("utf-8", errors="replace"), dtype=np.uint8)
        letter_at = np.cumsum((data & 0xC0) != 0x80) - 1
        pieces = map(self._piece, self._model.tokens(text))
        lengths = [None if piece is None else len(piece) for piece in pieces]
        if lengths and lengths[0] and None not in lengths and sum(filter(None, lengths)) == len(data) + 1:
            lengths[0] -= 1  # a space that the vocabulary put in front
        return [(int(letter_at[start]), int(letter_at[end - 1]) + 1) for start, end in spread(lengths, len(data))]


def spread(lengths: Sequence[int | None], total: int) -> Iterator[Span]:
    """Yield a span within `total` for each of `lengths` in order; none is empty, and together they cover it.

    Those whose length is not known share what the others leave. Raises nothing where the lengths do not add up.
    """
    unknown = lengths.count(None)
    left = total - sum(filter(None, lengths))
    share = max(left / unknown, 1) if unknown else 0
    ends = list(accumulate((share if length is None else length for length in lengths), initial=0.0))
    scale = total / ends[-1] if ends[-1] else 0
    for start, end in pairwise(round(end * scale) for end in ends):
        first = min(start, total - 1)
        yield first, max(end, first + 1)


def _letters(piece: bytes) -> int:
    return len(piece.decode(errors="replace").strip())
