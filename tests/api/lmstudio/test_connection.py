"""LM Studio's websockets: who may connect, what is bounded, and what happens to frames that are none."""

import json
import logging
import re
import time
from pathlib import Path

import pytest
from starlette.testclient import WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect as connect_live

from api.http import connections
from api.http.connections import MAX_GREETING_BYTES
from api.server import open_lmstudio_socket, open_socket
from api.settings import load_settings
from tests.api.lmstudio.sdk_socket import GUEST, connect
from tests.api.world import World, make_world, wait_for

TOKEN = "sk-lm-abcdefgh:abcdefghij0123456789"
HALVES = {"authVersion": 1, "clientIdentifier": "abcdefgh", "clientPasskey": "abcdefghij0123456789"}


def refusal(session: WebSocketTestSession, greeting: object) -> str:
    session.send_json(greeting)
    answer = session.receive_json()
    assert answer["success"] is False
    with pytest.raises(WebSocketDisconnect):
        session.receive_json()
    reason: str = answer["error"]
    return reason


@pytest.mark.parametrize("greeting", [{}, {**GUEST, "authVersion": 2}, {"authVersion": 1}, [1]])
def test_a_first_frame_that_is_no_greeting_is_refused_in_words(world: World, greeting: object) -> None:
    with world.client() as client, client.websocket_connect("ws://127.0.0.1/llm") as session:
        assert "first message" in refusal(session, greeting)


def test_a_guest_needs_a_key_where_keys_are_asked_for(tmp_path: Path) -> None:
    with (
        make_world(tmp_path / "home", api_key=TOKEN) as world,
        world.client() as client,
        client.websocket_connect("ws://127.0.0.1/system") as session,
    ):
        assert "pincite keys create" in refusal(session, GUEST)


@pytest.mark.parametrize(
    ("key", "greeting"),
    [(TOKEN, HALVES), ("a plain key of Pincite", {**GUEST, "clientPasskey": "a plain key of Pincite"})],
)
def test_a_key_opens_the_websocket_whole_or_in_halves(tmp_path: Path, key: str, greeting: object) -> None:
    with (
        make_world(tmp_path / "home", api_key=key) as world,
        world.client() as client,
        connect(client, "system", greeting) as sdk,
    ):
        assert sdk.call("version")["build"] == 0


def test_a_key_made_for_the_sdks_has_the_form_of_their_tokens(world: World) -> None:
    key = world.services.library.create_key("anna", form="lmstudio")
    match = re.fullmatch(r"sk-lm-(?P<identifier>[A-Za-z0-9]{8}):(?P<passkey>[A-Za-z0-9]{20})", key)
    assert match is not None
    greeting = {"authVersion": 1, "clientIdentifier": match["identifier"], "clientPasskey": match["passkey"]}
    with world.client() as client, connect(client, "llm", greeting) as sdk:
        assert "administrator" in sdk.fail("unloadModel", {"identifier": "scripted"})["title"]


def test_a_named_key_reaches_its_own_collections_alone_and_no_longer_once_revoked(world: World) -> None:
    world.add("pump.txt", "The pump is oiled.")
    key = world.services.library.create_key("anna")
    with world.client() as client, connect(client, "llm", {**GUEST, "clientPasskey": key}) as sdk:
        assert [each["identifier"] for each in sdk.call("listLoaded")] == ["scripted"]
        assert "administrator" in sdk.fail("unloadModel", {"identifier": "scripted"})["title"]
        world.services.library.revoke_key("anna")
        with pytest.raises(WebSocketDisconnect):
            sdk.session.receive_json()


def test_foreign_web_pages_cannot_connect(world: World) -> None:
    with world.client() as client:
        for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 421)):
            with (
                pytest.raises(WebSocketDenialResponse) as denied,
                client.websocket_connect("ws://127.0.0.1/llm", headers=headers),
            ):
                pass
            assert denied.value.status_code == status
        with connect(client, "system", Origin="http://127.0.0.1", Host="127.0.0.1") as sdk:
            assert sdk.call("info")["isDaemon"] is True


def test_what_is_no_frame_ends_the_connection_and_unknown_endpoints_do_not(world: World) -> None:
    with world.client() as client, connect(client, "llm") as sdk:
        assert "'flyToTheMoon'" in sdk.fail("flyToTheMoon")["title"]
        (failed,) = sdk.run("flyToTheMoon", {})
        assert failed["type"] == "channelError"
        (wrong,) = sdk.run("predict", {"modelSpecifier": {"type": "query", "query": {}}, "history": {}})
        assert "messages" in wrong["error"]["title"]
        sdk.session.send_json({"type": "signalSubscribe", "endpoint": "x", "subscribeId": 4, "creationParameter": None})
        assert sdk.session.receive_json()["type"] == "signalError"
        sdk.session.send_json({"type": "communicationWarning", "warning": "not understood"})
        sdk.session.send_json({"type": "keepAlive"})
        assert sdk.session.receive_json() == {"type": "keepAliveAck"}
        sdk.session.send_text("no JSON")
        with pytest.raises(WebSocketDisconnect) as closed:
            sdk.session.receive_json()
        assert closed.value.code == 1008


def test_messages_are_small_until_the_greeting_and_idle_websockets_stay_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_TIMEOUT_SECONDS", 0.2)
    long_text = "x" * (MAX_GREETING_BYTES + 1)
    with world.live() as live:
        address = live.url.replace("http", "ws")
        with connect_live(f"{address}/llm") as greeted:
            greeted.send(json.dumps(GUEST))
            assert json.loads(greeted.recv()) == {"success": True}
            parameter = {"specifier": {"type": "query", "query": {}}, "inputString": long_text}
            with connect_live(f"{address}/llm") as stranger:
                stranger.send(json.dumps({**GUEST, "clientPasskey": long_text}))
                with pytest.raises(ConnectionClosedError, match="1009"):
                    stranger.recv()
            time.sleep(0.5)  # longer than a request may take for its head
            greeted.send(
                json.dumps({"type": "rpcCall", "endpoint": "countTokens", "callId": 1, "parameter": parameter})
            )
            assert json.loads(greeted.recv())["result"] == {"tokenCount": 1}


def test_only_an_administrator_reads_the_log(world: World) -> None:
    with world.client() as client, connect(client, "diagnostics") as sdk:
        before = len(logging.getLogger().handlers)
        number = sdk.open("streamLogs", None)
        wait_for(lambda: len(logging.getLogger().handlers) > before)
        logging.getLogger("pincite.test").warning("disk is nearly full")
        messages = sdk.messages(number)
        log = next(message["log"]["data"] for message in messages if "disk" in message["log"]["data"]["content"])
        assert log == {"type": "server.log", "level": "warn", "content": "disk is nearly full"}
        sdk.session.send_json({"type": "channelSend", "channelId": number, "message": {"type": "stop"}})
        assert all(message["type"] == "log" for message in messages)
        assert len(logging.getLogger().handlers) == before


def test_the_sdks_port_is_taken_if_it_is_free_and_left_alone_otherwise(tmp_path: Path) -> None:
    with open_socket("127.0.0.1", 0, option="--port") as other:
        taken = int(other.getsockname()[1])
        with open_lmstudio_socket(load_settings(home=tmp_path, lmstudio_port=taken).api) as sockets:
            assert sockets == ()
    with open_lmstudio_socket(load_settings(home=tmp_path, lmstudio_port=taken).api) as sockets:
        (listener,) = sockets
        assert listener.getsockname() == ("127.0.0.1", taken)
    with open_lmstudio_socket(load_settings(home=tmp_path, lmstudio_port=0).api) as sockets:
        assert sockets == ()
    assert listener.fileno() == -1, "closed with the server"


def test_the_greeting_needs_no_key_and_says_nothing_more(tmp_path: Path) -> None:
    with make_world(tmp_path / "home", api_key=TOKEN) as world, world.client() as client:
        assert client.get("/lmstudio-greeting").json() == {"lmstudio": True}
        assert client.get("/lms-status").json()["package"] == "pincite"
