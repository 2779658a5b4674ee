"""Where a model runs and how much it can hold: chosen by what fits, always with the reason."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.engines.llama.policy import PREFILL_TOKENS
from rag.engines.llama.shape import ModelShape

DEFAULT_WINDOW = 8_192
MINIMUM_WINDOW = 512
RESERVE_BYTES = 512 << 20
"""Left free on every device and in main memory for the work buffers and for everybody else."""

PARALLEL = 8
COMFORT_BYTES = 2 << 30
"""More memory than this, or than the model itself takes, is not used to write several answers at the same time."""

ATTENTION_BYTES_PER_HEAD = 4 * PREFILL_TOKENS
"""On the CPU, every head weighs every token of the window for every token of a step, in 32 bits."""

GIB = 1 << 30
NO_LIMIT = 1 << 40
"""Tokens that are held where none takes any memory."""

DeviceKind = Literal["cpu", "gpu", "integrated", "accelerator"]


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
class Wishes:
    """What the settings ask for; None leaves the choice to what fits."""

    gpu_layers: int | None = None
    context_window: int | None = None
    threads: int | None = None
    parallel: int = PARALLEL


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model is loaded. The step to the vocabulary counts as one more layer, the first to move to a GPU.

    So many `sequences` can be read and written at the same time, each with a context window of its own.
    """

    gpu_layers: int
    context_window: int
    sequences: int
    threads: int
    reason: str


def place(shape: ModelShape, machine: Machine, wishes: Wishes) -> Placement:
    """Return how to load a model of this shape on this machine.

    A wish is granted as it stands, but for a context window longer than the model was trained for. What
    is not wished for is chosen to fit: all layers on the GPU with the memory of the whole window, else as
    many as fit; a window of at most 8,192 tokens, shorter where memory is short but never under 512; one
    thread for each usable core. There are as many windows as are wished for, fewer where they do not fit.
    """
    wanted = min(shape.trained_context or DEFAULT_WINDOW, wishes.context_window or DEFAULT_WINDOW)
    gpus = _gpus(machine.devices)
    gpu_bytes = sum(max(gpu.free_bytes - RESERVE_BYTES, 0) for gpu in gpus)
    gpu_layers = _layers_that_fit(shape, gpu_bytes, wanted) if wishes.gpu_layers is None else wishes.gpu_layers
    gpu_layers = min(gpu_layers, shape.layers + 1) if gpus else 0
    fitting = _window_that_fits(shape, gpu_layers, machine.free_ram_bytes)
    window = wanted if wishes.context_window else max(min(wanted, fitting), min(wanted, MINIMUM_WINDOW))
    tokens = min(fitting, _comfortable_tokens(shape), _tokens_on_gpu(shape, gpu_layers, gpu_bytes))
    sequences = min(max(tokens // window, 1), wishes.parallel)
    answers = f"{sequences} answers at the same time" if sequences > 1 else "one answer at a time"
    reason = "; ".join([_explain_layers(shape, gpu_layers, gpus), _explain_window(window, wanted, fitting), answers])
    return Placement(gpu_layers, window, sequences, wishes.threads or machine.cores, reason)


def _gpus(devices: Sequence[Device]) -> list[Device]:
    # As llama.cpp does: a GPU that shares main memory is used only where there is no other.
    separate = [device for device in devices if device.kind == "gpu"]
    return separate or [device for device in devices if device.kind == "integrated"]


def _layers_that_fit(shape: ModelShape, gpu_bytes: int, window: int) -> int:
    kv_per_layer = shape.kv_bytes_per_token * window // shape.layers
    costs = [shape.output_bytes, *(weights + kv_per_layer for weights in reversed(shape.layer_bytes))]
    sums = itertools.accumulate(costs)  # in the order in which llama.cpp moves them: output, last layer, …
    return sum(total <= gpu_bytes for total in sums)


def _window_that_fits(shape: ModelShape, gpu_layers: int, free_ram_bytes: int) -> int:
    """Return how many tokens the layers that stay in main memory can hold there."""
    in_ram = shape.layers - max(gpu_layers - 1, 0)
    attention = 0 if gpu_layers else shape.attention_heads * ATTENTION_BYTES_PER_HEAD
    bytes_per_token = shape.kv_bytes_per_token * in_ram // shape.layers + attention
    if bytes_per_token == 0:
        return NO_LIMIT
    weights = shape.input_bytes + sum(shape.layer_bytes[:in_ram]) + (0 if gpu_layers else shape.output_bytes)
    return max(free_ram_bytes - RESERVE_BYTES - weights, 0) // bytes_per_token


def _comfortable_tokens(shape: ModelShape) -> int:
    weights = shape.input_bytes + sum(shape.layer_bytes) + shape.output_bytes
    return max(COMFORT_BYTES, weights) // max(shape.kv_bytes_per_token, 1)


def _tokens_on_gpu(shape: ModelShape, gpu_layers: int, gpu_bytes: int) -> int:
    """Return how many tokens the layers on the GPU can hold there."""
    on_gpu = max(gpu_layers - 1, 0)
    bytes_per_token = shape.kv_bytes_per_token * on_gpu // shape.layers
    if bytes_per_token == 0:
        return NO_LIMIT
    weights = shape.output_bytes + sum(shape.layer_bytes[shape.layers - on_gpu :])
    return max(gpu_bytes - weights, 0) // bytes_per_token


def _explain_layers(shape: ModelShape, gpu_layers: int, gpus: Sequence[Device]) -> str:
    if not gpus:
        return "on the CPU, as there is no GPU"
    free_gib = sum(gpu.free_bytes for gpu in gpus) / GIB
    return f"{gpu_layers} of {shape.layers + 1} layers on the GPU, which has {free_gib:.1f} GiB free"


def _explain_window(window: int, wanted: int, fitting: int) -> str:
    if window > fitting:
        return f"a window of {window} tokens, though main memory holds only {fitting}: expect it to be slow or to fail"
    if window < wanted:
        return f"a window of {window} tokens, which is what fits in main memory"
    return f"a window of {window} tokens"
