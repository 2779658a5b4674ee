"""The command line: JSON on stdout, messages on stderr, exit statuses, and no traceback."""

import errno
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from api.cli_output import printable
from api.commands import opening
from api.commands.ingest import outcome_of
from api.server import open_socket
from api.services import Services
from ingest.library import Library
from ingest.types import DocumentRecord
from rag.errors import EngineCrashedError
from rag.types import Message
from tests.api.world import DRILL, LUNCH, PUMP, LoadedEmbedder, OneModel, make_world
from tests.fakes import ScriptedEngine

DOCUMENT_KEYS = {"id", "collection", "source", "status", "reason", "pages", "chunks", "sha256"}


class Shell:
    """Runs commands in a home of their own, with a scripted model."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.models = OneModel()
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return the exit status, stdout and stderr of a command."""
        self._capsys.readouterr()
        code = main(arguments)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Return what a command prints with `--json`."""
        got, out, err = self.run(*arguments, "--json")
        assert got == code, err
        return json.loads(out)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell whose library has two documents in the collection `docs`."""
    made = Shell(tmp_path / "home", capsys)
    monkeypatch.setenv("PINCITE_HOME", str(made.home))
    monkeypatch.setenv("PINCITE_PARSER_WORKERS", "1")
    monkeypatch.setattr(opening, "Services", partial(Services, embedder=LoadedEmbedder(), models=made.models))
    with make_world(made.home) as world:
        world.add("pump.txt", PUMP)
        world.add("house.txt", LUNCH, DRILL)
    return made


def type_lines(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have a user type these lines."""
    left = iter(lines)

    def typed(_: object = "") -> str:
        return next(left)

    monkeypatch.setattr("builtins.input", typed)


def crash_first(messages: Sequence[Message]) -> list[str | Exception]:
    """A script that fails at a question with the word `first`, and answers others."""
    if "first" in messages[-1].content:
        return [EngineCrashedError(model="scripted", how="signal SIGKILL")]
    return ["Every 3 months."]


def test_help_and_version_are_quick_and_load_nothing_heavy() -> None:
    program = (
        "import sys; from api.cli import main; code = main(['--help']);"
        "heavy = [m for m in ('numpy', 'fastapi', 'faiss', 'pydantic') if m in sys.modules]; print(code, heavy)"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert time.monotonic() - started < 5
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
    assert shown == {**listed[1], "pages": [{"number": 1, "text": LUNCH}, {"number": 2, "text": DRILL}]}
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


def test_ask_prints_the_answer_and_its_citations(shell: Shell) -> None:
    shell.models.scripted = ScriptedEngine(["It is oiled ", "every 3 months [3]", "."])
    answer = shell.json("ask", "How often is the pump oiled?", "--collection", "docs")
    assert answer["answer"] == "It is oiled every 3 months [3]."
    assert answer["citations"][0]["quote"] == "The pump is oiled every 3 months."
    assert set(answer) >= {"answer", "citations", "evidence", "mode", "timings"}

    code, out, err = shell.run("ask", "How often is the pump oiled?", "--collection", "docs", "--mode", "retrieval")
    assert code == 0
    assert "It is oiled every 3 months [3]." in out or "It is oiled every 3 months" in out
    assert "pump.txt, page 1" in out
    assert "supported" in out or "partly" in out
    assert err.startswith("[")


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


def test_failures_exit_with_1_and_say_what_to_do(shell: Shell) -> None:
    shell.models.scripted = ScriptedEngine([EngineCrashedError(model="scripted", how="signal SIGKILL")])
    for arguments, words in (
        (("search", "x", "--collection", "nope"), "pincite collections ls"),
        (("ask", "pump", "--collection", "docs", "--model", "nope"), "pincite models ls"),
        (("ask", "pump oiled", "--collection", "docs"), "send the request once more"),
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
    assert printable("a\x1b[31mb\x07\r\u202ec\u0085\td\n") == "a[31mbc\td\n"


def test_a_name_that_no_terminal_should_get_is_shown_without_its_controls(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate((b"\x1b[31mred.txt", b"half\xff.txt")):
        os.symlink(f"nowhere{number}", os.fsencode(folder) + b"/" + name)
    code, out, _ = shell.run("ingest", str(folder))
    assert code == 1
    assert "\x1b" not in out
    rows = shell.json("ingest", str(folder), code=1)
    assert [Path(row["source"]).name for row in rows] == ["[31mred.txt", "half.txt"]


def test_every_file_is_accounted_for_when_one_fails_in_a_way_that_nobody_foresaw(tmp_path: Path) -> None:
    broken: Future[DocumentRecord | None] = Future()
    broken.set_exception(KeyError("the moon"))
    outcome = outcome_of(broken, tmp_path / "a.txt")
    assert (outcome.source, outcome.status) == ((tmp_path / "a.txt").as_posix(), "failed")
    assert "the moon" in outcome.reason


def test_a_folder_that_cannot_be_opened_is_a_failure(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in" / "closed").mkdir(parents=True)
    scandir = os.scandir

    def refuse(path: str) -> "Iterator[os.DirEntry[str]]":  # permissions would not stop a test that runs as root
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (row,) = shell.json("ingest", str(tmp_path / "in"), code=1)
    assert (Path(row["source"]).name, row["status"]) == ("closed", "failed")
    assert "cannot be opened" in row["reason"]


def test_an_id_that_no_collection_has_is_not_made_a_name(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    code, _, err = shell.run("ingest", str(tmp_path / "a.txt"), "--collection", "vs_" + "0" * 24)
    assert code == 1
    assert "there is no collection" in err
    assert [collection["name"] for collection in shell.json("collections", "ls")] == ["docs"]


def test_a_port_in_use_is_named(shell: Shell) -> None:
    with open_socket("127.0.0.1", 0, option="--port") as taken:
        port = str(taken.getsockname()[1])
        for arguments, option in (
            (("serve", "--port", port), "--port"),
            (("up", "--port", "0", "--ui-port", port), "--ui-port"),
            (("ui", "--port", port), "--ui-port"),
        ):
            code, _, err = shell.run(*arguments)
            assert code == 1, arguments
            assert f"port {port}" in err
            assert option in err


def test_other_machines_are_not_served_without_a_key(shell: Shell) -> None:
    code, _, err = shell.run("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 (refused)
    assert code == 2
    assert "PINCITE_API_KEY" in err


@pytest.mark.slow
class TestIngest:
    """`pincite ingest`, with real parsers."""

    def test_every_path_is_accounted_for(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        (folder / "sub").mkdir(parents=True)
        (folder / "a.md").write_text("# Lamps\n\nThe lamp needs 40 watts.")
        (folder / "empty.txt").write_bytes(b"")
        (folder / ".hidden").write_text("x")
        (folder / "sub" / "b.txt").write_text("The fuse is rated at 16 amperes.")
        (folder / "sub" / "loop").symlink_to(folder)
        (folder / "gone.txt").symlink_to(tmp_path / "nowhere")
        (folder / "self.txt").symlink_to("self.txt")
        os.mkfifo(folder / "pipe.txt")
        (folder / "pic.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))

        rows = shell.json("ingest", str(folder), code=1)
        by_name = {Path(row["source"]).name: row for row in rows}
        assert all(set(row) == DOCUMENT_KEYS for row in rows)
        assert all(Path(row["source"]).is_absolute() for row in rows)
        assert {name: row["status"] for name, row in by_name.items()} == {
            "a.md": "done",
            "b.txt": "done",
            "empty.txt": "failed",
            "gone.txt": "failed",
            "self.txt": "failed",
            "pipe.txt": "failed",
            "pic.png": "failed",
        }
        assert "0 bytes" in by_name["empty.txt"]["reason"]
        assert "regular file" in by_name["pipe.txt"]["reason"]
        assert all(row["reason"] for row in rows if row["status"] == "failed")
        assert shell.json("search", "fuse amperes", "--top-k", "1")[0]["text"] == "The fuse is rated at 16 amperes."

    def test_unchanged_files_are_not_read_again_and_changed_ones_replace_the_old(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        path = tmp_path / "a.txt"
        path.write_text("The fuse is rated at 16 amperes.")
        assert "1 given, 1 accounted for: 1 done" in shell.run("ingest", str(path))[2]
        code, out, err = shell.run("ingest", str(path))
        assert code == 0
        assert "(unchanged)" in out
        assert "1 given, 1 accounted for: 1 done, 0 with warnings, 0 failed (1 unchanged)" in err
        path.write_text("The fuse is rated at 20 amperes.")
        shell.run("ingest", str(path))
        (document,) = shell.json("documents", "ls", "--collection", "default")
        assert shell.json("documents", "show", document["id"])["pages"][0]["text"] == "The fuse is rated at 20 amperes."

    def test_a_source_is_the_absolute_path_however_it_was_typed(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.txt").write_text("One line of text.")
        monkeypatch.chdir(tmp_path / "in")
        rows = [shell.json("ingest", typed)[0] for typed in ("a.txt", "../in/a.txt", "./a.txt", ".")]
        assert {row["source"] for row in rows} == {(tmp_path / "in" / "a.txt").as_posix()}
        assert len({row["id"] for row in rows}) == 1

    def test_a_file_over_the_limit_is_not_taken_in(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PINCITE_MAX_UPLOAD_MB", "1")
        (tmp_path / "big.txt").write_bytes(b"x" * 1_000_001)
        (row,) = shell.json("ingest", str(tmp_path / "big.txt"), code=1)
        assert "PINCITE_MAX_UPLOAD_MB" in row["reason"]

    def test_bench_measures_in_a_home_of_its_own(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "a.txt").write_text("The fuse is rated at 16 amperes. The lamp needs 40 watts.")
        before = shell.json("documents", "ls")
        report = shell.json("bench", str(folder))
        assert (report["files"], report["pages"], report["chunks"]) == (1, 1, 1)
        assert min(report[name] for name in ("pages_per_second", "search_p50_ms", "tokens_per_second")) > 0
        assert shell.json("documents", "ls") == before

    def test_a_collection_that_nobody_could_name_is_misuse(self, shell: Shell, tmp_path: Path) -> None:
        code, _, err = shell.run("ingest", str(tmp_path), "--collection", "a/b")
        assert code == 2
        assert "--collection: a name has no slashes" in err

    def test_a_missing_path_is_misuse(self, shell: Shell, tmp_path: Path) -> None:
        code, out, err = shell.run("ingest", str(tmp_path / "nowhere"))
        assert (code, out) == (2, "")
        assert "nowhere" in err


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Return a function that starts `pincite` in a process of its own."""

    def run(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "api.cli", *arguments, "--home", str(tmp_path / "home")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["SIGTERM", "SIGINT"])
def test_a_server_stops_in_order_while_its_models_are_still_loading(
    start: Callable[..., "subprocess.Popen[str]"], stop: str
) -> None:
    import signal

    with start("serve", "--port", "0") as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("API   http://127.0.0.1:")
        time.sleep(1)
        started = time.monotonic()
        server.send_signal(getattr(signal, stop))
        _, err = server.communicate(timeout=20)
        assert time.monotonic() - started < 10
    assert server.returncode == 0
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["serve", "--port", "0"], ["api"]),
        (["ui", "--port", "0"], ["chat"]),
        (["up", "--port", "0", "--ui-port", "0"], ["api", "chat"]),
    ],
    ids=["serve", "ui", "up"],
)
def test_addresses_in_json_are_one_line(
    start: Callable[..., "subprocess.Popen[str]"], arguments: list[str], parts: list[str]
) -> None:
    with start(*arguments, "--json") as server:
        assert server.stdout is not None
        addresses = json.loads(server.stdout.readline())
        server.terminate()
        rest, _ = server.communicate(timeout=20)
    assert list(addresses) == parts
    assert all(url.startswith("http://127.0.0.1:") for url in addresses.values())
    assert rest == ""
