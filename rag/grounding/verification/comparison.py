"""What speaks for and against a sentence, compared with its quotes: facts without a judgement. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.grounding.verification.negation import negation_mismatch, opposite
from rag.grounding.verification.tokenization import Reading, Word, read
from rag.grounding.verification.value_matching import Mismatch, mismatches
from rag.grounding.verification.word_order import replaced, swapped

BETWEEN_QUOTES = " | "
"""A sign across which no number and no date is read."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found of a sentence in its quotes.

    `covered` is the share of its words of content that the quotes have. `nearby_names` are not in the quotes, but in
    the passage around them. `replaced` pairs a word with what the quote has in its place, `opposite` a word with its
    opposite in the quote; `denied` is a word that one of both denies, and `swapped` are two that have changed places.
    Words and names stand as they are written.
    """

    covered: float
    numbers: tuple[Mismatch, ...] = ()
    missing_names: tuple[str, ...] = ()
    nearby_names: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    denied: str = ""
    opposite: tuple[str, str] | None = None
    swapped: tuple[str, str] | None = None
    missing_words: tuple[str, ...] = ()


def compare(sentence: str, quotes: Sequence[str], context: str) -> Comparison:
    """Compare a sentence with its quotes together; `context` is the text around them."""
    said, quoted = read(sentence), read(BETWEEN_QUOTES.join(quotes))
    words = {word.stem: word for word in (said.content or said.words)}
    missing = [word for word in words.values() if not _is_there(word, quoted)]
    names = [word for word in missing if word.is_name]
    nearby = [word for word in names if read(context).has(word.stem)]
    return Comparison(
        covered=1.0 - len(missing) / max(len(words), 1),
        numbers=tuple(mismatches(said, quoted, context)),
        missing_names=_joined(said, [word for word in names if word not in nearby]),
        nearby_names=_joined(said, nearby),
        replaced=tuple(replaced(said, quoted)),
        denied=negation_mismatch(said, quoted),
        opposite=opposite(said, quoted),
        swapped=swapped(said, quoted),
        missing_words=tuple(dict.fromkeys(word.text for word in missing)),
    )


def _is_there(word: Word, quoted: Reading) -> bool:
    """Whether a text has a word, or the words of which it is the abbreviation."""
    if quoted.has(word.stem):
        return True
    return len(word.text) > 1 and word.text.isupper() and word.text.casefold() in quoted.initials


def _joined(reading: Reading, names: Sequence[Word]) -> tuple[str, ...]:
    """Return names as they are written, those that stand side by side as one."""
    spans: list[tuple[int, int]] = []
    for name in names:
        if spans and not reading.text[spans[-1][1] : name.start].strip(" -"):
            spans[-1] = (spans[-1][0], name.end)
        else:
            spans.append((name.start, name.end))
    return tuple(dict.fromkeys(reading.text[start:end] for start, end in spans))
