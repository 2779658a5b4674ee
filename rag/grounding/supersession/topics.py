"""What two sentences speak of: the words that may be the subject of one, and whether it is that of the other. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.grounding.supersession.change_words import is_change_word
from rag.grounding.verification.tokenization import CACHED_TEXTS, Word, stem_piece, tokenize

MIN_FORM_CHARS = 5
"""Stems of different words share fewer letters."""
_OF_LIST = """
of for von vom des der für de du pour della dello del di per do da dos das para van voor
"""
_OF = frozenset(_OF_LIST.split())
"""Prepositions before a word that narrows the one in front of them."""
_AT_LIST = """
in at im am à en dans chez nel nella em no na te bij
"""
_AT = frozenset(_AT_LIST.split())
"""Prepositions before a place or a time, which is not what a sentence speaks of."""
_ARTICLE_LIST = """
the a an our die das den dem unser le la les notre el los las il lo gli i o os as het een ons
"""
_ARTICLES = frozenset(_ARTICLE_LIST.split())
_VALUE_NOUN_LIST = """
date day time place venue amount price cost total fee deadline
termin datum tag uhrzeit ort betrag preis frist
heure jour lieu montant prix délai
fecha hora día lugar importe precio plazo
giorno luogo importo prezzo scadenza
dia local valor preço prazo
dag tijd plaats bedrag prijs
"""
_VALUE_NOUNS = frozenset(stem for noun in _VALUE_NOUN_LIST.split() for stem in stem_piece(noun))
"""Stems of nouns that say no more than what kind of value follows."""


@dataclass(frozen=True, slots=True)
class _Topic:
    """A content word, and those that narrow it: the *offsite* and the *total* of the total budget of the offsite."""

    stem: str
    modifiers: frozenset[str]

    def is_same_as(self, other: "_Topic", context: frozenset[str]) -> bool:
        """Whether both are narrowed alike; the words of `context` narrow everything."""
        return _are_forms(self.stem, other.stem) and not (self.modifiers ^ other.modifiers) - context


def share_subject(earlier: str, later: str, context: frozenset[str]) -> bool:
    """Whether two sentences of one thread speak of the same thing; `context` are the stems of its subject line.

    The first content word of one of them is in both, with the same modifiers. A sentence that has hardly words of its
    own ("It is now on 18 June.") speaks of what the subject line says.
    """
    topics, later_topics = _find_topics(earlier), _find_topics(later)
    for topics_of_one, topics_of_other in ((topics, later_topics), (later_topics, topics)):
        if any(first.is_same_as(other, context) for first in topics_of_one[:1] for other in topics_of_other):
            return True
    later_stems = {topic.stem for topic in later_topics}
    return any(topic.stem in context for topic in topics[:1]) and later_stems <= context | _VALUE_NOUNS


def _are_forms(stem: str, other: str) -> bool:
    """Whether two stems are of one word or of words made from one: we *deliver*, the *delivery*."""
    short, long = sorted((stem, other), key=len)
    return stem == other or (len(short) >= MIN_FORM_CHARS and long.startswith(short))


@lru_cache(maxsize=CACHED_TEXTS)
def _find_topics(sentence: str) -> tuple[_Topic, ...]:
    return tuple(_read_topics(sentence))


def _read_topics(sentence: str) -> Iterator[_Topic]:
    """Yield the content words of a sentence in order; none of change, and none behind "in" or "at"."""
    words = tokenize(sentence).words
    for index, word in enumerate(words):
        before = words[max(index - 2, 0) : index]
        is_place = any(other.text.casefold() in _AT for other in before if not _is_topic(other))
        if _is_topic(word) and not is_place:
            narrowing = [*before[-1:], *_find_genitive(words[index + 1 : index + 4])]
            yield _Topic(word.stem, frozenset(other.stem for other in narrowing if _is_topic(other)))


def _find_genitive(following: tuple[Word, ...]) -> list[Word]:
    """Return the word behind "of" or "of the" at the beginning of `following`."""
    if not following or following[0].text.casefold() not in _OF:
        return []
    return [word for word in following[1:] if word.text.casefold() not in _ARTICLES][:1]


def _is_topic(word: Word) -> bool:
    return word.is_content and not is_change_word(word.text)
