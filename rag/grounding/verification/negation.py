"""Find words that one text negates and the other affirms, and antonyms. Pure."""

from collections.abc import Iterator, Sequence

from rag.grounding.verification.lexicon import ANTONYMS, NEGATIONS
from rag.grounding.verification.tokenization import TokenizedText, Word

REACH = 3
"""Words after a negation, then words before it (German puts it last), that are searched for the negated one."""
_FOCUS_WORDS = frozenset({"only", "just", "nur", "seulement", "solo", "sólo", "soltanto", "apenas", "alleen"})
"""After these words "not" does not negate: "not only the pump, but the valve too"."""
_ANTONYM = {word: other for first, second in ANTONYMS for word, other in ((first, second), (second, first))}


def find_negation_mismatch(sentence: TokenizedText, quote: TokenizedText) -> str:
    """Return the word, as written, that one text negates and the other affirms; an empty string without one.

    A negation in a part of the quote that the sentence does not repeat is ignored.
    """
    negated, quote_negated = _negated_words(sentence), _negated_words(quote)
    quote_negated_stems = {word.stem for word in quote_negated}
    affirmed, quote_affirmed = _affirmed_stems(sentence, negated), _affirmed_stems(quote, quote_negated)
    if negated:
        if not quote_negated and quote.content:
            return negated[0].text
        return next((w.text for w in negated if w.stem in quote_affirmed and w.stem not in quote_negated_stems), "")
    return next((w.text for w in quote_negated if w.stem in affirmed and w.stem not in quote_affirmed), "")


def has_negation(text: TokenizedText) -> bool:
    """Whether a text negates a word."""
    return bool(_negated_words(text))


def find_antonym(sentence: TokenizedText, quote: TokenizedText) -> tuple[str, str] | None:
    """Return a word of the sentence, and its antonym if the quote has that beside the same word instead."""
    indices = {word.text.casefold(): index for index, word in enumerate(quote.words)}
    for index, word in enumerate(sentence.words):
        folded = word.text.casefold()
        antonym = _ANTONYM.get(folded)
        if (
            antonym in indices
            and folded not in indices
            and _neighbours(sentence, index) & _neighbours(quote, indices[antonym])
        ):
            return word.text, antonym
    return None


def _neighbours(text: TokenizedText, index: int) -> set[tuple[int, str]]:
    """Return the stems of the words right before (-1) and right after (1) an index."""
    return {(side, text.words[index + side].stem) for side in (-1, 1) if 0 <= index + side < len(text.words)}


def _negated_words(text: TokenizedText) -> list[Word]:
    return [word for index in _negation_indices(text) for word in _words_in_scope(text, index)]


def _affirmed_stems(text: TokenizedText, negated: Sequence[Word]) -> set[str]:
    negated_starts = {word.start for word in negated}
    return {word.stem for word in text.content if word.start not in negated_starts}


def _negation_indices(text: TokenizedText) -> Iterator[int]:
    for index, word in enumerate(text.words):
        folded = word.text.casefold()
        if folded not in NEGATIONS:
            continue
        after = text.text[word.end : word.end + 3].lstrip(". ")
        next_word = text.words[index + 1].text.casefold() if index + 1 < len(text.words) else ""
        is_part = after.startswith("-") or (folded == "no" and after[:1].isdigit())  # non-stop, No. 17
        if not is_part and next_word not in _FOCUS_WORDS:
            yield index


def _words_in_scope(text: TokenizedText, index: int) -> list[Word]:
    """Return the content word that a negation negates: the next one within reach, else the one before."""
    after = [word for word in text.words[index + 1 : index + 1 + REACH] if word.is_content]
    if after:
        return after[:1]
    return [word for word in text.words[max(index - REACH, 0) : index] if word.is_content][-1:]
