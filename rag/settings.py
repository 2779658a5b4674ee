"""How questions are answered, and with which model."""

from typing import Literal

from pydantic import Field

from ingest.settings import PinciteSettings
from rag.rewriting import Rewriting


class RagSettings(PinciteSettings):
    """Model, retrieval and prompt. What is None is chosen by what fits the machine."""

    model: str | None = Field(
        default=None, description="Model for answers; default: the largest in `models/`, else the bundled one."
    )
    gpu_layers: int | None = Field(
        default=None, ge=0, description="Model layers placed on the GPU; default: all that fit."
    )
    context_window: int | None = Field(
        default=None, ge=256, description="Tokens the model can hold; default: what fits, at most 8192."
    )
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads of the model; default: the cores of the machine."
    )
    parallel_requests: int = Field(
        default=8, ge=1, le=32, description="Answers that a model writes at the same time; others wait."
    )
    queue_size: int = Field(default=32, ge=1, description="Requests that may wait for the model before it answers 429.")
    engine_timeout_seconds: float = Field(default=300.0, gt=0, description="Longest wait for the next token.")
    top_k: int = Field(default=6, ge=1, le=100, description="Chunks that are searched for an answer.")
    fusion_weight: float = Field(
        default=0.75,
        ge=0,
        le=1,
        description="Share of the meaning in the score of a result, where the embedder knows the language.",
    )
    rewrite_questions: Rewriting = Field(
        default="auto",
        description="Whether the model completes follow-up questions: `auto` (models of 1 GB or more), `on` or `off`.",
    )
    min_score: float = Field(
        default=0.33, ge=0, le=1, description="Below this score, a chunk needs the question's codes to be relevant."
    )
    reranker: str | None = Field(
        default=None,
        description="Cross-encoder that ranks the best results again: a folder, or the name of one in the Hugging "
        "Face cache; default: none.",
    )
    max_answer_tokens: int = Field(default=512, ge=16, description="Longest answer, where the request does not say.")
    context_mode: Literal["auto", "whole", "retrieval"] = Field(
        default="auto", description="Whole documents when they fit (`auto`), or one way where possible."
    )
