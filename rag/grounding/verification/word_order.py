"""Compare word order: a word in place of another one, and two words that changed places. Pure."""

from collections.abc import Iterator, Sequence

from rag.grounding.verification.lexicon import LINKING_VERBS
from rag.grounding.verification.tokenization import TokenizedText, Word

REACH = 6
"""Words on each side of a pivot that are compared."""
GAP = 4
"""Largest distance, in content words, between the two neighbours of a replaced word in the quote."""


def find_replaced_words(sentence: TokenizedText, quote: TokenizedText) -> Iterator[tuple[str, str]]:
    """Yield each word, names aside, that the quote lacks between the same two neighbours, and what it has instead."""
    indices = _index_stems(quote.content)
    for before, word, after in zip(sentence.content, sentence.content[1:], sentence.content[2:], strict=False):
        if word.is_name or quote.has_stem(word.stem):  # missing names are reported by the comparison
            continue
        for first in indices.get(before.stem, ()):
            for last in indices.get(after.stem, ()):
                if 1 < last - first <= GAP:
                    yield word.text, " ".join(other.text for other in quote.content[first + 1 : last])


def find_swapped_words(sentence: TokenizedText, quote: TokenizedText) -> tuple[str, str] | None:
    """Return two words that surround a pivot in the sentence, and in the opposite order in the quote.

    The pivot must have the same function words beside it in both: "the engineer serviced the pump" and "the pump was
    serviced by the engineer" say the same.
    """
    pivots, quote_pivots = _select_pivots(sentence), _select_pivots(quote)
    quote_indices = _index_stems(quote_pivots)
    for index in range(1, len(pivots) - 1):
        matches = quote_indices.get(pivots[index].stem, ())
        if len(matches) != 1:
            continue
        if _function_words(sentence, pivots[index]) != _function_words(quote, quote_pivots[matches[0]]):
            continue
        left, right = _content_around(pivots, index)
        quote_left, quote_right = _content_around(quote_pivots, matches[0])
        moved_right = [word for stem, word in left.items() if stem in quote_right and stem not in quote_left]
        moved_left = [word for stem, word in right.items() if stem in quote_left and stem not in quote_right]
        if moved_right and moved_left:
            return moved_right[-1], moved_left[0]
    return None


def _select_pivots(text: TokenizedText) -> list[Word]:
    return [word for word in text.words if word.is_content or word.text.casefold() in LINKING_VERBS]


def _index_stems(words: Sequence[Word]) -> dict[str, list[int]]:
    indices: dict[str, list[int]] = {}
    for index, word in enumerate(words):
        indices.setdefault(word.stem, []).append(index)
    return indices


def _content_around(words: Sequence[Word], index: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return the content words before and after an index, by stem."""
    before, after = words[max(index - REACH, 0) : index], words[index + 1 : index + 1 + REACH]
    return _content_by_stem(before), _content_by_stem(after)


def _content_by_stem(words: Sequence[Word]) -> dict[str, str]:
    return {word.stem: word.text for word in words if word.is_content}


def _function_words(text: TokenizedText, word: Word) -> tuple[str, str]:
    """Return the function words right before and right after a word; empty for a content word."""
    index = text.index_of[word.start]
    before = text.words[index - 1] if index else None
    after = text.words[index + 1] if index + 1 < len(text.words) else None
    return _function_word(before), _function_word(after)


def _function_word(word: Word | None) -> str:
    return "" if word is None or word.is_content else word.text.casefold()
