"""The second verdict: does a quote answer the question? By its score, its conditions and its type of value. Pure.

A quote is in the documents word for word, so that claim verification has nothing to say about it. Whether it answers is
harder: by the score, questions that have an answer and near misses are told apart with an AUC of .66, which is why a
quote "may answer" more often than it should:
docs/development/decisions/2026-12-01-answer-verdict.md.
"""

from collections.abc import Sequence

from rag.grounding.answer_ranking import is_label
from rag.grounding.conditions import Conditions
from rag.grounding.evidence import SentenceMatch
from rag.questions.answer_type import AnswerType
from rag.types import AnswerVerdict

ANSWERING_SCORE = 0.55
"""From this score on a quote answers: seven of ten questions with an answer reach it, of near misses about half."""
CONFIRMED_SCORE = 0.46
"""The same for a quote with the question's identifiers, or with a time or quantity if one is asked for: between the two
scores such a quote has the gold answer as often as another one above both (XQuAD/en .84 and .80, QED .64 and .53)."""
CHECKED_TYPES: frozenset[AnswerType] = frozenset({"time", "quantity", "email", "phone", "url", "number"})
"""Types whose values can be told from other words; any capital may be a name."""


def judge_quotes(quotes: Sequence[SentenceMatch], conditions: Conditions) -> AnswerVerdict:
    """Return the verdict on an answer of some quotes, that on the best of them; none do not answer."""
    verdicts = {judge_quote(quote, conditions) for quote in quotes}
    if not verdicts:
        return "does not answer"
    return "answers" if "answers" in verdicts else "may answer"


def judge_quote(quote: SentenceMatch, conditions: Conditions) -> AnswerVerdict:
    """Return whether a sentence that is near enough to be quoted answers, or only may."""
    asked = conditions.answer_type
    least = CONFIRMED_SCORE if conditions.groups or asked in CHECKED_TYPES else ANSWERING_SCORE
    has_type = asked not in CHECKED_TYPES or conditions.is_value_in(quote.text)
    is_answer = quote.score >= least and has_type and conditions.are_met_by(quote) and not is_label(quote)
    return "answers" if is_answer else "may answer"
