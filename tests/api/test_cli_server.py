"""`pincite ask`, `search` and `chat` use the server that runs for their home, and say the same as without one."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from api import services
from api.routes.chat import REFUSAL_WAIT_SECONDS
from api.server_record import RECORD_NAME
from rag.engines.types import Message
from rag.errors import EngineBusyError, ModelLoadingError
from tests.api.shell import Shell, crash_first, type_lines
from tests.api.world import LUNCH, World, make_world, wait_for
from tests.fakes import ScriptedEngine

HEAVY = ("torch", "faiss", "llama_cpp", "numpy", "transformers", "onnxruntime", "fastapi", "uvicorn", "apsw")
"""What a command that asks a server has no use for."""
OILED = ("ask", "How often is the pump oiled?", "-c", "docs")
COMMANDS = (
    OILED,
    (*OILED, "--mode", "retrieval"),
    (*OILED, "--style", "quoted"),
    (*OILED, "--filter", "source~house*"),
    ("ask", "Summarise everything.", "-c", "docs"),
    ("ask", "Quasar redshift spectroscopy?", "-c", "docs"),
    ("ask", "Wie oft wird die Pumpe geölt?", "-c", "docs", "--style", "written"),
    ("ask", "When is lunch served?", "-c", "docs", "-c", "Caf\u00e9 plans? 50%"),
    ("search", "fire drill in March", "-c", "docs"),
    ("search", "fire drill in March", "-c", "docs", "--top-k", "1", "--explain"),
    ("search", "oiled", "-c", "docs", "--filter", "created_at>=2020-01-01", "--filter", "pages=1"),
    ("search", "lunch", "-c", "Caf\u00e9 plans? 50%", "--top-k", "100"),
)


class NoServicesError(Exception):
    """The command opened the library itself."""


def refuse_services(*_: object, **__: object) -> None:
    raise NoServicesError


@pytest.fixture
def served(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A server for the home of `shell`, whose commands could not do without it."""
    with make_world(shell.home) as world:
        world.models.scripted = ScriptedEngine(["It is oiled ", "every 3 months [3]", "."])
        with world.live():
            monkeypatch.setattr(services, "Services", refuse_services)
            yield world


def comparable(told: Any) -> Any:
    """Return what a command prints without the times that it took."""
    if isinstance(told, dict):
        return {name: value for name, value in told.items() if name != "timings"}
    return told


def test_a_server_and_this_process_say_the_same(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    script = ["It is oiled ", "every 3 months [3]", "."]
    shell.models.scripted = ScriptedEngine(script)
    with make_world(shell.home) as world:
        world.models.scripted = ScriptedEngine(script)
        world.add("café.txt", LUNCH, collection="Caf\u00e9 plans? 50%")
    alone = [(comparable(shell.json(*command)), *shell.run(*command)) for command in COMMANDS]
    with make_world(shell.home) as world:
        world.models.scripted = ScriptedEngine(script)
        with world.live():
            monkeypatch.setattr(services, "Services", refuse_services)
            for command, told in zip(COMMANDS, alone, strict=True):
                assert (comparable(shell.json(*command)), *shell.run(*command)) == told, command


def test_a_chat_over_a_server_is_stored_and_continued(
    shell: Shell, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_lines(monkeypatch, "How often is the pump oiled?", "And where does it stand?", "/exit")
    code, out, err = shell.run("chat", "-c", "docs", "--json")
    first, second = map(json.loads, out.splitlines())
    assert code == 0
    assert first["conversation"] == second["conversation"]
    assert f"--conversation {first['conversation']}" in err

    type_lines(monkeypatch, "Who oils it?", "")
    assert shell.run("chat", "-c", "docs", "--conversation", first["conversation"])[0] == 0
    assert served.services.library.conversation(first["conversation"]).turns == 6


def test_a_chat_over_a_server_that_is_not_stored_remembers_what_was_said(
    shell: Shell, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = served.models.scripted = ScriptedEngine(["Every 3 months."])
    type_lines(monkeypatch, "How often is the pump oiled?", "And where does it stand, the pump?", "")
    assert shell.run("chat", "-c", "docs", "--no-store")[0] == 0
    assert "Every 3 months." in {message.content for message in engine.requests[-1][0]}
    assert served.services.library.conversations() == []


def test_a_first_question_that_is_refused_leaves_no_conversation(
    shell: Shell, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.models.scripted = ScriptedEngine(crash_first)
    type_lines(monkeypatch, "How is the pump oiled at first?", "How often is the pump oiled?", "")
    code, out, err = shell.run("chat", "-c", "docs", "--json")
    failed, answered = map(json.loads, out.splitlines())
    assert code == 0
    assert "signal SIGKILL" in failed["error"]
    assert "signal SIGKILL" in err
    assert [stored.id for stored in served.services.library.conversations()] == [answered["conversation"]]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("search", "x", "-c", "nope"), 1, "pincite collections ls"),
        (("ask", "x", "-c", "nope"), 1, "pincite collections ls"),
        (("ask", "x", "-c", "docs", "-c", "nope"), 1, "pincite collections ls"),
        (("chat", "-c", "nope"), 1, "pincite collections ls"),
        (("ask", "x", "-c", "docs/nope"), 1, "pincite collections ls"),
        (("search", "x", "-c", "../docs"), 1, "pincite collections ls"),
        (("chat", "-c", "docs", "--conversation", "conv_nope"), 1, "pincite conversations ls"),
        (("ask", "pump", "-c", "docs", "--model", "nope"), 1, "pincite models ls"),
        (("ask", "pump", "-c", "docs", "--filter", "pump"), 2, "--filter: 'pump' is not a filter"),
        (("search", "pump", "-c", "docs", "--filter", "pump"), 2, "--filter: 'pump' is not a filter"),
        (("search", "x" * 10_001, "-c", "docs"), 2, "query"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
@pytest.mark.parametrize("is_served", [False, True], ids=["alone", "served"])
def test_failures_are_told_in_the_same_words(
    shell: Shell, request: pytest.FixtureRequest, arguments: tuple[str, ...], code: int, words: str, is_served: bool
) -> None:
    if is_served:
        request.getfixturevalue("served")
    assert shell.run(*arguments)[0] == code
    assert words in shell.run(*arguments)[2]


def test_local_does_without_the_server(shell: Shell, served: World) -> None:
    code, _, err = shell.run(*OILED, "--local")
    assert (code, "NoServicesError" in err) == (1, True)


def test_a_server_that_has_ended_is_not_missed(shell: Shell) -> None:
    with make_world(shell.home) as world, world.live():
        record = (shell.home / RECORD_NAME).read_bytes()
    (shell.home / RECORD_NAME).write_bytes(record)  # as a kill leaves it
    code, out, err = shell.run(*OILED)
    assert (code, bool(out), "server" in err) == (0, True, False)


def test_the_server_of_another_home_is_left_alone(shell: Shell, served: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / RECORD_NAME).write_bytes((shell.home / RECORD_NAME).read_bytes())
    code, _, err = shell.run(*OILED, "--home", str(other))
    assert (code, "NoServicesError" in err) == (1, True)


def test_a_server_with_a_key_wants_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with make_world(shell.home, api_key="s3cret") as world, world.live() as live:
        monkeypatch.setattr(services, "Services", refuse_services)
        for command in (OILED, ("search", "pump", "-c", "docs"), ("chat", "-c", "docs")):
            code, out, err = shell.run(*command)
            assert (code, out) == (1, ""), command
            assert "PINCITE_API_KEY" in err
            assert live.url in err
        monkeypatch.setenv("PINCITE_API_KEY", "wrong")
        assert shell.run(*OILED)[0] == 1
        monkeypatch.setenv("PINCITE_API_KEY", "s3cret")
        assert shell.run(*OILED)[0] == 0
        monkeypatch.delenv("PINCITE_API_KEY")
        (shell.home / "pincite.toml").write_text('api_key = "s3cret"')
        assert shell.run(*OILED)[0] == 0


def test_a_model_that_is_loading_is_waited_for(shell: Shell, served: World) -> None:
    served.models.refusals += [ModelLoadingError(model="scripted", retry_after_seconds=0) for _ in range(3)]
    code, out, err = shell.run(*OILED)
    assert code == 0
    assert "It is oiled every 3 months" in out
    assert err.count("the model is still loading; waiting") == 1


@pytest.mark.parametrize("command", [OILED, ("chat", "-c", "docs")], ids=["ask", "chat"])
@pytest.mark.parametrize("delay_seconds", [0.0, 2 * REFUSAL_WAIT_SECONDS], ids=["by its status", "inside the stream"])
def test_a_busy_model_is_waited_for(
    shell: Shell, served: World, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], delay_seconds: float
) -> None:
    type_lines(monkeypatch, "How often is the pump oiled?", "")
    busy = [EngineBusyError(waiting=3, retry_after_seconds=0), EngineBusyError(waiting=2, retry_after_seconds=0)]

    def refuse_twice(_: Sequence[Message]) -> list[str | Exception]:
        if not busy:
            return ["Every 3 months."]
        time.sleep(delay_seconds)
        return [busy.pop()]

    served.models.scripted = ScriptedEngine(refuse_twice)
    code, out, err = shell.run(*command)
    assert code == 0
    assert "Every 3 months." in out
    assert err.count("the model answers others first; waiting") == 1
    assert err.count("[all 2 documents") == 1  # what the answer is based on


def test_an_answer_that_breaks_off_is_not_asked_for_again(shell: Shell, served: World) -> None:
    engine = served.models.scripted = ScriptedEngine(["It is ", EngineBusyError(waiting=1, retry_after_seconds=0)])
    code, _, err = shell.run(*OILED)
    assert (code, len(engine.requests)) == (1, 1)
    assert "already wait" in err


def test_a_failure_that_the_server_keeps_to_its_log_is_told_as_one(shell: Shell, served: World) -> None:
    served.models.scripted = ScriptedEngine(["It is ", RuntimeError("the moon")])
    code, _, err = shell.run(*OILED)
    assert code == 1
    told = err.splitlines()[-1]
    assert re.fullmatch(r"pincite: the server failed unexpectedly; its log has the details of the request \S+", told)


def test_settings_that_the_server_does_not_share_are_named(
    shell: Shell, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "settings" not in shell.run(*OILED)[2]
    monkeypatch.setenv("PINCITE_TOP_K", "3")
    monkeypatch.setenv("PINCITE_PORT", "4321")  # no setting of answers
    code, _, err = shell.run(*OILED)
    assert code == 0
    assert "top_k is 6, not 3" in err
    assert "--local" in err
    assert "port" not in err


def test_a_model_that_the_settings_of_the_command_name_is_asked_for(
    shell: Shell, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_MODEL", "scripted")
    assert shell.run(*OILED)[0] == 0
    monkeypatch.setenv("PINCITE_MODEL", "other")
    code, _, err = shell.run(*OILED)
    assert (code, "there is no model 'other'" in err) == (1, True)
    assert shell.run(*OILED, "--model", "scripted")[0] == 0


def test_ctrl_c_stops_the_model_of_the_server(shell: Shell, served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = served.models.scripted = ScriptedEngine(["word "] * 2_000)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("api.commands.answer_output.AnswerView.show", interrupt)
    assert shell.run(*OILED)[0] == 130
    wait_for(lambda: engine.closed_early == 1)


@pytest.mark.parametrize("command", [OILED, ("search", "pump", "-c", "docs")], ids=["ask", "search"])
def test_a_command_that_asks_a_server_imports_nothing_heavy(
    shell: Shell, served: World, command: tuple[str, ...]
) -> None:
    program = (
        "import sys; from api.cli import main; code = main(sys.argv[1:]);"
        f"print(code, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
