"""Compare a sentence with its quotes: the features of claim verification, without a verdict. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.grounding.verification.negation import find_antonym, find_negation_mismatch
from rag.grounding.verification.quantities import Quantity
from rag.grounding.verification.tokenization import TokenizedText, Word, tokenize
from rag.grounding.verification.value_matching import Mismatch, find_mismatches
from rag.grounding.verification.word_order import find_replaced_words, find_swapped_words

BETWEEN_QUOTES = " | "
"""A separator across which no number and no date is parsed."""

FACT_WEIGHT = 2.0
"""Weight of a name or a number, in words: a sentence about something else has other names and numbers."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between a sentence and its quotes.

    `coverage` is the share of the sentence's content words that the quotes have. `weight` is that of its words, names
    and numbers, and `uncovered` the share of it that the quotes lack; they do not lack a name that the passage around
    them has. `unmentioned` is the share that no passage has, and `unmentioned_facts` counts the names and numbers among
    it; `has_foreign_word` is whether the passage around the quotes lacks a word. `mismatches` are its numbers and dates
    that the quotes do not state. `nearby_names` are not in the quotes, but in the passage around them. `replaced` pairs
    a word with what the quote has in its place; `antonyms` is a word and its antonym in the quote. `negated_word` is a
    word that only one of both negates, empty without one; `swapped` are two words that changed places. Words and names
    are as written.
    """

    coverage: float
    weight: float = 0.0
    uncovered: float = 0.0
    unmentioned: float = 0.0
    unmentioned_facts: int = 0
    has_foreign_word: bool = False
    mismatches: tuple[Mismatch, ...] = ()
    missing_names: tuple[str, ...] = ()
    nearby_names: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    negated_word: str = ""
    antonyms: tuple[str, str] | None = None
    swapped: tuple[str, str] | None = None
    missing_words: tuple[str, ...] = ()


def measure_coverage(sentence: str, quote: str) -> float:
    """Return the share of the sentence's content words that the quote has."""
    claim, evidence = tokenize(sentence), tokenize(quote)
    words = _content_by_stem(claim)
    return sum(_has_word(word, evidence) for word in words.values()) / max(len(words), 1)


def weigh_facts(sentence: str) -> dict[str, float]:
    """Return the weight of each content word (by stem) and number (as written) of a sentence."""
    claim = tokenize(sentence)
    words = {stem: _weigh([word], ()) for stem, word in _content_by_stem(claim).items()}
    return words | {quantity.text: FACT_WEIGHT for quantity in claim.quantities}


def find_covered_facts(sentence: str, quote: str) -> frozenset[str]:
    """Return those of `weigh_facts(sentence)` that the quote has."""
    claim, evidence = tokenize(sentence), tokenize(quote)
    words = [stem for stem, word in _content_by_stem(claim).items() if _has_word(word, evidence)]
    return frozenset([*words, *(number.text for number in claim.quantities if _has_quantity(number, [evidence]))])


def compare(sentence: str, quotes: Sequence[str], context: str, passages: Sequence[str] = ()) -> Comparison:
    """Compare a sentence with all its quotes together.

    `context` is the passage around them; `passages` are others in which the sentence may have its words.
    """
    claim, evidence = tokenize(sentence), tokenize(BETWEEN_QUOTES.join(quotes))
    words = _content_by_stem(claim)
    missing = [word for word in words.values() if not _has_word(word, evidence)]
    names = [word for word in missing if word.is_name]
    nearby = [word for word in names if tokenize(context).has_stem(word.stem)]
    weight = _weigh(list(words.values()), claim.quantities)
    around = [evidence, tokenize(context), *map(tokenize, passages)]
    mismatches = tuple(find_mismatches(claim, evidence, context))
    lacking = [mismatch.stated for mismatch in mismatches if not mismatch.is_moved]
    unmentioned_words = [word for word in missing if not any(_has_word(word, text) for text in around)]
    unmentioned_quantities = [quantity for quantity in lacking if not _has_quantity(quantity, around)]
    return Comparison(
        coverage=1.0 - len(missing) / max(len(words), 1),
        weight=weight,
        uncovered=_weigh([word for word in missing if word not in nearby], lacking) / max(weight, 1.0),
        unmentioned=_weigh(unmentioned_words, unmentioned_quantities) / max(weight, 1.0),
        has_foreign_word=any(not _has_word(word, tokenize(context)) for word in missing),
        unmentioned_facts=sum(word.is_name for word in unmentioned_words) + len(unmentioned_quantities),
        mismatches=mismatches,
        missing_names=_join_adjacent(claim, [word for word in names if word not in nearby]),
        nearby_names=_join_adjacent(claim, nearby),
        replaced=tuple(find_replaced_words(claim, evidence)),
        negated_word=find_negation_mismatch(claim, evidence),
        antonyms=find_antonym(claim, evidence),
        swapped=find_swapped_words(claim, evidence),
        missing_words=tuple(dict.fromkeys(word.text for word in missing)),
    )


def _weigh(words: Sequence[Word], quantities: Sequence[Quantity]) -> float:
    """Return the weight of words and numbers; a name or a number counts as two words."""
    return sum(FACT_WEIGHT if word.is_name else 1.0 for word in words) + FACT_WEIGHT * len(quantities)


def _has_quantity(quantity: Quantity, texts: Sequence[TokenizedText]) -> bool:
    return any(quantity.is_stated_by(other) for text in texts for other in text.quantities)


def _content_by_stem(text: TokenizedText) -> dict[str, Word]:
    """Return the content words of a text by stem; all its words if none is a content word."""
    return {word.stem: word for word in (text.content or text.words)}


def _has_word(word: Word, evidence: TokenizedText) -> bool:
    """Whether a text has a word, or the words that it abbreviates."""
    if evidence.has_stem(word.stem):
        return True
    return len(word.text) > 1 and word.text.isupper() and word.text.casefold() in evidence.initials


def _join_adjacent(text: TokenizedText, names: Sequence[Word]) -> tuple[str, ...]:
    """Return names as written, adjacent ones joined."""
    spans: list[tuple[int, int]] = []
    for name in names:
        if spans and not text.text[spans[-1][1] : name.start].strip(" -"):
            spans[-1] = (spans[-1][0], name.end)
        else:
            spans.append((name.start, name.end))
    return tuple(dict.fromkeys(text.text[start:end] for start, end in spans))
