"""Damage the saved indexes of a home, and tell what was not noticed."""

import logging
import random
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from tests.faults import homes
from tests.faults.homes import EMBEDDER
from tests.faults.steps import Scene

SEED = 7
COLOURS = ("red", "blue", "green")
PLACES = ("pump", "valve", "hall", "tank")
REBUILT = "is rebuilt"

Ranking = dict[str, list[tuple[int, float]]]


def make_base(home: Path) -> Path:
    """Make a home with documents in two collections, `c` and `d`, whose indexes are saved."""
    scene = Scene(home)
    for number in range(24):
        texts = [f"Number {number} says of the {place} that it is {COLOURS[number % 3]}." for place in PLACES]
        scene.read(f"{number}.txt", *texts, collection="cd"[number % 2])
    for name in "cd":
        scene.index.save(scene.library.collection(name).id)
    scene.close()
    return home


def copy_of(base: Path, home: Path) -> Path:
    """Replace a home by a copy of another."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(base, home)
    return home


def flip(path: Path, dice: random.Random) -> None:
    """Turn one bit of a file around."""
    body = bytearray(path.read_bytes())
    body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    path.write_bytes(body)


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


def damage_index(base: Path, home: Path, *, flips: int, cuts: int) -> list[str]:
    """Flip a bit of a saved index, or cut it, so many times; return what was not noticed or ranked otherwise."""
    dice, problems = random.Random(SEED), []  # noqa: S311 (a test's own dice)
    library = Library(copy_of(base, home))
    path = saved_index(library, home, "c")
    whole, expected = path.read_bytes(), ranking(library)
    for number in range(flips + cuts):
        path.write_bytes(whole)
        if number < flips:
            flip(path, dice)
        else:
            path.write_bytes(whole[: dice.randrange(len(whole))])
        if problem := _unnoticed(lambda: ranking(library), expected):
            problems.append(f"damage {number} with seed {SEED}: {problem}")
    library.close()
    return problems


def swap_index(base: Path, home: Path) -> list[str]:
    """Put an older index, and that of another collection, in place of a saved one; return what was not noticed."""
    scene = Scene(copy_of(base, home))
    old, other = (saved_index(scene.library, home, name).read_bytes() for name in "cd")
    scene.read("new.txt", "The pump is new and blue.")
    scene.index.save(scene.library.collection("c").id)
    path, expected = saved_index(scene.library, home, "c"), ranking(scene.library)
    problems = []
    for name, body in (("an older generation", old), ("another collection's file", other)):
        path.write_bytes(body)
        if problem := _unnoticed(lambda: ranking(scene.library), expected):
            problems.append(f"{name}: {problem}")
    scene.close()
    return problems


def saved_index(library: Library, home: Path, collection: str) -> Path:
    """Return the file of a collection's saved index."""
    snapshot = library.snapshot(library.collection(collection).id)
    if snapshot is None:
        raise ValueError(f"the index of {collection} is not saved")
    return home / "index" / snapshot.filename


def _unnoticed(rank: Callable[[], Ranking], expected: Ranking) -> str:
    with messages_of("ingest") as messages:
        ranked = rank()
    if ranked != expected:
        return "another ranking"
    return "" if any(REBUILT in message for message in messages) else "it was not noticed"


@contextmanager
def messages_of(logger: str) -> Generator[list[str]]:
    """Collect what a logger and those below it say inside the block."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger(logger).addHandler(handler)
    try:
        yield said
    finally:
        logging.getLogger(logger).removeHandler(handler)
