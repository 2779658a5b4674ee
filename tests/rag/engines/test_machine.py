"""How many cores and how much memory a process may use."""

import os
from pathlib import Path

import pytest

from rag.engines.machine import count_usable_cores, read_free_memory


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text)
    return folder


def test_every_core_that_this_process_may_run_on_is_used(tmp_path: Path) -> None:
    assert count_usable_cores(tmp_path) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("quota", "cores"), [("100000 100000\n", 1), ("50000 100000\n", 1)])
def test_the_quota_of_a_container_counts(tmp_path: Path, quota: str, cores: int) -> None:
    assert count_usable_cores(write(tmp_path, cpu_max=quota)) == cores


def test_no_quota_is_no_limit(tmp_path: Path) -> None:
    assert count_usable_cores(write(tmp_path, cpu_max="max 100000\n")) == len(os.sched_getaffinity(0))


def test_free_memory_is_what_the_kernel_calls_available(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  4000 kB\nMemAvailable:   3000 kB\n")
    assert read_free_memory(meminfo, tmp_path) == 3_000 * 1_024


def test_the_memory_limit_of_a_container_counts_and_file_pages_are_free(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemAvailable:   3000 kB\n")
    write(tmp_path, memory_max="1000000\n", memory_current="700000\n", memory_stat="anon 1\ninactive_file 200000\n")
    assert read_free_memory(meminfo, tmp_path) == 500_000


def test_without_a_proc_filesystem_memory_is_what_is_installed(tmp_path: Path) -> None:
    assert read_free_memory(tmp_path / "none", tmp_path) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
