"""The library's promises: identity, replacement, deletion, and agreement with its indexes."""

import io
import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.chunking.chunker import find_page_number
from ingest.errors import (
    CollectionExistsError,
    CollectionNotFoundError,
    FileNotInLibraryError,
    LibraryError,
)
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage.snapshots import Snapshot
from ingest.types import ChunkedDocument, DocumentRecord, Progress
from tests.fakes import chunked, passport
from tests.ingest.library_world import EMBEDDER, add, claimed, complete, facts_of


def found(library: Library, collection_id: str, words: str) -> list[str]:
    hits = SearchIndex(library).search_lexical(collection_id, words, 10)
    return [chunk.chunk.text for chunk in library.chunks([id_ for id_, _ in hits])]


def test_the_same_file_again_changes_nothing(library: Library) -> None:
    collection = library.create_collection("c", passport())
    first = add(library, collection.id, "a.txt", chunked("The pump is blue."))
    generation = library.collection("c").generation

    file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"The pump is blue."))
    again = library.enqueue(collection.id, file.id)

    assert again == first
    assert library.collection("c").generation == generation


def test_a_changed_file_replaces_its_old_version_at_once(library: Library) -> None:
    collection = library.create_collection("c", passport())
    old = add(library, collection.id, "a.txt", chunked("The pump is blue."))
    old_path = library.original_path(old.file_id)

    new = add(library, collection.id, "a.txt", chunked("The valve is red."))

    assert [document.file_id for document in library.documents(collection.id)] == [new.file_id]
    assert (found(library, collection.id, "pump"), found(library, collection.id, "valve")) == (
        [],
        ["The valve is red."],
    )
    assert not old_path.exists()


def upload(library: Library, collection_id: str, text: str, *, replace: bool = False) -> DocumentRecord:
    file = library.add_upload("invoice.txt", io.BytesIO(text.encode()))
    return library.enqueue(collection_id, file.id, replace=replace)


def read(library: Library, document: DocumentRecord, text: str) -> DocumentRecord:
    stored = complete(library, document, chunked(text))
    assert stored is not None
    return stored


def test_uploads_of_one_name_are_documents_of_their_own(library: Library) -> None:
    collection = library.create_collection("c", passport())
    texts = ["Hosting costs 99 a month.", "Hosting costs 110 a month.", "Hosting costs 120 a month."]
    stored = [read(library, upload(library, collection.id, text), text) for text in texts]
    assert [document.filename for document in stored] == ["invoice.txt"] * 3
    assert [document.source for document in stored] == ["invoice.txt", "invoice (2).txt", "invoice (3).txt"]
    assert sorted(found(library, collection.id, "hosting")) == sorted(texts)


def test_the_same_upload_again_is_the_same_document(library: Library) -> None:
    collection = library.create_collection("c", passport())
    first, second = upload(library, collection.id, "one"), upload(library, collection.id, "two")
    assert upload(library, collection.id, "one").file_id == first.file_id
    assert upload(library, collection.id, "two").file_id == second.file_id
    assert len(library.documents(collection.id)) == 2


def test_a_source_that_another_upload_has_is_not_given_twice(library: Library) -> None:
    library.add_upload("a (2).txt", io.BytesIO(b"other"))
    sources = [library.add_upload("a.txt", io.BytesIO(text)).source for text in (b"one", b"two")]
    assert sources == ["a.txt", "a (3).txt"]


def test_an_upload_takes_the_place_of_another_only_when_asked_and_only_when_it_is_read(library: Library) -> None:
    collection = library.create_collection("c", passport())
    old = read(library, upload(library, collection.id, "The pump is blue."), "The pump is blue.")
    library.set_attributes(collection.id, old.file_id, {"year": 2024})

    new = upload(library, collection.id, "The valve is red.", replace=True)
    assert (new.replaces, new.attributes) == (old.file_id, {"year": 2024})
    assert found(library, collection.id, "pump") == ["The pump is blue."]

    read(library, new, "The valve is red.")
    assert [document.file_id for document in library.documents(collection.id)] == [new.file_id]
    assert (found(library, collection.id, "pump"), found(library, collection.id, "valve")) == (
        [],
        ["The valve is red."],
    )


def test_a_replacement_that_failed_is_still_one_when_it_is_tried_again(library: Library) -> None:
    collection = library.create_collection("c", passport())
    old = read(library, upload(library, collection.id, "The pump is blue."), "The pump is blue.")
    new = upload(library, collection.id, "broken", replace=True)
    library.fail(new, "damaged")
    again = library.enqueue(collection.id, new.file_id, again=True)
    assert again.replaces == old.file_id
    read(library, again, "The valve is red.")
    assert [document.file_id for document in library.documents(collection.id)] == [new.file_id]


def test_an_upload_replaces_nothing_in_another_collection(library: Library) -> None:
    first, second = (library.create_collection(name, passport()) for name in ("a", "b"))
    read(library, upload(library, first.id, "The pump is blue."), "The pump is blue.")
    new = upload(library, second.id, "The valve is red.", replace=True)
    assert new.replaces == ""
    read(library, new, "The valve is red.")
    assert (len(library.documents(first.id)), len(library.documents(second.id))) == (1, 1)


def test_the_old_version_answers_until_the_new_one_is_read(library: Library) -> None:
    collection = library.create_collection("c", passport())
    add(library, collection.id, "a.txt", chunked("The pump is blue."))
    changed = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"broken"))
    document = library.enqueue(collection.id, changed.id)

    library.fail(document, "damaged")

    assert found(library, collection.id, "pump") == ["The pump is blue."]
    assert [(d.status, d.reason) for d in library.documents()] == [("done", ""), ("failed", "damaged")]


def test_a_failed_document_can_be_tried_again(library: Library) -> None:
    collection = library.create_collection("c", passport())
    file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"x"))
    library.fail(library.enqueue(collection.id, file.id), "damaged")
    again = library.enqueue(collection.id, file.id)
    assert (again.status, claimed(library, again).file_id) == ("queued", file.id)


def test_a_document_that_failed_twice_is_tried_again_only_when_somebody_asks(library: Library) -> None:
    collection = library.create_collection("c", passport())
    file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"x"))
    for _ in range(2):
        library.fail(library.enqueue(collection.id, file.id), "damaged")
    assert library.enqueue(collection.id, file.id).status == "failed"
    assert library.enqueue(collection.id, file.id, again=True).status == "queued"


def test_a_password_opens_a_document_that_failed_and_goes_with_its_file(library: Library) -> None:
    collection = library.create_collection("c", passport())
    file = library.add_file(source="a.pdf", filename="a.pdf", content=io.BytesIO(b"x"))
    for _ in range(2):
        library.fail(library.enqueue(collection.id, file.id), "needs a password")
    assert library.enqueue(collection.id, file.id, password="secret").status == "queued"
    assert library.password(file.id) == "secret"
    library.delete_file(file.id)
    assert library.password(file.id) is None


def test_a_document_removed_while_it_is_read_does_not_come_back(library: Library) -> None:
    collection = library.create_collection("c", passport())
    file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"x"))
    document = claimed(library, library.enqueue(collection.id, file.id))
    library.remove_document(collection.id, file.id)
    content = chunked("The pump is blue.")

    vectors = EMBEDDER.embed(["The pump is blue."])
    assert not library.append(document, content, vectors, Progress("reading"))
    assert library.complete(document, content, vectors, facts_of(content)) is None
    assert library.documents() == []


def test_delete_removes_rows_vectors_words_and_the_original(library: Library) -> None:
    collection = library.create_collection("c", passport())
    document = add(library, collection.id, "a.txt", chunked("The pump is blue."))
    path = library.original_path(document.file_id)

    library.delete_file(document.file_id)

    assert (library.documents(), library.files(), found(library, collection.id, "pump")) == ([], [], [])
    assert SearchIndex(library).search_dense(collection.id, EMBEDDER.embed_query("pump"), 5) == []
    assert not path.exists()


def test_deleted_text_is_overwritten_on_disk(library: Library) -> None:
    collection = library.create_collection("c", passport())
    document = add(library, collection.id, "a.txt", chunked("The canary is called Zwieback."))
    library.delete_file(document.file_id)
    home = library.home
    library.close()
    left = [path.name for path in home.rglob("*") if path.is_file() and b"wieback" in path.read_bytes().lower()]
    assert left == []


def test_content_that_another_file_has_too_outlives_a_delete(library: Library) -> None:
    collection = library.create_collection("c", passport())
    first = add(library, collection.id, "a.txt", chunked("Same text."))
    second = add(library, collection.id, "b.txt", chunked("Same text."))
    library.delete_file(first.file_id)
    assert library.original_path(second.file_id).read_bytes() == b"Same text."


def test_deleting_a_collection_leaves_the_others_whole(library: Library) -> None:
    one, two = (library.create_collection(name, passport()) for name in ("one", "two"))
    for collection in (one, two):
        add(library, collection.id, "a.txt", chunked("The pump is blue."))
    library.delete_collection(one.id)
    assert [collection.name for collection in library.collections()] == ["two"]
    assert found(library, two.id, "pump") == ["The pump is blue."]
    assert len(library.files()) == 1


def test_what_does_not_exist_is_named(library: Library) -> None:
    collection = library.create_collection("c", passport())
    with pytest.raises(CollectionNotFoundError, match="'nowhere'"):
        library.collection("nowhere")
    with pytest.raises(FileNotInLibraryError, match="'file-0'"):
        library.enqueue(collection.id, "file-0")
    with pytest.raises(FileNotInLibraryError):
        library.remove_document(collection.id, "file-0")
    with pytest.raises(CollectionExistsError):
        library.create_collection("c", passport())


def test_another_owner_sees_nothing(tmp_path: Path) -> None:
    mine, theirs = Library(tmp_path, owner="me"), Library(tmp_path, owner="them")
    collection = mine.create_collection("c", passport())
    document = add(mine, collection.id, "a.txt", chunked("Secret."))
    with pytest.raises(CollectionNotFoundError):
        theirs.collection(collection.id)
    with pytest.raises(FileNotInLibraryError):
        theirs.document_text(collection.id, document.file_id)
    assert (theirs.collections(), theirs.files(), theirs.documents()) == ([], [], [])
    mine.close()
    theirs.close()


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be used"):
        Library(tmp_path / "home")


def test_files_are_readable_by_their_owner_only(library: Library) -> None:
    collection = library.create_collection("c", passport())
    document = add(library, collection.id, "a.txt", chunked("Private."))
    assert library.original_path(document.file_id).stat().st_mode & 0o077 == 0
    assert (library.home / "library.db").stat().st_mode & 0o077 == 0


def test_one_process_sees_what_another_has_changed(library: Library) -> None:
    other = Library(library.home)
    index = SearchIndex(library)
    collection = library.create_collection("c", passport())
    query = EMBEDDER.embed_query("pump")
    assert index.search_dense(collection.id, query, 5) == []

    document = add(other, collection.id, "a.txt", chunked("The pump is blue."))
    assert len(index.search_dense(collection.id, query, 5)) == 1

    other.delete_file(document.file_id)
    assert index.search_dense(collection.id, query, 5) == []
    other.close()


def test_adds_deletes_and_searches_from_many_threads_stay_right(library: Library) -> None:
    collection = library.create_collection("c", passport())
    index = SearchIndex(library)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(8):
                text = f"Unit{number} turn{turn}."
                document = add(library, collection.id, f"{number}.txt", chunked(text))
                query = EMBEDDER.embed_query(text)
                best = library.chunks([index.search_dense(collection.id, query, 1)[0][0]])
                assert best[0].chunk.text == text
                if turn % 3 == 2:
                    library.delete_file(document.file_id)
        except BaseException as error:  # noqa: BLE001 (reported by the main thread)
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_complete_refuses_a_wrong_number_of_vectors(library: Library) -> None:
    collection = library.create_collection("c", passport())
    file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"x"))
    document = library.enqueue(collection.id, file.id)
    with pytest.raises(ValueError, match="1 chunks came with 2 vectors"):
        complete(library, document, chunked("One."), np.zeros((2, 256), dtype=np.float32))
    stored = library.document(collection.id, file.id)
    assert (stored.status, stored.chunks) == ("reading", 0)


def enqueue(library: Library, collection_id: str, source: str, content: ChunkedDocument) -> DocumentRecord:
    """Queue a document whose file's bytes are its text."""
    body = io.BytesIO(content.document.text.encode())
    return library.enqueue(collection_id, library.add_file(source=source, filename=source, content=body).id)


OLD, NEW = chunked("The pump is blue."), chunked("The valve is red.")


@pytest.mark.parametrize("is_old_first", [True, False])
def test_the_newer_of_two_waiting_versions_wins_whichever_is_read_first(library: Library, is_old_first: bool) -> None:
    collection = library.create_collection("c", passport())
    old, new = (enqueue(library, collection.id, "a.txt", content) for content in (OLD, NEW))

    for document, content in ((old, OLD), (new, NEW)) if is_old_first else ((new, NEW), (old, OLD)):
        complete(library, document, content)

    assert [(each.file_id, each.status) for each in library.documents()] == [(new.file_id, "done")]
    assert found(library, collection.id, "pump valve") == ["The valve is red."]
    assert [file.id for file in library.files()] == [new.file_id]
    assert library.original_path(new.file_id).read_bytes() == b"The valve is red."


def test_a_version_that_failed_and_is_added_again_is_the_newest(library: Library) -> None:
    collection = library.create_collection("c", passport())
    first, second = (enqueue(library, collection.id, "a.txt", content) for content in (OLD, NEW))
    library.fail(first, "the embedder was away")
    complete(library, second, NEW)
    again = enqueue(library, collection.id, "a.txt", OLD)
    assert complete(library, again, OLD) is not None
    assert found(library, collection.id, "pump valve") == ["The pump is blue."]


def test_what_was_read_does_not_fail_afterwards_and_what_failed_is_not_read(library: Library) -> None:
    collection = library.create_collection("c", passport())
    done, failed = enqueue(library, collection.id, "a.txt", OLD), enqueue(library, collection.id, "b.txt", NEW)
    complete(library, done, OLD)
    library.fail(failed, "damaged")

    library.fail(done, "too late")
    late = library.complete(failed, NEW, EMBEDDER.embed(["The valve is red."]), facts_of(NEW))
    assert late is not None
    assert late.status == "failed"

    assert [(each.status, each.reason) for each in library.documents()] == [("done", ""), ("failed", "damaged")]
    assert found(library, collection.id, "pump valve") == ["The pump is blue."]


def test_the_same_content_added_and_deleted_at_once_is_never_lost(library: Library) -> None:
    lost: list[str] = []

    def work(source: str) -> None:
        for _ in range(25):
            file = library.add_file(source=source, filename="same", content=io.BytesIO(b"the same bytes"))
            if not library.original_path(file.id).exists():
                lost.append(source)
            library.delete_file(file.id)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert [path for path in (library.home / "files").rglob("*") if path.is_file()] == []


def test_what_a_crash_left_is_removed_when_the_library_is_opened(library: Library) -> None:
    collection = library.create_collection("c", passport())
    kept = library.original_path(add(library, collection.id, "a.txt", OLD).file_id)
    files, index = library.home / "files", library.home / "index"
    orphan, killed, running = files / "ab" / ("ab" * 32), files / "incoming-killed", files / "incoming-running"
    stale = index / "vs_0-1-0.faiss"
    for path in (orphan, killed, running, stale):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left")
    os.utime(killed, (0, 0))

    Library(library.home).close()

    assert [path.exists() for path in (kept, running, orphan, killed, stale)] == [True, True, False, False, False]


def test_a_file_goes_with_the_last_of_its_documents(library: Library) -> None:
    one, two = (library.create_collection(name, passport()) for name in ("one", "two"))
    file_id, _ = (add(library, collection.id, "a.txt", OLD).file_id for collection in (one, two))
    path = library.original_path(file_id)

    library.remove(file_id, one.id)
    assert [document.collection_id for document in library.documents()] == [two.id]
    assert path.exists()
    with pytest.raises(FileNotInLibraryError):
        library.remove(file_id, one.id)

    library.remove(file_id, two.id)
    assert (library.documents(), library.files(), path.exists()) == ([], [], False)


@pytest.mark.parametrize("collections", [[], ["one"], ["one", "two"]])
def test_a_file_can_be_removed_from_wherever_it_is(library: Library, collections: list[str]) -> None:
    file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"x"))
    for name in collections:
        library.enqueue(library.create_collection(name, passport()).id, file.id)
    path = library.original_path(file.id)
    library.remove(file.id, None)
    assert (library.documents(), library.files(), path.exists()) == ([], [], False)
    with pytest.raises(FileNotInLibraryError):
        library.remove(file.id, None)


def index_files(library: Library) -> list[Path]:
    return list((library.home / "index").iterdir())


def test_no_vector_of_what_was_removed_stays_in_a_saved_index(library: Library) -> None:
    collection = library.create_collection("c", passport())
    index = SearchIndex(library)
    gone, _ = (add(library, collection.id, source, OLD) for source in ("a.txt", "b.txt"))
    index.save(collection.id)
    assert len(index_files(library)) == 1

    library.remove_document(collection.id, gone.file_id)

    assert (index_files(library), library.snapshot(collection.id)) == ([], None)
    assert len(SearchIndex(library).search_dense(collection.id, EMBEDDER.embed_query("pump"), 5)) == 1
    index.save(collection.id)
    library.delete_collection(collection.id)
    assert index_files(library) == []


def test_an_index_that_was_overtaken_by_a_removal_or_a_newer_one_is_not_kept(library: Library) -> None:
    collection = library.create_collection("c", passport())
    document = add(library, collection.id, "a.txt", OLD)
    generation = library.collection("c").generation
    early, late = (
        Snapshot(collection.id, generation + age, filename, "", 1, 256, passport())
        for age, filename in enumerate(("early.faiss", "late.faiss"))
    )

    library.save_snapshot(late, b"late")
    library.save_snapshot(early, b"early")
    assert (library.snapshot(collection.id), [path.name for path in index_files(library)]) == (late, ["late.faiss"])

    library.remove(document.file_id, None)
    library.save_snapshot(early, b"early")
    library.delete_collection(collection.id)
    library.save_snapshot(late, b"late")
    assert index_files(library) == []


@given(start=st.integers(0, 40), length=st.integers(0, 40))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_pages_of_a_span_are_those_that_it_touches(library: Library, start: int, length: int) -> None:
    if not library.documents():
        add(
            library,
            library.create_collection("c", passport()).id,
            "a.txt",
            chunked("first page", "second", "third one"),
        )
    (document,) = library.documents()
    where = (document.collection_id, document.file_id)
    pages, end = library.pages(*where), start + length
    expected = [page for page in pages if page.start < end and start < page.end]

    found_pages = library.read_span_pages(*where, start, end)

    assert found_pages[0].number == find_page_number(pages, start)
    assert [page for page in found_pages if page.start < end and start < page.end] == expected
    assert len(found_pages) <= len(expected) + 1


def test_the_text_of_pieces_is_the_text_of_the_document(library: Library) -> None:
    collection = library.create_collection("c", passport())
    first, second = chunked("One.", "Two."), chunked("Three.")
    page = replace(second.document.pages[0], number=3, start=12, end=18)
    chunk = replace(second.chunks[0], start=12, end=18, first_page=3, last_page=3)
    second = ChunkedDocument(replace(second.document, pages=(page,)), (chunk,))
    file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"x"))
    document = claimed(library, library.enqueue(collection.id, file.id))
    assert library.append(document, first, EMBEDDER.embed(["One.", "Two."]), Progress("reading", 2, 3))
    done = library.complete(document, second, EMBEDDER.embed(["Three."]), facts_of(first))
    assert done is not None
    assert library.document_text(collection.id, file.id) == "One.\n\nTwo.\n\nThree."
    assert [library.page_text(collection.id, file.id, number) for number in (1, 2, 3)] == ["One.", "Two.", "Three."]


def test_adding_a_file_again_mends_its_original(library: Library) -> None:
    collection = library.create_collection("c", passport())
    document = add(library, collection.id, "a.txt", chunked("The pump is blue."))
    path = library.original_path(document.file_id)
    path.write_bytes(b"The pump is")

    library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"The pump is blue."))

    assert path.read_bytes() == b"The pump is blue."


def test_a_saved_index_that_is_forgotten_when_a_half_read_document_is_put_back_is_removed(tmp_path: Path) -> None:
    killed = Library(tmp_path / "home")
    collection = killed.create_collection("c", passport())
    file = killed.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(b"a"))
    document = claimed(killed, killed.enqueue(collection.id, file.id))
    content = chunked("The pump is blue.")
    killed.append(document, content, EMBEDDER.embed(["The pump is blue."]), Progress("reading", 1, 2))
    SearchIndex(killed).save(collection.id)
    assert len(list((tmp_path / "home" / "index").iterdir())) == 1
    killed.close()

    Library(tmp_path / "home").close()

    assert list((tmp_path / "home" / "index").iterdir()) == []
