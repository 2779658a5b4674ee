"""The messages between an engine and its worker process. `generate` is answered by `rag.engines.types.Delta`."""

from dataclasses import dataclass
from typing import Protocol

from ingest.runtime.worker_main import Call
from rag.engines.types import Message, ModelInfo, Sampling, ToolUse


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """What a model takes on one device, or in main memory; the output layer counts among the `layers`."""

    device: str
    layers: int = 0
    weights_bytes: int = 0
    kv_bytes: int = 0
    compute_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        return self.weights_bytes + self.kv_bytes + self.compute_bytes


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """Answer to `info`. `placement_reason` explains in words why the model runs on its devices.

    `expected_memory` is what its placement was planned with, `memory` what it takes; main memory comes first in both.
    """

    info: ModelInfo
    placement_reason: str
    expected_memory: tuple[DeviceMemory, ...] = ()
    memory: tuple[DeviceMemory, ...] = ()


@dataclass(frozen=True, slots=True)
class CountParams:
    """Parameters of `count_tokens` and `render`."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class TokenizeParams:
    """Parameters of `tokenize`."""

    text: str


@dataclass(frozen=True, slots=True)
class GenerateParams:
    """Parameters of `generate`; requests of a `client` with fewer running ones come first.

    The prompt is a chat, or a text that is continued as it is; `tools` are for a chat.
    """

    prompt: tuple[Message, ...] | str
    sampling: Sampling
    client: str = ""
    tools: ToolUse | None = None


@dataclass(frozen=True, slots=True)
class PrefillParams:
    """Parameters of `prefill`: the first messages of chats, made of `documents` (`collection_id/file_id`)."""

    messages: tuple[Message, ...]
    documents: tuple[str, ...]


class CallChannel(Protocol):
    """The source of calls and the sink of replies; see `ingest.runtime.worker_main.Channel`."""

    @property
    def has_calls(self) -> bool: ...

    def next_call(self, timeout_seconds: float | None = None) -> Call | None: ...

    def reply(self, call: Call, payload: object) -> None: ...

    def finish(self, call: Call) -> None: ...

    def fail(self, call: Call, error: Exception) -> None: ...
