"""`pincite check`, `purge`, `backup`, `restore` and `collections rebuild`, as functions that return an exit status."""

import io
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.commands import maintenance
from api.commands.output import CommandError
from api.settings import AllSettings, load_settings
from ingest.errors import HomeNotEmptyError, LibraryError, PassportMismatchError, RebuildLosesError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from tests.api.shell import Shell
from tests.api.world import make_world
from tests.fakes import chunked
from tests.ingest.library_world import complete
from tests.raw_database import raw_database

Command = Callable[[], int]


@pytest.fixture
def settings(shell: Shell) -> AllSettings:
    """The settings of a home with two documents, whose index is saved."""
    with closing(Library(shell.home)) as library:
        SearchIndex(library).save(library.collection("docs").id)
    return load_settings(home=shell.home)


def printed(capsys: pytest.CaptureFixture[str], command: Command, code: int = 0) -> Any:
    """Return the JSON that a command prints."""
    capsys.readouterr()
    assert command() == code
    return json.loads(capsys.readouterr().out)


def damage(home: Path, statement: str) -> None:
    with closing(raw_database(home / "library.db")) as db:
        db.execute(statement)


def statuses(home: Path) -> list[tuple[str, str]]:
    with closing(Library(home)) as library:
        return [(document.filename, document.status) for document in library.documents()]


def test_check_finds_nothing_in_a_sound_library(settings: AllSettings, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, lambda: maintenance.check(settings, repair=False, as_json=True))
    assert told == {"findings": [], "repaired": None}
    assert maintenance.check(settings, repair=False, as_json=False) == 0
    assert "the library is sound" in capsys.readouterr().err


def test_check_says_what_is_wrong_and_how_to_mend_it(settings: AllSettings, capsys: pytest.CaptureFixture[str]) -> None:
    damage(settings.home, "DELETE FROM vectors")
    told = printed(capsys, lambda: maintenance.check(settings, repair=False, as_json=True), code=1)
    assert {(each["area"], each["what"]) for each in told["findings"]} == {("content", "a chunk has no vector")}
    assert maintenance.check(settings, repair=False, as_json=False) == 1
    out, err = capsys.readouterr()
    assert "pump.txt" in out
    assert "check --repair" in err


def test_a_stale_index_alone_is_no_failure(settings: AllSettings, capsys: pytest.CaptureFixture[str]) -> None:
    next((settings.home / "index").iterdir()).unlink()
    told = printed(capsys, lambda: maintenance.check(settings, repair=False, as_json=True))
    assert [each["is_harmless"] for each in told["findings"]] == [True]


def test_a_database_that_cannot_be_opened_is_a_finding(
    settings: AllSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    (settings.home / "library.db").write_bytes(b"this is not SQLite" * 100)
    (finding,) = printed(capsys, lambda: maintenance.check(settings, repair=True, as_json=True), code=1)["findings"]
    assert (finding["area"], finding["can_repair"]) == ("database", False)
    assert "pincite restore" in finding["advice"]


@pytest.mark.slow
def test_a_repair_reads_again_what_was_wrong(settings: AllSettings, capsys: pytest.CaptureFixture[str]) -> None:
    damage(settings.home, "DELETE FROM vectors WHERE chunk_id = (SELECT min(id) FROM chunks)")
    told = printed(capsys, lambda: maintenance.check(settings, repair=True, as_json=True))
    assert told["findings"] == []
    assert [each["what"] for each in told["repaired"]] == ["a chunk has no vector"]
    assert statuses(settings.home) == [("pump.txt", "done"), ("house.txt", "done")]


def test_purge_asks_a_person_and_wants_a_yes_from_a_program(
    settings: AllSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(CommandError, match="--yes") as misuse:
        maintenance.purge(settings, yes=False, as_json=False)
    assert misuse.value.exit_code == 2
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    with pytest.raises(CommandError, match="nothing was changed"):
        maintenance.purge(settings, yes=False, as_json=False)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert maintenance.purge(settings, yes=False, as_json=False) == 0
    told = printed(capsys, lambda: maintenance.purge(settings, yes=True, as_json=True))
    assert set(told) == {"bytes_before", "bytes_after", "files_removed"}


def test_a_backup_is_written_verified_and_restored(
    settings: AllSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def back_up() -> int:
        return maintenance.backup(settings, tmp_path / "backups", verify_path=None, as_json=True)

    made = printed(capsys, back_up)
    folder = Path(made["path"])
    assert made["counts"]["documents"] == 2
    assert printed(capsys, lambda: maintenance.backup(settings, None, verify_path=folder, as_json=True)) == {
        "path": str(folder),
        "is_whole": True,
        "problems": [],
    }

    other = load_settings(home=tmp_path / "elsewhere")
    told = printed(capsys, lambda: maintenance.restore(other, folder, force=False, as_json=True))
    assert (told["home"], told["moved_aside"]) == (str(tmp_path / "elsewhere"), None)
    assert statuses(other.home) == statuses(settings.home)
    with pytest.raises(HomeNotEmptyError) as refusal:
        maintenance.restore(other, folder, force=False, as_json=True)
    assert refusal.value.exit_code == 2
    assert printed(capsys, lambda: maintenance.restore(other, folder, force=True, as_json=True))["moved_aside"]


def test_a_damaged_backup_is_told(settings: AllSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert maintenance.backup(settings, tmp_path / "backups", verify_path=None, as_json=False) == 0
    folder = Path(capsys.readouterr().out.strip())
    body = bytearray((folder / "library.db").read_bytes())
    body[5_000] ^= 1
    (folder / "library.db").write_bytes(body)
    assert maintenance.backup(settings, None, verify_path=folder, as_json=False) == 1
    assert "library.db is not what was written" in capsys.readouterr().out


def test_what_cannot_be_meant_is_misuse(settings: AllSettings, tmp_path: Path) -> None:
    commands: list[Command] = [
        lambda: maintenance.backup(settings, tmp_path, verify_path=tmp_path, as_json=False),
        lambda: maintenance.backup(settings, None, verify_path=tmp_path / "nowhere", as_json=False),
        lambda: maintenance.restore(settings, tmp_path / "nowhere", force=False, as_json=False),
        lambda: maintenance.rebuild(settings, "docs", force=True, cancel=True, as_json=False),
    ]
    for command in commands:
        with pytest.raises(CommandError) as misuse:
            command()
        assert misuse.value.exit_code == 2


def of_another_embedder(home: Path) -> None:
    """Make a collection `old` that another embedder has made."""
    with make_world(home) as world:
        library = world.services.library
        passport = replace(world.services.ingestor.passport, model="other", dimension=256)
        collection = library.create_collection("old", passport)
        for name, text in (("a.txt", "The lamp needs 40 watts."), ("b.txt", "The fuse is rated at 16 amperes.")):
            file = library.add_file(source=name, filename=name, content=io.BytesIO(text.encode()))
            complete(library, library.enqueue(collection.id, file.id), chunked(text))
        with pytest.raises(PassportMismatchError, match="pincite collections rebuild old"):
            world.services.searchable("old")


def test_a_rebuild_that_was_begun_can_be_given_up(settings: AllSettings, capsys: pytest.CaptureFixture[str]) -> None:
    of_another_embedder(settings.home)
    told = printed(capsys, lambda: maintenance.rebuild(settings, "old", force=False, cancel=True, as_json=True))
    assert told == {"collection": "old", "cancelled": False}


def test_a_rebuild_of_what_is_of_today_does_nothing(settings: AllSettings, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, lambda: maintenance.rebuild(settings, "docs", force=False, cancel=False, as_json=True))
    assert (told["name"], told["rebuilt"]) == ("docs", False)


@pytest.mark.slow
class TestRebuild:
    """`pincite collections rebuild`, with real parsers."""

    def test_a_collection_of_another_embedder_is_read_anew(
        self, settings: AllSettings, shell: Shell, capsys: pytest.CaptureFixture[str]
    ) -> None:
        of_another_embedder(settings.home)
        told = printed(capsys, lambda: maintenance.rebuild(settings, "old", force=False, cancel=False, as_json=True))
        assert (told["rebuilt"], told["read"], told["failed"], told["lost"]) == (True, 2, 0, [])
        assert [row["name"] for row in shell.json("collections", "ls")] == ["docs", "old"]
        (best, *_) = shell.json("search", "fuse amperes", "--collection", "old", "--top-k", "1")
        assert best["text"] == "The fuse is rated at 16 amperes."
        assert maintenance.check(settings, repair=False, as_json=False) == 0

    def test_a_file_that_is_gone_stops_it(self, settings: AllSettings, capsys: pytest.CaptureFixture[str]) -> None:
        of_another_embedder(settings.home)
        with closing(Library(settings.home)) as library:
            file = next(file for file in library.files() if file.filename == "a.txt")
            library.original_path(file.id).write_bytes(b"")
        with pytest.raises(RebuildLosesError, match=r"a\.txt"):
            maintenance.rebuild(settings, "old", force=False, cancel=False, as_json=True)
        told = printed(capsys, lambda: maintenance.rebuild(settings, "old", force=True, cancel=False, as_json=True))
        assert (told["read"], told["failed"], told["lost"]) == (1, 1, ["a.txt"])


def test_purge_of_a_home_that_cannot_be_opened_is_an_error(settings: AllSettings) -> None:
    (settings.home / "library.db").write_bytes(b"this is not SQLite" * 100)
    with pytest.raises(LibraryError):
        maintenance.purge(settings, yes=True, as_json=False)
