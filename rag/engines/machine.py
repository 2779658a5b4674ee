"""The cores and memory that this process may use, within the limits of its container (cgroup v2)."""

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")


def count_usable_cores(cgroup: Path = CGROUP) -> int:
    """Return how many cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read(cgroup / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def read_free_memory(meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int:
    """Return the memory that is available without swapping; the page cache counts as free."""
    free = _read_available_bytes(meminfo)
    limit = _read(cgroup / "memory.max")
    if limit.isdigit():
        page_cache = _read_field(_read(cgroup / "memory.stat"), "inactive_file")
        used = int(_read(cgroup / "memory.current") or 0) - page_cache
        free = min(free, max(int(limit) - used, 0))
    return free


def _read_available_bytes(meminfo: Path) -> int:
    if available_kib := _read_field(_read(meminfo), "MemAvailable:"):
        return available_kib * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")  # all that systems without /proc report


def _read_field(text: str, name: str) -> int:
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == name:
            return int(words[1])
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
