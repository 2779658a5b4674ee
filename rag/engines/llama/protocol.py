"""What the engine and its worker say to each other. Answers to `generate` are `rag.types.Delta`."""

from dataclasses import dataclass

from rag.engines.llama.placement import Wishes
from rag.types import Message, ModelInfo, Sampling


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Which model the worker loads, and how."""

    model: str
    path: str
    wishes: Wishes
    queue_size: int


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """Answer to `info`. `placement_reason` says in words why the model runs where it runs."""

    info: ModelInfo
    placement_reason: str


@dataclass(frozen=True, slots=True)
class CountParams:
    """Parameters of `count_tokens`."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class GenerateParams:
    """Parameters of `generate`. Requests of one `client` give way to those of others."""

    messages: tuple[Message, ...]
    sampling: Sampling
    client: str = ""
