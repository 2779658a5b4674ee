"""How questions are answered, and with which model."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from ingest.settings import PinciteSettings
from rag.types import AnswerStyle, Rewriting

Names = Annotated[tuple[str, ...], NoDecode]
Numbers = Annotated[tuple[float, ...], NoDecode]


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
    model_memory_gb: float | None = Field(
        default=None,
        gt=0,
        description="Memory that all loaded models may take together; default: what is free when the first is loaded.",
    )
    model_idle_minutes: float = Field(
        default=60.0,
        ge=0,
        description="A model that nobody has used for so long leaves the memory, but the default one; 0: none does.",
    )
    lookup_drafts: bool = Field(
        default=True,
        description="Whether a model reads several tokens at once where an answer repeats what was read, and it pays.",
    )
    read_ahead_mb: int = Field(
        default=1024,
        ge=0,
        description="Disk space for what models have read of small collections ahead of questions; 0: none.",
    )
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
        default=0.33,
        ge=0,
        le=1,
        description="Below this score, no sentence answers a question; a passage needs its codes and numbers then.",
    )
    reranker: str | None = Field(
        default=None,
        description="Cross-encoder that ranks the best results again: a folder, or the name of one in the Hugging "
        "Face cache; default: none.",
    )
    entailment_model: str | None = Field(
        default=None,
        description="Entailment (NLI) model that has a say in verdicts: a folder, or the name of one in the Hugging "
        "Face cache; default: none.",
    )
    max_answer_tokens: int = Field(default=512, ge=16, description="Longest answer, where the request does not say.")
    answer_style: AnswerStyle = Field(
        default="auto",
        description="Answers in the model's own words (`written`) or of sentences of the documents alone (`quoted`); "
        "`auto`: quoted where the model is too small to write.",
    )
    context_mode: Literal["auto", "whole", "retrieval"] = Field(
        default="auto", description="Whole documents when they fit (`auto`), or one way where possible."
    )

    # GPU
    kv_type: Literal["f16", "q8_0", "q4_0"] = Field(
        default="f16",
        description="How precisely a model remembers what it read: `f16`, or `q8_0` and `q4_0` in about a half and a "
        "quarter of the memory, with flash attention.",
    )
    kv_on_gpu: bool = Field(
        default=True, description="Whether layers on the GPU remember there what was read; else in main memory."
    )
    flash_attention: Literal["auto", "on", "off"] = Field(
        default="auto", description="Flash attention; `auto`: on GPUs that have it, not on the CPU, where it is slower."
    )
    split_mode: Literal["layer", "row", "none"] = Field(
        default="layer",
        description="How several GPUs share a model: whole layers (`layer`), rows of each (`row`), or one GPU has all "
        "(`none`).",
    )
    main_gpu: int = Field(
        default=0,
        ge=0,
        description="The GPU that has all in split mode `none`, counted from 0.",
    )
    tensor_split: Numbers = Field(
        default=(),
        description="Share of each GPU in a model, separated by commas, for instance `3,1`; default: by free memory.",
    )
    rpc_servers: Names = Field(
        default=(),
        description="llama.cpp RPC servers (`host:port`, separated by commas) whose devices are used like GPUs; "
        "default: none. They have no protection of their own: only in a network that you trust.",
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
        """Refuse what is no `host:port`."""
        for server in value:
            host, _, port = server.rpartition(":")
            if not host or ":" in host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError(f"{server!r} is no address like 192.168.1.20:50052")
        return value

    @field_validator("tensor_split", mode="after")
    @classmethod
    def _check_shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        """Refuse shares that share nothing out."""
        if value and not (all(0 <= share < float("inf") for share in value) and any(value)):
            raise ValueError("shares are numbers of 0 or more, and not all 0")
        return value

    @model_validator(mode="after")
    def _check_gpu(self) -> Self:
        """Refuse wishes that cannot be granted together."""
        if self.kv_type != "f16" and self.flash_attention == "off":
            raise ValueError(f"kv_type {self.kv_type} needs flash attention: leave flash_attention at auto")
        if self.split_mode == "none" and self.tensor_split:
            raise ValueError("tensor_split shares a model out, and split_mode none does not")
        if self.split_mode != "none" and self.main_gpu:
            raise ValueError("main_gpu has all of a model, which needs split_mode none")
        return self

    # Other servers
    remote_url: str | None = Field(
        default=None,
        description="Server with OpenAI's API whose models are offered as `remote/…`, for instance "
        "`http://127.0.0.1:8000/v1`; default: none. What is asked of such a model, passages included, is sent there.",
    )
    remote_api_key: SecretStr | None = Field(default=None, description="Key for that server.")
    remote_context_window: int | None = Field(
        default=None, ge=256, description="Tokens its models can hold; default: what the server says, else 8192."
    )

    @field_validator("remote_url", mode="after")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        """Refuse what is no web address, and a password in it: addresses are shown and logged."""
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("it must be an address like http://127.0.0.1:8000/v1")
            if parts.username or parts.password or parts.query:
                raise ValueError("it must hold no user, password or query; a key belongs in remote_api_key")
        return value
