"""Principals: their keys, what each sees and changes, and what they share."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import (
    CollectionNotFoundError,
    CollectionNotYoursError,
    FileNotInLibraryError,
    IngestError,
    KeyExistsError,
    KeyNotFoundError,
)
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.principals import EVERY_OWNER, LOCAL, Principal, Share, check_principal_name, digest_key
from ingest.storage.paging import PageSpec
from ingest.types import Collection, CollectionChanges, DocumentRecord
from ingest.upkeep.check import ConsistencyCheck
from ingest.upkeep.departure import delete_principal
from tests.fakes import chunked, passport
from tests.ingest.library_world import complete

PUMP, VALVE = "The pump is blue.", "The valve is red."


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library in which Anna and Ben have keys."""
    with closing(Library(tmp_path / "home")) as opened:
        opened.create_key("anna")
        opened.create_key("ben")
        yield opened


@pytest.fixture
def anna(library: Library) -> Library:
    return library.as_owner("anna")


@pytest.fixture
def ben(library: Library) -> Library:
    return library.as_owner("ben")


def upload(library: Library, collection: Collection, name: str = "a.txt", text: str = PUMP) -> DocumentRecord:
    file = library.add_upload(name, io.BytesIO(text.encode()))
    stored = complete(library, library.enqueue(collection.id, file.id), chunked(text))
    assert stored is not None
    return stored


def texts(library: Library, collection: Collection) -> list[str]:
    return [library.document_text(collection.id, each.file_id) for each in library.documents(collection.id)]


def is_stored_anywhere(home: Path, secret: str) -> bool:
    return any(secret.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_a_key_opens_for_its_name_and_is_nowhere_on_disk(library: Library) -> None:
    key, admin_key = library.create_key("carl"), library.create_key("dora", is_admin=True)
    valid = library.valid_keys()
    assert valid is not None
    assert valid[digest_key(key)] == Principal("carl")
    assert valid[digest_key(admin_key)] == Principal("dora", is_admin=True)
    assert not is_stored_anywhere(library.home, key)
    assert [each.name for each in library.list_keys()] == ["anna", "ben", "carl", "dora"]


def test_a_revoked_key_opens_nothing_and_its_name_keeps_what_it_owns(library: Library) -> None:
    key = library.create_key("carl")
    collection = library.as_owner("carl").create_collection("c", passport())
    assert library.revoke_key("carl").revoked_at is not None
    assert digest_key(key) not in (library.valid_keys() or {})
    again = library.create_key("carl")
    assert (library.valid_keys() or {})[digest_key(again)] == Principal("carl")
    assert library.as_owner("carl").collections() == [collection]


def test_a_home_asks_for_keys_from_the_first_one_on_even_if_all_are_revoked(tmp_path: Path) -> None:
    with closing(Library(tmp_path)) as library:
        assert library.valid_keys() is None
        library.create_key("anna")
        library.revoke_key("anna")
        assert library.valid_keys() == {}
        delete_principal(library, "anna")
        assert library.valid_keys() is None


def test_a_name_has_one_valid_key(library: Library) -> None:
    with pytest.raises(KeyExistsError, match="revoke anna"):
        library.create_key("anna")
    with pytest.raises(KeyNotFoundError):
        library.revoke_key("nobody")


@pytest.mark.parametrize("name", ["anna", "a.b-c_d@e.example", "7"])
def test_names_that_are_allowed(name: str) -> None:
    assert check_principal_name(name) == name


@pytest.mark.parametrize("name", ["", "Anna", "a b", "*", "-a", "a/b", "a\n", "ä", "a" * 65, LOCAL])
def test_names_that_are_not_allowed(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        check_principal_name(name)


def test_each_sees_its_own_alone(library: Library, anna: Library, ben: Library) -> None:
    mine, theirs = anna.create_collection("c", passport()), ben.create_collection("c", passport())
    document, other = upload(anna, mine), upload(ben, theirs)
    assert (mine.id, document.file_id) != (theirs.id, other.file_id)
    for view, collection, file_id in ((anna, mine, document.file_id), (ben, theirs, other.file_id)):
        assert [each.id for each in view.collections()] == [collection.id]
        assert view.collection("c").id == collection.id
        assert [each.id for each in view.files()] == [file_id]
        assert [each.file_id for each in view.documents()] == [file_id]
        assert view.counts().total == 1
        assert [each.collection.id for each in view.page_collections(PageSpec()).items] == [collection.id]
    assert library.collections() == []
    assert {each.id for each in library.as_owner(EVERY_OWNER).collections()} == {mine.id, theirs.id}
    assert library.as_owner(EVERY_OWNER).counts().total == 2


def test_nothing_can_be_done_to_what_is_anothers(anna: Library, ben: Library) -> None:
    collection = anna.create_collection("c", passport())
    file_id = upload(anna, collection).file_id
    anna.enqueue(collection.id, file_id, password="secret")
    own_file = ben.add_upload("b.txt", io.BytesIO(b"b"))
    own = ben.create_collection("own", passport())
    calls: list[Callable[[], object]] = [
        lambda: ben.collection(collection.id),
        lambda: ben.update_collection(collection.id, CollectionChanges(label="x")),
        lambda: ben.update_collection(collection.id, CollectionChanges(rules="x")),
        lambda: ben.delete_collection(collection.id),
        lambda: ben.document(collection.id, file_id),
        lambda: ben.document_text(collection.id, file_id),
        lambda: ben.pages(collection.id, file_id),
        lambda: ben.headings(collection.id, file_id),
        lambda: ben.find_line(collection.id, file_id, 0),
        lambda: ben.remove_document(collection.id, file_id),
        lambda: ben.set_attributes(collection.id, file_id, {"a": 1}),
        lambda: ben.enqueue(collection.id, own_file.id),
        lambda: ben.enqueue(own.id, file_id),
        lambda: ben.enqueue(collection.id, file_id, again=True),
        lambda: ben.pause(collection.id, file_id),
        lambda: ben.cancel(collection.id, file_id),
        lambda: ben.file(file_id),
        lambda: ben.original_path(file_id),
        lambda: ben.delete_file(file_id),
        lambda: ben.rename_file(file_id, "x", "x"),
        lambda: ben.share_collection(collection.id, "ben", "write"),
        lambda: ben.unshare_collection(collection.id, "anna"),
        lambda: ben.collection_shares(collection.id),
        lambda: list(ben.read_changes(collection.id, 0)),
        lambda: ben.counts(collection.id),
    ]
    for call in calls:
        with pytest.raises((CollectionNotFoundError, FileNotInLibraryError)):
            call()
    assert ben.document_chunks(collection.id, file_id) == []
    assert ben.search_terms(collection.id, ["pump"], 5) == []
    assert ben.find_attributes(collection.id, [file_id]) == {}
    assert ben.find_documents_by_words([collection.id], ["a"], limit=5) == []
    assert ben.size([collection.id]).chunks == 0
    assert ben.password(file_id) is None
    assert ben.queue_state([collection.id]).queued == 0
    assert texts(anna, collection) == [PUMP]


def test_the_same_bytes_of_two_owners_are_two_files(library: Library, anna: Library, ben: Library) -> None:
    mine, theirs = anna.create_collection("c", passport()), ben.create_collection("c", passport())
    document, other = upload(anna, mine), upload(ben, theirs)
    assert document.sha256 == other.sha256
    anna.delete_file(document.file_id)
    assert ben.original_path(other.file_id).read_bytes() == PUMP.encode()
    assert texts(ben, theirs) == [PUMP]
    ben.delete_file(other.file_id)
    assert [path for path in (library.home / "files").rglob("*") if path.is_file()] == []


def test_a_file_is_read_anew_if_only_somebody_else_has_it(anna: Library, ben: Library) -> None:
    mine, theirs = anna.create_collection("c", passport()), ben.create_collection("c", passport())
    document = upload(anna, mine)
    again, other = anna.create_collection("d", passport()), ben.add_upload("a.txt", io.BytesIO(PUMP.encode()))
    anna.enqueue(again.id, document.file_id)
    claimed = anna.claim(passport())
    assert claimed is not None
    assert anna.complete_from_copy(claimed) is not None
    ben.enqueue(theirs.id, other.id)
    claimed = ben.claim(passport())
    assert claimed is not None
    assert ben.complete_from_copy(claimed) is None


def test_the_queue_reads_the_documents_of_all(library: Library, anna: Library, ben: Library) -> None:
    for number, view in enumerate((anna, ben)):
        collection = view.create_collection("c", passport())
        view.enqueue(collection.id, view.add_upload("a.txt", io.BytesIO(b"%d" % number)).id)
    assert [view.queue_state().queued for view in (library, anna, ben)] == [0, 1, 1]
    claimed = [library.claim(passport()), library.claim(passport())]
    assert all(claimed)
    library.pause_queue()
    assert anna.queue_state().is_paused
    assert library.claim(passport()) is None


def test_a_document_of_another_that_is_queued_again_is_returned(library: Library, anna: Library) -> None:
    collection = anna.create_collection("own", passport())
    anna.enqueue(collection.id, anna.add_upload("a.txt", io.BytesIO(b"text")).id)
    claimed = library.claim(passport())
    assert claimed is not None
    again = library.requeue(claimed, "the embedder gave no answer")
    assert again is not None
    assert (again.status, again.reason) == ("queued", "the embedder gave no answer")


def test_what_hinders_the_queue_is_told_in_every_view(library: Library, anna: Library) -> None:
    library.as_owner(EVERY_OWNER).set_hindrance("the disk is full")
    assert anna.queue_state().hindrance == library.queue_state().hindrance == "the disk is full"


def test_a_shared_collection_is_read_and_searched_but_not_changed(anna: Library, ben: Library) -> None:
    collection = anna.create_collection("c", passport())
    file_id = upload(anna, collection).file_id
    assert anna.share_collection(collection.id, "ben", "read") == [Share("ben", "read")]
    seen = ben.collection("c")
    assert (seen.id, seen.owner, seen.access) == (collection.id, "anna", "read")
    assert texts(ben, seen) == [PUMP]
    assert [each.chunk.text for each in ben.document_chunks(collection.id, file_id)] == [PUMP]
    assert len(ben.search_terms(collection.id, ["pump"], 5)) == 1
    assert len(SearchIndex(ben).list_ids(collection.id)) == 1
    own = ben.add_upload("b.txt", io.BytesIO(b"b"))
    calls: list[Callable[[], object]] = [
        lambda: ben.enqueue(collection.id, own.id),
        lambda: ben.remove_document(collection.id, file_id),
        lambda: ben.set_attributes(collection.id, file_id, {"a": 1}),
        lambda: ben.cancel(collection.id, file_id),
        lambda: ben.update_collection(collection.id, CollectionChanges(label="x")),
        lambda: ben.delete_collection(collection.id),
        lambda: ben.collection_shares(collection.id),
        lambda: ben.share_collection(collection.id, LOCAL, "read"),
    ]
    for call in calls:
        with pytest.raises(CollectionNotYoursError, match="searching and reading"):
            call()
    with pytest.raises(FileNotInLibraryError):  # the text is shared, not the original
        ben.original_path(file_id)


def test_one_who_may_write_changes_documents_and_nothing_else(anna: Library, ben: Library) -> None:
    collection = anna.create_collection("c", passport())
    first = upload(anna, collection).file_id
    anna.share_collection(collection.id, "ben", "write")
    upload(ben, collection, "b.txt", VALVE)
    ben.set_attributes(collection.id, first, {"a": 1})
    assert anna.document(collection.id, first).attributes == {"a": 1}
    assert texts(anna, collection) == [PUMP, VALVE]
    ben.remove_document(collection.id, first)
    assert texts(anna, collection) == [VALVE]
    assert anna.file(first).filename == "a.txt"
    for call in (
        lambda: ben.update_collection(collection.id, CollectionChanges(label="x")),
        lambda: ben.update_collection(collection.id, CollectionChanges(rules="x")),
        lambda: ben.delete_collection(collection.id),
    ):
        with pytest.raises(CollectionNotYoursError, match="changing its documents"):
            call()


def test_files_of_one_name_by_two_owners_stand_beside_each_other(anna: Library, ben: Library) -> None:
    collection = anna.create_collection("c", passport())
    anna.share_collection(collection.id, "ben", "write")
    first = upload(anna, collection, text=PUMP)
    anna.set_attributes(collection.id, first.file_id, {"by": "anna"})
    second = upload(ben, collection, text=VALVE)
    assert sorted(texts(anna, collection)) == sorted([PUMP, VALVE])
    assert (second.filename, second.source, second.attributes) == ("a.txt", "a (2).txt", {})
    ben.delete_file(second.file_id)
    assert anna.document(collection.id, first.file_id).attributes == {"by": "anna"}


def test_a_file_that_another_has_added_stays_theirs_when_the_collection_goes(anna: Library, ben: Library) -> None:
    collection = anna.create_collection("c", passport())
    anna.share_collection(collection.id, "ben", "write")
    mine, theirs = upload(anna, collection), upload(ben, collection, "b.txt", VALVE)
    anna.delete_collection(collection.id)
    assert [each.id for each in ben.files()] == [theirs.file_id]
    with pytest.raises(FileNotInLibraryError):
        anna.file(mine.file_id)


def test_a_share_ends_by_its_owner_or_by_the_one_who_has_it(anna: Library, ben: Library) -> None:
    collection = anna.create_collection("c", passport())
    anna.share_collection(collection.id, LOCAL, "read")
    anna.share_collection(collection.id, "ben", "read")
    assert ben.unshare_collection(collection.id, "ben") == []
    with pytest.raises(CollectionNotFoundError):
        ben.collection(collection.id)
    assert anna.unshare_collection(collection.id, LOCAL) == []
    with pytest.raises(KeyNotFoundError):
        anna.unshare_collection(collection.id, LOCAL)


def test_a_collection_is_shared_with_names_that_have_keys(anna: Library) -> None:
    collection = anna.create_collection("c", passport())
    with pytest.raises(KeyNotFoundError, match="nobody here is named 'carl'"):
        anna.share_collection(collection.id, "carl", "read")
    assert anna.share_collection(collection.id, "anna", "read") == []


def test_a_name_means_ones_own_collection_first(anna: Library, ben: Library) -> None:
    shared = anna.create_collection("c", passport())
    anna.share_collection(shared.id, "ben", "read")
    assert ben.collection("c").id == shared.id
    own = ben.create_collection("c", passport())
    assert ben.collection("c").id == own.id
    assert ben.collection(shared.id).id == shared.id
    assert {each.id for each in ben.collections()} == {own.id, shared.id}


def test_collections_of_one_name_and_second_are_all_listed(library: Library, ben: Library) -> None:
    library.create_key("carl")
    library.create_key("dora")
    ids = [ben.create_collection("c", passport()).id]
    for name in ("anna", "carl", "dora"):
        view = library.as_owner(name)
        ids.append(view.create_collection("c", passport()).id)
        view.share_collection(ids[-1], "ben", "read")
    listed: list[str] = []
    cursor = None
    while True:
        page = ben.page_collections(PageSpec(limit=1, after=cursor))
        listed += [each.collection.id for each in page.items]
        if not page.has_more:
            break
        cursor = listed[-1]
    assert sorted(listed) == sorted(ids)


def test_a_principal_is_deleted_with_everything_that_it_owns(library: Library, anna: Library, ben: Library) -> None:
    collection, shared = anna.create_collection("c", passport()), ben.create_collection("s", passport())
    ben.share_collection(shared.id, "anna", "write")
    upload(anna, collection)
    upload(anna, shared, "b.txt", VALVE)
    kept = upload(ben, shared, "k.txt", "The hose is green.")
    anna.add_upload("alone.txt", io.BytesIO(b"alone"))
    anna.create_conversation("Mine")
    delete_principal(library, "anna")
    assert (anna.collections(), anna.files(), anna.conversations()) == ([], [], [])
    assert [each.file_id for each in ben.documents(shared.id)] == [kept.file_id]
    assert ben.collection_shares(shared.id) == []
    assert [each.name for each in library.list_keys()] == ["ben"]
    library.create_key("anna")
    with pytest.raises(IngestError):
        anna.collection(shared.id)


def test_the_check_looks_at_what_all_own(library: Library, anna: Library) -> None:
    collection = anna.create_collection("c", passport())
    upload(anna, collection)
    everything = library.as_owner(EVERY_OWNER)
    index = SearchIndex(everything)
    index.save(collection.id)
    assert ConsistencyCheck(everything, index, passport=passport()).run() == []
    for snapshot in (library.home / "index").iterdir():
        snapshot.write_bytes(b"damaged")
    assert {each.area for each in ConsistencyCheck(everything, SearchIndex(everything)).run()} == {"index"}
