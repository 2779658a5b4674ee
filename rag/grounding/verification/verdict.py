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
PARTLY = 0.15
"""Lowest score of a partly supported sentence."""

# Log-odds, after a logistic regression on half of the pairs of tests.benchmarks.verification
# (docs/development/decisions/2026-11-28-verdict-score.md). What was not among the
# altered pairs (a number in a wrong place, an opposite) has the weight of what is most like it.
_INTERCEPT = 2.4
_UNCOVERED = 2.0
_DISSIMILAR = 2.5
"""Weight of missing words, by one minus the cosine of sentence and quote."""
_NOTHING_COVERED = 1.0
_OTHER_NUMBER = 4.5
_MISSING_NUMBER = 2.8
_NEARBY_NUMBER = 2.5
_MISSING_NAME = 3.0
_NEARBY_NAME = 0.5
_REPLACED = 1.0
_NEGATED = 4.5
_ANTONYM = 3.0
_SWAPPED = 3.2
_COUNTED_NAMES = 2

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
    entailment: Entailment | None = None,
) -> Support:
    """Verify one sentence against all the quotes that it is pinned to together.

    `similarity` is the cosine of the sentence to the most similar quote. `context` is the passage around the quotes,
    with title and headings: a name that is only there is what the quote calls "it". A sentence with a missing number,
    date or name, with a negation that the quote lacks, or with two swapped words is never `supported`; one with another
    number than the quote's, or with a negation, is `unsupported`. A sentence that equals a quote is `supported`.

    `entailment` is the opinion of an NLI model: a contradiction makes any sentence `unsupported`, and an implied one
    that was `partly` is `supported`, unless a number is missing. If it changes the score, a reason names the model.

    What the quotes mark as struck out or deleted supports nothing.
    """
    texts = tuple(map(remove_withdrawn, (quotes,) if isinstance(quotes, str) else quotes))
    comparison = compare(sentence, texts, remove_withdrawn(context))
    rule_score = _score(comparison, similarity)
    score = rule_score if entailment is None else _apply_entailment(rule_score, comparison, entailment)
    verdict = decide_verdict(score)
    opinion = () if entailment is None or score == rule_score else (_opinion(entailment, len(texts)),)
    reasons = () if verdict == "supported" else tuple(_reasons(comparison, len(texts)))
    return Support(verdict, (*opinion, *reasons), score)


def decide_verdict(score: float) -> Verdict:
    """Return the verdict of a score."""
    if score >= SUPPORTED:
        return "supported"
    return "partly" if score >= PARTLY else "unsupported"


def _score(comparison: Comparison, similarity: float) -> float:
    uncovered = 1.0 - comparison.coverage
    dissimilarity = 1.0 - min(max(similarity, 0.0), 1.0)
    penalties = (
        _UNCOVERED * uncovered,
        _DISSIMILAR * dissimilarity * uncovered,
        _NOTHING_COVERED * (comparison.coverage == 0.0),
        max((_weight(mismatch) for mismatch in comparison.mismatches), default=0.0),
        _MISSING_NAME * min(len(comparison.missing_names), _COUNTED_NAMES),
        _NEARBY_NAME * min(len(comparison.nearby_names), _COUNTED_NAMES),
        _REPLACED * min(len(comparison.replaced), _COUNTED_NAMES),
        _NEGATED * bool(comparison.negated_word),
        _ANTONYM * bool(comparison.antonyms),
        _SWAPPED * bool(comparison.swapped),
    )
    return 1.0 / (1.0 + math.exp(sum(penalties) - _INTERCEPT))


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


def _weight(mismatch: Mismatch) -> float:
    if mismatch.instead is not None:
        return _OTHER_NUMBER
    return _NEARBY_NUMBER if mismatch.is_nearby else _MISSING_NUMBER


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
    if mismatch.is_nearby:
        return f"“{stated}” is in the passage, but not in {quote}"
    if mismatch.instead is None:
        return f"“{stated}” is not in {quote}"
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
