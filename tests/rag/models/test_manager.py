"""Models in memory: loaded once, leased, evicted to make room, and unloaded when idle."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from rag.engines.types import Message, Sampling
from rag.errors import ModelInUseError, ModelLoadError, ModelLoadingError, NoRoomForModelError
from rag.models import manager
from rag.models.catalog import CatalogEntry
from rag.models.leased_engine import LeasedEngine
from rag.models.manager import ModelManager
from rag.settings import RagSettings
from tests.fakes import ScriptedEngine

GIB = 1 << 30
MESSAGES = [Message("user", "Hello")]


class SlowEngine(ScriptedEngine):
    """A `LoadableEngine` that is loaded as soon as `gate` is open, or fails with `failure`."""

    def __init__(self, world: "ManagedModels") -> None:
        super().__init__(["one ", "two ", "three"])
        self.world = world
        self.failure: ModelLoadError | None = None
        self.loads = 0
        self.is_loaded = False
        self.is_closed = False

    def load(self) -> None:
        self.loads += 1
        while not self.world.gate.wait(0.01):
            if self.is_closed:
                raise ModelLoadError(model="fake", detail="its process was ended")
        if self.failure is not None:
            raise self.failure
        self.is_loaded = not self.is_closed
        self.world.alive.add(id(self))
        self.world.peak = max(self.world.peak, len(self.world.alive))

    def close(self) -> None:
        self.is_closed = True
        self.is_loaded = False
        self.world.alive.discard(id(self))


class ManagedModels:
    """A manager over fake models of 4 GiB each (`model(name)`) in `gigabytes`; at most `peak` were loaded at once."""

    def __init__(self, home: Path, *, gigabytes: float = 9, idle_minutes: float = 0) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.failure: ModelLoadError | None = None
        self.kind: type[SlowEngine] = SlowEngine
        self.exempt: set[str] = set()
        self.engines: dict[str, list[SlowEngine]] = {}
        self.alive: set[int] = set()
        self.peak = 0
        settings = RagSettings(home=home, model_memory_gb=gigabytes, model_idle_minutes=idle_minutes)
        self.is_exempt: Callable[[CatalogEntry], bool] = lambda entry: entry.id in self.exempt
        self.manager = ModelManager(
            settings, is_exempt=lambda entry: self.is_exempt(entry), create_engine=self._create_engine
        )

    def _create_engine(self, entry: CatalogEntry, _settings: RagSettings) -> SlowEngine:
        engine = self.kind(self)
        engine.failure = self.failure
        self.engines.setdefault(entry.id, []).append(engine)
        return engine

    def lease_engine(self, name: str, patience_seconds: float | None = None) -> LeasedEngine:
        return LeasedEngine(self.manager, model(name), patience_seconds=patience_seconds)

    def use(self, name: str) -> None:
        self.lease_engine(name).count_tokens(MESSAGES)

    def loaded(self) -> set[str]:
        return {name for name in list(self.engines) if self.manager.read_state(model(name).path)[0] == "loaded"}


def model(name: str, size_bytes: int = 4 * GIB) -> CatalogEntry:
    return CatalogEntry(name, Path(f"/nowhere/{name}.gguf"), size_bytes)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(manager, "ROOM_TIMEOUT_SECONDS", 0.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ManagedModels]:
    models = ManagedModels(tmp_path)
    yield models
    models.manager.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def test_a_model_is_loaded_once_for_all_requests_that_wait(world: ManagedModels, threads: ThreadPoolExecutor) -> None:
    world.gate.clear()
    waiting = [threads.submit(world.use, "a") for _ in range(4)]
    wait_for(lambda: bool(world.engines))
    assert world.manager.read_state(model("a").path)[0] == "loading"
    world.gate.set()
    for request in waiting:
        request.result()
    assert [engine.loads for engine in world.engines["a"]] == [1]
    assert world.manager.read_state(model("a").path) == ("loaded", 4 * GIB)


def test_a_request_without_patience_gets_an_error_while_the_model_goes_on_loading(world: ManagedModels) -> None:
    world.gate.clear()
    with pytest.raises(ModelLoadingError) as caught:
        world.lease_engine("a", patience_seconds=0.01).count_tokens(MESSAGES)
    assert caught.value.retry_after_seconds > 0
    world.gate.set()
    wait_for(lambda: world.loaded() == {"a"})
    assert world.lease_engine("a", patience_seconds=0.01).count_tokens(MESSAGES) == 3
    assert [engine.loads for engine in world.engines["a"]] == [1]


def test_all_requests_that_wait_get_the_failure_and_the_next_one_tries_again(
    world: ManagedModels, threads: ThreadPoolExecutor
) -> None:
    world.failure = ModelLoadError(model="a", detail="bad magic")
    world.gate.clear()
    waiting = [threads.submit(world.use, "a") for _ in range(3)]
    wait_for(lambda: bool(world.engines))
    wait_for(lambda: all(request.running() for request in waiting))
    world.gate.set()
    assert {str(request.exception()) for request in waiting} == {str(world.failure)}
    assert world.manager.read_state(model("a").path) == ("not-loaded", 0)
    assert all(engine.is_closed for engine in world.engines["a"])
    world.failure = None
    world.use("a")
    assert world.loaded() == {"a"}


def test_the_least_recently_used_model_is_evicted(world: ManagedModels) -> None:
    world.use("a")
    world.use("b")
    world.use("a")
    world.use("c")
    assert world.loaded() == {"a", "c"}
    assert world.engines["b"][0].is_closed


def test_a_remote_model_takes_no_memory(world: ManagedModels) -> None:
    world.use("a")
    world.use("b")
    remote = CatalogEntry("remote/x", Path("remote/x"), 0, "remote")
    with world.manager.lease(remote):
        assert {"a", "b"} <= world.loaded()
    assert world.manager.read_state(remote.path) == ("loaded", 0)


def test_a_model_that_is_answering_is_never_unloaded(tmp_path: Path) -> None:
    world = ManagedModels(tmp_path, gigabytes=5)
    answer = world.lease_engine("a").generate(MESSAGES, Sampling())
    next(answer)
    with pytest.raises(NoRoomForModelError) as caught:
        world.use("b")
    assert caught.value.retry_after_seconds > 0
    assert "".join(delta.text for delta in answer) == "two three"
    world.use("b")
    assert world.loaded() == {"b"}
    world.manager.close()


def test_no_model_is_evicted_in_vain(tmp_path: Path) -> None:
    world = ManagedModels(tmp_path, gigabytes=9)
    world.use("a")
    with closing(world.lease_engine("b").generate(MESSAGES, Sampling())) as answer:
        next(answer)
        with pytest.raises(NoRoomForModelError), world.manager.lease(model("large", 6 * GIB)):
            pass
        assert world.loaded() == {"a", "b"}
    world.manager.close()


def test_a_model_waits_for_an_answer_to_end_before_it_evicts(
    tmp_path: Path, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "ROOM_TIMEOUT_SECONDS", 60.0)
    world = ManagedModels(tmp_path, gigabytes=5)
    answer = world.lease_engine("a").generate(MESSAGES, Sampling())
    next(answer)
    waiting = threads.submit(world.use, "b")
    wait_for(lambda: "b" in world.engines)
    assert world.loaded() == {"a"}
    answer.close()
    waiting.result()
    assert world.loaded() == {"b"}
    world.manager.close()


def test_between_two_calls_of_one_answer_its_model_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "SETTLE_SECONDS", 60.0)
    world = ManagedModels(tmp_path, gigabytes=5)
    world.use("a")
    with pytest.raises(NoRoomForModelError):
        world.use("b")
    assert world.loaded() == {"a"}
    world.manager.close()


def test_a_model_larger_than_the_budget_is_loaded_alone_with_a_warning(
    world: ManagedModels, caplog: pytest.LogCaptureFixture
) -> None:
    world.use("a")
    with world.manager.lease(model("huge", 40 * GIB)):
        assert world.loaded() == {"huge"}
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "huge may take 42949 MB" in warning.getMessage()


def test_a_generator_that_was_not_started_leases_nothing(tmp_path: Path) -> None:
    world = ManagedModels(tmp_path, gigabytes=5)
    answer = world.lease_engine("a").generate(MESSAGES, Sampling())
    world.use("b")
    assert "a" not in world.engines
    answer.close()
    world.manager.close()


def test_an_idle_model_is_unloaded_and_one_that_is_exempt_or_leased_stays(tmp_path: Path) -> None:
    world = ManagedModels(tmp_path, gigabytes=20, idle_minutes=0.001)
    world.exempt.add("exempt")
    world.use("exempt")
    with closing(world.lease_engine("busy").generate(MESSAGES, Sampling())) as answer:
        next(answer)
        world.use("idle")
        wait_for(lambda: world.engines["idle"][0].is_closed)
        assert world.loaded() == {"exempt", "busy"}
    wait_for(lambda: world.engines["busy"][0].is_closed)
    assert world.loaded() == {"exempt"}
    world.use("idle")
    assert len(world.engines["idle"]) == 2
    world.manager.close()


def test_without_an_idle_time_no_thread_watches_for_idle_models(world: ManagedModels) -> None:
    world.use("a")
    assert not [thread for thread in threading.enumerate() if thread.name == "idle-models"]


def test_a_model_whose_process_has_ended_is_loaded_again(world: ManagedModels) -> None:
    world.use("a")
    (engine,) = world.engines["a"]
    engine.is_loaded = False
    assert world.manager.read_state(model("a").path) == ("not-loaded", 0)
    world.use("a")
    assert (engine.loads, world.loaded()) == (2, {"a"})


def test_a_model_whose_process_has_ended_takes_no_memory(tmp_path: Path) -> None:
    world = ManagedModels(tmp_path, gigabytes=5)
    with closing(world.lease_engine("a").generate(MESSAGES, Sampling())) as answer:
        next(answer)
        world.engines["a"][0].is_loaded = False
        world.use("b")
        assert world.loaded() == {"b"}
    world.manager.close()


def test_unloading_closes_a_model_that_is_not_leased(world: ManagedModels) -> None:
    with closing(world.lease_engine("a").generate(MESSAGES, Sampling())) as answer:
        next(answer)
        with pytest.raises(ModelInUseError):
            world.manager.unload(model("a"))
    world.manager.unload(model("a"))
    assert world.engines["a"][0].is_closed
    world.manager.unload(model("a"))  # it is not there: nothing to do
    world.use("a")
    assert world.loaded() == {"a"}


@pytest.mark.parametrize("end", ["unload", "close"])
def test_requests_that_wait_for_a_model_get_an_error_when_its_loading_is_stopped(
    world: ManagedModels, threads: ThreadPoolExecutor, end: str
) -> None:
    world.gate.clear()
    waiting = [threads.submit(world.use, "a") for _ in range(2)]
    wait_for(lambda: bool(world.engines) and world.engines["a"][0].loads == 1)
    if end == "unload":
        world.manager.unload(model("a"))
    else:
        world.manager.close()
    for request in waiting:
        error = request.exception()
        assert isinstance(error, ModelLoadError)
        assert "unloaded while it was loading" in str(error) or "stopping" in str(error)
    assert all(engine.is_closed for engine in world.engines["a"])


def test_a_model_that_waits_for_memory_can_be_unloaded_at_once(
    tmp_path: Path, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "ROOM_TIMEOUT_SECONDS", 60.0)
    world = ManagedModels(tmp_path, gigabytes=5)
    with closing(world.lease_engine("a").generate(MESSAGES, Sampling())) as answer:
        next(answer)
        waiting = threads.submit(world.use, "b")
        wait_for(lambda: "b" in world.engines)
        world.manager.unload(model("b"))
        with pytest.raises(ModelLoadError, match="unloaded"):
            waiting.result()
    assert world.engines["b"][0].loads == 0
    world.manager.close()


def test_a_closed_manager_loads_nothing(world: ManagedModels) -> None:
    world.manager.close()
    with pytest.raises(ModelLoadError, match="stopping"):
        world.use("a")
    assert world.engines == {}


def test_an_answer_names_its_model_without_loading_it_again(world: ManagedModels) -> None:
    leased = world.lease_engine("a")
    info = leased.info()
    world.manager.unload(model("a"))
    assert leased.info() == info
    assert world.loaded() == set()
    assert leased.count_tokens(MESSAGES) == 3  # what needs the model loads it
    assert world.loaded() == {"a"}


def test_a_background_prefill_does_not_keep_its_model_from_eviction(tmp_path: Path) -> None:
    world = ManagedModels(tmp_path, gigabytes=5)

    class Prefilling(SlowEngine):
        """Another model needs the memory while this one prefills."""

        def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
            world.use("b")
            return len(messages)

    world.kind = Prefilling
    assert world.lease_engine("a").prefill(MESSAGES, documents=["c/f"]) == 1
    assert world.loaded() == {"b"}
    world.manager.close()


def test_a_disk_error_unloads_nothing_and_does_not_stop_the_idle_watch(tmp_path: Path) -> None:
    checked: list[str] = []

    def fail_first(entry: CatalogEntry) -> bool:
        checked.append(entry.id)
        if len(checked) == 1:
            raise OSError("the disk is gone")
        return False

    world = ManagedModels(tmp_path, idle_minutes=0.001)
    world.is_exempt = fail_first
    world.use("a")
    wait_for(lambda: world.engines["a"][0].is_closed)
    assert checked == ["a", "a"]
    world.manager.close()


def test_many_threads_over_many_models_never_lose_one_nor_exceed_the_memory(
    world: ManagedModels, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "ROOM_TIMEOUT_SECONDS", 60.0)

    def use(user: int) -> None:
        for turn in range(30):
            name = "abcd"[(user + turn * (user + 1)) % 4]
            with closing(world.lease_engine(name).generate(MESSAGES, Sampling())) as answer:
                next(answer)
                if turn % 3:
                    assert "".join(delta.text for delta in answer) == "two three"
                else:
                    assert name in world.loaded()

    for result in [threads.submit(use, user) for user in range(6)]:
        result.result()
    assert world.peak == 2
    world.manager.close()
    assert world.alive == set()
