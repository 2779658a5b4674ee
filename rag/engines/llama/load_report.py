"""The memory of a loaded model by device, parsed from llama.cpp's log. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rag.engines.llama.placement_types import MAIN_MEMORY
from rag.engines.serving.worker_protocol import DeviceMemory

LAYER_LINE = re.compile(r"layer +\d+ assigned to device (?P<device>\S+),")
BUFFER_LINE = re.compile(r": +(?P<name>\S+) +(?P<purpose>\S.*?) buffer size = +(?P<mib>[\d.]+) MiB")
BUFFER_FIELDS = {"model": "weights_bytes", "compute": "compute_bytes", "output": "compute_bytes"}
"""llama.cpp's names of its buffers; the others (`KV`, `RS`) are the KV cache and recurrent states."""


def parse_memory(log: Iterable[str], devices: Mapping[str, str]) -> tuple[DeviceMemory, ...]:
    """Return the memory that llama.cpp's log reports for each device, main memory first.

    `devices` maps a device to the name of its buffers; buffers with other names are in main memory. The log's line of
    offloaded layers is ignored: it says the same if there was no GPU to take them.
    """
    memory = {MAIN_MEMORY: DeviceMemory(MAIN_MEMORY)}
    for line in log:
        if layer := LAYER_LINE.search(line):
            name = devices.get(layer["device"], MAIN_MEMORY)
            additions = {"layers": 1}
        elif buffer := BUFFER_LINE.search(line):
            name = buffer["name"] if buffer["name"] in devices.values() else MAIN_MEMORY
            additions = {BUFFER_FIELDS.get(buffer["purpose"], "kv_bytes"): round(float(buffer["mib"]) * (1 << 20))}
        else:
            continue
        device = memory.get(name, DeviceMemory(name))
        memory[name] = replace(device, **{key: getattr(device, key) + value for key, value in additions.items()})
    return tuple(memory.values())


def describe_memory(memory: Sequence[DeviceMemory]) -> str:
    """Return in one line what a model takes on each device, GPUs first."""
    return "; ".join(
        f"{device.layers} {'layer' if device.layers == 1 else 'layers'} "
        f"{'in main memory' if device.device == MAIN_MEMORY else f'on {device.device}'}: "
        f"{device.total_bytes >> 20} MiB ({device.weights_bytes >> 20} weights, {device.kv_bytes >> 20} KV cache, "
        f"{device.compute_bytes >> 20} compute)"
        for device in reversed(memory)
    )
