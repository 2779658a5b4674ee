"""Models in memory: loaded once, lent, making room, and leaving when nobody needs them."""

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
from rag.models.leased_engine import ServedEngine
from rag.models.manager import ModelKeeper
from rag.settings import RagSettings
from tests.fakes import ScriptedEngine

GIB = 1 << 30
ASKED = [Message("user", "Hello")]


class LoadedSlowly(ScriptedEngine):
    """A `LoadableEngine` that is loaded as soon as `gate` is open, or fails with `failure`."""

    def __init__(self, house: "House") -> None:
        super().__init__(["one ", "two ", "three"])
        self.house = house
        self.failure: ModelLoadError | None = None
        self.loads = 0
        self.is_loaded = False
        self.is_closed = False

    def load(self) -> None:
        self.loads += 1
        while not self.house.gate.wait(0.01):
            if self.is_closed:
                raise ModelLoadError(model="fake", detail="its process was ended")
        if self.failure is not None:
            raise self.failure
        self.is_loaded = not self.is_closed
        self.house.alive.add(id(self))
        self.house.peak = max(self.house.peak, len(self.house.alive))

    def close(self) -> None:
        self.is_closed = True
        self.is_loaded = False
        self.house.alive.discard(id(self))


class House:
    """A keeper over fake models of 4 GiB each (`model(name)`) with room for `gigabytes`; `peak` were loaded at once."""

    def __init__(self, home: Path, *, gigabytes: float = 9, idle_minutes: float = 0) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.failure: ModelLoadError | None = None
        self.kind: type[LoadedSlowly] = LoadedSlowly
        self.kept: set[str] = set()
        self.opened: dict[str, list[LoadedSlowly]] = {}
        self.alive: set[int] = set()
        self.peak = 0
        settings = RagSettings(home=home, model_memory_gb=gigabytes, model_idle_minutes=idle_minutes)
        self.is_kept: Callable[[CatalogEntry], bool] = lambda entry: entry.id in self.kept
        self.keeper = ModelKeeper(settings, is_kept=lambda entry: self.is_kept(entry), opener=self._open)

    def _open(self, entry: CatalogEntry, _settings: RagSettings) -> LoadedSlowly:
        engine = self.kind(self)
        engine.failure = self.failure
        self.opened.setdefault(entry.id, []).append(engine)
        return engine

    def served(self, name: str, patience_seconds: float | None = None) -> ServedEngine:
        return ServedEngine(self.keeper, model(name), patience_seconds=patience_seconds)

    def use(self, name: str) -> None:
        self.served(name).count_tokens(ASKED)

    def loaded(self) -> set[str]:
        return {name for name in list(self.opened) if self.keeper.state(model(name).path)[0] == "loaded"}


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
    monkeypatch.setattr(manager, "ROOM_PATIENCE_SECONDS", 0.0)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.keeper.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def test_a_model_is_loaded_once_for_all_who_wait(house: House, threads: ThreadPoolExecutor) -> None:
    house.gate.clear()
    waiting = [threads.submit(house.use, "a") for _ in range(4)]
    wait_for(lambda: bool(house.opened))
    assert house.keeper.state(model("a").path)[0] == "loading"
    house.gate.set()
    for each in waiting:
        each.result()
    assert [engine.loads for engine in house.opened["a"]] == [1]
    assert house.keeper.state(model("a").path) == ("loaded", 4 * GIB)


def test_who_has_no_patience_is_told_to_come_back_while_the_model_goes_on_loading(house: House) -> None:
    house.gate.clear()
    with pytest.raises(ModelLoadingError) as caught:
        house.served("a", patience_seconds=0.01).count_tokens(ASKED)
    assert caught.value.retry_after_seconds > 0
    house.gate.set()
    wait_for(lambda: house.loaded() == {"a"})
    assert house.served("a", patience_seconds=0.01).count_tokens(ASKED) == 3
    assert [engine.loads for engine in house.opened["a"]] == [1]


def test_a_failure_is_told_to_all_who_wait_and_the_next_request_tries_again(
    house: House, threads: ThreadPoolExecutor
) -> None:
    house.failure = ModelLoadError(model="a", detail="bad magic")
    house.gate.clear()
    waiting = [threads.submit(house.use, "a") for _ in range(3)]
    wait_for(lambda: bool(house.opened))
    wait_for(lambda: all(each.running() for each in waiting))
    house.gate.set()
    assert {str(each.exception()) for each in waiting} == {str(house.failure)}
    assert house.keeper.state(model("a").path) == ("not-loaded", 0)
    assert all(engine.is_closed for engine in house.opened["a"])
    house.failure = None
    house.use("a")
    assert house.loaded() == {"a"}


def test_the_model_that_was_used_longest_ago_makes_room(house: House) -> None:
    house.use("a")
    house.use("b")
    house.use("a")
    house.use("c")
    assert house.loaded() == {"a", "c"}
    assert house.opened["b"][0].is_closed


def test_a_model_of_a_server_takes_no_room(house: House) -> None:
    house.use("a")
    house.use("b")
    remote = CatalogEntry("remote/x", Path("remote/x"), 0, "remote")
    with house.keeper.lent(remote):
        assert {"a", "b"} <= house.loaded()
    assert house.keeper.state(remote.path) == ("loaded", 0)


def test_a_model_that_is_answering_is_never_unloaded(tmp_path: Path) -> None:
    house = House(tmp_path, gigabytes=5)
    answer = house.served("a").generate(ASKED, Sampling())
    next(answer)
    with pytest.raises(NoRoomForModelError) as caught:
        house.use("b")
    assert caught.value.retry_after_seconds > 0
    assert "".join(delta.text for delta in answer) == "two three"
    house.use("b")
    assert house.loaded() == {"b"}
    house.keeper.close()


def test_nobody_leaves_in_vain(tmp_path: Path) -> None:
    house = House(tmp_path, gigabytes=9)
    house.use("a")
    with closing(house.served("b").generate(ASKED, Sampling())) as answer:
        next(answer)
        with pytest.raises(NoRoomForModelError), house.keeper.lent(model("large", 6 * GIB)):
            pass
        assert house.loaded() == {"a", "b"}
    house.keeper.close()


def test_a_model_waits_a_moment_for_an_answer_to_end(
    tmp_path: Path, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "ROOM_PATIENCE_SECONDS", 60.0)
    house = House(tmp_path, gigabytes=5)
    answer = house.served("a").generate(ASKED, Sampling())
    next(answer)
    waiting = threads.submit(house.use, "b")
    wait_for(lambda: "b" in house.opened)
    assert house.loaded() == {"a"}
    answer.close()
    waiting.result()
    assert house.loaded() == {"b"}
    house.keeper.close()


def test_between_two_calls_of_one_answer_its_model_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "SETTLE_SECONDS", 60.0)
    house = House(tmp_path, gigabytes=5)
    house.use("a")
    with pytest.raises(NoRoomForModelError):
        house.use("b")
    assert house.loaded() == {"a"}
    house.keeper.close()


def test_a_model_larger_than_the_budget_is_loaded_alone_with_a_warning(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.use("a")
    with house.keeper.lent(model("huge", 40 * GIB)):
        assert house.loaded() == {"huge"}
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "huge may take 42949 MB" in warning.getMessage()


def test_an_answer_that_nobody_began_to_read_holds_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, gigabytes=5)
    answer = house.served("a").generate(ASKED, Sampling())
    house.use("b")
    assert "a" not in house.opened
    answer.close()
    house.keeper.close()


def test_an_idle_model_leaves_and_one_that_is_kept_or_in_use_stays(tmp_path: Path) -> None:
    house = House(tmp_path, gigabytes=20, idle_minutes=0.001)
    house.kept.add("kept")
    house.use("kept")
    with closing(house.served("busy").generate(ASKED, Sampling())) as answer:
        next(answer)
        house.use("idle")
        wait_for(lambda: house.opened["idle"][0].is_closed)
        assert house.loaded() == {"kept", "busy"}
    wait_for(lambda: house.opened["busy"][0].is_closed)
    assert house.loaded() == {"kept"}
    house.use("idle")
    assert len(house.opened["idle"]) == 2
    house.keeper.close()


def test_without_an_idle_time_nobody_looks_for_idle_models(house: House) -> None:
    house.use("a")
    assert not [thread for thread in threading.enumerate() if thread.name == "idle-models"]


def test_a_model_whose_process_has_ended_is_loaded_again(house: House) -> None:
    house.use("a")
    (engine,) = house.opened["a"]
    engine.is_loaded = False
    assert house.keeper.state(model("a").path) == ("not-loaded", 0)
    house.use("a")
    assert (engine.loads, house.loaded()) == (2, {"a"})


def test_a_model_whose_process_has_ended_takes_no_room(tmp_path: Path) -> None:
    house = House(tmp_path, gigabytes=5)
    with closing(house.served("a").generate(ASKED, Sampling())) as answer:
        next(answer)
        house.opened["a"][0].is_loaded = False
        house.use("b")
        assert house.loaded() == {"b"}
    house.keeper.close()


def test_unloading_frees_a_model_and_needs_nobody_to_use_it(house: House) -> None:
    with closing(house.served("a").generate(ASKED, Sampling())) as answer:
        next(answer)
        with pytest.raises(ModelInUseError):
            house.keeper.unload(model("a"))
    house.keeper.unload(model("a"))
    assert house.opened["a"][0].is_closed
    house.keeper.unload(model("a"))  # it is not there: nothing to do
    house.use("a")
    assert house.loaded() == {"a"}


@pytest.mark.parametrize("end", ["unload", "close"])
def test_who_waits_for_a_model_that_is_given_up_is_told_so(house: House, threads: ThreadPoolExecutor, end: str) -> None:
    house.gate.clear()
    waiting = [threads.submit(house.use, "a") for _ in range(2)]
    wait_for(lambda: bool(house.opened) and house.opened["a"][0].loads == 1)
    if end == "unload":
        house.keeper.unload(model("a"))
    else:
        house.keeper.close()
    for each in waiting:
        error = each.exception()
        assert isinstance(error, ModelLoadError)
        assert "unloaded while it was loading" in str(error) or "stopping" in str(error)
    assert all(engine.is_closed for engine in house.opened["a"])


def test_a_model_that_waits_for_room_is_given_up_at_once(
    tmp_path: Path, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "ROOM_PATIENCE_SECONDS", 60.0)
    house = House(tmp_path, gigabytes=5)
    with closing(house.served("a").generate(ASKED, Sampling())) as answer:
        next(answer)
        waiting = threads.submit(house.use, "b")
        wait_for(lambda: "b" in house.opened)
        house.keeper.unload(model("b"))
        with pytest.raises(ModelLoadError, match="unloaded"):
            waiting.result()
    assert house.opened["b"][0].loads == 0
    house.keeper.close()


def test_after_the_end_nothing_is_loaded(house: House) -> None:
    house.keeper.close()
    with pytest.raises(ModelLoadError, match="stopping"):
        house.use("a")
    assert house.opened == {}


def test_an_answer_names_its_model_without_loading_it_again(house: House) -> None:
    served = house.served("a")
    info = served.info()
    house.keeper.unload(model("a"))
    assert served.info() == info
    assert house.loaded() == set()
    assert served.count_tokens(ASKED) == 3  # what needs the model loads it
    assert house.loaded() == {"a"}


def test_what_is_read_ahead_stands_in_nobodys_way(tmp_path: Path) -> None:
    house = House(tmp_path, gigabytes=5)

    class Preparing(LoadedSlowly):
        """Somebody else needs the memory while this one reads ahead."""

        def prepare(self, messages: Sequence[Message], *, made_of: Sequence[str]) -> int:
            house.use("b")
            return len(messages)

    house.kind = Preparing
    assert house.served("a").prepare(ASKED, made_of=["c/f"]) == 1
    assert house.loaded() == {"b"}
    house.keeper.close()


def test_a_disk_that_cannot_be_read_for_a_moment_unloads_nothing_and_stops_nobody(tmp_path: Path) -> None:
    looks: list[str] = []

    def fail_first(entry: CatalogEntry) -> bool:
        looks.append(entry.id)
        if len(looks) == 1:
            raise OSError("the disk is gone")
        return False

    house = House(tmp_path, idle_minutes=0.001)
    house.is_kept = fail_first
    house.use("a")
    wait_for(lambda: house.opened["a"][0].is_closed)
    assert looks == ["a", "a"]
    house.keeper.close()


def test_many_who_use_many_models_never_lose_one_nor_fill_the_memory(
    house: House, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "ROOM_PATIENCE_SECONDS", 60.0)

    def use(user: int) -> None:
        for turn in range(30):
            name = "abcd"[(user + turn * (user + 1)) % 4]
            with closing(house.served(name).generate(ASKED, Sampling())) as answer:
                next(answer)
                if turn % 3:
                    assert "".join(delta.text for delta in answer) == "two three"
                else:
                    assert name in house.loaded()

    for each in [threads.submit(use, user) for user in range(6)]:
        each.result()
    assert house.peak == 2
    house.keeper.close()
    assert house.alive == set()
