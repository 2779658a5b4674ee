"""The layouts of a model: which layers are on which device, and what each device has to hold."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from rag.engines.llama.model_shape import ModelShape
from rag.engines.llama.placement_types import (
    ATTENTION_BYTES_PER_HEAD,
    CELL_ALIGNMENT,
    MAIN_MEMORY,
    MASK_BYTES,
    RESERVE_BYTES,
    Device,
    LoadPreferences,
    Switch,
    estimate_kv_bytes_per_token,
)
from rag.engines.serving.scheduling_policy import MAX_CHUNK_TOKENS
from rag.engines.serving.speculative import STEP_WIDTHS
from rag.engines.serving.worker_protocol import DeviceMemory

UNLIMITED_TOKENS = 1 << 40
"""The capacity of a device that no token takes memory of."""


@dataclass(frozen=True, slots=True)
class DeviceLoad:
    """The part of a model on one device.

    A forward pass takes `step_bytes` whatever the window is, and `output_bytes` for each token with logits.
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
    def capacity_tokens(self) -> int:
        """How many tokens of KV cache fit beside the weights."""
        bytes_per_token = self.kv_bytes_per_token + self.attention_bytes_per_token
        if bytes_per_token == 0:
            return UNLIMITED_TOKENS
        return max(self.free_bytes - RESERVE_BYTES - self.weights_bytes, 0) // bytes_per_token

    def fits(self, window: int) -> bool:
        """Return whether the weights and the KV cache of one window fit."""
        return self.weights_bytes <= max(self.free_bytes - RESERVE_BYTES, 0) and window <= self.capacity_tokens

    def estimate_memory(self, window: int, slots: int) -> DeviceMemory:
        """Return the memory of weights, KV cache and compute buffers; the output layer reuses those of the layers."""
        cells = -(-window // CELL_ALIGNMENT) * CELL_ALIGNMENT
        step_bytes = self.step_bytes + (self.attention_bytes_per_token + self.mask_bytes_per_token) * cells
        compute_bytes = max(step_bytes, self.output_bytes * (slots + STEP_WIDTHS[-1]))
        kv_bytes = self.kv_bytes_per_token * cells * slots
        return DeviceMemory(self.device, self.layers, self.weights_bytes, kv_bytes, compute_bytes)


@dataclass(frozen=True, slots=True)
class Layout:
    """The `loads` of main memory and the GPUs, and the number of layers of each GPU."""

    gpu_layers: tuple[int, ...]
    flash_attention: Switch
    loads: tuple[DeviceLoad, ...]


@dataclass(frozen=True, slots=True)
class LayoutPlanner:
    """The ways to divide a model's layers between main memory and GPUs."""

    shape: ModelShape
    free_ram_bytes: int
    gpus: Sequence[Device]
    preferences: LoadPreferences

    def choose(self, window: int) -> Layout:
        """Return the preferred layout, else the one with the most layers on the GPUs that leaves room for a window."""
        most = self.shape.layers + 1 if self.gpus else 0
        if self.preferences.gpu_layers is not None:
            return self._divide(min(self.preferences.gpu_layers, most), window)
        layouts = (self._divide(count, window) for count in range(most, -1, -1))
        return next(layout for layout in layouts if all(load.fits(window) for load in layout.loads[1:]))

    def _divide(self, gpu_layers: int, window: int) -> Layout:
        """Return the layout with so many layers on the GPUs, the last layers first, as llama.cpp moves them."""
        shape, preferences = self.shape, self.preferences
        first = shape.layers + 1 - gpu_layers
        counts = _split_layers(self._estimate_costs(window)[first:], self._choose_gpu_shares())
        flash_attention = _choose_flash_attention(preferences, gpu_layers)
        loads = [self._load_main_memory(flash_attention, end=first)]
        for gpu, (start, end) in zip(self.gpus, pairwise(accumulate(counts, initial=first)), strict=True):
            kv_layers = max(min(end, shape.layers) - start, 0) if preferences.kv_on_gpu else 0
            loads.append(
                self._load_device(gpu.name, gpu.free_bytes, flash_attention, start=start, end=end, kv_layers=kv_layers)
            )
        return Layout(counts, flash_attention, tuple(loads))

    def _estimate_costs(self, window: int) -> list[int]:
        """Return the bytes of each layer and of the output layer, with the KV cache if GPUs hold it."""
        kv_bytes = 0
        if self.preferences.kv_on_gpu:
            layer_bytes_per_token = estimate_kv_bytes_per_token(self.shape, self.preferences) // self.shape.layers
            kv_bytes = layer_bytes_per_token * window * self.preferences.slots
        return [weights_bytes + kv_bytes for weights_bytes in self.shape.layer_bytes] + [self.shape.output_bytes]

    def _choose_gpu_shares(self) -> Sequence[float]:
        if self.gpus and self.preferences.tensor_split:
            return self.preferences.tensor_split
        return [max(gpu.free_bytes - RESERVE_BYTES, 0) for gpu in self.gpus]

    def _load_main_memory(self, flash_attention: Switch, *, end: int) -> DeviceLoad:
        kv_layers = min(end, self.shape.layers) if self.preferences.kv_on_gpu else self.shape.layers
        load = self._load_device(
            MAIN_MEMORY, self.free_ram_bytes, flash_attention, start=0, end=end, kv_layers=kv_layers
        )
        weights_bytes = load.weights_bytes + self.shape.input_bytes
        if end > self.shape.layers:
            weights_bytes -= self.shape.tied_bytes  # only a GPU needs a copy
        # Masks and logits go through main memory on every device.
        mask_bytes, output_bytes = MASK_BYTES[flash_attention], 4 * self.shape.vocabulary_size
        return replace(load, weights_bytes=weights_bytes, mask_bytes_per_token=mask_bytes, output_bytes=output_bytes)

    def _load_device(
        self, device: str, free_bytes: int, flash_attention: Switch, *, start: int, end: int, kv_layers: int
    ) -> DeviceLoad:
        """Return the load of a device with the layers `[start, end)`, of which the last is the output layer."""
        shape = self.shape
        has_layers = start < min(end, shape.layers)
        has_flash_attention = flash_attention != "off"
        step_bytes = shape.compute_bytes_per_token * MAX_CHUNK_TOKENS * (2 if has_flash_attention else 1)
        has_scores = kv_layers and not has_flash_attention
        return DeviceLoad(
            device=device,
            free_bytes=free_bytes,
            layers=end - start,
            weights_bytes=sum((*shape.layer_bytes, shape.output_bytes)[start:end]),
            kv_bytes_per_token=estimate_kv_bytes_per_token(shape, self.preferences) * kv_layers // shape.layers,
            attention_bytes_per_token=shape.attention_heads * ATTENTION_BYTES_PER_HEAD if has_scores else 0,
            mask_bytes_per_token=MASK_BYTES[flash_attention] if has_layers else 0,
            step_bytes=step_bytes if has_layers else 0,
            output_bytes=4 * shape.vocabulary_size if end > shape.layers else 0,
        )


def _split_layers(costs: Sequence[int], shares: Sequence[float]) -> tuple[int, ...]:
    """Return how many layers, in order, each GPU takes so that their cost is close to its share of the whole."""
    if not any(shares):
        shares = [1.0] * len(shares)
    borders = [share * sum(costs) / sum(shares) for share in accumulate(shares)][:-1]
    middles = [end - cost / 2 for end, cost in zip(accumulate(costs), costs, strict=True)]
    gpu_of_layer = [bisect_right(borders, middle) for middle in middles]
    return tuple(gpu_of_layer.count(gpu) for gpu in range(len(shares)))


def _choose_flash_attention(preferences: LoadPreferences, gpu_layers: int) -> Switch:
    # On the CPU it makes long contexts slower (at 2,048 tokens 25 tokens/s instead of 36), and its results depend on
    # how many tokens are prefilled together, so an answer would depend on earlier requests.
    if preferences.flash_attention != "auto":
        return preferences.flash_attention
    if preferences.kv_type != "f16":
        return "on"  # llama.cpp needs it for a quantized KV cache
    return "auto" if gpu_layers and preferences.kv_on_gpu else "off"
