"""Compare a sentence with its quotes: the features of claim verification, without a verdict. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.grounding.verification.negation import find_antonym, find_negation_mismatch, has_negation
from rag.grounding.verification.quantities import Quantity
from rag.grounding.verification.tokenization import TokenizedText, Word, stem_piece, tokenize
from rag.grounding.verification.value_matching import Mismatch, find_mismatches
from rag.grounding.verification.word_order import find_replaced_words, find_swapped_words

BETWEEN_QUOTES = " | "
"""A separator across which no number and no date is parsed."""

SUSPECTED_NAMES = 0.2
"""Share of names among the words that no passage has, measured on texts with capitals (WiCE, CLIFF)."""
MIN_NAME_SHARE = 0.02
"""Lowest share of capitalised names among the content words of texts whose capitals mark names; news has 6% or more."""

FACT_WEIGHT = 2.0
"""Weight of a name or a number, in words: a sentence about something else has other names and numbers."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between a sentence and its quotes.

    `coverage` is the share of the sentence's content words that the quotes have. `weight` is that of its words, names
    and numbers, and `uncovered` the share of it that the quotes lack; they do not lack a name that the passage around
    them has. `unmentioned` is the share that no passage has, and `unmentioned_facts` counts the names and numbers among
    it; `suspected_facts` adds the names to expect among the other words if no capital marks names in these texts.
    `novel` is the share of all words, function words too, that no passage has in the same form. `has_foreign_word` is
    whether the passage around the quotes lacks a word. `mismatches` are its numbers and dates that the quotes do not
    state; `has_foreign_number` is whether no passage states one of them. `nearby_names` are not in the quotes, but in
    the passage around them. `replaced` pairs a word with what the quote has in its place; `antonyms` is a word and its
    antonym in the quote. `negated_word` is a word that only one of both negates, empty without one, and `is_denied` is
    whether both have it; `swapped` are two words that changed places. Words and names are as written.
    """

    coverage: float
    weight: float = 0.0
    uncovered: float = 0.0
    unmentioned: float = 0.0
    unmentioned_facts: int = 0
    suspected_facts: float = 0.0
    novel: float = 0.0
    has_foreign_word: bool = False
    has_foreign_number: bool = False
    mismatches: tuple[Mismatch, ...] = ()
    missing_names: tuple[str, ...] = ()
    nearby_names: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    negated_word: str = ""
    antonyms: tuple[str, str] | None = None
    swapped: tuple[str, str] | None = None
    missing_words: tuple[str, ...] = ()
    is_denied: bool = False


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
    unmentioned_quantities = [quantity for quantity in lacking if not _has_quantity(quantity, around[1:])]
    negated_word = _find_negated_word(claim, evidence, tokenize(context))
    facts = sum(word.is_name for word in unmentioned_words) + len(unmentioned_quantities)
    suspected = SUSPECTED_NAMES * len(unmentioned_words) if _hides_names(claim, around) else 0.0
    return Comparison(
        coverage=1.0 - len(missing) / max(len(words), 1),
        weight=weight,
        uncovered=_weigh([word for word in missing if word not in nearby], lacking) / max(weight, 1.0),
        unmentioned=_weigh(unmentioned_words, unmentioned_quantities) / max(weight, 1.0),
        has_foreign_word=any(not _has_word(word, tokenize(context)) for word in missing),
        has_foreign_number=bool(unmentioned_quantities),
        unmentioned_facts=facts,
        suspected_facts=facts + suspected,
        novel=_measure_novelty(claim, around),
        mismatches=mismatches,
        missing_names=_join_adjacent(claim, [word for word in names if word not in nearby]),
        nearby_names=_join_adjacent(claim, nearby),
        replaced=tuple(find_replaced_words(claim, evidence)),
        negated_word=negated_word,
        is_denied=bool(negated_word) and all(map(evidence.has_stem, stem_piece(negated_word))),
        antonyms=find_antonym(claim, evidence),
        swapped=find_swapped_words(claim, evidence),
        missing_words=tuple(dict.fromkeys(word.text for word in missing)),
    )


def _find_negated_word(claim: TokenizedText, evidence: TokenizedText, context: TokenizedText) -> str:
    """Return the word that only one of sentence and quotes negates; the passage around may negate it too."""
    if has_negation(claim) and context.words and not find_negation_mismatch(claim, context):
        return ""
    return find_negation_mismatch(claim, evidence)


def _hides_names(claim: TokenizedText, texts: Sequence[TokenizedText]) -> bool:
    """Whether a script has capitals, but these texts do not mark names by them: names are in small letters."""
    if any(map(str.isupper, claim.text[1:])) or not any(map(str.islower, claim.text)):
        return False
    words = sum(len(text.content) for text in texts)
    return sum(text.capitalized_names for text in texts) <= MIN_NAME_SHARE * words


def _measure_novelty(claim: TokenizedText, texts: Sequence[TokenizedText]) -> float:
    """Return the share of a sentence's words that no text has in the same form."""
    novel = sum(not any(word.form in text.forms for text in texts) for word in claim.words)
    return novel / max(len(claim.words), 1)


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
