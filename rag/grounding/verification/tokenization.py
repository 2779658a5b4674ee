"""Tokenize a text for claim verification: its words, which of them are content words or names, its numbers. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.text.analyzer import extract_terms
from rag.grounding.verification.lexicon import GERMAN_WORDS, NEGATIONS
from rag.grounding.verification.quantities import Quantity, find_quantities
from rag.questions.stopwords import STOPWORDS

CACHED_TEXTS = 2_048
CACHED_WORDS = 100_000
STEM_PREFIX_LETTERS = 5
"""Stems that share a prefix of this length match: a crude stemmer for many languages."""
MIN_GERMAN_WORDS = 2
"""Distinct German words that identify a text as German."""

_PIECE = re.compile(r"[^\s\-–—−/.,;:!?()\[\]{}\"“”„«»‹›'’‘`*|…·&<>=+_]+")
_CONTRACTED_NOT = re.compile(r"(?i)\s?n['’]t\b")
_STOPWORDS = STOPWORDS | NEGATIONS
_MEASURE = re.compile(r"\d+[^\W\d_]{0,3}")
_SENTENCE_END = re.compile(r"[.!?:\n]\W*$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, `[start, end)`. Stems are compared; the stems of one unspaced run share its span.

    `form` is the word without case, as it is inflected; in an unspaced run it is the stem.
    `is_content` is whether it is a content word: no stopword, and no number (those are `Quantity`s). `is_name` is
    whether a capital inside a sentence, or letters beside digits, make it a name.
    """

    text: str
    stem: str
    form: str
    start: int
    end: int
    is_content: bool
    is_name: bool


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A text and its words. Offsets count in `text`, which has "n't" expanded to "not" and single spaces.

    `content` are the content words, `capitalized_names` of which a capital marks as names; `forms` are the forms of all
    words. `prefixes` are the first letters of long stems, `initials` the first letters of capitalised words (a space
    for any other word). `index_of` maps the offset of a word to its index in `words`.
    """

    text: str
    words: tuple[Word, ...]
    content: tuple[Word, ...]
    capitalized_names: int
    forms: frozenset[str]
    stems: frozenset[str]
    prefixes: frozenset[str]
    initials: str
    quantities: tuple[Quantity, ...]
    index_of: dict[int, int]

    def has_stem(self, stem: str) -> bool:
        """Whether a word of this text has the stem, shares its prefix, or is a compound with it."""
        if stem in self.stems:
            return True
        if len(stem) < STEM_PREFIX_LETTERS:
            return False
        return stem[:STEM_PREFIX_LETTERS] in self.prefixes or any(stem in other for other in self.stems)


@lru_cache(maxsize=CACHED_TEXTS)
def tokenize(text: str) -> TokenizedText:
    """Return the words, stems and quantities of a text."""
    plain = _CONTRACTED_NOT.sub(_expand_not, " ".join(text.split()))
    numbers = tuple(find_quantities(plain))
    words = tuple(_split_words(plain, numbers))
    stems = frozenset(word.stem for word in words)
    content = tuple(word for word in words if word.is_content)
    return TokenizedText(
        plain,
        words,
        content,
        sum(word.is_name and not word.text.islower() for word in content),
        frozenset(word.form for word in words),
        stems,
        frozenset(stem[:STEM_PREFIX_LETTERS] for stem in stems if len(stem) >= STEM_PREFIX_LETTERS),
        "".join(word.text[0].casefold() if word.text[0].isupper() else " " for word in words),
        numbers,
        {word.start: index for index, word in enumerate(words)},
    )


def _expand_not(contraction: re.Match[str]) -> str:
    return " NOT" if contraction[0].isupper() else " not"


def _split_words(text: str, numbers: Sequence[Quantity]) -> Iterator[Word]:
    pieces = list(_PIECE.finditer(text))
    has_telling_capitals = _has_telling_capitals(text, {piece[0].casefold() for piece in pieces})
    in_numbers = {offset for number in numbers for offset in range(number.start, number.end)}
    for piece in pieces:
        stems = stem_piece(piece[0])
        is_first = piece.start() == 0 or _SENTENCE_END.search(text, piece.start() - 3, piece.start()) is not None
        is_abbreviation = has_telling_capitals and len(piece[0]) > 1 and piece[0].isupper()  # the WHO, not who
        is_number = piece.start() in in_numbers or _MEASURE.fullmatch(piece[0]) is not None
        is_content = not is_number and (is_abbreviation or piece[0].casefold() not in _STOPWORDS)
        is_capital = has_telling_capitals and not is_first and piece[0][0].isupper()
        is_name = is_content and (is_abbreviation or is_capital or (len(stems) == 1 and _is_code(piece[0])))
        for stem in stems:
            form = stem if len(stems) > 1 else piece[0].casefold()
            yield Word(piece[0], stem, form, piece.start(), piece.end(), is_content, is_name)


def _has_telling_capitals(text: str, words: set[str]) -> bool:
    """Whether a capital marks a name: not in German, and not in a text that is mostly in capitals."""
    is_mostly_small = sum(map(str.isupper, text)) <= sum(map(str.islower, text))
    return is_mostly_small and len(words & GERMAN_WORDS) < MIN_GERMAN_WORDS


def _is_code(plain: str) -> bool:
    return any(sign.isdigit() for sign in plain) and any(sign.isalpha() for sign in plain)


@lru_cache(maxsize=CACHED_WORDS)
def stem_piece(piece: str) -> tuple[str, ...]:
    """Return the stem of a word, or the bigrams of an unspaced run."""
    return tuple(extract_terms(piece))
