"""Where a model runs and how much it can hold: chosen by what fits, always with the reason."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal

from rag.engines.llama.model_shape import ModelShape
from rag.engines.serving.scheduling_policy import PREFILL_TOKENS
from rag.engines.serving.speculative import WIDTHS
from rag.engines.serving.worker_protocol import DeviceMemory

DEFAULT_WINDOW = 8_192
MINIMUM_WINDOW = 512
CELLS_TOGETHER = 256
"""llama.cpp makes the window of a sequence a multiple of this."""
RESERVE_BYTES = 512 << 20
"""Left free on every device and in main memory for the work buffers and for everybody else."""

PARALLEL = 8
COMFORT_BYTES = 2 << 30
"""More memory than this, or than the model itself takes, is not used to write several answers at the same time."""

ATTENTION_BYTES_PER_HEAD = 4 * PREFILL_TOKENS
"""Without flash attention, every head weighs every token of the window for every token of a step, in 32 bits."""

GIB = 1 << 30
NO_LIMIT = 1 << 40
"""Tokens that are held where none takes any memory."""

MAIN_MEMORY = "CPU"
DeviceKind = Literal["cpu", "gpu", "integrated", "accelerator"]
KvType = Literal["f16", "q8_0", "q4_0"]
SplitMode = Literal["layer", "row", "none"]
Switch = Literal["auto", "on", "off"]

KV_BYTES: dict[KvType, int] = {"f16": 64, "q8_0": 34, "q4_0": 18}
"""What 32 numbers of the cache take."""

MASK_BYTES: dict[Switch, int] = {"off": 4 * PREFILL_TOKENS, "auto": 2 * PREFILL_TOKENS, "on": 2 * PREFILL_TOKENS}
"""What says for every token of a step whether it may look at a token of the window, by flash attention."""


class PlacementError(Exception):
    """The settings ask for GPUs that the machine does not have."""


@dataclass(frozen=True, slots=True)
class Device:
    """A processor that llama.cpp can compute on, and the memory it has left."""

    name: str
    kind: DeviceKind
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine offers right now."""

    devices: tuple[Device, ...]
    free_ram_bytes: int
    cores: int


@dataclass(frozen=True, slots=True)
class LoadPreferences:
    """What the settings ask for; None and `auto` leave the choice to what fits.

    `main_gpu` counts where `split_mode` is `none`; no `tensor_split` means by free memory.
    """

    gpu_layers: int | None = None
    context_window: int | None = None
    threads: int | None = None
    parallel: int = PARALLEL
    kv_type: KvType = "f16"
    kv_on_gpu: bool = True
    flash_attention: Switch = "auto"
    split_mode: SplitMode = "layer"
    main_gpu: int = 0
    tensor_split: tuple[float, ...] = ()
    rpc_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GpuSplit:
    """The GPUs that a model uses, and how many of its layers each has, the first layers first."""

    devices: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    by_rows: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model is loaded. The step to the vocabulary counts as one more layer, the first to move to a GPU.

    So many `sequences` can be read and written at the same time, each with a context window of its own. `memory` is
    what that is expected to take, main memory first.
    """

    gpu_layers: int
    context_window: int
    sequences: int
    threads: int
    reason: str
    split: GpuSplit = GpuSplit()
    kv_type: KvType = "f16"
    kv_on_gpu: bool = True
    flash_attention: Switch = "off"
    memory: tuple[DeviceMemory, ...] = ()

    @property
    def ram_bytes(self) -> int:
        """What the model takes of main memory."""
        return sum(part.total_bytes for part in self.memory[:1])

    @property
    def device_bytes(self) -> int:
        """What the model takes of all GPUs together."""
        return sum(part.total_bytes for part in self.memory[1:])


def place(shape: ModelShape, machine: Machine, preferences: LoadPreferences) -> Placement:
    """Return how to load a model of this shape on this machine.

    A wish is granted as it stands, but for a context window longer than the model was trained for. What
    is not wished for is chosen to fit: all layers on the GPU with the memory of the whole window, else as
    many as fit; a window of at most 8,192 tokens, shorter where memory is short but never under 512; one
    thread for each usable core. There are as many windows as are wished for, fewer where they do not fit.
    Raises `PlacementError` for a wish that names GPUs which are not there.
    """
    wanted = min(shape.trained_context or DEFAULT_WINDOW, preferences.context_window or DEFAULT_WINDOW)
    gpus = _gpus(machine.devices, preferences)
    layout = _Layouts(shape, machine.free_ram_bytes, gpus, preferences).choose(wanted)
    fitting = layout.parts[0].room_tokens
    window = wanted if preferences.context_window else max(min(wanted, fitting), min(wanted, MINIMUM_WINDOW))
    tokens = min(_comfortable_tokens(shape, preferences), *(part.room_tokens for part in layout.parts))
    sequences = min(max(tokens // window, 1), preferences.parallel)
    answers = f"{sequences} answers at the same time" if sequences > 1 else "one answer at a time"
    return Placement(
        gpu_layers=sum(layout.counts),
        context_window=window,
        sequences=sequences,
        threads=preferences.threads or machine.cores,
        reason="; ".join([_explain_layers(shape, layout, gpus), _explain_window(window, wanted, fitting), answers]),
        split=GpuSplit(tuple(gpu.name for gpu in gpus), layout.counts, preferences.split_mode == "row"),
        kv_type=preferences.kv_type,
        kv_on_gpu=preferences.kv_on_gpu,
        flash_attention=layout.flash_attention,
        memory=tuple(part.memory(window, sequences) for part in layout.parts),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a model stands on one device, and what it takes to compute there.

    `step_bytes` are taken by a step whatever the window is, `output_bytes` by each token that is asked what follows.
    """

    device: str
    free_bytes: int
    layers: int
    weights_bytes: int
    kv_bytes_per_token: int
    attention_bytes_per_token: int
    mask_bytes_per_token: int
    step_bytes: int
    output_bytes: int

    @property
    def room_tokens(self) -> int:
        """How many tokens can be held beside the weights."""
        bytes_per_token = self.kv_bytes_per_token + self.attention_bytes_per_token
        if bytes_per_token == 0:
            return NO_LIMIT
        return max(self.free_bytes - RESERVE_BYTES - self.weights_bytes, 0) // bytes_per_token

    def holds(self, window: int) -> bool:
        """Return whether there is room for the weights and one window."""
        return self.weights_bytes <= max(self.free_bytes - RESERVE_BYTES, 0) and window <= self.room_tokens

    def memory(self, window: int, sequences: int) -> DeviceMemory:
        """Return what all of it takes. What is computed after the layers takes the memory that they computed in."""
        cells = -(-window // CELLS_TOGETHER) * CELLS_TOGETHER
        step = self.step_bytes + (self.attention_bytes_per_token + self.mask_bytes_per_token) * cells
        work = max(step, self.output_bytes * (sequences + WIDTHS[-1]))
        kv_bytes = self.kv_bytes_per_token * cells * sequences
        return DeviceMemory(self.device, self.layers, self.weights_bytes, kv_bytes, work)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which layers stand where: `parts` are main memory and the GPUs, `counts` the layers of each GPU."""

    counts: tuple[int, ...]
    flash_attention: Switch
    parts: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class _Layouts:
    """The ways to share a model's layers between main memory and GPUs."""

    shape: ModelShape
    free_ram_bytes: int
    gpus: Sequence[Device]
    preferences: LoadPreferences

    def choose(self, window: int) -> _Layout:
        """Return the layout that is wished for, else the one with most on the GPUs that leaves room for a window."""
        most = self.shape.layers + 1 if self.gpus else 0
        if self.preferences.gpu_layers is not None:
            return self._layout(min(self.preferences.gpu_layers, most), window)
        layouts = (self._layout(count, window) for count in range(most, -1, -1))
        return next(layout for layout in layouts if all(part.holds(window) for part in layout.parts[1:]))

    def _layout(self, gpu_layers: int, window: int) -> _Layout:
        # In the order in which llama.cpp moves them: the output, the last layer, and so on.
        weights = (*self.shape.layer_bytes, self.shape.output_bytes)
        first = len(weights) - gpu_layers
        free = [max(gpu.free_bytes - RESERVE_BYTES, 0) for gpu in self.gpus]
        shares = self.preferences.tensor_split if self.gpus and self.preferences.tensor_split else free
        kv_bytes = (
            _kv_bytes_per_token(self.shape, self.preferences) // self.shape.layers * window * self.preferences.parallel
        )
        kv_per_layer = kv_bytes if self.preferences.kv_on_gpu else 0
        costs = [weights + kv_per_layer for weights in self.shape.layer_bytes] + [self.shape.output_bytes]
        counts = _share_out(costs[first:], shares)
        flash = _flash_attention(self.preferences, gpu_layers)
        parts = [self._main_memory(flash, end=first)]
        for gpu, (start, end) in zip(self.gpus, pairwise(accumulate(counts, initial=first)), strict=True):
            kv_layers = max(min(end, self.shape.layers) - start, 0) if self.preferences.kv_on_gpu else 0
            parts.append(self._part(gpu.name, gpu.free_bytes, flash, start=start, end=end, kv_layers=kv_layers))
        return _Layout(counts, flash, tuple(parts))

    def _main_memory(self, flash: Switch, *, end: int) -> _Part:
        kv_layers = min(end, self.shape.layers) if self.preferences.kv_on_gpu else self.shape.layers
        part = self._part(MAIN_MEMORY, self.free_ram_bytes, flash, start=0, end=end, kv_layers=kv_layers)
        weights = part.weights_bytes + self.shape.input_bytes
        if end > self.shape.layers:
            weights -= self.shape.tied_bytes  # only a GPU needs a copy
        mask, output = (
            MASK_BYTES[flash],
            4 * self.shape.vocabulary,
        )  # both go through main memory wherever they are used
        return replace(part, weights_bytes=weights, mask_bytes_per_token=mask, output_bytes=output)

    def _part(self, device: str, free_bytes: int, flash: Switch, *, start: int, end: int, kv_layers: int) -> _Part:
        """Return what stands on a device that has the layers from `start` to before `end`; the last is the output."""
        shape = self.shape
        has_layers = start < min(end, shape.layers)
        step_bytes = shape.step_bytes_per_token * PREFILL_TOKENS * (1 if flash == "off" else 2)
        attention = shape.attention_heads * ATTENTION_BYTES_PER_HEAD if flash == "off" and kv_layers else 0
        return _Part(
            device=device,
            free_bytes=free_bytes,
            layers=end - start,
            weights_bytes=sum((*shape.layer_bytes, shape.output_bytes)[start:end]),
            kv_bytes_per_token=_kv_bytes_per_token(shape, self.preferences) * kv_layers // shape.layers,
            attention_bytes_per_token=attention,
            mask_bytes_per_token=MASK_BYTES[flash] if has_layers else 0,
            step_bytes=step_bytes if has_layers else 0,
            output_bytes=4 * shape.vocabulary if end > shape.layers else 0,
        )


def _gpus(devices: Sequence[Device], preferences: LoadPreferences) -> list[Device]:
    # As llama.cpp does: a GPU that shares main memory is used only where there is no other.
    separate = [device for device in devices if device.kind == "gpu"]
    gpus = separate or [device for device in devices if device.kind == "integrated"]
    names = ", ".join(gpu.name for gpu in gpus)
    if gpus and preferences.tensor_split and len(preferences.tensor_split) != len(gpus):
        raise PlacementError(
            f"the tensor split has {len(preferences.tensor_split)} shares for {len(gpus)} GPUs ({names})"
        )
    if not gpus or preferences.split_mode != "none":
        return gpus
    if preferences.main_gpu >= len(gpus):
        raise PlacementError(f"there is no GPU {preferences.main_gpu}; counted from 0 there are {names}")
    return [gpus[preferences.main_gpu]]


def _share_out(costs: Sequence[int], shares: Sequence[float]) -> tuple[int, ...]:
    """Return how many layers, in order, each GPU takes so that what they take comes near to its share of the whole."""
    if not any(shares):
        shares = [1.0] * len(shares)
    borders = [share * sum(costs) / sum(shares) for share in accumulate(shares)][:-1]
    middles = [end - cost / 2 for end, cost in zip(accumulate(costs), costs, strict=True)]
    takers = [bisect_right(borders, middle) for middle in middles]
    return tuple(takers.count(gpu) for gpu in range(len(shares)))


def _flash_attention(preferences: LoadPreferences, gpu_layers: int) -> Switch:
    # On the CPU it makes long contexts slower (at 2,048 tokens 25 tokens/s in place of 36) and its results depend on
    # how many tokens are read together, which would make an answer depend on what was asked before.
    if preferences.flash_attention != "auto":
        return preferences.flash_attention
    if preferences.kv_type != "f16":
        return "on"  # llama.cpp cannot read small values without
    return "auto" if gpu_layers and preferences.kv_on_gpu else "off"


def _kv_bytes_per_token(shape: ModelShape, preferences: LoadPreferences) -> int:
    return shape.kv_bytes_per_token * KV_BYTES[preferences.kv_type] // KV_BYTES["f16"]


def _comfortable_tokens(shape: ModelShape, preferences: LoadPreferences) -> int:
    weights = shape.input_bytes + sum(shape.layer_bytes) + shape.output_bytes
    return max(COMFORT_BYTES, weights) // max(_kv_bytes_per_token(shape, preferences), 1)


def _explain_layers(shape: ModelShape, layout: _Layout, gpus: Sequence[Device]) -> str:
    if not gpus:
        return "on the CPU, as there is no GPU"
    free_gib = sum(gpu.free_bytes for gpu in gpus) / GIB
    where = "the GPU, which has" if len(gpus) == 1 else f"{len(gpus)} GPUs, which have"
    return f"{sum(layout.counts)} of {shape.layers + 1} layers on {where} {free_gib:.1f} GiB free"


def _explain_window(window: int, wanted: int, fitting: int) -> str:
    if window > fitting:
        return f"a window of {window} tokens, though main memory holds only {fitting}: expect it to be slow or to fail"
    if window < wanted:
        return f"a window of {window} tokens, which is what fits in main memory"
    return f"a window of {window} tokens"
