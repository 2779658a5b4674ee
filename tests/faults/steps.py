"""What a home goes through, cut into steps that a process may be killed in.

A step is a base home and a list of actions, each of them at most one change that a person could notice. All
actions may be repeated: after a crash the whole step is run again.
"""

import io
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import apsw

from ingest.errors import CollectionExistsError, CollectionNotFoundError, FileNotInLibraryError, LibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.library import DATABASE_NAME, Library
from ingest.storage.collections import encode_passport
from ingest.storage.originals import Originals
from ingest.types import (
    ChunkedDocument,
    Collection,
    CollectionChanges,
    DocumentFacts,
    DocumentRecord,
    EmbedderPassport,
    Progress,
    StoredChunk,
)
from ingest.upkeep.purge import purge
from ingest.upkeep.rebuild import Rebuild
from tests.fakes import chunked, passport
from tests.faults.homes import EMBEDDER
from tests.faults.tracing import Report
from tests.ingest.conversation_world import ask_once, conversation_called, forget_conversation, tag_conversation
from tests.ingest.library_world import all_rows
from tests.raw_database import BEFORE_MIGRATION, raw_database

DONE = "done"
REFUSED = "refused"
SEARCHED = "searched"

FIRST_RELEASE = Path(__file__).with_name("first_release.sql")
PASSPORT = passport(EMBEDDER.dimension)
OTHER_PASSPORT = replace(PASSPORT, revision="2")
FACTS = DocumentFacts("Title", "text/plain", warnings=(), metadata={"encoding": "utf-8"})


class Scene:
    """A home that is open, and the document that is being read in it."""

    def __init__(self, home: Path) -> None:
        self.library = Library(home)
        self.index = SearchIndex(self.library)
        self.document: DocumentRecord | None = None

    def collection(self, name: str) -> Collection:
        with suppress(CollectionExistsError):
            self.library.create_collection(name, PASSPORT)
        return self.library.collection(name)

    def keep(self, source: str, body: bytes) -> str:
        return self.library.add_file(source=source, filename=source, content=io.BytesIO(body)).id

    def queue(self, source: str, body: bytes, collection: str = "c") -> None:
        self.library.enqueue(self.collection(collection).id, self.keep(source, body))

    def claim(self, embedder: EmbedderPassport = PASSPORT) -> None:
        self.document = self.library.claim(embedder)

    def append(self, piece: ChunkedDocument, done: int) -> None:
        if self.document is not None:
            vectors = EMBEDDER.embed([chunk.text for chunk in piece.chunks])
            assert self.library.append(self.document, piece, vectors, Progress("reading", done, 3))

    def complete(self, piece: ChunkedDocument) -> None:
        if self.document is not None:
            vectors = EMBEDDER.embed([chunk.text for chunk in piece.chunks])
            assert self.library.complete(self.document, piece, vectors, FACTS) is not None

    def complete_from_copy(self) -> None:
        if self.document is not None:
            assert self.library.complete_from_copy(self.document) is not None

    def restart(self) -> None:
        if self.document is not None:
            self.library.restart(self.document)

    def fail(self) -> None:
        if self.document is not None:
            self.library.fail(self.document, "damaged")

    def read(self, source: str, *texts: str, collection: str = "c") -> None:
        """Take a document the whole way."""
        self.queue(source, " ".join(texts).encode(), collection)
        self.claim()
        *first, last = pieces(*texts)
        for done, piece in enumerate(first, start=1):
            self.append(piece, done)
        self.complete(last)

    def file_id(self, source: str) -> str:
        return next((file.id for file in self.library.files() if file.source == source), "file-gone")

    def chunks(self, source: str, collection: str = "c") -> list[StoredChunk]:
        return self.library.document_chunks(self.library.collection(collection).id, self.file_id(source))

    def ask(self, title: str, question: str, source: str) -> None:
        ask_once(self.library, title, question, self.chunks(source))

    def search(self) -> None:
        """Find all that there is to be found, in both ways."""
        for collection in self.library.collections():
            rows = all_rows(self.library, collection.id).added
            found = self.index.search_dense(collection.id, EMBEDDER.embed_query("pump"), 1_000)
            assert sorted(id_ for id_, _ in found) == rows
            assert bool(self.index.search_lexical(collection.id, "pump valve document", 10)) == bool(rows)

    def close(self) -> None:
        self.library.close()


Action = Callable[[Scene], object]


@dataclass(frozen=True, slots=True)
class Step:
    """A base home, made in an empty folder, and what is then done to it."""

    name: str
    prepare: Callable[[Path], None]
    actions: tuple[Action, ...]

    def run(self, home: Path, report: Report, until: int | None = None) -> None:
        """Open the home and do the first `until` actions or all, saying so after each; opening it is the first."""
        if until == 0:
            return
        scene = Scene(home)
        report(DONE)
        for action in self.actions[: None if until is None else until - 1]:
            action(scene)
            report(DONE)
        scene.close()

    def run_on_bad_disk(self, home: Path, report: Report) -> None:
        """Do as `run`; where the library refuses to go on, say so and look whether it can still be searched."""
        try:
            scene = Scene(home)
        except LibraryError as error:
            report(f"{REFUSED}: {error}")
            return
        report(DONE)
        try:
            for action in self.actions:
                action(scene)
                report(DONE)
        except LibraryError as error:
            report(f"{REFUSED}: {error}")
            scene.search()
            report(SEARCHED)
        finally:
            scene.close()


def pieces(*texts: str) -> list[ChunkedDocument]:
    """Return one piece a text, as a parser yields them: each is a page of its own, offsets running on."""
    whole = chunked(*texts)
    return [
        ChunkedDocument(
            replace(whole.document, text=text + ("\n\n" if number < len(texts) - 1 else ""), pages=(page,)), (chunk,)
        )
        for number, (text, page, chunk) in enumerate(zip(texts, whole.document.pages, whole.chunks, strict=True))
    ]


OLD = ("The pump is blue.", "It is oiled in May.", "The hall is green.")
SHORT = ("A red valve.", "A green valve.")
NEW = ("The pump is red.", "Its valve is new.", "The oil is blue.")


def nothing(home: Path) -> None:
    """Leave the folder empty."""


def two_documents(home: Path) -> None:
    """Two documents that were read, one of them in two collections, and saved indexes."""
    scene = Scene(home)
    scene.read("a.txt", *OLD)
    scene.read("b.txt", *SHORT)
    scene.queue("a.txt", " ".join(OLD).encode(), "d")
    scene.claim()
    scene.complete_from_copy()
    for name in ("c", "d"):
        scene.index.save(scene.library.collection(name).id)
    scene.close()


def left_by_a_crash(home: Path) -> None:
    """A document half read, an original without a row, files half written, and a log that was not tidied."""
    two_documents(home)
    scene = Scene(home)
    scene.queue("late.txt", b"late")
    scene.claim()
    scene.append(pieces(*NEW)[0], 1)
    alive = home.with_name(f"{home.name}-alive")
    home.rename(alive)
    shutil.copytree(alive, home)
    scene.close()
    shutil.rmtree(alive)
    orphan = home / "files" / "00" / f"00{'f' * 62}"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"orphan")
    for folder in ("files", "index"):
        (home / folder / "incoming-abc").write_bytes(b"half")


def version_one(home: Path) -> None:
    """A home as the first release wrote it."""
    home.mkdir(parents=True, exist_ok=True)
    db = raw_database(home / DATABASE_NAME)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute(FIRST_RELEASE.read_text())
    db.execute("PRAGMA user_version = 1")
    db.execute("INSERT INTO collections VALUES ('vs_1', 'local', 'c', 1, 1, ?)", (encode_passport(PASSPORT),))
    for number, texts in enumerate((OLD, NEW), start=1):
        _insert_version_one(db, Originals(home / "files"), number, texts)
    db.close()


def _insert_version_one(db: apsw.Connection, originals: Originals, number: int, texts: tuple[str, ...]) -> None:
    whole = chunked(*texts)
    with originals.receive(io.BytesIO(" ".join(texts).encode())) as incoming:
        originals.keep(incoming)
    db.execute(
        "INSERT INTO files VALUES (?, 'local', ?, ?, ?, ?, 1)",
        (f"file-{number}", f"{number}.txt", f"{number}.txt", incoming.sha256, incoming.size_bytes),
    )
    db.execute(
        "INSERT INTO documents (id, collection_id, file_id, status, title, media_type, text, page_count, chunk_count,"
        " created_at) VALUES (?, 'vs_1', ?, 'done', 'Title', 'text/plain', ?, 3, 3, 1)",
        (number, f"file-{number}", whole.document.text),
    )
    for page in whole.document.pages:
        db.execute("INSERT INTO pages VALUES (?, ?, ?, ?, 0, 0, x'')", (number, page.number, page.start, page.end))
    for chunk, vector in zip(whole.chunks, EMBEDDER.embed(texts), strict=True):
        db.execute(
            "INSERT INTO chunks (document_id, collection_id, generation, start_offset, end_offset, first_page,"
            " last_page, kind, heading_path, context, text)"
            " VALUES (?, 'vs_1', 1, ?, ?, ?, ?, 'prose', '[]', 'Title', ?)",
            (number, chunk.start, chunk.end, chunk.first_page, chunk.last_page, chunk.text),
        )
        db.execute("INSERT INTO vectors VALUES (?, ?)", (db.last_insert_rowid(), vector.tobytes()))


def _waiting(source: str, body: bytes, collection: str) -> tuple[Action, ...]:
    return lambda scene: scene.keep(source, body), lambda scene: scene.queue(source, body, collection)


def _in_pieces(source: str, texts: tuple[str, ...]) -> tuple[Action, ...]:
    first, second, third = pieces(*texts)
    body = " ".join(texts).encode()
    return (
        lambda scene: scene.collection("c"),
        *_waiting(source, body, "c"),
        lambda scene: scene.claim(),
        lambda scene: scene.append(first, 1),
        lambda scene: scene.append(second, 2),
        lambda scene: scene.complete(third),
        lambda scene: scene.index.save(scene.collection("c").id),
    )


def _gone(action: Action) -> Action:
    def run(scene: Scene) -> None:
        with suppress(FileNotInLibraryError, CollectionNotFoundError):
            action(scene)

    return run


def with_conversation(home: Path) -> None:
    """Two documents, and a conversation that quotes one of them."""
    two_documents(home)
    scene = Scene(home)
    scene.ask("old", "Is the pump blue?", "a.txt")
    scene.close()


def _save(scene: Scene) -> None:
    for name in ("c", "d"):
        scene.index.save(scene.collection(name).id)


def _much_removed(home: Path) -> None:
    """Text that was deleted, and a copy of an older format."""
    two_documents(home)
    scene = Scene(home)
    scene.read("secret.txt", *NEW)
    scene.library.remove(scene.file_id("secret.txt"), None)
    scene.close()
    copy = home / BEFORE_MIGRATION
    shutil.copy(home / DATABASE_NAME, copy)


def _start_rebuild(scene: Scene) -> None:
    work = Rebuild(scene.library, "c", OTHER_PASSPORT)
    if work.is_needed:
        work.start()


def _read_for_rebuild(scene: Scene) -> None:
    scene.claim(OTHER_PASSPORT)
    if scene.document is not None:
        *first, last = pieces(*{"a.txt": OLD, "b.txt": SHORT}[scene.document.source])
        for done, piece in enumerate(first, start=1):
            scene.append(piece, done)
        scene.complete(last)


def _finish_rebuild(scene: Scene) -> None:
    work = Rebuild(scene.library, "c", OTHER_PASSPORT)
    if work.is_needed:
        assert work.finish() is not None


STEPS = (
    Step("first ingest", nothing, _in_pieces("first.txt", OLD)),
    Step("ingest", two_documents, _in_pieces("new.txt", NEW)),
    Step("update", two_documents, _in_pieces("a.txt", NEW)),
    Step(
        "copy",
        two_documents,
        (
            *_waiting("b.txt", b"A red valve. A green valve.", "d"),
            lambda scene: scene.claim(),
            Scene.complete_from_copy,
            *_waiting("b copy.txt", b"A red valve. A green valve.", "c"),
            lambda scene: scene.claim(),
            Scene.complete_from_copy,
        ),
    ),
    Step(
        "delete",
        two_documents,
        (
            _gone(lambda scene: scene.library.remove(scene.file_id("b.txt"), None)),
            _gone(lambda scene: scene.library.remove(scene.file_id("a.txt"), scene.library.collection("c").id)),
            _gone(lambda scene: scene.library.delete_collection(scene.library.collection("d").id)),
            _gone(lambda scene: scene.library.drop_collection(scene.library.collection("c").id)),
        ),
    ),
    Step(
        "save indexes",
        two_documents,
        (
            _gone(lambda scene: scene.library.remove(scene.file_id("b.txt"), None)),
            _save,
            *_waiting("b.txt", b"A red valve.", "c"),
            lambda scene: scene.claim(),
            lambda scene: scene.complete(pieces("A red valve.")[0]),
            _save,
        ),
    ),
    Step(
        "rename",
        two_documents,
        (
            _gone(lambda scene: scene.library.rename_file(scene.file_id("b.txt"), "sub/Title.txt", "Title.txt")),
            _gone(
                lambda scene: scene.library.update_collection(
                    scene.library.collection("d").id, CollectionChanges(label="e")
                )
            ),
        ),
    ),
    Step(
        "fail",
        two_documents,
        (
            *_waiting("bad.txt", b"bad", "c"),
            lambda scene: scene.claim(),
            lambda scene: scene.append(pieces(*NEW)[0], 1),
            Scene.restart,
            Scene.fail,
        ),
    ),
    Step(
        "converse",
        with_conversation,
        (
            lambda scene: conversation_called(scene.library, "new"),
            lambda scene: scene.ask("new", "Is the valve red?", "b.txt"),
            lambda scene: scene.ask("old", "And now?", "b.txt"),
            lambda scene: tag_conversation(scene.library, "new"),
            _gone(lambda scene: scene.library.remove(scene.file_id("a.txt"), None)),
            lambda scene: forget_conversation(scene.library, "old"),
        ),
    ),
    Step("purge", _much_removed, (lambda scene: purge(scene.library),)),
    Step("rebuild", two_documents, (_start_rebuild, _read_for_rebuild, _read_for_rebuild, _finish_rebuild)),
    Step("migrate", version_one, ()),
    Step("recover", left_by_a_crash, ()),
)
