"""What Pincite adds to an answer: what it is based on, its evidence, verdicts and timings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from api.wire.base import Absent, ResponseModel
from api.wire.citations import CitationObject, DisagreementObject, PassageObject, QuoteObject, SentenceObject
from rag import types as rag
from rag.engines.types import Usage
from rag.types import Answer, AnswerVerdict, ContextMode, ResolvedStyle

if TYPE_CHECKING:  # clients of the API read these shapes too, and need no library
    from rag.conversations.store import TurnsStored


class TimingsObject(ResponseModel):
    """How long an answer took, in seconds since the question came in."""

    retrieval_seconds: float
    first_token_seconds: float
    total_seconds: float
    checking_seconds: float
    """Share of the total that attribution and claim verification took."""


class CachedTokens(ResponseModel):
    """Details of the prompt's tokens."""

    cached_tokens: int
    """Tokens that the KV cache held already and that were not computed again."""


class UsageObject(ResponseModel):
    """Tokens that a request took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens

    @classmethod
    def of(cls, usages: Sequence[Usage]) -> "UsageObject":
        """Return the tokens of all completions of one prompt, which counts once."""
        prompt, completion = usages[0].prompt_tokens, sum(usage.completion_tokens for usage in usages)
        return cls(
            prompt_tokens=prompt,
            completion_tokens=completion,
            total_tokens=prompt + completion,
            prompt_tokens_details=CachedTokens(cached_tokens=usages[0].cached_tokens),
        )


class AnswerBasis(ResponseModel):
    """What an answer is based on, known before the model writes."""

    mode: ContextMode
    """Whether the model reads whole documents, the passages that retrieval ranked best, notes of everything
    (map-reduce), or no documents."""
    reason: str
    """Why this mode was chosen; for `none`, why no document is used."""
    style: ResolvedStyle
    """Whether the model writes the answer or it consists of sentences of the documents."""
    evidence: list[QuoteObject]
    """The sentences that fit the question best."""
    passages: list[PassageObject]
    """What the model reads."""

    @classmethod
    def of(cls, started: rag.AnswerStarted) -> "AnswerBasis":
        """Return the first event of an answer."""
        return cls(
            mode=started.mode,
            reason=started.reason,
            style=started.style,
            evidence=[QuoteObject.of(quote) for quote in started.evidence],
            passages=[PassageObject.of(passage) for passage in started.passages],
        )


class AnswerCheck(ResponseModel):
    """What is known of an answer when it is complete."""

    mode: ContextMode
    """What the answer is made from."""
    reason: str
    """Why this mode was chosen."""
    style: ResolvedStyle
    """Whether the model wrote the answer or it consists of sentences of the documents."""
    evidence: list[QuoteObject]
    """The sentences that fit the question best."""
    answer_verdict: AnswerVerdict | None
    """Whether a quoted answer answers the question; null for what a model writes, and for overviews. An answer that
    "does not answer" says that it is not in the documents; `evidence` has the closest matches."""
    sentences: list[SentenceObject]
    """The verdict on each sentence."""
    disagreements: list[DisagreementObject]
    """Values on which other passages differ from the answer."""
    timings: TimingsObject
    model: str
    """The model that wrote the answer."""

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Return the last event of an answer without its text and citations."""
        return cls(
            mode=answer.mode,
            reason=answer.reason,
            style=answer.style,
            evidence=[QuoteObject.of(quote) for quote in answer.evidence],
            answer_verdict=answer.answer_verdict,
            sentences=[SentenceObject.model_validate(sentence) for sentence in answer.sentences],
            disagreements=[DisagreementObject.of(disagreement) for disagreement in answer.disagreements],
            timings=TimingsObject.model_validate(answer.timings),
            model=answer.model,
        )


class AnswerDetails(AnswerCheck):
    """What is known of a complete answer, what it is based on, and where it is stored."""

    passages: list[PassageObject] | None = Absent
    """What the model read; absent in a stream, whose first chunk has it, and without documents."""
    without_effect: list[str] | None = Absent
    """Options of the request that a quoted answer does not follow, because no model writes it: its instructions
    (`messages.0`), `temperature` and the like."""
    conversation: str | None = Absent
    """The conversation in which the answer is stored, if one was named."""
    question: str | None = Absent
    """Id of the stored question."""
    answer: str | None = Absent
    """Id of the stored answer."""

    @classmethod
    def of_stored(
        cls,
        answer: Answer,
        stored: "TurnsStored | None" = None,
        started: rag.AnswerStarted | None = None,
        *,
        writing_options: Sequence[str] = (),
    ) -> Self:
        """Return a complete answer; `stored` says where it is stored, `started` what it is based on.

        `writing_options` are those of the request that only a model follows.
        """
        is_without_effect = bool(writing_options) and answer.style == "quoted"
        return cls.of(answer).model_copy(
            update={
                "passages": None if started is None else AnswerBasis.of(started).passages,
                "without_effect": list(writing_options) if is_without_effect else None,
                "conversation": None if stored is None else stored.conversation_id,
                "question": None if stored is None else stored.question_id,
                "answer": None if stored is None else stored.answer_id,
            }
        )


class CheckedSentence(ResponseModel):
    """A sentence of the answer that is attributed and verified while the next one is written."""

    sentence: SentenceObject
    annotations: list[CitationObject]

    @classmethod
    def of(cls, pinned: rag.PinnedSentence) -> "CheckedSentence":
        """Return the sentence with its citations."""
        return cls(
            sentence=SentenceObject.model_validate(pinned.sentence),
            annotations=[CitationObject.of(citation) for citation in pinned.citations],
        )


class ProgressDetails(ResponseModel):
    """How far the map-reduce over the documents is."""

    done: int
    """Parts that are read."""
    total: int
    """Parts that there are."""
    doing: str
    """The present step, in words."""
    found: str
    """Notes taken since the previous event, one a line."""


class CheckedChunk(ResponseModel):
    """`pincite` of a chunk that carries a checked sentence."""

    checked: CheckedSentence


class ProgressChunk(ResponseModel):
    """`pincite` of a chunk that carries progress."""

    progress: ProgressDetails


def citations_of(answer: Answer) -> list[CitationObject]:
    """Return the citations of an answer."""
    return [CitationObject.of(citation) for citation in answer.citations]
