"""What the order of words shows: a word put in the place of another, and two that have changed places. Pure."""

from collections.abc import Iterator, Sequence

from rag.grounding.verification.lexicon import LINKING_VERBS
from rag.grounding.verification.tokenization import Reading, Word

REACH = 6
"""How many words on each side of a verb can be what it joins."""
GAP = 4
"""How many words of the quote can stand where the sentence has another one."""


def replaced(sentence: Reading, quote: Reading) -> Iterator[tuple[str, str]]:
    """Yield each word, names aside, that the quote lacks though it has its neighbours, and what stands between them."""
    places = _places(quote.content)
    for before, word, after in zip(sentence.content, sentence.content[1:], sentence.content[2:], strict=False):
        if word.is_name or quote.has(word.stem):  # a missing name is told anyway
            continue
        for first in places.get(before.stem, ()):
            for last in places.get(after.stem, ()):
                if 1 < last - first <= GAP:
                    yield word.text, " ".join(other.text for other in quote.content[first + 1 : last])


def swapped(sentence: Reading, quote: Reading) -> tuple[str, str] | None:
    """Return two words that stand on the two sides of a word in the sentence, and the other way round in the quote.

    Only words between the same small words tell anything: "the engineer serviced the pump" and "the pump was serviced
    by the engineer" are one and the same.
    """
    here, there = _pivots(sentence), _pivots(quote)
    places = _places(there)
    for place in range(1, len(here) - 1):
        spots = places.get(here[place].stem, ())
        if len(spots) != 1 or _small_words(sentence, here[place]) != _small_words(quote, there[spots[0]]):
            continue
        left, right = _around(here, place)
        left_there, right_there = _around(there, spots[0])
        to_the_right = [word for stem, word in left.items() if stem in right_there and stem not in left_there]
        to_the_left = [word for stem, word in right.items() if stem in left_there and stem not in right_there]
        if to_the_right and to_the_left:
            return to_the_right[-1], to_the_left[0]
    return None


def _pivots(reading: Reading) -> list[Word]:
    return [word for word in reading.words if word.is_content or word.text.casefold() in LINKING_VERBS]


def _places(content: Sequence[Word]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(content):
        places.setdefault(word.stem, []).append(place)
    return places


def _around(words: Sequence[Word], place: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return the words of content near a place by their stems: those before it, and those after it."""
    before, after = words[max(place - REACH, 0) : place], words[place + 1 : place + 1 + REACH]
    return _contents(before), _contents(after)


def _contents(words: Sequence[Word]) -> dict[str, str]:
    return {word.stem: word.text for word in words if word.is_content}


def _small_words(reading: Reading, word: Word) -> tuple[str, str]:
    """Return what stands right before and right after a word, where that is no word of content."""
    index = reading.index_of[word.start]
    before = reading.words[index - 1] if index else None
    after = reading.words[index + 1] if index + 1 < len(reading.words) else None
    return _small(before), _small(after)


def _small(word: Word | None) -> str:
    return "" if word is None or word.is_content else word.text.casefold()
