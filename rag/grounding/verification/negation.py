"""Whether two texts affirm and deny the same words. Pure."""

from collections.abc import Iterator, Sequence

from rag.grounding.verification.lexicon import NEGATIONS, OPPOSITES
from rag.grounding.verification.tokenization import Reading, Word

REACH = 3
"""How many words after a negation are looked at for what it denies; then how many before it (German puts it last)."""
_NO_DENIAL = frozenset({"only", "just", "nur", "seulement", "solo", "sólo", "soltanto", "apenas", "alleen"})
"""After "not" these words do not deny: "not only the pump, but the valve too"."""
_OPPOSITE = {word: other for first, second in OPPOSITES for word, other in ((first, second), (second, first))}


def negation_mismatch(sentence: Reading, quote: Reading) -> str:
    """Return the word that one text denies and the other affirms, as it is written, or an empty text.

    A denial in a part of the quote that the sentence says nothing of counts for nothing.
    """
    denied, denied_there = _denied(sentence), _denied(quote)
    stems_there = {word.stem for word in denied_there}
    affirmed, affirmed_there = _affirmed(sentence, denied), _affirmed(quote, denied_there)
    if denied:
        if not denied_there and quote.content:
            return denied[0].text
        return next((w.text for w in denied if w.stem in affirmed_there and w.stem not in stems_there), "")
    return next((w.text for w in denied_there if w.stem in affirmed and w.stem not in affirmed_there), "")


def opposite(sentence: Reading, quote: Reading) -> tuple[str, str] | None:
    """Return a word of the sentence, and its opposite that the quote has beside the same word instead."""
    there = {word.text.casefold(): place for place, word in enumerate(quote.words)}
    for place, word in enumerate(sentence.words):
        said = word.text.casefold()
        other = _OPPOSITE.get(said)
        if other in there and said not in there and _beside(sentence, place) & _beside(quote, there[other]):
            return word.text, other
    return None


def _beside(reading: Reading, place: int) -> set[tuple[int, str]]:
    """Return the words right before and right after a place, each with its side."""
    return {(side, reading.words[place + side].stem) for side in (-1, 1) if 0 <= place + side < len(reading.words)}


def _denied(reading: Reading) -> list[Word]:
    """Return the words that stand next to a negation."""
    return [word for place in _negations(reading) for word in _next_to(reading, place)]


def _affirmed(reading: Reading, denied: Sequence[Word]) -> set[str]:
    places = {word.start for word in denied}
    return {word.stem for word in reading.content if word.start not in places}


def _negations(reading: Reading) -> Iterator[int]:
    for place, word in enumerate(reading.words):
        said = word.text.casefold()
        if said not in NEGATIONS:
            continue
        after = reading.text[word.end : word.end + 3].lstrip(". ")
        follows = reading.words[place + 1].text.casefold() if place + 1 < len(reading.words) else ""
        is_part = after.startswith("-") or (said == "no" and after[:1].isdigit())  # non-stop, No. 17
        if not is_part and follows not in _NO_DENIAL:
            yield place


def _next_to(reading: Reading, place: int) -> list[Word]:
    after = [word for word in reading.words[place + 1 : place + 1 + REACH] if word.is_content]
    if after:
        return after[:1]
    return [word for word in reading.words[max(place - REACH, 0) : place] if word.is_content][-1:]
