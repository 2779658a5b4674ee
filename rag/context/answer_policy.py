"""How answers are made if the question does not say."""

from dataclasses import dataclass

from rag.grounding.hidden_text import VISIBLE_TEXT, ModelView
from rag.types import AnswerStyle, Question, Rewriting


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """The settings of answers: chunks that retrieval returns, the threshold of abstention, lengths and style.

    `view` is what models are shown of the documents.
    """

    top_k: int
    min_score: float
    max_answer_tokens: int
    rewriting: Rewriting = "auto"
    style: AnswerStyle = "written"
    view: ModelView = VISIBLE_TEXT

    def limit_tokens(self, question: Question) -> int:
        """Return the most tokens that the answer to a question may have."""
        return question.sampling.max_tokens or self.max_answer_tokens
