"""A text as the check reads it: its words in order, which of them carry meaning, and its numbers. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.text.analyzer import extract_terms
from rag.grounding.verification.lexicon import COMMON_WORDS, GERMAN_WORDS, NEGATIONS
from rag.grounding.verification.quantities import Quantity, quantities

REMEMBERED_TEXTS = 2_048
REMEMBERED_WORDS = 100_000
LETTERS_OF_A_STEM = 5
"""Words that begin with the same letters, so many, count as one word: a stemmer for many languages."""
GERMAN_WORDS_OF_GERMAN = 2
"""So many different words of German in a text make it German."""

_PIECE = re.compile(r"[^\s\-–—−/.,;:!?()\[\]{}\"“”„«»‹›'’‘`*|…·&<>=+_]+")
_SHORTENED_NOT = re.compile(r"(?i)\s?n['’]t\b")
_EMPTY_WORDS = COMMON_WORDS | NEGATIONS
_MEASURE = re.compile(r"\d+[^\W\d_]{0,3}")
_SENTENCE_END = re.compile(r"[.!?:\n]\W*$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, `[start, end)`. `stem` is what is compared. Several stems of one unspaced run share its place.

    `is_content` is whether it says something by itself; numbers are `Quantity`s and no content. `is_name` is whether
    a capital inside a sentence, or letters beside digits, make it the name of something.
    """

    text: str
    stem: str
    start: int
    end: int
    is_content: bool
    is_name: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What the check knows of a text. Places count in `text`, which has "not" written out and single spaces.

    `prefixes` are the beginnings of stems, `initials` the first letters of capitalised words (a space for another
    word), and `index_of` says where in `words` the one stands that starts at a place of the text.
    """

    text: str
    words: tuple[Word, ...]
    content: tuple[Word, ...]
    stems: frozenset[str]
    prefixes: frozenset[str]
    initials: str
    quantities: tuple[Quantity, ...]
    index_of: dict[int, int]

    def has(self, stem: str) -> bool:
        """Whether a word of this text has the stem, begins like it, or is a compound with it."""
        if stem in self.stems:
            return True
        if len(stem) < LETTERS_OF_A_STEM:
            return False
        return stem[:LETTERS_OF_A_STEM] in self.prefixes or any(stem in other for other in self.stems)


@lru_cache(maxsize=REMEMBERED_TEXTS)
def read(text: str) -> Reading:
    """Return what the check knows of a text."""
    plain = _SHORTENED_NOT.sub(_written_out, " ".join(text.split()))
    numbers = tuple(quantities(plain))
    found = tuple(_words(plain, numbers))
    stems = frozenset(word.stem for word in found)
    return Reading(
        plain,
        found,
        tuple(word for word in found if word.is_content),
        stems,
        frozenset(stem[:LETTERS_OF_A_STEM] for stem in stems if len(stem) >= LETTERS_OF_A_STEM),
        "".join(word.text[0].casefold() if word.text[0].isupper() else " " for word in found),
        numbers,
        {word.start: index for index, word in enumerate(found)},
    )


def _written_out(shortened: re.Match[str]) -> str:
    return " NOT" if shortened[0].isupper() else " not"


def _words(text: str, numbers: Sequence[Quantity]) -> Iterator[Word]:
    pieces = list(_PIECE.finditer(text))
    capitals_tell = _capitals_tell(text, {piece[0].casefold() for piece in pieces})
    in_numbers = {place for number in numbers for place in range(number.start, number.end)}
    for piece in pieces:
        stems = stems_of(piece[0])
        is_first = piece.start() == 0 or _SENTENCE_END.search(text, piece.start() - 3, piece.start()) is not None
        is_abbreviation = capitals_tell and len(piece[0]) > 1 and piece[0].isupper()  # the WHO, not who
        is_number = piece.start() in in_numbers or _MEASURE.fullmatch(piece[0]) is not None
        is_content = not is_number and (is_abbreviation or piece[0].casefold() not in _EMPTY_WORDS)
        is_capital = capitals_tell and not is_first and piece[0][0].isupper()
        is_name = is_content and (is_abbreviation or is_capital or (len(stems) == 1 and _is_code(piece[0])))
        for stem in stems:
            yield Word(piece[0], stem, piece.start(), piece.end(), is_content, is_name)


def _capitals_tell(text: str, words_of_it: set[str]) -> bool:
    """Whether ordinary words go without capitals: not in German, and not in a text that is mostly in capitals."""
    is_mostly_small = sum(map(str.isupper, text)) <= sum(map(str.islower, text))
    return is_mostly_small and len(words_of_it & GERMAN_WORDS) < GERMAN_WORDS_OF_GERMAN


def _is_code(plain: str) -> bool:
    return any(sign.isdigit() for sign in plain) and any(sign.isalpha() for sign in plain)


@lru_cache(maxsize=REMEMBERED_WORDS)
def stems_of(piece: str) -> tuple[str, ...]:
    """Return what is compared of one word: its stem, or the pairs of signs of an unspaced run."""
    return tuple(extract_terms(piece))
