"""Bits that flip in a saved index are always noticed; those that flip in the database are never passed over."""

import io
import logging
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import IngestError, LibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.library import DATABASE_NAME, Library
from ingest.types import CollectionChanges
from ingest.upkeep.check import ConsistencyCheck
from tests.faults import homes
from tests.faults.bit_rot import SEED, copy_of, damage_index, flip, make_base, messages_of, ranking, swap_index
from tests.faults.homes import State
from tests.faults.steps import PASSPORT, Scene
from tests.raw_database import forget_index_entries

INDEX_FLIPS, INDEX_CUTS, DATABASE_FLIPS, DATABASE_CUTS, LOG_FLIPS = 150, 50, 120, 15, 40


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with documents in two collections whose indexes are saved."""
    return make_base(tmp_path_factory.mktemp("rot") / "base")


def test_an_index_that_is_whole_is_loaded(base: Path, tmp_path: Path) -> None:
    library = Library(copy_of(base, tmp_path / "home"))
    with messages_of("ingest") as messages:
        ranking(library)
    library.close()
    assert messages == []


def test_whatever_happens_to_a_saved_index_is_noticed_and_it_is_built_again(
    base: Path, tmp_path: Path, covered: Callable[[str], None]
) -> None:
    assert damage_index(base, tmp_path / "home", flips=INDEX_FLIPS, cuts=INDEX_CUTS) == []
    covered(f"index bit-rot: {INDEX_FLIPS} flips and {INDEX_CUTS} cuts, all noticed (seed {SEED})")


def test_another_index_in_its_place_is_noticed(base: Path, tmp_path: Path) -> None:
    assert swap_index(base, tmp_path / "home") == []


def outcome(home: Path, expected: State) -> str:
    """Open a home and say what comes of it: is it refused, does a check name it, or is all as it was?"""
    try:
        library = Library(home)
    except LibraryError:
        return "refused"
    seen: State = {}
    try:
        try:
            seen = homes.observe(library)
        except LibraryError:
            return "refused"
        except IngestError:  # what is listed cannot be found: an index of the database is damaged
            pass
        findings = ConsistencyCheck(library, SearchIndex(library), passport=PASSPORT).run()
    finally:
        library.close()
    if any(not finding.is_harmless for finding in findings):
        return "named by the check"
    if seen == expected:
        return "without effect"
    # SQLite keeps no checksums: a letter of a name can change unnoticed, what is searched and quoted cannot.
    return "in a name only" if _substance(seen) == _substance(expected) else "passed over"


def _substance(state: State) -> object:
    """Return what answers are made of: the text of every document's chunks, without their titles, and what is found."""
    texts = [[text for text, _ in document[-1]] for document in state.get("documents", [])]
    return [texts, state.get("hits")]


def test_damage_of_the_database_is_refused_or_named_by_the_check(
    base: Path, tmp_path: Path, covered: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    chosen = random.Random(SEED)  # noqa: S311 (a test's own dice)
    expected = homes.look(copy_of(base, tmp_path / "home"))[0]
    seen: Counter[str] = Counter()
    for number in range(DATABASE_FLIPS + DATABASE_CUTS):
        path = copy_of(base, tmp_path / "home") / DATABASE_NAME
        if number < DATABASE_FLIPS:
            flip(path, chosen)
        else:
            path.write_bytes(path.read_bytes()[: chosen.randrange(path.stat().st_size)])
        seen[outcome(tmp_path / "home", expected)] += 1
        assert seen["passed over"] == 0, (SEED, number)
    told = ", ".join(f"{count} {what}" for what, count in sorted(seen.items()))
    covered(f"database bit-rot: {DATABASE_FLIPS} flips and {DATABASE_CUTS} cuts: {told} (seed {SEED})")


def test_damage_of_the_log_leaves_an_earlier_state_that_is_whole(
    tmp_path: Path, covered: Callable[[str], None]
) -> None:
    chosen = random.Random(SEED)  # noqa: S311 (a test's own dice)
    scene = Scene(tmp_path / "base")
    for number in range(6):
        scene.read(f"{number}.txt", "The pump is blue.", f"Number {number}.")
    left = tmp_path / "left"
    shutil.copytree(tmp_path / "base", left)  # as a process that is killed leaves it: with a log
    scene.close()
    for number in range(LOG_FLIPS):
        home = copy_of(left, tmp_path / "home")
        flip(home / f"{DATABASE_NAME}-wal", chosen)
        assert homes.look(home)[1] == [], (SEED, number)
    covered(f"log bit-rot: {LOG_FLIPS} flips (seed {SEED})")


def test_damage_is_noticed_when_a_home_is_opened_and_nothing_is_written_to_it(base: Path, tmp_path: Path) -> None:
    home = copy_of(base, tmp_path / "home")
    path = home / DATABASE_NAME
    body = bytearray(path.read_bytes())
    page = int.from_bytes(body[16:18], "big")
    for start in range(8 * page, len(body), 4 * page):  # the heads of some pages, which say what is in them
        body[start : start + 8] = b"\xff" * 8
    path.write_bytes(body)

    library = Library(home)
    assert library.damage
    with pytest.raises(LibraryError, match=r"is damaged .*`pincite restore --force BACKUP`"):
        library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"new"))
    with pytest.raises(LibraryError, match="is damaged"):
        library.delete_collection(library.collections()[0].id)
    assert [problem.area for problem in ConsistencyCheck(library, SearchIndex(library)).run()].count("database") > 0
    library.close()
    assert path.read_bytes() == bytes(body)


def test_a_sound_home_has_no_damage_however_thoroughly_one_looks(base: Path, tmp_path: Path) -> None:
    library = Library(copy_of(base, tmp_path / "home"))
    assert library.damage == ""
    library.look_for_damage()
    assert library.damage == ""
    library.close()


def test_what_only_the_whole_check_sees_stops_writes_from_then_on(base: Path, tmp_path: Path) -> None:
    home = copy_of(base, tmp_path / "home")
    forget_index_entries(home / DATABASE_NAME, "documents_by_source", "UPDATE documents SET source = source || '!'")
    library = Library(home)
    assert library.damage == ""
    library.update_collection(library.collections()[0].id, CollectionChanges(rules="Be brief."))
    library.look_for_damage()
    assert "documents_by_source" in library.damage
    with pytest.raises(LibraryError, match="nothing is written"):
        library.update_collection(library.collections()[0].id, CollectionChanges(rules="Be long."))
    library.close()
