"""Plan the placement of a model: layers, context window, slots and threads that fit the machine."""

from collections.abc import Sequence

from rag.engines.llama.device_layout import Layout, LayoutPlanner
from rag.engines.llama.model_shape import ModelShape
from rag.engines.llama.placement_types import (
    DEFAULT_WINDOW,
    GIB,
    KV_COMFORT_BYTES,
    MIN_WINDOW,
    Device,
    GpuSplit,
    LoadPreferences,
    Machine,
    Placement,
    estimate_kv_bytes_per_token,
    select_gpus,
)


def plan_placement(shape: ModelShape, machine: Machine, preferences: LoadPreferences) -> Placement:
    """Return how to load a model of this shape on this machine.

    Preferences are followed as they are, but for a context window longer than the model was trained for. Everything
    else is chosen to fit: all layers on the GPU with the KV cache of the whole window, else as many as fit; a window of
    at most 8,192 tokens, shorter if memory is short but never under 512; one thread for each usable core; the preferred
    number of slots, fewer if they do not fit. Raises `PlacementError` for GPUs that the machine does not have.
    """
    full_window = min(shape.trained_context or DEFAULT_WINDOW, preferences.context_window or DEFAULT_WINDOW)
    gpus = select_gpus(machine.devices, preferences)
    layout = LayoutPlanner(shape, machine.free_ram_bytes, gpus, preferences).choose(full_window)
    capacity = layout.loads[0].capacity_tokens
    window = full_window
    if not preferences.context_window:
        window = max(min(full_window, capacity), min(full_window, MIN_WINDOW))
    slots = _count_slots(shape, layout, preferences, window)
    return Placement(
        gpu_layers=sum(layout.gpu_layers),
        context_window=window,
        slots=slots,
        threads=preferences.threads or machine.cores,
        reason="; ".join(
            [
                _explain_layers(shape, layout, gpus),
                _explain_window(window, full_window, capacity),
                f"{slots} answers at the same time" if slots > 1 else "one answer at a time",
            ]
        ),
        split=GpuSplit(tuple(gpu.name for gpu in gpus), layout.gpu_layers, preferences.split_mode == "row"),
        kv_type=preferences.kv_type,
        kv_on_gpu=preferences.kv_on_gpu,
        flash_attention=layout.flash_attention,
        memory=tuple(load.estimate_memory(window, slots) for load in layout.loads),
    )


def _count_slots(shape: ModelShape, layout: Layout, preferences: LoadPreferences, window: int) -> int:
    weights_bytes = shape.input_bytes + sum(shape.layer_bytes) + shape.output_bytes
    comfortable_tokens = max(KV_COMFORT_BYTES, weights_bytes) // max(estimate_kv_bytes_per_token(shape, preferences), 1)
    tokens = min(comfortable_tokens, *(load.capacity_tokens for load in layout.loads))
    return min(max(tokens // window, 1), preferences.slots)


def _explain_layers(shape: ModelShape, layout: Layout, gpus: Sequence[Device]) -> str:
    if not gpus:
        return "on the CPU, as there is no GPU"
    free_gib = sum(gpu.free_bytes for gpu in gpus) / GIB
    owners = "the GPU, which has" if len(gpus) == 1 else f"{len(gpus)} GPUs, which have"
    return f"{sum(layout.gpu_layers)} of {shape.layers + 1} layers on {owners} {free_gib:.1f} GiB free"


def _explain_window(window: int, full_window: int, capacity: int) -> str:
    if window > capacity:
        return f"a window of {window} tokens, though main memory holds only {capacity}: it may be slow or fail"
    if window < full_window:
        return f"a window of {window} tokens, which is what fits in main memory"
    return f"a window of {window} tokens"
