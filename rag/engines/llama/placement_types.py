"""Plan where a model runs and how much it can hold: what fits, always with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.engines.llama.model_shape import ModelShape
from rag.engines.serving.scheduling_policy import MAX_CHUNK_TOKENS
from rag.engines.serving.worker_protocol import DeviceMemory

DEFAULT_WINDOW = 8_192
MIN_WINDOW = 512
CELL_ALIGNMENT = 256
"""llama.cpp rounds the context window of a slot up to a multiple of this."""
RESERVE_BYTES = 512 << 20
"""Left free on every device and in main memory for compute buffers and other programs."""

DEFAULT_SLOTS = 8
KV_COMFORT_BYTES = 2 << 30
"""The KV cache of several slots takes no more than this, or than the model itself."""

ATTENTION_BYTES_PER_HEAD = 4 * MAX_CHUNK_TOKENS
"""Attention scores in float32 without flash attention, for each head and token of the window."""

GIB = 1 << 30
MAIN_MEMORY = "CPU"
DeviceKind = Literal["cpu", "gpu", "integrated", "accelerator"]
KvType = Literal["f16", "q8_0", "q4_0"]
SplitMode = Literal["layer", "row", "none"]
Switch = Literal["auto", "on", "off"]

KV_BLOCK_BYTES: dict[KvType, int] = {"f16": 64, "q8_0": 34, "q4_0": 18}
"""The size of 32 values of the KV cache."""

MASK_BYTES: dict[Switch, int] = {
    "off": 4 * MAX_CHUNK_TOKENS,
    "auto": 2 * MAX_CHUNK_TOKENS,
    "on": 2 * MAX_CHUNK_TOKENS,
}
"""The attention mask of a chunk for each token of the window, by flash attention."""


class PlacementError(Exception):
    """The settings name GPUs that the machine does not have."""


@dataclass(frozen=True, slots=True)
class Device:
    """A processor that llama.cpp can compute on, and its free memory."""

    name: str
    kind: DeviceKind
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Machine:
    """The devices, free memory and cores of the machine now."""

    devices: tuple[Device, ...]
    free_ram_bytes: int
    cores: int


@dataclass(frozen=True, slots=True)
class LoadPreferences:
    """What the settings ask for; None and `auto` leave the choice to the plan.

    `main_gpu` counts if `split_mode` is `none`; without a `tensor_split` layers are split by free memory.
    """

    gpu_layers: int | None = None
    context_window: int | None = None
    threads: int | None = None
    slots: int = DEFAULT_SLOTS
    kv_type: KvType = "f16"
    kv_on_gpu: bool = True
    flash_attention: Switch = "auto"
    split_mode: SplitMode = "layer"
    main_gpu: int = 0
    tensor_split: tuple[float, ...] = ()
    rpc_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GpuSplit:
    """The GPUs of a model, and how many of its layers each has, the first layers first.

    Its repr is part of the fingerprint of saved KV cache states: other names leave those of older versions unused.
    """

    devices: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    by_rows: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model is loaded. The output layer counts as one more layer, the first to move to a GPU.

    Each of the `slots` has a context window of its own. `memory` is the expected memory, main memory first.
    """

    gpu_layers: int
    context_window: int
    slots: int
    threads: int
    reason: str
    split: GpuSplit = GpuSplit()
    kv_type: KvType = "f16"
    kv_on_gpu: bool = True
    flash_attention: Switch = "off"
    memory: tuple[DeviceMemory, ...] = ()

    @property
    def ram_bytes(self) -> int:
        """The main memory that the model takes."""
        return sum(device.total_bytes for device in self.memory[:1])

    @property
    def gpu_bytes(self) -> int:
        """The memory that the model takes on all GPUs together."""
        return sum(device.total_bytes for device in self.memory[1:])


def select_gpus(devices: Sequence[Device], preferences: LoadPreferences) -> list[Device]:
    """Return the GPUs that a model may use; raise `PlacementError` for preferences that do not match them."""
    # As llama.cpp does: an integrated GPU shares main memory and is used only if there is no other.
    separate = [device for device in devices if device.kind == "gpu"]
    gpus = separate or [device for device in devices if device.kind == "integrated"]
    names = ", ".join(gpu.name for gpu in gpus)
    if gpus and preferences.tensor_split and len(preferences.tensor_split) != len(gpus):
        shares = len(preferences.tensor_split)
        raise PlacementError(f"the tensor split has {shares} shares for {len(gpus)} GPUs ({names})")
    if not gpus or preferences.split_mode != "none":
        return gpus
    if preferences.main_gpu >= len(gpus):
        raise PlacementError(f"there is no GPU {preferences.main_gpu}; counted from 0 there are {names}")
    return [gpus[preferences.main_gpu]]


def estimate_kv_bytes_per_token(shape: ModelShape, preferences: LoadPreferences) -> int:
    """Return the size of the KV cache of one token in all layers, at the preferred precision."""
    return shape.kv_bytes_per_token * KV_BLOCK_BYTES[preferences.kv_type] // KV_BLOCK_BYTES["f16"]
