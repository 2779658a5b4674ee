"""The memory of each device, measured with a second device that llama.cpp reaches by RPC; it needs no GPU."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_cpp import llama_cpp

from rag.engines.llama.engine import LlamaEngine
from rag.engines.serving.worker_protocol import DeviceMemory, LoadedModel
from rag.engines.types import Message, Sampling
from rag.errors import ModelLoadError
from rag.models.catalog import find_bundled_model
from rag.settings import RagSettings
from tests.rpc_server import rpc_server
from tests.tiny_gguf import HEAD_WIDTH, HEADS, LAYERS

pytestmark = pytest.mark.slow

MIB = 1 << 20
WINDOW = 1_024
SEQUENCES = 8
KV_BYTES = WINDOW * SEQUENCES * 2 * HEADS * HEAD_WIDTH * 2
"""What one layer of the tiny model remembers of all windows."""

SUPPORTS_RPC = llama_cpp.llama_supports_rpc()
QUESTION = [Message("user", "What is the capital of France? Explain.")]


class WatchedEngine(LlamaEngine):
    """An engine that shows what its process says of the loaded model."""

    def loaded(self) -> LoadedModel:
        self.load()
        return self._worker.call("info", {}, LoadedModel, timeout_seconds=60)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    yield from _served(devices=1)


@pytest.fixture(scope="module")
def two_devices() -> Iterator[str]:
    yield from _served(devices=2)


@pytest.fixture
def bundled() -> Path:
    path = find_bundled_model()
    if path is None:
        pytest.skip("the package with the bundled model is not installed")
    return path


def _served(*, devices: int) -> Iterator[str]:
    if not SUPPORTS_RPC:
        pytest.skip("llama.cpp was built without RPC (CMAKE_ARGS=-DGGML_RPC=on)")
    with rpc_server(devices=devices) as address:
        yield address


def load(path: Path, home: Path, **settings: Any) -> tuple[LoadedModel, str]:
    """Return the model as it is loaded, and the text of a completion."""
    engine = WatchedEngine("m", path, RagSettings(home=home, threads=1, context_window=WINDOW, **settings))
    try:
        loaded = engine.loaded()
        deltas = engine.generate(QUESTION, Sampling(max_tokens=24, temperature=0))
        return loaded, "".join(delta.text for delta in deltas)
    finally:
        engine.close()


def list_gpus(memory: tuple[DeviceMemory, ...]) -> list[tuple[int, int]]:
    """Return the layers of each GPU and the bytes of its KV cache."""
    return [(part.layers, part.kv_bytes) for part in memory[1:]]


@pytest.mark.parametrize(("gpu_layers", "kv_layers"), [(None, 2), (3, 2), (2, 1), (1, 0)])
def test_layers_go_to_the_device_with_their_kv_cache_and_the_completion_is_the_same(
    tiny_gguf: Path, tmp_path: Path, server: str, gpu_layers: int | None, kv_layers: int
) -> None:
    _, on_cpu = load(tiny_gguf, tmp_path)
    loaded, text = load(tiny_gguf, tmp_path, rpc_servers=(server,), gpu_layers=gpu_layers)
    layers = gpu_layers or LAYERS + 1
    assert loaded.info.gpu_layers == layers
    assert list_gpus(loaded.memory) == list_gpus(loaded.expected_memory) == [(layers, kv_layers * KV_BYTES)]
    assert (loaded.memory[0].layers, loaded.memory[0].kv_bytes) == (3 - layers, (LAYERS - kv_layers) * KV_BYTES)
    assert text == on_cpu


def test_without_layers_the_device_is_not_used(tiny_gguf: Path, tmp_path: Path, server: str) -> None:
    loaded, _ = load(tiny_gguf, tmp_path, rpc_servers=(server,), gpu_layers=0)
    assert [part.device for part in loaded.memory] == ["CPU"]
    assert loaded.memory[0].layers == LAYERS + 1


def test_the_placement_is_described_in_words(tiny_gguf: Path, tmp_path: Path, server: str) -> None:
    loaded, _ = load(tiny_gguf, tmp_path, rpc_servers=(server,), gpu_layers=2)
    assert f"2 layers on RPC0[{server}]: " in loaded.info.placement
    assert "; 1 layer in main memory: " in loaded.info.placement
    assert loaded.placement_reason.endswith(loaded.info.placement)


def test_the_kv_cache_can_stay_in_main_memory(tiny_gguf: Path, tmp_path: Path, server: str) -> None:
    loaded, _ = load(tiny_gguf, tmp_path, rpc_servers=(server,), kv_on_gpu=False)
    assert list_gpus(loaded.memory) == list_gpus(loaded.expected_memory) == [(LAYERS + 1, 0)]
    assert loaded.memory[0].kv_bytes == loaded.expected_memory[0].kv_bytes == LAYERS * KV_BYTES


@pytest.mark.parametrize(
    "settings",
    [{}, {"gpu_layers": 10}, {"kv_type": "q8_0"}, {"kv_type": "q4_0"}, {"flash_attention": "off"}],
    ids=str,
)
def test_a_model_takes_what_was_expected(bundled: Path, tmp_path: Path, server: str, settings: dict[str, Any]) -> None:
    loaded, text = load(bundled, tmp_path, rpc_servers=(server,), **settings)
    (_, remote), (_, expected) = loaded.memory, loaded.expected_memory
    assert remote.layers == expected.layers
    assert remote.weights_bytes == pytest.approx(expected.weights_bytes, abs=MIB // 50)
    assert remote.kv_bytes == pytest.approx(expected.kv_bytes, abs=MIB // 50)
    assert remote.compute_bytes == pytest.approx(expected.compute_bytes, abs=8 * MIB)
    assert sum(part.kv_bytes for part in loaded.memory) == pytest.approx(
        sum(part.kv_bytes for part in loaded.expected_memory), abs=MIB // 50
    )
    assert "Paris" in text


def test_a_model_without_a_device_takes_what_was_expected(bundled: Path, tmp_path: Path) -> None:
    loaded, _ = load(bundled, tmp_path)
    (actual,), (expected,) = loaded.memory, loaded.expected_memory
    assert (actual.layers, actual.kv_bytes) == (expected.layers, expected.kv_bytes)
    assert actual.weights_bytes == pytest.approx(expected.weights_bytes, abs=MIB // 50)
    assert actual.compute_bytes == pytest.approx(expected.compute_bytes, abs=4 * MIB)


def test_several_devices_share_a_model_by_free_memory_or_as_the_setting_says(
    bundled: Path, tmp_path: Path, two_devices: str
) -> None:
    even, _ = load(bundled, tmp_path, rpc_servers=(two_devices,))
    assert list_gpus(even.memory) == list_gpus(even.expected_memory)
    first, second = (part.weights_bytes + part.kv_bytes for part in even.memory[1:])
    assert first == pytest.approx(second, rel=0.1)
    uneven, text = load(bundled, tmp_path, rpc_servers=(two_devices,), gpu_layers=30, tensor_split=(1, 3))
    assert [part.layers for part in uneven.memory] == [part.layers for part in uneven.expected_memory]
    assert uneven.memory[1].layers < uneven.memory[2].layers
    assert "Paris" in text


def test_one_of_several_devices_can_have_all(tiny_gguf: Path, tmp_path: Path, two_devices: str) -> None:
    loaded, _ = load(tiny_gguf, tmp_path, rpc_servers=(two_devices,), split_mode="none", main_gpu=1)
    assert [part.device for part in loaded.memory] == ["CPU", f"RPC1[{two_devices}]"]


def test_a_device_that_is_not_there_is_refused(tiny_gguf: Path, tmp_path: Path, server: str) -> None:
    with pytest.raises(ModelLoadError, match="there is no GPU 1; counted from 0 there are RPC0"):
        load(tiny_gguf, tmp_path, rpc_servers=(server,), split_mode="none", main_gpu=1)


@pytest.mark.skipif(not SUPPORTS_RPC, reason="llama.cpp was built without RPC (CMAKE_ARGS=-DGGML_RPC=on)")
def test_a_server_that_is_not_there_is_named(tiny_gguf: Path, tmp_path: Path) -> None:
    with rpc_server() as gone:
        pass
    with pytest.raises(ModelLoadError, match=f"the RPC server {gone} does not answer"):
        load(tiny_gguf, tmp_path, rpc_servers=(gone,))


@pytest.mark.skipif(not SUPPORTS_RPC, reason="llama.cpp was built without RPC (CMAKE_ARGS=-DGGML_RPC=on)")
def test_what_is_no_rpc_server_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=_hang_up, args=(other,), daemon=True).start()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ModelLoadError, match=f"{address} is not an RPC server"):
            load(tiny_gguf, tmp_path, rpc_servers=(address,))


@pytest.mark.skipif(SUPPORTS_RPC, reason="llama.cpp was built with RPC")
def test_without_rpc_in_llama_cpp_the_way_to_get_it_is_said(tiny_gguf: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="GGML_RPC=on"):
        load(tiny_gguf, tmp_path, rpc_servers=("127.0.0.1:1",))


def _hang_up(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(64)
