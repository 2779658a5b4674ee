"""What an engine and its worker say to each other. Answers to `generate` are `rag.engines.types.Delta`."""

from dataclasses import dataclass

from rag.engines.types import Message, ModelInfo, Sampling


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """What a model takes on one device, or in main memory; the step to the vocabulary is one of the `layers`."""

    device: str
    layers: int = 0
    weights_bytes: int = 0
    kv_bytes: int = 0
    work_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        return self.weights_bytes + self.kv_bytes + self.work_bytes


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """Answer to `info`. `placement_reason` says in words why the model runs where it runs.

    `expected` is the memory that it was thought to take when it was placed, `placed` what it takes; main memory comes
    first in both.
    """

    info: ModelInfo
    placement_reason: str
    expected: tuple[DeviceMemory, ...] = ()
    placed: tuple[DeviceMemory, ...] = ()


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


@dataclass(frozen=True, slots=True)
class PrefillParams:
    """Parameters of `prefill`: the first messages of chats, made of `documents` (`collection_id/file_id`)."""

    messages: tuple[Message, ...]
    documents: tuple[str, ...]
