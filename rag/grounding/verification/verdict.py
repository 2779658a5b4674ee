"""From what was found to a score, a verdict and reasons. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.grounding.verification.comparison import Comparison, compare
from rag.grounding.verification.value_matching import Mismatch
from rag.types import Entailment, Verdict

SUPPORTED = 0.6
"""From this score on a sentence is supported."""
PARTLY = 0.15
"""From this score on it is so partly."""

# Log-odds, after a logistic regression on half of the pairs of tests.benchmarks.verification
# (docs/development/decisions/2026-11-28-verdict-score.md). What was not among the
# altered pairs (a number in a wrong place, an opposite) has the weight of what is most like it.
_ALL_THERE = 2.4
_UNCOVERED = 2.0
_UNLIKE = 2.5
"""For words that are not in the quote, by how little sentence and quote mean the same."""
_NOTHING_COVERED = 1.0
_OTHER_NUMBER = 4.5
_NUMBER_NOT_THERE = 2.8
_NUMBER_NEARBY = 2.5
_NAME = 3.0
_NEARBY_NAME = 0.5
_REPLACED = 1.0
_DENIED = 4.5
_OPPOSITE = 3.0
_SWAPPED = 3.2
_COUNTED_NAMES = 2

SURE = 0.7
"""From this probability on, what an entailment model says counts."""
WORDS_NAMED = 3
MANY_WORDS = 0.4
"""From this share on, missing words are a reason to name."""


@dataclass(frozen=True, slots=True)
class Support:
    """A verdict, and the reasons for it that a person can read; none for what is supported.

    `score` in [0, 1] is higher the better the sentence is supported; the verdict is cut from it.
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
    """Judge one sentence against the quotes that it is pinned to, all of them together.

    `similarity` is the cosine of the sentence to the best of them. `context` is the passage around them, with title
    and headings: a name that stands only there is what the quote calls "it". Whatever else is alike, a number, date or
    name that is not there, a negation on one side only, or two words that have changed places, is never `supported`;
    another number than the quote's and a negation are `unsupported`. A sentence that equals a quote is `supported`.

    Where a model was asked, `entailment` joins in: a contradiction makes anything `unsupported`, and what is implied
    and was `partly` is `supported`, unless a number is missing. Then a reason names the model, whatever the verdict.
    """
    texts = (quotes,) if isinstance(quotes, str) else tuple(quotes)
    found = compare(sentence, texts, context)
    alone = _score(found, similarity)
    score = alone if entailment is None else _joined(alone, found, entailment)
    verdict = decide_verdict(score)
    opinion = () if entailment is None or score == alone else (_opinion(entailment, len(texts)),)
    reasons = () if verdict == "supported" else tuple(_reasons(found, len(texts)))
    return Support(verdict, (*opinion, *reasons), score)


def decide_verdict(score: float) -> Verdict:
    """Return the verdict that is cut from a score."""
    if score >= SUPPORTED:
        return "supported"
    return "partly" if score >= PARTLY else "unsupported"


def _score(found: Comparison, similarity: float) -> float:
    uncovered = 1.0 - found.covered
    unlike = 1.0 - min(max(similarity, 0.0), 1.0)
    against = (
        _UNCOVERED * uncovered,
        _UNLIKE * unlike * uncovered,
        _NOTHING_COVERED * (found.covered == 0.0),
        max((_weight(mismatch) for mismatch in found.numbers), default=0.0),
        _NAME * min(len(found.missing_names), _COUNTED_NAMES),
        _NEARBY_NAME * min(len(found.nearby_names), _COUNTED_NAMES),
        _REPLACED * min(len(found.replaced), _COUNTED_NAMES),
        _DENIED * bool(found.denied),
        _OPPOSITE * bool(found.opposite),
        _SWAPPED * bool(found.swapped),
    )
    return 1.0 / (1.0 + math.exp(sum(against) - _ALL_THERE))


def _joined(score: float, found: Comparison, entailment: Entailment) -> float:
    if entailment.contradicted >= SURE:
        return min(score, PARTLY * (1.0 - entailment.contradicted))
    if entailment.entailed >= SURE and decide_verdict(score) == "partly" and not found.numbers:
        return SUPPORTED + (1.0 - SUPPORTED) * (entailment.entailed - SURE)
    return score


def _opinion(entailment: Entailment, quotes: int) -> str:
    is_against = entailment.contradicted >= SURE
    says = ("contradicts" if quotes == 1 else "contradict") if is_against else ("implies" if quotes == 1 else "imply")
    share = entailment.contradicted if is_against else entailment.entailed
    return f"{entailment.model} finds that the quote{'s' * (quotes > 1)} {says} it ({share:.0%})"


def _weight(mismatch: Mismatch) -> float:
    if mismatch.rival is not None:
        return _OTHER_NUMBER
    return _NUMBER_NEARBY if mismatch.is_nearby else _NUMBER_NOT_THERE


def _reasons(found: Comparison, quotes: int) -> Iterator[str]:
    quote = "the quote" if quotes == 1 else "the quotes"
    says = "which says" if quotes == 1 else "which say"
    for mismatch in found.numbers:
        yield _number_reason(mismatch, quote, says)
    for name in found.missing_names:
        yield f"“{name}” is not in {quote}"
    for name in found.nearby_names:
        yield f"“{name}” is in the passage, but not in {quote}"
    if found.denied:
        yield f"one of sentence and quote is negated at “{found.denied}”, the other is not"
    if found.opposite:
        yield f"“{found.opposite[0]}” is the opposite of “{found.opposite[1]}”, which stands in {quote}"
    if found.swapped:
        yield f"“{found.swapped[0]}” and “{found.swapped[1]}” stand the other way round in {quote}"
    yield from _word_reasons(found, quote)


def _number_reason(mismatch: Mismatch, quote: str, says: str) -> str:
    said = mismatch.said.text
    if mismatch.is_nearby:
        return f"“{said}” is in the passage, but not in {quote}"
    if mismatch.rival is None:
        return f"“{said}” is not in {quote}"
    if mismatch.is_moved:
        return f"“{said}” stands where {quote} has “{mismatch.rival.text}”"
    return f"“{said}” is not in {quote}, {says} “{mismatch.rival.text}”"


def _word_reasons(found: Comparison, quote: str) -> Iterator[str]:
    named = " ".join((*found.missing_names, *found.nearby_names))
    for word, other in found.replaced:
        if word not in named:
            yield f"“{word}” stands where {quote} has “{other}”"
    others = [f"“{word}”" for word in found.missing_words if word not in named]
    if others and 1.0 - found.covered >= MANY_WORDS:
        more = " and others" if len(others) > WORDS_NAMED else ""
        yield f"{found.covered:.0%} of its words are in {quote}; missing are {', '.join(others[:WORDS_NAMED])}{more}"
