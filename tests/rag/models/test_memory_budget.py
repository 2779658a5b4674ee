"""How much memory models take, and which are evicted for another one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.catalog import CatalogEntry, create_entry
from rag.models.eviction import ResidentModel, choose_evictions
from rag.models.memory_budget import PROCESS_BYTES, TORCH_BYTES, predict_memory, read_memory_budget
from rag.settings import RagSettings
from tests.tiny_gguf import HEAD_WIDTH, HEADS, LAYERS, TRAINED_CONTEXT, write_tiny_gguf

GIB = 1 << 30
KV_BYTES_PER_TOKEN = LAYERS * HEADS * HEAD_WIDTH * 2 * 2
residents = st.lists(
    st.builds(
        ResidentModel,
        path=st.integers(0, 1_000).map(lambda number: Path(f"{number}.gguf")),
        size_bytes=st.integers(1, 100),
        is_idle=st.booleans(),
        last_used=st.floats(0, 100),
    ),
    max_size=8,
    unique_by=lambda model: model.path,
)


@given(st.integers(0, 200), st.integers(0, 200), residents)
def test_evicted_models_are_idle_and_least_recently_used_and_no_more_than_needed(
    needed_bytes: int, budget_bytes: int, models: list[ResidentModel]
) -> None:
    evicted = choose_evictions(needed_bytes, budget_bytes, models)
    in_use_bytes = sum(model.size_bytes for model in models if not model.is_idle)
    if evicted is None:
        assert in_use_bytes > 0
        assert in_use_bytes + needed_bytes > budget_bytes
        return
    staying = [model for model in models if model not in evicted]
    assert all(model.is_idle for model in evicted)
    assert all(gone.last_used <= other.last_used for gone in evicted for other in staying if other.is_idle)
    taken_bytes = needed_bytes + sum(model.size_bytes for model in staying)
    assert taken_bytes <= budget_bytes or not staying
    if evicted:
        assert taken_bytes + evicted[-1].size_bytes > budget_bytes


def test_the_budget_is_what_the_setting_says(tmp_path: Path) -> None:
    assert read_memory_budget(RagSettings(home=tmp_path, model_memory_gb=1.5)) == 3 * GIB // 2


def test_without_a_setting_the_budget_is_a_part_of_the_machine(tmp_path: Path) -> None:
    with Path("/proc/meminfo").open(encoding="ascii") as lines:
        total = int(next(lines).split()[1]) * 1024
    assert 0 < read_memory_budget(RagSettings(home=tmp_path)) < total


@pytest.mark.parametrize(("windows", "window"), [(1, TRAINED_CONTEXT), (4, 1_024)])
def test_a_gguf_takes_its_weights_and_a_kv_cache_for_each_slot(tmp_path: Path, windows: int, window: int) -> None:
    entry = create_entry(write_tiny_gguf(tmp_path / "tiny.gguf"))
    settings = RagSettings(home=tmp_path, parallel_requests=windows, context_window=window)
    kv_bytes = windows * window * KV_BYTES_PER_TOKEN
    other_bytes = predict_memory(entry, settings, 64 * GIB) - PROCESS_BYTES - kv_bytes
    assert entry.size_bytes // 2 < other_bytes < 32 << 20  # weights and compute buffers


def test_a_gguf_takes_less_memory_if_there_is_little(tmp_path: Path) -> None:
    entry = create_entry(write_tiny_gguf(tmp_path / "tiny.gguf"))
    settings = RagSettings(home=tmp_path)
    assert predict_memory(entry, settings, 4 << 20) < predict_memory(entry, settings, GIB)


def test_a_file_that_cannot_be_read_counts_with_its_size(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" * 1_000)
    assert predict_memory(create_entry(path), RagSettings(home=tmp_path), GIB) == 4_000


def test_a_folder_takes_its_weights_and_torch_and_a_servers_model_nothing(tmp_path: Path) -> None:
    settings = RagSettings(home=tmp_path)
    assert predict_memory(CatalogEntry("a", tmp_path, 7, "transformers"), settings, GIB) == 7 + TORCH_BYTES
    assert predict_memory(CatalogEntry("remote/a", Path("remote/a"), 0, "remote"), settings, GIB) == 0
