# pyright: basic
"""The analyzer of the lexical index: text to terms, in any language and script (the adapter of PyStemmer). Pure.

The terms are for BM25 alone; what is shown and quoted keeps the author's letters. The analyzer folds compatibility
forms (Unicode NFKC: ligatures, full width), case and accents (not in Vietnamese, where an accent makes another word),
and stems: with the Snowball stemmer of the script's language; words in Latin script with the English stemmer and a
truncation to seven letters, which serves inflected languages without language detection. Scripts without spaces between
words become overlapping character bigrams. Measured on XQuAD in 12 languages:
docs/development/decisions/2026-11-24-lexical-analyzer.md.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from threading import get_ident

import regex
import Stemmer

LATIN_STEM_LETTERS = 7
"""Length to which a stem in Latin script is truncated; a word with a digit is a code and stays whole."""
MAX_QUERY_TERMS = 256
"""Every term of a query costs time; a longer query is a text, which its vector describes better."""
STEM_CACHE_SIZE = 100_000

UNSPACED_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts with much meaning in a character, as a set of a regular expression; most put no spaces between words."""

_UNSPACED = UNSPACED_SCRIPTS + r"\u30FC"
_TOKEN = regex.compile(
    rf"(?P<unspaced>(?:[{_UNSPACED}]\p{{M}}*)+)|(?![{_UNSPACED}])[\p{{L}}\p{{N}}](?:(?![{_UNSPACED}])[\p{{L}}\p{{N}}\p{{M}}])*"
)
_CHARACTER = regex.compile(r"\X")
_HAN = regex.compile(r"\p{Han}")
_DIGIT = regex.compile(r"\p{N}")
_ACCENTS = regex.compile(r"[\u0300-\u036F\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0640\u064B-\u065F\u0670]")
_VIETNAMESE = regex.compile(r"[\u1EA0-\u1EF9ơư]")
_INVISIBLE = regex.compile(r"[\u00AD\u200B\u2060\uFEFF]+")
_EXPONENT = regex.compile(r"(?<=\p{Nd}|\p{L}{4})(?=[⁺⁻]?[⁰¹²³⁴-⁹])")
"""Where an exponent or the mark of a note begins: 10⁶ is not 106. (m² and CO₂ are m2 and CO2, as people type them.)"""
_LANGUAGES = tuple(
    (regex.compile(rf"\p{{{script}}}"), language)
    for script, language in (
        ("Latin", "english"),
        ("Cyrillic", "russian"),
        ("Arabic", "arabic"),
        ("Devanagari", "hindi"),
        ("Greek", "greek"),
        ("Tamil", "tamil"),
        ("Armenian", "armenian"),
    )
)


def extract_terms(text: str) -> list[str]:
    """Return the terms of a text in its order, repeated terms included; none for a text without letters and digits."""
    if not text.isascii():
        text = _EXPONENT.sub(" ", _INVISIBLE.sub("", text))
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [
        term for match in _TOKEN.finditer(folded) for term in _make_terms(match[0], is_unspaced=bool(match["unspaced"]))
    ]


def extract_query_terms(query: str) -> list[str]:
    """Return the distinct terms of a query in its order, the first `MAX_QUERY_TERMS` of them."""
    return list(dict.fromkeys(extract_terms(query)))[:MAX_QUERY_TERMS]


def join_terms(text: str) -> str:
    """Return the terms of a text joined by spaces, the form that SQLite's FTS5 index stores."""
    return " ".join(extract_terms(text))


def _make_terms(run: str, *, is_unspaced: bool) -> Iterator[str]:
    if not is_unspaced:
        yield _stem(run)
        return
    characters = _CHARACTER.findall(run)
    if len(characters) == 1:
        yield run
        return
    for first, second in pairwise(characters):
        yield first + second
    # A single Han character can be a word; a single character of the other scripts is not.
    yield from (character for character in characters if _HAN.match(character))


@lru_cache(maxsize=STEM_CACHE_SIZE)
def _stem(word: str) -> str:
    return _strip_ending(word) or word


def _strip_ending(word: str) -> str:
    language = next((language for script, language in _LANGUAGES if script.match(word)), "")
    if not language or _DIGIT.search(word):
        return _strip_accents(word)
    if language != "english":
        return _strip_accents(_stemmer(language, get_ident()).stemWord(word))
    if _VIETNAMESE.search(word):
        return word
    return str(_stemmer(language, get_ident()).stemWord(_strip_accents(word)))[:LATIN_STEM_LETTERS]


@lru_cache
def _stemmer(language: str, thread: int) -> Stemmer.Stemmer:  # one for each thread: a stemmer is not thread-safe
    return Stemmer.Stemmer(language, 0)


def _strip_accents(word: str) -> str:
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word)))
