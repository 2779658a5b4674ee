"""Settings of models, engines, retrieval, grounding and answers."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from ingest.settings import PinciteSettings
from rag.types import AnswerStyle, Rewriting

Names = Annotated[tuple[str, ...], NoDecode]
Numbers = Annotated[tuple[float, ...], NoDecode]

DECISIVE_SETTINGS = (
    "answer_style",
    "flash_attention",
    "fusion_weight",
    "hidden_in_prompts",
    "kv_type",
    "lookup_drafts",
    "max_answer_tokens",
    "min_score",
    "reranker",
    "rewrite_questions",
    "top_k",
)
"""Settings that choose passages, change what a model computes or end answers."""


class RagSettings(PinciteSettings):
    """Settings of models, retrieval and answers. None means a default that fits the machine."""

    model: str | None = Field(
        default=None, description="Model for answers; default: the largest in `models/`, else the bundled one."
    )
    gpu_layers: int | None = Field(
        default=None, ge=0, description="Model layers that are offloaded to the GPU; default: all that fit."
    )
    context_window: int | None = Field(
        default=None,
        ge=256,
        description="Context window of the model, in tokens; default: what fits into memory, at most 8192.",
    )
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads for inference; default: the number of cores."
    )
    parallel_requests: int = Field(
        default=8, ge=1, le=32, description="Requests that a model decodes in one batch; further requests wait."
    )
    queue_size: int = Field(
        default=32, ge=1, description="Requests of one client that may wait for a model; further ones get status 429."
    )
    model_memory_gb: float | None = Field(
        default=None,
        gt=0,
        description="Memory budget of all loaded models, in GB; default: the free memory when the first one loads.",
    )
    model_idle_minutes: float = Field(
        default=60.0,
        ge=0,
        description="Idle minutes before a model is unloaded, the default model excepted; 0: never.",
    )
    lookup_drafts: bool = Field(
        default=True,
        description="Prompt-lookup speculative decoding: draft tokens from the prompt while that speeds an answer up.",
    )
    read_ahead_mb: int = Field(
        default=1024,
        ge=0,
        description="Disk space in MB for prefix caches of small collections, prefilled in the background; 0: none.",
    )
    engine_timeout_seconds: float = Field(
        default=300.0, gt=0, description="Longest wait for the next token, in seconds."
    )
    top_k: int = Field(default=6, ge=1, le=100, description="Chunks that are retrieved for an answer.")
    fusion_weight: float = Field(
        default=0.75,
        ge=0,
        le=1,
        description="Weight of dense against BM25 scores; lower in a language that the embedder does not know.",
    )
    rewrite_questions: Rewriting = Field(
        default="auto",
        description="Query rewriting of follow-ups by the model: `on`, `off` or `auto` (models of 1 GB or more).",
    )
    min_score: float = Field(
        default=0.33,
        ge=0,
        le=1,
        description="Lowest evidence score of an answer; passages with its identifiers need none.",
    )
    reranker: str | None = Field(
        default=None,
        description="Cross-encoder that reranks the best results: a folder, or a model in the Hugging Face cache; "
        "default: none.",
    )
    entailment_model: str | None = Field(
        default=None,
        description="NLI model for claim verification: a folder, or a model in the Hugging Face cache; default: none.",
    )
    max_answer_tokens: int = Field(
        default=512, ge=16, description="Longest answer, in tokens, if the request sets no limit."
    )
    answer_style: AnswerStyle = Field(
        default="auto",
        description="Answers written by the model (`written`) or extracted from the documents (`quoted`); "
        "`auto`: extracted if the model is too small to write.",
    )
    hidden_in_prompts: bool = Field(
        default=False,
        description="Whether models read text that is hidden in its document (white, tiny, on hidden sheets and "
        "slides), marked as such; search and quotes have it either way.",
    )
    context_mode: Literal["auto", "whole", "retrieval"] = Field(
        default="auto",
        description="Context of answers: `whole` documents, `retrieval`, or `auto`: whole documents if they fit.",
    )

    # GPU
    kv_type: Literal["f16", "q8_0", "q4_0"] = Field(
        default="f16",
        description="KV cache precision: `f16`, or `q8_0` and `q4_0` with a half and a quarter of the memory; "
        "quantization needs flash attention.",
    )
    kv_on_gpu: bool = Field(
        default=True, description="Whether offloaded layers keep their KV cache on the GPU; else in main memory."
    )
    flash_attention: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Flash attention; `auto`: on GPUs that support it, off on the CPU, which is slower with it.",
    )
    split_mode: Literal["layer", "row", "none"] = Field(
        default="layer",
        description="Split of a model over several GPUs: by layers (`layer`), by tensor rows (`row`), or one GPU "
        "alone (`none`).",
    )
    main_gpu: int = Field(
        default=0,
        ge=0,
        description="Index of the GPU for split mode `none`.",
    )
    tensor_split: Numbers = Field(
        default=(),
        description="Share of a model on each GPU, separated by commas, for instance `3,1`; default: by free memory.",
    )
    rpc_servers: Names = Field(
        default=(),
        description="llama.cpp RPC servers (`host:port`, separated by commas) that serve as GPUs; default: none. "
        "RPC has no authentication: use it in a trusted network only.",
    )

    @field_validator("tensor_split", "rpc_servers", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        """Accept `a,b` besides a list, so that an environment variable needs no JSON."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("rpc_servers", mode="after")
    @classmethod
    def _check_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse an address that is no `host:port`."""
        for server in value:
            host, _, port = server.rpartition(":")
            if not host or ":" in host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError(f"{server!r} is no address like 192.168.1.20:50052")
        return value

    @field_validator("tensor_split", mode="after")
    @classmethod
    def _check_shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        """Refuse negative or infinite shares, and shares that are all 0."""
        if value and not (all(0 <= share < float("inf") for share in value) and any(value)):
            raise ValueError("shares must be 0 or more, and not all 0")
        return value

    @model_validator(mode="after")
    def _check_gpu(self) -> Self:
        """Refuse GPU settings that contradict each other."""
        if self.kv_type != "f16" and self.flash_attention == "off":
            raise ValueError(f"kv_type {self.kv_type} needs flash attention: leave flash_attention at auto")
        if self.split_mode == "none" and self.tensor_split:
            raise ValueError("tensor_split distributes a model, and split_mode none does not: leave tensor_split empty")
        if self.split_mode != "none" and self.main_gpu:
            raise ValueError("main_gpu needs split_mode none")
        return self

    # Other servers
    remote_url: str | None = Field(
        default=None,
        description="Server with OpenAI's API, for instance `http://127.0.0.1:8000/v1`; default: none. Its models are "
        "`remote/…`; their prompts, passages included, are sent to it.",
    )
    remote_api_key: SecretStr | None = Field(default=None, description="API key of the remote server.")
    remote_context_window: int | None = Field(
        default=None,
        ge=256,
        description="Context window of remote models, in tokens; default: the server's value, else 8192.",
    )

    @field_validator("remote_url", mode="after")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        """Refuse a value that is no HTTP address, and one with a password: addresses are shown and logged."""
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("it must be an address like http://127.0.0.1:8000/v1")
            if parts.username or parts.password or parts.query:
                raise ValueError("it must have no user, password or query; a key belongs in remote_api_key")
        return value


def select_decisive_settings(settings: RagSettings) -> dict[str, str]:
    """Return the `DECISIVE_SETTINGS` as texts, by name."""
    return {name: str(getattr(settings, name)) for name in DECISIVE_SETTINGS}
