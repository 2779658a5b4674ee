# pyright: basic
"""Words as the search by words compares them, in any language and script (the adapter of PyStemmer). Pure.

What is shown and quoted keeps the author's letters; this is only for the index. Forms that mean the same are made the
same: compatibility forms (ligatures, full width) by NFKC, case, accents (in Vietnamese they make the word and stay),
and endings: by the Snowball stemmer of the script's language, in Latin script by the English one and a cut after
seven letters, which serves inflected languages without a guess at the language. Scripts that put no spaces between
words become overlapping pairs of characters. Measured on XQuAD in 12 languages:
docs/development/decisions/2026-11-24-lexical-analyzer.md.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from threading import get_ident

import regex
import Stemmer

LATIN_LETTERS = 7
"""Letters of a Latin word that are compared; a word with a digit in it is a code, of which every sign counts."""
MAX_QUERY_TERMS = 256
"""A search takes time for every word of a question; what is longer is a text, which its vector describes better."""
REMEMBERED_WORDS = 100_000

UNSPACED_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts whose signs stand for much, as a set of a regular expression; most put no spaces between words."""

_UNSPACED = UNSPACED_SCRIPTS + r"\u30FC"
_TOKEN = regex.compile(
    rf"(?P<unspaced>(?:[{_UNSPACED}]\p{{M}}*)+)|(?![{_UNSPACED}])[\p{{L}}\p{{N}}](?:(?![{_UNSPACED}])[\p{{L}}\p{{N}}\p{{M}}])*"
)
_CHARACTER = regex.compile(r"\X")
_HAN = regex.compile(r"\p{Han}")
_DIGIT = regex.compile(r"\p{N}")
_ACCENTS = regex.compile(r"[\u0300-\u036F\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0640\u064B-\u065F\u0670]")
_VIETNAMESE = regex.compile(r"[\u1EA0-\u1EF9ơư]")
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
    """Return what is compared of a text, in its order; a word that stands there twice comes twice."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [word for match in _TOKEN.finditer(folded) for word in _forms(match[0], is_unspaced=bool(match["unspaced"]))]


def extract_query_terms(question: str) -> list[str]:
    """Return the words of a question, each once, in its order; at most `MAX_QUERY_TERMS` of them."""
    return list(dict.fromkeys(extract_terms(question)))[:MAX_QUERY_TERMS]


def join_terms(text: str) -> str:
    """Return the words of a text with spaces between them, as the lexical index stores them."""
    return " ".join(extract_terms(text))


def _forms(run: str, *, is_unspaced: bool) -> Iterator[str]:
    if not is_unspaced:
        yield _stem(run)
        return
    characters = _CHARACTER.findall(run)
    if len(characters) == 1:
        yield run
        return
    for first, second in pairwise(characters):
        yield first + second
    # A single Han character can be a word; a single sign of an alphabet is not.
    yield from (character for character in characters if _HAN.match(character))


@lru_cache(maxsize=REMEMBERED_WORDS)
def _stem(word: str) -> str:
    return _without_ending(word) or word


def _without_ending(word: str) -> str:
    language = next((language for script, language in _LANGUAGES if script.match(word)), "")
    if not language or _DIGIT.search(word):
        return _without_accents(word)
    if language != "english":
        return _without_accents(_stemmer(language, get_ident()).stemWord(word))
    if _VIETNAMESE.search(word):
        return word
    return str(_stemmer(language, get_ident()).stemWord(_without_accents(word)))[:LATIN_LETTERS]


@lru_cache
def _stemmer(language: str, thread: int) -> Stemmer.Stemmer:  # one for each thread: it keeps state
    return Stemmer.Stemmer(language, 0)


def _without_accents(word: str) -> str:
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", word))
    return unicodedata.normalize("NFC", plain)
