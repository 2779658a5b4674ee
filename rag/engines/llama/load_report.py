"""What stands where once a model is loaded, read from what llama.cpp says in its log. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rag.engines.llama.placement import MAIN_MEMORY
from rag.engines.serving.worker_protocol import DeviceMemory

LAYER_LINE = re.compile(r"layer +\d+ assigned to device (?P<device>\S+),")
BUFFER_LINE = re.compile(r": +(?P<name>\S+) +(?P<purpose>\S.*?) buffer size = +(?P<mib>[\d.]+) MiB")
PURPOSES = {"model": "weights_bytes", "compute": "work_bytes", "output": "work_bytes"}
"""What llama.cpp calls its buffers; the others (`KV`, `RS`) remember what was read."""


def read_memory(log: Iterable[str], devices: Mapping[str, str]) -> tuple[DeviceMemory, ...]:
    """Return what llama.cpp says in its log that it placed where, main memory first.

    Its line of offloaded layers is not asked: it says the same where there was no GPU to take them. `devices` has the
    names that its buffers have on each device; buffers of other names are in main memory.
    """
    found = {MAIN_MEMORY: DeviceMemory(MAIN_MEMORY)}
    for line in log:
        if layer := LAYER_LINE.search(line):
            name = devices.get(layer["device"], MAIN_MEMORY)
            change = {"layers": 1}
        elif buffer := BUFFER_LINE.search(line):
            name = buffer["name"] if buffer["name"] in devices.values() else MAIN_MEMORY
            change = {PURPOSES.get(buffer["purpose"], "kv_bytes"): round(float(buffer["mib"]) * (1 << 20))}
        else:
            continue
        known = found.get(name, DeviceMemory(name))
        found[name] = replace(known, **{key: getattr(known, key) + more for key, more in change.items()})
    return tuple(found.values())


def memory_in_words(memory: Sequence[DeviceMemory]) -> str:
    """Return what a model takes in one line, GPUs first."""
    return "; ".join(
        f"{part.layers} {'layer' if part.layers == 1 else 'layers'} "
        f"{'in main memory' if part.device == MAIN_MEMORY else f'on {part.device}'}: "
        f"{part.total_bytes >> 20} MiB ({part.weights_bytes >> 20} weights, {part.kv_bytes >> 20} context, "
        f"{part.work_bytes >> 20} work)"
        for part in reversed(memory)
    )
