"""`pincite chat` keeps what was said, and `pincite conversations` shows, exports, repeats and deletes it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from rag.errors import EngineBusyError
from tests.api.shell import Shell
from tests.fakes import ScriptedEngine

ASKED = "How often is the pump oiled?"
ANSWER = ["The pump is oiled ", "every 3 months [3]", "."]


@pytest.fixture
def talk(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say things in a chat; returns its exit status and what it printed."""
    monkeypatch.setenv("PINCITE_ANSWER_STYLE", "written")
    shell.models.scripted = ScriptedEngine(ANSWER)

    def run(*said: str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in said)))
        return shell.run("chat", "--collection", "docs", *options)

    return run


def the_only_one(shell: Shell) -> dict[str, Any]:
    (conversation,) = shell.json("conversations", "ls")
    return dict(conversation)


def test_a_chat_is_kept_and_gone_on_with(shell: Shell, talk: Any) -> None:
    code, _, err = talk(ASKED)
    conversation = the_only_one(shell)
    assert (code, conversation["title"], conversation["items"]) == (0, ASKED, 2)
    assert f"pincite chat --conversation {conversation['id']}" in err
    _, out, _ = talk("And the valve?", options=("--conversation", conversation["id"], "--json"))
    assert json.loads(out)["conversation"] == conversation["id"]
    assert the_only_one(shell)["items"] == 4
    engine = shell.models.scripted
    assert isinstance(engine, ScriptedEngine)
    assert ASKED in " ".join(message.content for message in engine.requests[-1][0])


def test_a_chat_that_shall_not_be_kept_leaves_nothing(shell: Shell, talk: Any) -> None:
    assert talk(ASKED, "And then?", options=("--no-store",))[0] == 0
    assert talk(options=())[0] == 0
    shell.models.scripted = ScriptedEngine([EngineBusyError(waiting=9, retry_after_seconds=1)])
    talk(ASKED)
    assert shell.json("conversations", "ls") == []
    code, _, err = talk(ASKED, options=("--conversation", "conv_none"))
    assert (code, "pincite conversations ls" in err) == (1, True)


def test_a_conversation_is_shown_with_its_quotes(shell: Shell, talk: Any) -> None:
    talk(ASKED)
    id_ = the_only_one(shell)["id"]
    _, out, _ = shell.run("conversations", "show", id_)
    assert "The pump is oiled every 3 months [3]." in out
    assert "pump.txt" in out
    shown = shell.json("conversations", "show", id_)
    assert [item["role"] for item in shown["data"]] == ["user", "assistant"]
    file_id = next(each["id"] for each in shell.json("documents", "ls") if each["source"] == "pump.txt")
    shell.run("documents", "rm", file_id)
    _, out, _ = shell.run("conversations", "show", id_)
    assert "document removed, its words are gone" in out


def test_conversations_are_searched_renamed_and_removed(shell: Shell, talk: Any) -> None:
    talk(ASKED)
    id_ = the_only_one(shell)["id"]
    assert shell.json("conversations", "rename", id_, "Oil")["title"] == "Oil"
    assert [each["id"] for each in shell.json("conversations", "search", "pumps")] == [id_]
    assert "Oil" in shell.run("conversations", "search", "oil")[1]
    assert shell.json("conversations", "search", "valve") == []
    assert shell.run("conversations", "rename", id_, " \t")[0] == 2
    assert shell.run("conversations", "rm", id_, "conv_none")[0] == 1
    assert [each["id"] for each in shell.json("conversations", "rm", id_)] == [id_]
    assert shell.json("conversations", "ls") == []


def test_a_conversation_is_exported_to_a_file_that_is_new(shell: Shell, talk: Any, tmp_path: Path) -> None:
    talk(ASKED)
    id_ = the_only_one(shell)["id"]
    target = tmp_path / "chat.md"
    assert shell.run("conversations", "export", id_, "--output", str(target))[0] == 0
    assert "> The pump is oiled every 3 months." in target.read_text(encoding="utf-8")
    assert target.stat().st_mode & 0o077 == 0
    code, _, err = shell.run("conversations", "export", id_, "--output", str(target))
    assert (code, "exists already" in err) == (2, True)
    assert len(shell.json("conversations", "export", id_)["items"]) == 2
    assert shell.run("conversations", "export", id_)[1] == target.read_text(encoding="utf-8")


def test_a_replay_exits_with_one_where_the_answer_is_another(shell: Shell, talk: Any) -> None:
    talk(ASKED)
    id_ = the_only_one(shell)["id"]
    code, out, _ = shell.run("conversations", "replay", id_)
    assert (code, out) == (0, "the same answer\n")
    shell.models.scripted = ScriptedEngine(["The pump is oiled ", "monthly."])
    code, out, _ = shell.run("conversations", "replay", id_)
    *_, before, now, why = out.splitlines()
    assert (code, before, now) == (1, "- every 3 months [3].", "+ monthly.")
    assert "PINCITE_LOOKUP_DRAFTS" in why
    assert shell.json("conversations", "replay", id_, code=1)["same"] is False
    assert the_only_one(shell)["items"] == 2
