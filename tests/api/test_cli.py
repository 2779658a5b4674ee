"""The command line: JSON on stdout, messages on stderr, exit statuses, and no traceback."""

import io
import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from api.commands.output import strip_control_chars
from ingest.library.library import Library
from rag.errors import EngineCrashedError
from tests.api.shell import DOCUMENT_KEYS, Shell, crash_first, type_lines
from tests.api.world import DRILL, LUNCH, PUMP, make_world
from tests.fakes import ScriptedEngine


def test_help_and_version_are_quick_and_load_nothing_heavy() -> None:
    program = (
        "import sys; from api.cli import main; code = main(['--help']);"
        "heavy = [m for m in ('numpy', 'fastapi', 'faiss', 'pydantic') if m in sys.modules]; print(code, heavy)"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert time.monotonic() - started < 5
    assert done.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("command", ["collections ls", "documents ls", "conversations ls", "jobs ls", "keys ls"])
def test_commands_that_list_do_not_import_what_answers(tmp_path: Path, command: str) -> None:
    program = (
        "import sys; from api.cli import main; code = main(sys.argv[1:]);"
        "heavy = [m for m in ('fastapi', 'faiss', 'rag.answering', 'torch') if m in sys.modules]; print(code, heavy)"
    )
    arguments = [sys.executable, "-c", program, *command.split(), "--home", str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_the_version_is_printed(shell: Shell) -> None:
    code, out, _ = shell.run("--version")
    assert code == 0
    assert out.startswith("pincite ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["search"],
        ["ingest"],
        ["search", "x", "--top-k", "0"],
        ["serve", "--port", "x"],
        ["ask", "--mode"],
    ],
    ids=" ".join,
)
def test_misuse_exits_with_2(shell: Shell, arguments: list[str]) -> None:
    code, out, err = shell.run(*arguments)
    assert (code, out) == (2, "")
    assert err


def test_documents_are_listed_and_shown(shell: Shell) -> None:
    listed = shell.json("documents", "ls")
    assert [document["source"] for document in listed] == ["pump.txt", "house.txt"]
    assert all(set(document) == DOCUMENT_KEYS for document in listed)
    assert shell.json("documents", "ls", "--collection", "docs") == listed

    shown = shell.json("documents", "show", listed[1]["id"])
    pages = [(page["number"], page["text"]) for page in shown.pop("pages")]
    assert ({**shown, "pages": len(pages)}, pages) == (listed[1], [(1, LUNCH), (2, DRILL)])
    assert PUMP in shell.run("documents", "show", listed[0]["id"])[1]
    assert "house.txt" in shell.run("documents", "ls")[1]


def test_documents_are_removed_with_their_originals(shell: Shell) -> None:
    first, second = shell.json("documents", "ls")
    removed = shell.json("documents", "rm", first["id"])
    assert [document["id"] for document in removed] == [first["id"]]
    assert [document["id"] for document in shell.json("documents", "ls")] == [second["id"]]
    originals = {path.name for path in (shell.home / "files").rglob("*") if path.is_file()}
    assert originals == {second["sha256"]}
    code, _, err = shell.run("documents", "rm", first["id"])
    assert code == 1
    assert "there is no file" in err


def test_a_document_named_twice_is_removed_once(shell: Shell) -> None:
    first, second = shell.json("documents", "ls")
    assert [row["id"] for row in shell.json("documents", "rm", first["id"], first["id"])] == [first["id"]]
    assert shell.json("documents", "ls") == [second]


def test_nothing_is_removed_where_one_of_the_documents_is_unknown(shell: Shell) -> None:
    before = shell.json("documents", "ls")
    assert shell.run("documents", "rm", before[0]["id"], "file-nope")[0] == 1
    assert shell.json("documents", "ls") == before


def test_a_document_in_two_collections_is_removed_from_the_one_that_is_named(shell: Shell) -> None:
    with make_world(shell.home) as world:
        both = world.add("pump.txt", PUMP, collection="other")
    removed = shell.json("documents", "rm", both.file_id, "--collection", "other")
    assert [(row["id"], row["collection"]) for row in removed] == [(both.file_id, "other")]
    assert shell.json("documents", "show", both.file_id)["collection"] == "docs"
    assert both.sha256 in {path.name for path in (shell.home / "files").rglob("*")}


def test_a_file_without_documents_is_removed_too(shell: Shell) -> None:
    with closing(Library(shell.home)) as library:
        file = library.add_file(source="lone.txt", filename="lone.txt", content=io.BytesIO(b"Nobody reads this."))
    assert shell.run("documents", "rm", file.id, "--collection", "docs")[0] == 1
    (removed,) = shell.json("documents", "rm", file.id)
    assert set(removed) == DOCUMENT_KEYS
    assert (removed["id"], removed["collection"], removed["source"]) == (file.id, None, "lone.txt")
    assert file.sha256 not in {path.name for path in (shell.home / "files").rglob("*")}


def test_a_collection_is_found_however_its_name_is_typed(shell: Shell) -> None:
    with make_world(shell.home) as world:
        world.add("cafe.txt", LUNCH, collection="Caf\u00e9 plans")
    typed = " Cafe\u0301  plans"
    assert len(shell.json("documents", "ls", "--collection", typed)) == 1
    assert len(shell.json("search", "lunch", "--collection", typed)) == 1
    assert shell.json("collections", "rm", typed)["name"] == "Caf\u00e9 plans"


def test_collections_are_listed_and_removed(shell: Shell) -> None:
    (collection,) = shell.json("collections", "ls")
    assert (collection["name"], collection["documents"], collection["chunks"]) == ("docs", 2, 3)
    assert shell.json("collections", "rm", "docs")["deleted"] is True
    assert shell.json("collections", "ls") == []
    assert shell.run("collections", "rm", "docs")[0] == 1


def test_models_are_listed(shell: Shell) -> None:
    listed = shell.json("models", "ls")
    assert all(set(model) == {"id", "kind", "path", "loaded"} for model in listed)
    assert {model["kind"] for model in listed} == {"llm", "embedding"}
    assert "all-MiniLM-L6-v2" in shell.run("models", "ls")[1]


def test_search_prints_exact_places(shell: Shell) -> None:
    found = shell.json("search", "fire drill in March", "--collection", "docs", "--top-k", "1")
    file_id = found[0].pop("file_id")
    score = found[0].pop("score")
    start = len(LUNCH) + 2
    assert found == [{"source": "house.txt", "page": 2, "start": start, "end": start + len(DRILL), "text": DRILL}]
    assert file_id.startswith("file-")
    assert 0 < score <= 1
    assert "house.txt, page 2" in shell.run("search", "fire drill", "-c", "docs")[1]


def test_search_says_how_a_result_came_to_its_place(shell: Shell) -> None:
    (found,) = shell.json("search", "fire drill in March", "-c", "docs", "--top-k", "1", "--explain")
    assert found["explanation"]["lexical_rank"] == 1
    told = shell.run("search", "fire drill in March", "-c", "docs", "--top-k", "1", "--explain")
    assert "has 100% of the query's terms" in " ".join(told[1].split())
    assert "are not shown" in told[2]


def test_ask_prints_the_answer_and_its_citations(shell: Shell) -> None:
    shell.models.scripted = ScriptedEngine(["It is oiled ", "every 3 months [3]", "."])
    answer = shell.json("ask", "How often is the pump oiled?", "--collection", "docs")
    assert answer["answer"] == "It is oiled every 3 months [1]."
    assert answer["citations"][0]["quote"] == "The pump is oiled every 3 months."
    assert set(answer) >= {"answer", "citations", "evidence", "mode", "timings"}

    code, out, err = shell.run("ask", "How often is the pump oiled?", "--collection", "docs", "--mode", "retrieval")
    assert code == 0
    assert "It is oiled every 3 months [3]." in out or "It is oiled every 3 months" in out
    assert "[1] pump.txt  supported" in out
    assert "supported" in out or "partly" in out
    assert err.startswith("[")


def test_what_a_program_reads_has_no_padding(shell: Shell) -> None:
    _, out, _ = shell.run("ask", "How often is the pump oiled?", "--collection", "docs")
    assert max(map(len, out.splitlines())) < 200


def test_chat_remembers_what_was_said(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = shell.models.scripted = ScriptedEngine(["Every 3 months."])
    type_lines(monkeypatch, "How often is the pump oiled?", "And where does it stand, the pump?", "/exit")
    code, out, _ = shell.run("chat", "--collection", "docs")
    assert code == 0
    assert out.count("Every 3 months.") >= 2
    assert "Every 3 months." in {message.content for message in engine.requests[-1][0]}


def test_a_chat_outlives_a_question_that_cannot_be_answered(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = shell.models.scripted = ScriptedEngine(crash_first)
    type_lines(monkeypatch, "How is the pump oiled at first?", "How often is the pump oiled?", "")
    code, out, err = shell.run("chat", "--collection", "docs")
    assert code == 0
    assert "signal SIGKILL" in err
    assert "Every 3 months." in out
    assert [message.content for message in engine.requests[-1][0] if "first" in message.content] == []


def test_a_chat_in_json_is_one_line_for_every_question(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.models.scripted = ScriptedEngine(crash_first)
    type_lines(monkeypatch, "How is the pump oiled at first?", "How often is the pump oiled?", "")
    code, out, _ = shell.run("chat", "--collection", "docs", "--json")
    failed, answered = map(json.loads, out.splitlines())
    assert code == 0
    assert list(failed) == ["error"]
    assert answered["answer"] == "Every 3 months."
    assert set(answered) >= {"answer", "citations", "evidence", "mode", "timings"}


def test_a_chat_keeps_to_its_filter(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    type_lines(monkeypatch, "pump oiled, fire drill", "And the fire drill, when is it?", "/exit")
    code, out, _ = shell.run("chat", "-c", "docs", "--json", "--filter", "source~pump*")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [{quote["filename"] for quote in answer["evidence"]} for answer in answers] == [{"pump.txt"}] * 2


def test_a_chat_with_a_filter_that_is_none_does_not_begin(shell: Shell) -> None:
    code, out, err = shell.run("chat", "-c", "docs", "--filter", "pump")
    assert (code, out) == (2, "")
    assert "--filter: 'pump' is not a filter" in err
    assert "Ask about" not in err


def test_failures_exit_with_1_and_say_what_to_do(shell: Shell) -> None:
    shell.models.scripted = ScriptedEngine([EngineCrashedError(model="scripted", how="signal SIGKILL")])
    for arguments, words in (
        (("search", "x", "--collection", "nope"), "pincite collections ls"),
        (("ask", "pump", "--collection", "docs", "--model", "nope"), "pincite models ls"),
        (("ask", "pump oiled", "--collection", "docs"), "send the request again"),
        (("documents", "show", "file-nope"), "pincite documents ls"),
    ):
        code, out, err = shell.run(*arguments)
        assert code == 1, arguments
        assert words in err
        assert "Every" not in out


def test_a_home_that_cannot_be_written_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    code, _, err = shell.run("documents", "ls", "--home", str(tmp_path / "file" / "home"))
    assert code == 1
    assert str(tmp_path / "file" / "home") in err


def test_a_mistyped_key_in_the_settings_file_exits_with_2(shell: Shell) -> None:
    (shell.home / "pincite.toml").write_text("prot = 1")
    code, _, err = shell.run("documents", "ls")
    assert code == 2
    assert "'prot'" in err


def test_a_broken_settings_file_exits_with_2(shell: Shell) -> None:
    (shell.home / "pincite.toml").write_text("port = ")
    code, _, err = shell.run("documents", "ls")
    assert code == 2
    assert "pincite.toml" in err


def test_an_interrupt_exits_with_130(shell: Shell) -> None:
    def interrupt(_: object) -> list[str | Exception]:
        raise KeyboardInterrupt

    shell.models.scripted = ScriptedEngine(interrupt)
    assert shell.run("ask", "How often is the pump oiled?", "--collection", "docs")[0] == 130


def test_what_nobody_foresaw_is_told_without_a_traceback(shell: Shell) -> None:
    def fail(_: object) -> list[str | Exception]:
        raise RuntimeError("the moon")

    shell.models.scripted = ScriptedEngine(fail)
    code, _, err = shell.run("ask", "How often is the pump oiled?", "--collection", "docs")
    assert code == 1
    assert "unexpected RuntimeError: the moon" in err


def test_a_terminal_is_not_driven_by_a_document() -> None:
    assert strip_control_chars("a\x1b[31mb\x07\r\u202ec\u0085\td\n") == "a[31mbc\td\n"


def test_a_model_that_is_not_offered_is_an_error_that_names_those_that_are(shell: Shell) -> None:
    code, out, err = shell.run("models", "get", "gpt2")
    assert (code, out) == (1, "")
    assert "qwen2.5-coder-1.5b" in err
