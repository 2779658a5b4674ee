"""What models take of the memory, and which leave for another."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.catalog import CatalogEntry, entry_for
from rag.models.memory_budget import PROCESS_BYTES, TORCH_BYTES, Tenant, budget_bytes, leaving, predicted_bytes
from rag.settings import RagSettings
from tests.tiny_gguf import HEAD_WIDTH, HEADS, LAYERS, TRAINED_CONTEXT, write_tiny_gguf

GIB = 1 << 30
KV_BYTES_PER_TOKEN = LAYERS * HEADS * HEAD_WIDTH * 2 * 2
tenants = st.lists(
    st.builds(
        Tenant,
        path=st.integers(0, 1_000).map(lambda number: Path(f"{number}.gguf")),
        size_bytes=st.integers(1, 100),
        is_idle=st.booleans(),
        last_used=st.floats(0, 100),
    ),
    max_size=8,
    unique_by=lambda tenant: tenant.path,
)


@given(st.integers(0, 200), st.integers(0, 200), tenants)
def test_who_leaves_is_idle_and_used_before_all_who_stay_and_not_one_too_many(
    needed: int, budget: int, there: list[Tenant]
) -> None:
    out = leaving(needed, budget, there)
    in_use = sum(tenant.size_bytes for tenant in there if not tenant.is_idle)
    if out is None:
        assert in_use > 0
        assert in_use + needed > budget
        return
    staying = [tenant for tenant in there if tenant not in out]
    assert all(tenant.is_idle for tenant in out)
    assert all(left.last_used <= kept.last_used for left in out for kept in staying if kept.is_idle)
    taken = needed + sum(tenant.size_bytes for tenant in staying)
    assert taken <= budget or not staying
    if out:
        assert taken + out[-1].size_bytes > budget


def test_the_budget_is_what_the_setting_says(tmp_path: Path) -> None:
    assert budget_bytes(RagSettings(home=tmp_path, model_memory_gb=1.5)) == 3 * GIB // 2


def test_without_a_setting_the_budget_is_a_part_of_the_machine(tmp_path: Path) -> None:
    with Path("/proc/meminfo").open(encoding="ascii") as lines:
        total = int(next(lines).split()[1]) * 1024
    assert 0 < budget_bytes(RagSettings(home=tmp_path)) < total


@pytest.mark.parametrize(("windows", "window"), [(1, TRAINED_CONTEXT), (4, 1_024)])
def test_a_gguf_takes_its_weights_and_a_window_for_each_answer(tmp_path: Path, windows: int, window: int) -> None:
    entry = entry_for(write_tiny_gguf(tmp_path / "tiny.gguf"))
    settings = RagSettings(home=tmp_path, parallel_requests=windows, context_window=window)
    kept = windows * window * KV_BYTES_PER_TOKEN
    beside = predicted_bytes(entry, settings, 64 * GIB) - PROCESS_BYTES - kept
    assert entry.size_bytes // 2 < beside < 32 << 20  # weights, and what a step is computed in


def test_a_gguf_takes_less_where_there_is_little(tmp_path: Path) -> None:
    entry = entry_for(write_tiny_gguf(tmp_path / "tiny.gguf"))
    settings = RagSettings(home=tmp_path)
    assert predicted_bytes(entry, settings, 4 << 20) < predicted_bytes(entry, settings, GIB)


def test_a_file_that_cannot_be_read_counts_with_its_size(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" * 1_000)
    assert predicted_bytes(entry_for(path), RagSettings(home=tmp_path), GIB) == 4_000


def test_a_folder_takes_its_weights_and_torch_and_a_servers_model_nothing(tmp_path: Path) -> None:
    settings = RagSettings(home=tmp_path)
    assert predicted_bytes(CatalogEntry("a", tmp_path, 7, "transformers"), settings, GIB) == 7 + TORCH_BYTES
    assert predicted_bytes(CatalogEntry("remote/a", Path("remote/a"), 0, "remote"), settings, GIB) == 0
