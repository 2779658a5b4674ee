"""Plans of where a model runs and how much it holds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rag.engines.llama.model_shape import ModelShape
from rag.engines.llama.placement import plan_placement
from rag.engines.llama.placement_types import (
    MIN_WINDOW,
    RESERVE_BYTES,
    Device,
    LoadPreferences,
    Machine,
)

MIB = 1 << 20
GIB = 1 << 30
CPU = Device("CPU", "cpu", 16 * GIB)


def shape(*, layers: int = 10, kv_bytes_per_token: int = 10 * 1024, trained_context: int = 32_768) -> ModelShape:
    """100 MiB a layer, 50 MiB of output; a window of 8,192 tokens takes 8 MiB a layer."""
    return ModelShape("llama", trained_context, 1_000, (100 * MIB,) * layers, 50 * MIB, 60 * MIB, kv_bytes_per_token)


def machine(*, gpu_bytes: int | None = None, ram_bytes: int = 16 * GIB, cores: int = 6) -> Machine:
    gpus = () if gpu_bytes is None else (Device("GPU0", "gpu", gpu_bytes + RESERVE_BYTES),)
    return Machine((*gpus, CPU), ram_bytes, cores)


def test_without_a_gpu_everything_stays_on_the_cpu_with_every_core() -> None:
    placement = plan_placement(shape(), machine(), LoadPreferences())
    assert (placement.gpu_layers, placement.context_window, placement.threads) == (0, 8_192, 6)
    assert placement.reason == "on the CPU, as there is no GPU; a window of 8192 tokens; 8 answers at the same time"


def test_there_are_as_many_slots_as_fit_and_are_preferred() -> None:
    assert plan_placement(shape(), machine(), LoadPreferences()).slots == 8
    assert plan_placement(shape(), machine(), LoadPreferences(slots=3)).slots == 3
    assert plan_placement(shape(kv_bytes_per_token=100 * 1024), machine(), LoadPreferences()).slots == 2  # in 2 GiB
    large = shape(layers=40, kv_bytes_per_token=100 * 1024)
    assert plan_placement(large, machine(), LoadPreferences()).slots == 5  # in 4.1 GiB
    assert plan_placement(shape(kv_bytes_per_token=1024 * 1024), machine(), LoadPreferences()).slots == 1
    exactly = 50 * MIB + 10 * (100 + 8) * MIB
    assert plan_placement(shape(), machine(gpu_bytes=exactly), LoadPreferences()).slots == 1
    assert plan_placement(shape(), machine(gpu_bytes=exactly + 10 * 8 * MIB), LoadPreferences()).slots == 2


def test_the_reason_gives_the_number_of_concurrent_answers() -> None:
    assert plan_placement(shape(), machine(), LoadPreferences()).reason.endswith("; 8 answers at the same time")
    assert plan_placement(shape(), machine(), LoadPreferences(slots=1)).reason.endswith("; one answer at a time")


def test_a_model_that_fits_goes_to_the_gpu_as_a_whole() -> None:
    exactly = 50 * MIB + 10 * (100 + 8) * MIB
    assert plan_placement(shape(), machine(gpu_bytes=exactly), LoadPreferences()).gpu_layers == 11
    assert plan_placement(shape(), machine(gpu_bytes=exactly - 1), LoadPreferences()).gpu_layers == 10


def test_as_many_layers_as_fit_go_to_a_small_gpu_the_output_first() -> None:
    assert plan_placement(shape(), machine(gpu_bytes=49 * MIB), LoadPreferences()).gpu_layers == 0
    assert plan_placement(shape(), machine(gpu_bytes=50 * MIB), LoadPreferences()).gpu_layers == 1
    assert plan_placement(shape(), machine(gpu_bytes=300 * MIB), LoadPreferences()).gpu_layers == 3


def test_several_gpus_share_the_layers() -> None:
    gpus = tuple(Device(f"GPU{index}", "gpu", RESERVE_BYTES + 600 * MIB) for index in range(2))
    assert plan_placement(shape(), Machine((*gpus, CPU), 16 * GIB, 6), LoadPreferences()).gpu_layers == 11


def test_an_integrated_gpu_counts_only_without_a_separate_one() -> None:
    integrated = Device("iGPU", "integrated", 8 * GIB)
    small = Device("GPU0", "gpu", RESERVE_BYTES + 50 * MIB)
    assert plan_placement(shape(), Machine((integrated, CPU), 16 * GIB, 6), LoadPreferences()).gpu_layers == 11
    assert plan_placement(shape(), Machine((integrated, small, CPU), 16 * GIB, 6), LoadPreferences()).gpu_layers == 1


def test_a_longer_window_leaves_room_for_fewer_layers() -> None:
    small, large = LoadPreferences(context_window=1_024), LoadPreferences(context_window=32_768)
    on_gpu = machine(gpu_bytes=600 * MIB)
    assert plan_placement(shape(), on_gpu, small).gpu_layers > plan_placement(shape(), on_gpu, large).gpu_layers


def test_short_memory_shortens_the_window() -> None:
    weights = (60 + 50 + 10 * 100) * MIB
    placement = plan_placement(shape(), machine(ram_bytes=RESERVE_BYTES + weights + 40 * MIB), LoadPreferences())
    assert placement.context_window == 4_096
    assert "4096 tokens, which is what fits" in placement.reason


def test_a_window_never_becomes_useless_and_the_reason_warns() -> None:
    placement = plan_placement(shape(), machine(ram_bytes=0), LoadPreferences())
    assert placement.context_window == MIN_WINDOW
    assert "it may be slow or fail" in placement.reason


def test_attention_on_the_cpu_needs_memory_for_every_head() -> None:
    weights = (60 + 50 + 10 * 100) * MIB
    headed = replace(shape(), attention_heads=10)  # twice as much for each token of the window as without
    placement = plan_placement(headed, machine(ram_bytes=RESERVE_BYTES + weights + 40 * MIB), LoadPreferences())
    assert placement.context_window == 2_048


def test_layers_on_the_gpu_need_no_main_memory() -> None:
    placement = plan_placement(shape(), machine(gpu_bytes=4 * GIB, ram_bytes=0), LoadPreferences())
    assert (placement.gpu_layers, placement.context_window) == (11, 8_192)


def test_the_window_is_never_longer_than_the_model_was_trained_for() -> None:
    trained = shape(trained_context=2_048)
    assert plan_placement(trained, machine(), LoadPreferences()).context_window == 2_048
    assert plan_placement(trained, machine(), LoadPreferences(context_window=4_096)).context_window == 2_048


def test_preferences_are_followed() -> None:
    placement = plan_placement(
        shape(), machine(gpu_bytes=GIB), LoadPreferences(gpu_layers=4, context_window=16_384, threads=3)
    )
    assert (placement.gpu_layers, placement.context_window, placement.threads) == (4, 16_384, 3)


def test_gpu_layers_without_a_gpu_stay_on_the_cpu() -> None:
    assert plan_placement(shape(), machine(), LoadPreferences(gpu_layers=99)).gpu_layers == 0


def test_more_gpu_layers_than_the_model_has_means_all() -> None:
    assert plan_placement(shape(), machine(gpu_bytes=4 * GIB), LoadPreferences(gpu_layers=99)).gpu_layers == 11


def test_a_model_without_a_kv_cache_has_its_window_everywhere() -> None:
    assert (
        plan_placement(shape(kv_bytes_per_token=0), machine(ram_bytes=2 * GIB), LoadPreferences()).context_window
        == 8_192
    )


@given(
    layers=st.integers(1, 80),
    kv=st.integers(0, 1 << 20),
    trained=st.integers(0, 1 << 20),
    gpu=st.none() | st.integers(0, 1 << 38),
    ram=st.integers(0, 1 << 38),
)
def test_every_plan_fits_or_is_the_least_that_works(
    layers: int, kv: int, trained: int, gpu: int | None, ram: int
) -> None:
    model = shape(layers=layers, kv_bytes_per_token=kv, trained_context=trained)
    placement = plan_placement(model, machine(gpu_bytes=gpu, ram_bytes=ram), LoadPreferences())
    assert 0 <= placement.gpu_layers <= layers + 1
    assert 1 <= placement.context_window <= (trained or 8_192)
    assert 1 <= placement.slots <= 8
    if placement.gpu_layers:
        on_gpu = placement.gpu_layers - 1
        needed = model.output_bytes + on_gpu * (100 * MIB + kv * placement.context_window * placement.slots // layers)
        assert needed <= (gpu or 0)
    in_ram = layers - max(placement.gpu_layers - 1, 0)
    if placement.context_window > MIN_WINDOW and in_ram:
        assert kv * placement.context_window * placement.slots * in_ram // layers <= ram
