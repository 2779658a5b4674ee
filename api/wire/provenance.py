"""How a stored answer was asked for, and what else it depends on: model, collections, settings."""

from dataclasses import asdict
from typing import Any

from api.wire.base import ResponseModel
from rag.conversations.provenance import Provenance
from rag.engines.types import ReasoningEffort
from rag.types import AnswerMode, AnswerStyle, Question


class SamplingObject(ResponseModel):
    """How tokens were sampled; names and meanings as in a chat request."""

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    seed: int | None
    max_tokens: int | None
    stop: list[str]
    presence_penalty: float
    frequency_penalty: float
    repeat_penalty: float
    logit_bias: list[tuple[int, float]]
    json_schema: str
    """The schema that the answer obeys; empty for text."""
    cite_up_to: int | None
    """Highest number that a citation marker can name."""
    top_logprobs: int | None
    reasoning_effort: ReasoningEffort | None


class AskedWith(ResponseModel):
    """The request that an answer belongs to."""

    model: str | None
    """The model; null for the default one."""
    mode: AnswerMode
    style: AnswerStyle
    vector_stores: list[str]
    """Ids of the collections that were searched, the one named as the model first."""
    filters: dict[str, Any] | None
    sampling: SamplingObject

    @classmethod
    def of(cls, question: Question) -> "AskedWith":
        """Return how a question was asked, without its text."""
        return cls(
            model=question.model,
            mode=question.mode,
            style=question.style,
            vector_stores=list(question.collections),
            filters=None if question.filters is None else asdict(question.filters),
            sampling=SamplingObject.model_validate(question.sampling),
        )


class ModelProvenanceObject(ResponseModel):
    """The model that wrote an answer, as it was loaded."""

    id: str
    architecture: str
    context_window: int
    gpu_layers: int
    threads: int
    size_bytes: int
    placement: str
    """Which parts of the model ran on which device."""
    is_remote: bool
    """Whether it ran on a server outside this program."""
    hash: str
    """Hash over its files; empty if there are none."""


class PassportObject(ResponseModel):
    """Everything that two vectors must share to be comparable."""

    model: str
    revision: str
    dimension: int
    prefix: str
    normalized: bool
    chunker: str


class CollectionProvenanceObject(ResponseModel):
    """A collection as it was when it was searched."""

    id: str
    name: str
    passport: PassportObject


class ProvenanceObject(ResponseModel):
    """Everything else that an answer depended on."""

    version: str
    """Pincite's version."""
    model: ModelProvenanceObject | None
    vector_stores: list[CollectionProvenanceObject]
    settings: dict[str, str]
    """The settings that choose passages and limit answers."""

    @classmethod
    def of(cls, provenance: Provenance) -> "ProvenanceObject":
        """Return what an answer depended on; a model is named without the path of its file."""
        model = provenance.model
        return cls(
            version=provenance.version,
            model=None
            if model is None
            else ModelProvenanceObject(
                id=model.id,
                architecture=model.architecture,
                context_window=model.context_window,
                gpu_layers=model.gpu_layers,
                threads=model.threads,
                size_bytes=model.size_bytes,
                placement=model.placement,
                is_remote=model.is_remote,
                hash=provenance.model_mark,
            ),
            vector_stores=[CollectionProvenanceObject.model_validate(mark) for mark in provenance.collections],
            settings=dict(provenance.settings),
        )
