"""Keys on a running server: from the first one on, until it is revoked."""

import asyncio
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from api.http.keys import FRESH_SECONDS, KeyRing
from ingest.principals import ADMINISTRATOR, Principal
from rag.engines.types import Delta, Message, Sampling, ToolUse
from tests.api.shell import Shell
from tests.api.world import PUMP, LiveServer, World, make_world, wait_for
from tests.fakes import ScriptedEngine

CHAT = {"model": "scripted", "messages": [{"role": "user", "content": "Go on"}], "stream": True}


class EndlessEngine(ScriptedEngine):
    """Writes until nobody reads any more."""

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        self.clients.append(client)
        pause = threading.Event()
        try:
            while True:
                yield Delta("more ")
                pause.wait(0.01)
        except GeneratorExit:
            self.closed_early += 1
            raise


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[World, LiveServer]]:
    with make_world(tmp_path / "home") as world:
        world.add("pump.txt", PUMP)
        with world.live() as live:
            yield world, live


def ask(live: LiveServer, key: str | None = None, path: str = "/v1/principal") -> httpx.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.get(live.url + path, headers=headers, trust_env=False)


def test_without_keys_everybody_is_the_administrator(served: tuple[World, LiveServer]) -> None:
    told = ask(served[1]).json()
    assert told == {"object": "principal", "name": "local", "is_admin": True}
    assert len(ask(served[1], path="/v1/files").json()["data"]) == 1


def test_the_first_key_closes_the_server_and_a_revoked_one_opens_nothing(served: tuple[World, LiveServer]) -> None:
    world, live = served
    assert ask(live).status_code == 200
    anna, boss = world.services.library.create_key("anna"), world.services.library.create_key("boss", is_admin=True)
    wait_for(lambda: ask(live).status_code == 401, FRESH_SECONDS + 10)
    assert ask(live, anna).json() == {"object": "principal", "name": "anna", "is_admin": False}
    assert ask(live, boss).json()["is_admin"]
    assert ask(live, anna, "/v1/files").json()["data"] == []
    world.services.library.revoke_key("anna")
    wait_for(lambda: ask(live, anna).status_code == 401, FRESH_SECONDS + 10)
    world.services.library.revoke_key("boss")
    wait_for(lambda: ask(live, boss).status_code == 401, FRESH_SECONDS + 10)
    assert ask(live).status_code == 401


def test_revoking_a_key_ends_its_running_answer(served: tuple[World, LiveServer]) -> None:
    world, live = served
    engine = EndlessEngine()
    world.models.scripted = engine
    key = world.services.library.create_key("anna")
    wait_for(lambda: ask(live, key).status_code == 200)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.stream("POST", f"{live.url}/v1/chat/completions", json=CHAT, headers=headers, trust_env=False) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        world.services.library.revoke_key("anna")
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in lines:
                pass
    wait_for(lambda: engine.closed_early == 1)
    assert engine.clients == ["key:anna"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_keys_are_read_again_when_they_are_older_than_promised(tmp_path: Path) -> None:
    with make_world(tmp_path / "home") as world:
        library, clock = world.services.library, Clock()
        ring = KeyRing(library, None, clock=clock)
        assert asyncio.run(ring.find(None)) == ADMINISTRATOR
        key = library.create_key("anna")
        clock.now += FRESH_SECONDS / 2
        assert asyncio.run(ring.find(None)) == ADMINISTRATOR
        clock.now += FRESH_SECONDS
        assert asyncio.run(ring.find(None)) is None
        assert asyncio.run(ring.find(key)) == Principal("anna")
        library.revoke_key("anna")
        clock.now += FRESH_SECONDS
        assert asyncio.run(ring.find(key)) is None
        ring.close()


def test_the_administrators_key_is_that_of_the_settings(tmp_path: Path) -> None:
    with make_world(tmp_path / "home", api_key="a-key-of-the-settings") as world:
        ring = KeyRing(world.services.library, world.settings.api.api_key)
        found = [asyncio.run(ring.find(key)) for key in ("a-key-of-the-settings", "another", "", None, "ä")]
        assert found == [ADMINISTRATOR, None, None, None, None]
        ring.close()


def test_a_key_is_printed_once_and_listed_never(shell: Shell) -> None:
    made = shell.json("keys", "create", "anna")
    assert (made["name"], made["is_admin"], len(made["key"]) > 40) == ("anna", False, True)
    code, out, err = shell.run("keys", "create", "boss", "--admin")
    assert (code, out.strip().startswith("pincite-"), "cannot be read again" in err) == (0, True, True)
    listed = shell.json("keys", "ls")
    assert [(each["name"], each["is_admin"]) for each in listed] == [("anna", False), ("boss", True)]
    assert made["key"] not in str(listed) + "".join(map(str, shell.run("keys", "ls")))


@pytest.mark.parametrize("name", ["local", "Anna", "a b", "-x"])
def test_a_name_that_is_not_allowed_is_misuse(shell: Shell, name: str) -> None:
    code, _, err = shell.run("keys", "create", "--", name)
    assert (code, "Traceback" in err) == (2, False)


def test_a_key_is_revoked_and_made_again(shell: Shell) -> None:
    shell.json("keys", "create", "anna")
    assert shell.run("keys", "create", "anna")[0] == 1
    assert shell.json("keys", "revoke", "anna")["revoked_at"] is not None
    assert shell.run("keys", "revoke", "nobody")[0] == 1
    assert shell.json("keys", "create", "anna")["name"] == "anna"


def test_who_leaves_is_deleted_when_the_administrator_is_sure(shell: Shell) -> None:
    shell.json("keys", "create", "anna")
    code, _, err = shell.run("keys", "delete", "anna")
    assert (code, "--yes" in err) == (2, True)
    assert shell.json("keys", "delete", "anna", "--yes") == {"name": "anna", "deleted": True}
    assert shell.json("keys", "ls") == []


def test_a_collection_is_shared_from_the_terminal(shell: Shell) -> None:
    shell.json("keys", "create", "anna")
    assert shell.json("collections", "share", "docs", "anna") == [{"principal": "anna", "access": "read"}]
    assert shell.json("collections", "share", "docs", "anna", "--write") == [{"principal": "anna", "access": "write"}]
    assert shell.json("collections", "share", "docs") == [{"principal": "anna", "access": "write"}]
    assert shell.json("collections", "share", "docs", "anna", "--stop") == []
    assert shell.run("collections", "share", "docs", "nobody")[0] == 1
    assert shell.run("collections", "share", "docs", "--stop")[0] == 2
