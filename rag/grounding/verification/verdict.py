"""Verify a claim: a logistic score of its comparison with the quotes, a verdict and reasons. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.text.annotations import remove_withdrawn
from rag.grounding.verification.comparison import Comparison, compare
from rag.grounding.verification.value_matching import Mismatch
from rag.types import Entailment, Verdict

SUPPORTED = 0.6
"""Lowest score of a supported sentence."""
PARTLY = 0.005
"""Lowest score of a partly supported sentence."""

# Log-odds. Fitted together on sentences that people judged and on half of the altered pairs of
# tests.benchmarks.verification, regularised, then rounded
# (docs/development/decisions/2026-12-01-one-check-for-several-sets.md).
_INTERCEPT = 3.0
_UNCOVERED = 1.5
"""Weight of the share of words, names and numbers that the quotes lack."""
_UNMENTIONED = 2.5
"""The same for the share that no passage has."""
_NOVEL = 2.5
"""The same for the share of words that no passage has in the same form, function words too."""
_SUSPECTED_FACT = 1.0
_DISSIMILAR = 2.2
"""Weight of one minus the cosine of sentence and quote."""
_DISSIMILAR_AND_NOTHING_COVERED = 0.3
_FOREIGN_NUMBER = 1.0
"""For a number that no passage has; `_MISSING_NUMBER` is for one that the quotes' own passage lacks."""
_MISSING_NUMBER = 1.0
_OTHER_NUMBER = 2.5
_MOVED_NUMBER = 6.0
_NEGATED = 3.0
_SHORT_AND_UNCOVERED = 1.5
"""For a sentence below `SHORT_WEIGHT` with a word that its passage lacks: one of its few words is its predicate."""
SHORT_WEIGHT = 5.0
MOSTLY_ELSEWHERE = 0.4
"""Share that the quotes lack from which a sentence with a number that their passage lacks is not supported by them."""
MIN_SIMILARITY = 0.5
"""Cosine below which quotes that have no word of a sentence do not support it in part, whatever other passages say."""
SAME_WORDS = 0.25
"""Largest share that the quotes may lack of a sentence whose words are compared in their order."""
_COUNTED_FACTS = 2

CONFIDENT = 0.7
"""Lowest probability of an entailment model that changes a verdict."""
WORDS_NAMED = 3
MANY_WORDS = 0.4
"""Lowest share of missing words that is given as a reason."""


@dataclass(frozen=True, slots=True)
class Support:
    """A verdict with reasons for people; none for a supported sentence.

    `score`, in [0, 1], is higher the better the quotes support the sentence; thresholds on it give the verdict.
    """

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    score: float = 0.0


def verify_claim(
    sentence: str,
    quotes: str | Sequence[str],
    similarity: float,
    *,
    context: str = "",
    passages: Sequence[str] = (),
    entailment: Entailment | None = None,
) -> Support:
    """Verify one sentence against all the quotes that it is pinned to together.

    `similarity` is the cosine of the sentence to the most similar quote. `context` is the passage around the quotes,
    with title and headings: a name that is only there is what the quote calls "it". `passages` are the others that the
    answer was written from: what is in none of them was made up. Never `supported` is a sentence with a name or number
    that no passage has, with another number than the quote's, with a number of another passage unless the quotes have
    most of the sentence, with a negation that the quote lacks, or with two swapped words. A negation of what the quote
    affirms (or the reverse), or a number in place of the quote's that its passage lacks, makes it `unsupported`, and so
    do quotes that have no word of it and are hardly similar. A sentence that equals a quote is `supported`.

    `entailment` is the opinion of an NLI model: a contradiction makes any sentence `unsupported`, and an implied one
    that was `partly` is `supported`, unless a number is missing. If it changes the score, a reason names the model.

    What the quotes mark as struck out or deleted supports nothing.
    """
    texts = tuple(map(remove_withdrawn, (quotes,) if isinstance(quotes, str) else quotes))
    comparison = compare(sentence, texts, remove_withdrawn(context), tuple(map(remove_withdrawn, passages)))
    rule_score = _score(comparison, similarity)
    score = rule_score if entailment is None else _apply_entailment(rule_score, comparison, entailment)
    is_beside = comparison.coverage == 0.0 and similarity < MIN_SIMILARITY and score == rule_score
    verdict = "unsupported" if is_beside or _is_contradicted(comparison) else decide_verdict(score)
    opinion = () if entailment is None or score == rule_score else (_opinion(entailment, len(texts)),)
    reasons = () if verdict == "supported" else tuple(_reasons(comparison, len(texts)))
    return Support(verdict, (*opinion, *reasons), score)


def decide_verdict(score: float) -> Verdict:
    """Return the verdict of a score."""
    if score >= SUPPORTED:
        return "supported"
    return "partly" if score >= PARTLY else "unsupported"


def _score(comparison: Comparison, similarity: float) -> float:
    dissimilarity = 1.0 - min(max(similarity, 0.0), 1.0)
    penalties = (
        _UNCOVERED * comparison.uncovered,
        _UNMENTIONED * comparison.unmentioned,
        _NOVEL * comparison.novel,
        _SUSPECTED_FACT * min(comparison.suspected_facts, _COUNTED_FACTS),
        _DISSIMILAR * dissimilarity,
        _DISSIMILAR_AND_NOTHING_COVERED * dissimilarity * (comparison.coverage == 0.0),
        _FOREIGN_NUMBER * comparison.has_foreign_number,
        _MISSING_NUMBER * _lacks_number(comparison),
        _OTHER_NUMBER * any(map(_is_other_number, comparison.mismatches)),
        _MOVED_NUMBER * any(mismatch.is_moved for mismatch in comparison.mismatches),
        _NEGATED * comparison.is_denied,
        _SHORT_AND_UNCOVERED * _misses_one_of_few(comparison),
    )
    likelihood = 1.0 / (1.0 + math.exp(sum(penalties) - _INTERCEPT))
    return SUPPORTED * likelihood if _is_refuted(comparison) else likelihood


def _misses_one_of_few(comparison: Comparison) -> bool:
    """Whether a short sentence is on the quotes' topic, and they lack a number of it or their passage another word."""
    is_on_topic = comparison.coverage > 0.0 and not comparison.unmentioned_facts
    is_lacking = comparison.has_foreign_word or bool(comparison.mismatches)
    return is_on_topic and is_lacking and comparison.weight < SHORT_WEIGHT


def _is_refuted(comparison: Comparison) -> bool:
    """Whether one difference alone, however long the sentence, keeps it from being supported."""
    is_swapped = bool(comparison.swapped) and comparison.uncovered <= SAME_WORDS
    has_other_number = any(mismatch.instead for mismatch in comparison.mismatches)
    is_elsewhere = _lacks_number(comparison) and comparison.uncovered >= MOSTLY_ELSEWHERE
    return (
        has_other_number
        or is_elsewhere
        or bool(comparison.unmentioned_facts)
        or bool(comparison.negated_word or comparison.antonyms)
        or is_swapped
    )


def _apply_entailment(score: float, comparison: Comparison, entailment: Entailment) -> float:
    if entailment.contradicted >= CONFIDENT:
        return min(score, PARTLY * (1.0 - entailment.contradicted))
    if entailment.entailed >= CONFIDENT and decide_verdict(score) == "partly" and not comparison.mismatches:
        return SUPPORTED + (1.0 - SUPPORTED) * (entailment.entailed - CONFIDENT)
    return score


def _opinion(entailment: Entailment, quotes: int) -> str:
    is_contradicted = entailment.contradicted >= CONFIDENT
    verb = (
        ("contradicts" if quotes == 1 else "contradict") if is_contradicted else ("implies" if quotes == 1 else "imply")
    )
    share = entailment.contradicted if is_contradicted else entailment.entailed
    return f"{entailment.model} finds that the quote{'s' * (quotes > 1)} {verb} it ({share:.0%})"


def _is_contradicted(comparison: Comparison) -> bool:
    """Whether the quotes state the opposite, or another number in the place of one."""
    return comparison.is_denied or any(
        mismatch.is_moved or _is_other_number(mismatch) for mismatch in comparison.mismatches
    )


def _lacks_number(comparison: Comparison) -> bool:
    """Whether the quotes' own passage lacks a number of the sentence."""
    return any(not mismatch.is_nearby for mismatch in comparison.mismatches)


def _is_other_number(mismatch: Mismatch) -> bool:
    """Whether the quotes state another number in the place of one that their passage lacks."""
    return mismatch.is_in_place and not mismatch.is_moved and not mismatch.is_nearby


def _reasons(comparison: Comparison, quotes: int) -> Iterator[str]:
    quote = "the quote" if quotes == 1 else "the quotes"
    says = "which says" if quotes == 1 else "which say"
    for mismatch in comparison.mismatches:
        yield _number_reason(mismatch, quote, says)
    for name in comparison.missing_names:
        yield f"“{name}” is not in {quote}"
    for name in comparison.nearby_names:
        yield f"“{name}” is in the passage, but not in {quote}"
    if comparison.negated_word:
        yield f"one of sentence and quote is negated at “{comparison.negated_word}”, the other is not"
    if comparison.antonyms:
        yield f"“{comparison.antonyms[0]}” is the opposite of “{comparison.antonyms[1]}”, which stands in {quote}"
    if comparison.swapped:
        yield f"“{comparison.swapped[0]}” and “{comparison.swapped[1]}” stand the other way round in {quote}"
    yield from _word_reasons(comparison, quote)


def _number_reason(mismatch: Mismatch, quote: str, says: str) -> str:
    stated = mismatch.stated.text
    if mismatch.instead is None:
        return (
            f"“{stated}” is in the passage, but not in {quote}"
            if mismatch.is_nearby
            else f"“{stated}” is not in {quote}"
        )
    if mismatch.is_moved:
        return f"“{stated}” stands where {quote} has “{mismatch.instead.text}”"
    return f"“{stated}” is not in {quote}, {says} “{mismatch.instead.text}”"


def _word_reasons(comparison: Comparison, quote: str) -> Iterator[str]:
    reported_names = " ".join((*comparison.missing_names, *comparison.nearby_names))
    for word, other in comparison.replaced:
        if word not in reported_names:
            yield f"“{word}” stands where {quote} has “{other}”"
    others = [f"“{word}”" for word in comparison.missing_words if word not in reported_names]
    if others and 1.0 - comparison.coverage >= MANY_WORDS:
        more = " and others" if len(others) > WORDS_NAMED else ""
        missing = ", ".join(others[:WORDS_NAMED])
        yield f"{comparison.coverage:.0%} of its words are in {quote}; missing are {missing}{more}"
