"""Which collections are prefilled in the background, and what goes with a document that is removed."""

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.runtime.derived_files import DerivedFile, DerivedFiles, locate_prefix_cache
from rag.context.prefill import FIRST_COLLECTIONS, BackgroundPrefill
from rag.engines.types import Message, ModelInfo
from rag.errors import EngineCrashedError
from rag.types import PromptPrefix
from tests.fakes import HashEmbedder, ScriptedEngine, chunked, passport
from tests.ingest.library_world import complete

EMBEDDER = HashEmbedder()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "home")
    yield opened
    opened.close()


def add(library: Library, collection_id: str, source: str, *, is_read: bool = True) -> str:
    """Put a document into a collection and return the id of its file."""
    content = chunked(f"The text of {source}.")
    file = library.add_file(source=source, filename=source, content=io.BytesIO(source.encode()))
    document = library.enqueue(collection_id, file.id)
    if is_read:
        complete(library, document, content, EMBEDDER.embed([chunk.text for chunk in content.chunks]))
    return file.id


def prefill_of(library: Library, engine: ScriptedEngine) -> BackgroundPrefill:
    def build_prefix(collection_id: str) -> PromptPrefix | None:
        documents = library.documents(collection_id, statuses=["done"])
        names = tuple(f"{collection_id}/{document.file_id}" for document in documents)
        return PromptPrefix((Message("system", collection_id),), names) if names else None

    return BackgroundPrefill(library, build_prefix, lambda _: engine, lambda: True)


def test_a_collection_is_prefilled_once_and_again_when_it_has_changed(library: Library) -> None:
    engine = ScriptedEngine()
    prefill = prefill_of(library, engine)
    collection = library.create_collection("c", passport())
    add(library, collection.id, "a.txt")
    prefill.prefill_changed()
    prefill.prefill_changed()
    assert len(engine.prefilled) == 1
    add(library, collection.id, "b.txt")
    prefill.prefill_changed()
    assert [len(documents) for _, documents in engine.prefilled] == [1, 2]


def test_a_collection_is_not_prefilled_while_a_document_is_in_the_queue(library: Library) -> None:
    engine = ScriptedEngine()
    collection = library.create_collection("c", passport())
    add(library, collection.id, "a.txt")
    add(library, collection.id, "b.txt", is_read=False)
    prefill_of(library, engine).prefill_changed()
    assert engine.prefilled == []


def test_at_the_start_only_the_newest_collections_are_prefilled(library: Library) -> None:
    engine = ScriptedEngine()
    for number in range(FIRST_COLLECTIONS + 2):
        add(library, library.create_collection(f"c{number}", passport()).id, "a.txt")
    prefill_of(library, engine).prefill_changed()
    assert len(engine.prefilled) == FIRST_COLLECTIONS


def test_a_remote_server_is_sent_no_document_that_nobody_has_asked_about(library: Library) -> None:
    class Remote(ScriptedEngine):
        def info(self) -> ModelInfo:
            return replace(super().info(), is_remote=True)

    def build_prefix(collection_id: str) -> PromptPrefix | None:
        pytest.fail("it asks the server how long the documents are")

    engine = Remote()
    add(library, library.create_collection("c", passport()).id, "a.txt")
    BackgroundPrefill(library, build_prefix, lambda _: engine, lambda: True).prefill_changed()
    assert engine.prefilled == []


def test_prefill_loads_no_model(library: Library) -> None:
    engine = ScriptedEngine()
    loaded: list[bool] = []

    def build_prefix(collection_id: str) -> PromptPrefix:
        return PromptPrefix((Message("system", collection_id),), ())

    def engine_for(_: str | None) -> ScriptedEngine:
        assert loaded, "asking for an engine loads its model"
        return engine

    prefill = BackgroundPrefill(library, build_prefix, engine_for, lambda: bool(loaded))
    add(library, library.create_collection("c", passport()).id, "a.txt")
    prefill.prefill_changed()
    assert engine.prefilled == []
    loaded.append(True)
    prefill.prefill_changed()
    assert len(engine.prefilled) == 1


def test_a_model_that_fails_ends_no_thread(library: Library) -> None:
    class Failing(ScriptedEngine):
        def prefill(self, messages: object, *, documents: object) -> int:
            self.prefilled.append(((), ()))
            raise EngineCrashedError(model="scripted", how="signal SIGKILL")

    engine = Failing()
    prefill = prefill_of(library, engine)
    prefill.start()
    add(library, library.create_collection("c", passport()).id, "a.txt")
    deadline = time.monotonic() + 30
    while not engine.prefilled and time.monotonic() < deadline:
        time.sleep(0.05)
    count = len(engine.prefilled)
    add(library, library.create_collection("d", passport()).id, "a.txt")
    while len(engine.prefilled) == count and time.monotonic() < deadline:
        time.sleep(0.05)
    prefill.close()
    assert len(engine.prefilled) > count


@pytest.mark.parametrize("how", ["document", "everywhere", "collection"])
def test_a_prefilled_prompt_goes_with_its_document(library: Library, how: str) -> None:
    one, other = (library.create_collection(name, passport()) for name in ("one", "other"))
    file_id = add(library, one.id, "a.txt")
    kept_id = add(library, other.id, "b.txt")
    files = DerivedFiles(locate_prefix_cache(library.home), 1 << 20)
    files.store(DerivedFile("gone", (f"{one.id}/{file_id}",), b""), memoryview(b"state"))
    files.store(DerivedFile("stays", (f"{other.id}/{kept_id}",), b""), memoryview(b"state"))
    match how:
        case "document":
            library.remove_document(one.id, file_id)
        case "everywhere":
            library.delete_file(file_id)
        case _:
            library.delete_collection(one.id)
    assert [derived.name for derived in files.list_files()] == ["stays"]
