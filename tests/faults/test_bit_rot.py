"""Bits that flip in a saved index are always noticed; those that flip in the database are never passed over."""

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
from ingest.upkeep.check import ConsistencyCheck
from tests.faults import homes
from tests.faults.homes import EMBEDDER, State
from tests.faults.steps import PASSPORT, Scene

SEED = 7
INDEX_FLIPS, INDEX_CUTS, DATABASE_FLIPS, DATABASE_CUTS, LOG_FLIPS = 150, 50, 120, 15, 40
COLOURS = ("red", "blue", "green")
PLACES = ("pump", "valve", "hall", "tank")

Ranking = dict[str, list[tuple[int, float]]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with documents in two collections whose indexes are saved."""
    home = tmp_path_factory.mktemp("rot") / "base"
    scene = Scene(home)
    for number in range(24):
        texts = [f"Number {number} says of the {place} that it is {COLOURS[number % 3]}." for place in PLACES]
        scene.read(f"{number}.txt", *texts, collection="cd"[number % 2])
    for name in "cd":
        scene.index.save(scene.library.collection(name).id)
    scene.close()
    return home


def copy_of(base: Path, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(base, home)
    return home


def ranking(library: Library) -> Ranking:
    """Return the best of both collections for some queries, by an index that is loaded now."""
    index = SearchIndex(library)
    return {
        f"{collection.name} {query}": [
            (id_, round(score, 5)) for id_, score in index.search_dense(collection.id, EMBEDDER.embed_query(query), 10)
        ]
        for collection in library.collections()
        for query in homes.QUERIES
    }


def flip(path: Path, chosen: random.Random, first: int = 0) -> None:
    """Turn one bit of a file around, from byte `first` on."""
    body = bytearray(path.read_bytes())
    body[chosen.randrange(first, len(body))] ^= 1 << chosen.randrange(8)
    path.write_bytes(body)


def test_whatever_happens_to_a_saved_index_is_noticed_and_it_is_built_again(
    base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, covered: Callable[[str], None]
) -> None:
    chosen = random.Random(SEED)  # noqa: S311 (a test's own dice)
    library = Library(copy_of(base, tmp_path))
    snapshot = library.snapshot(library.collection("c").id)
    assert snapshot is not None
    path = tmp_path / "home" / "index" / snapshot.filename
    whole = path.read_bytes()
    expected = ranking(library)
    assert caplog.messages == []

    for number in range(INDEX_FLIPS + INDEX_CUTS):
        path.write_bytes(whole)
        if number < INDEX_FLIPS:
            flip(path, chosen)
        else:
            path.write_bytes(whole[: chosen.randrange(len(whole))])
        caplog.clear()
        assert ranking(library) == expected
        assert [message for message in caplog.messages if "is rebuilt" in message], (SEED, number)

    library.close()
    covered(f"index bit-rot: {INDEX_FLIPS} flips and {INDEX_CUTS} cuts, all noticed (seed {SEED})")


def test_another_index_in_its_place_is_noticed(base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(copy_of(base, tmp_path))
    ids = [scene.library.collection(name).id for name in "cd"]
    old, other = (scene.library.snapshot(id_) for id_ in ids)
    assert old is not None
    assert other is not None
    folder = tmp_path / "home" / "index"
    bodies = [(folder / snapshot.filename).read_bytes() for snapshot in (old, other)]
    scene.read("new.txt", "The pump is new and blue.")
    scene.index.save(ids[0])
    new = scene.library.snapshot(ids[0])
    assert new is not None
    expected = ranking(scene.library)

    for body in bodies:
        (folder / new.filename).write_bytes(body)
        caplog.clear()
        assert ranking(scene.library) == expected
        assert [message for message in caplog.messages if "is rebuilt" in message]
    scene.close()


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
    expected = homes.look(copy_of(base, tmp_path))[0]
    seen: Counter[str] = Counter()
    for number in range(DATABASE_FLIPS + DATABASE_CUTS):
        path = copy_of(base, tmp_path) / DATABASE_NAME
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
        home = copy_of(left, tmp_path)
        flip(home / f"{DATABASE_NAME}-wal", chosen)
        assert homes.look(home)[1] == [], (SEED, number)
    covered(f"log bit-rot: {LOG_FLIPS} flips (seed {SEED})")
