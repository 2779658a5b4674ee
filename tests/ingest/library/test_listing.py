"""Pages and counts of the library against plain lists, also while the library changes between two pages."""

import io
import itertools
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingest.conversation_types import ConversationRecord, NewTurn
from ingest.errors import CollectionNotFoundError, CursorNotFoundError
from ingest.library.library import Library
from ingest.storage.counts import DocumentCounts
from ingest.storage.paging import ListOrder, ListPage, PageSpec
from ingest.types import DocumentFacts, DocumentRecord, DocumentStatus
from ingest.upkeep.rebuild import Rebuild
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import add, claimed

T = TypeVar("T")

FACTS = DocumentFacts("Title", "text/plain")
ORDERS: tuple[ListOrder, ...] = get_args(ListOrder)
STATUSES: tuple[DocumentStatus, ...] = get_args(DocumentStatus)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path)
    yield opened
    opened.close()


def queue(library: Library, collection_id: str, source: str) -> DocumentRecord:
    name = Path(source).name
    file = library.add_file(source=source, filename=name, content=io.BytesIO(source.encode()))
    return library.enqueue(collection_id, file.id)


def names(page: ListPage[DocumentRecord]) -> list[str]:
    return [document.filename for document in page.items]


def walk(read: Callable[[str | None], ListPage[T]], id_of: Callable[[T], str]) -> list[T]:
    """Return the members of all pages, from the first to the one that has no more behind it."""
    page = read(None)
    members = page.items
    while page.has_more:
        page = read(id_of(page.items[-1]))
        members += page.items
    return members


def walk_back(read: Callable[[str], ListPage[T]], id_of: Callable[[T], str], last: T) -> list[T]:
    """Return the members in front of `last`, from the last page to the first."""
    page = read(id_of(last))
    members = page.items
    while page.has_more:
        page = read(id_of(page.items[0]))
        members = page.items + members
    return members


def file_id(document: DocumentRecord) -> str:
    return document.file_id


@settings(max_examples=25, deadline=None)
@given(
    sources=st.lists(st.sampled_from([f"{folder}/{name}.txt" for folder in "ab" for name in "wxyz"]), unique=True),
    paused=st.sets(st.integers(0, 7)),
    order=st.sampled_from(ORDERS),
    limit=st.integers(1, 4),
    statuses=st.none() | st.sets(st.sampled_from(["queued", "paused", "done"])),
    name=st.sampled_from(["", "x", "X.T", "none"]),
)
def test_pages_of_documents_cover_what_the_filters_let_through_once_and_in_order(
    sources: list[str], paused: set[int], order: ListOrder, limit: int, statuses: set[DocumentStatus] | None, name: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        id_ = library.create_collection("c", passport()).id
        other = library.create_collection("other", passport()).id
        for number, source in enumerate(sources):
            document = queue(library, id_, source)
            queue(library, other, f"other/{source}")
            if number in paused:
                library.pause(id_, document.file_id)
        expected = [
            document
            for document in library.documents(id_)
            if (statuses is None or document.status in statuses) and name.casefold() in document.filename
        ]
        if order == "newest":
            expected.reverse()
        elif order == "source":
            expected.sort(key=lambda document: document.source)

        def page(after: str | None = None, before: str | None = None) -> ListPage[DocumentRecord]:
            spec = PageSpec(limit, order, after, before)
            return library.page_documents(id_, spec, statuses=statuses, name=name)

        assert walk(page, file_id) == expected
        if expected:
            assert walk_back(lambda before: page(None, before), file_id, expected[-1]) == expected[:-1]
            between = page(expected[0].file_id, expected[-1].file_id)
            assert between.items == expected[1:-1][:limit]
            assert between.has_more == (len(expected[1:-1]) > limit)
        library.close()


class ChangesBetweenPages(RuleBasedStateMachine):
    """Reads page after page while documents come, go and change, but for those that a page ended with."""

    @initialize(first=st.integers(1, 8), is_newest=st.booleans(), limit=st.integers(1, 3))
    def open_it(self, first: int, is_newest: bool, limit: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.folder.name))
        self.id = self.library.create_collection("c", passport()).id
        self.all: list[str] = []
        for _ in range(first):
            self.add()
        self.order: ListOrder = "newest" if is_newest else "oldest"
        self.limit = limit
        self.at_first, self.removed = list(self.all), set[str]()
        self.seen: list[str] = []
        self.is_over = False

    @rule()
    def add(self) -> None:
        self.all.append(queue(self.library, self.id, f"{len(self.all)}.txt").file_id)

    @rule(number=st.integers(0, 7))
    def remove(self, number: int) -> None:
        chosen = [id_ for id_ in self.at_first if id_ not in self.removed and id_ not in self.seen[-1:]]
        if chosen:
            file = chosen[number % len(chosen)]
            self.library.remove(file, None)
            self.removed.add(file)

    @rule(number=st.integers(0, 7))
    def pause(self, number: int) -> None:
        chosen = [id_ for id_ in self.all if id_ not in self.removed]
        if chosen:
            self.library.pause(self.id, chosen[number % len(chosen)])

    @precondition(lambda self: not self.is_over)
    @rule()
    def read_page(self) -> None:
        after = self.seen[-1] if self.seen else None
        page = self.library.page_documents(self.id, PageSpec(self.limit, self.order, after))
        self.seen += map(file_id, page.items)
        self.is_over = not page.has_more

    @invariant()
    def nothing_comes_twice_or_out_of_order(self) -> None:
        places = [self.all.index(id_) for id_ in self.seen]
        assert places == sorted(set(places), reverse=self.order == "newest")

    def teardown(self) -> None:
        while not self.is_over:
            self.read_page()
        missing = [id_ for id_ in self.at_first if id_ not in self.seen and id_ not in self.removed]
        assert missing == []
        self.library.close()
        self.folder.cleanup()


TestChangesBetweenPages = ChangesBetweenPages.TestCase
TestChangesBetweenPages.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)


def counted(documents: Sequence[DocumentRecord]) -> DocumentCounts:
    return DocumentCounts(
        by_status={status: sum(document.status == status for document in documents) for status in STATUSES},
        searchable=sum(document.chunks > 0 for document in documents),
        pages=sum(document.pages for document in documents),
        chunks=sum(document.chunks for document in documents),
        size_bytes=sum(document.size_bytes for document in documents),
    )


class Counters(RuleBasedStateMachine):
    """Whatever happens to documents, the counts are what counting them gives."""

    @initialize()
    def open_it(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.folder.name))
        self.create("c")

    @rule(name=st.sampled_from("cd"))
    def create(self, name: str) -> None:
        if name not in [collection.name for collection in self.library.collections()]:
            self.library.create_collection(name, passport())

    def _any(self, number: int) -> str | None:
        ids = [collection.id for collection in self.library.collections()]
        return ids[number % len(ids)] if ids else None

    @rule(collection=st.integers(0, 1), source=st.sampled_from("abc"), texts=st.lists(st.sampled_from("xyz")))
    def read(self, collection: int, source: str, texts: list[str]) -> None:
        if id_ := self._any(collection):
            add(self.library, id_, source, chunked(*texts))

    @rule(collection=st.integers(0, 1), source=st.sampled_from("abc"), end=st.sampled_from(["pause", "cancel", "fail"]))
    def stop(self, collection: int, source: str, end: str) -> None:
        if id_ := self._any(collection):
            document = queue(self.library, id_, source)
            if document.status == "queued" and end == "fail":
                self.library.fail(claimed(self.library, document), "damaged")
            elif end != "fail":
                getattr(self.library, end)(id_, document.file_id)

    @rule(number=st.integers(0, 5), everywhere=st.booleans())
    def remove(self, number: int, everywhere: bool) -> None:
        documents = self.library.documents()
        if documents:
            chosen = documents[number % len(documents)]
            self.library.remove(chosen.file_id, None if everywhere else chosen.collection_id)

    @rule(number=st.integers(0, 5), name=st.sampled_from("mn"))
    def rename(self, number: int, name: str) -> None:
        if (files := self.library.files()) and name not in [file.source for file in files]:
            self.library.rename_file(files[number % len(files)].id, name, name)

    @rule(collection=st.integers(0, 1))
    def delete(self, collection: int) -> None:
        if id_ := self._any(collection):
            self.library.delete_collection(id_)

    @invariant()
    def counts_are_what_counting_gives(self) -> None:
        assert self.library.counts() == counted(self.library.documents())
        page = self.library.page_collections(PageSpec(order="oldest"))
        assert [entry.collection for entry in page.items] == self.library.collections()
        for entry in page.items:
            documents = self.library.documents(entry.collection.id)
            assert entry.counts == self.library.counts(entry.collection.id) == counted(documents)
            by_source = self.library.page_documents(entry.collection.id, PageSpec(order="source"))
            assert [document.source for document in by_source.items] == sorted(each.source for each in documents)

    def teardown(self) -> None:
        self.library.close()
        self.folder.cleanup()


TestCounters = Counters.TestCase
TestCounters.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)


def test_a_collection_that_is_being_rebuilt_counts_as_what_is_shown_until_the_new_one_takes_its_place(
    library: Library,
) -> None:
    id_, other = library.create_collection("c", passport()).id, passport(64)
    content = chunked("The pump is blue.", "It is old.")
    add(library, id_, "a.txt", content)
    library.cancel(id_, queue(library, id_, "b.txt").file_id)
    before, rebuild = library.counts(), Rebuild(library, "c", other)

    rebuild.start()
    assert library.counts() == library.counts(id_) == before
    assert (before.total, before.chunks, library.queue_state().queued) == (2, 2, 1)

    document = library.claim(other)
    assert document is not None
    library.complete(document, content, HashEmbedder(64).embed([each.text for each in content.chunks]), FACTS)
    assert library.counts() == before
    assert rebuild.finish() is not None
    assert library.counts() == library.counts(id_) == counted(library.documents()) == before


def test_a_deleted_cursor_and_one_of_another_list_are_refused_by_the_name_of_their_parameter(library: Library) -> None:
    here, there = (library.create_collection(name, passport()).id for name in ("here", "there"))
    document, other = queue(library, here, "a.txt"), queue(library, there, "b.txt")
    library.remove(document.file_id, None)
    for cursor in (document.file_id, other.file_id, "file-none", ""):
        with pytest.raises(CursorNotFoundError) as after:
            library.page_documents(here, PageSpec(after=cursor))
        with pytest.raises(CursorNotFoundError) as before:
            library.page_documents(here, PageSpec(before=cursor))
        assert (after.value.param, before.value.param, before.value.cursor) == ("after", "before", cursor)
    for read in (library.page_files, library.page_collections, library.page_conversations):
        with pytest.raises(CursorNotFoundError):
            read(PageSpec(after="nothing"))


def test_a_name_is_found_in_whatever_case_and_composition_and_follows_a_rename(library: Library) -> None:
    id_ = library.create_collection("c", passport()).id
    ids = [queue(library, id_, name).file_id for name in ("Übersicht.pdf", "straße.txt", "other.txt")]
    for name in ("übersicht", unicodedata.normalize("NFD", "ÜBER"), "Sicht.PDF"):
        assert names(library.page_documents(id_, PageSpec(), name=name)) == ["Übersicht.pdf"]
    assert names(library.page_documents(id_, PageSpec(), name="STRASSE")) == ["straße.txt"]
    library.rename_file(ids[2], "moved/Über.txt", "Über.txt")
    page = library.page_documents(id_, PageSpec(order="source"), name="über")
    assert names(page) == ["Über.txt", "Übersicht.pdf"]


@pytest.mark.parametrize(("order", "step"), [("oldest", 1), ("newest", -1)])
def test_pages_of_files_collections_and_conversations_cover_all_of_them_in_order(
    library: Library, order: ListOrder, step: int
) -> None:
    for number in range(5):
        library.add_file(source=f"{number}", filename=f"{number}", content=io.BytesIO(bytes([number])))
        library.create_collection(f"c{number}", passport())
        library.append_turns(library.create_conversation().id, None, [NewTurn("user", f"pump {number % 2}")])

    files = walk(lambda after: library.page_files(PageSpec(2, order, after)), lambda file: file.id)
    assert files == library.files()[::step]
    entries = walk(lambda after: library.page_collections(PageSpec(2, order, after)), lambda entry: entry.collection.id)
    assert [entry.collection for entry in entries] == library.collections()[::step]
    assert walk_conversations(library, order, "") == library.conversations()[::step]
    assert walk_conversations(library, order, "pump 1") == library.conversations("pump 1")[::step] != []
    assert walk_conversations(library, order, "nothing") == walk_conversations(library, order, "?!") == []


def walk_conversations(library: Library, order: ListOrder, query: str) -> list[ConversationRecord]:
    return walk(lambda after: library.page_conversations(PageSpec(2, order, after), query), lambda each: each.id)


def test_only_documents_are_listed_by_source_and_no_page_is_empty_by_its_limit(library: Library) -> None:
    for read in (library.page_files, library.page_collections, library.page_conversations):
        with pytest.raises(ValueError, match="by source"):
            read(PageSpec(order="source"))
    with pytest.raises(ValueError, match="at least one"):
        PageSpec(limit=0)


def test_counts_of_a_collection_that_is_not_there_are_refused(library: Library) -> None:
    with pytest.raises(CollectionNotFoundError):
        library.counts("vs_none")


def test_what_a_page_a_count_and_a_look_at_the_queue_cost_does_not_grow_with_the_library(library: Library) -> None:
    id_ = library.create_collection("c", passport()).id
    add(library, id_, "first.txt", chunked("The pump is blue."))
    first = library.documents(id_)[0].file_id
    calls: dict[str, Callable[[], object]] = {
        "newest": lambda: library.page_documents(id_, PageSpec(5)),
        "oldest": lambda: library.page_documents(id_, PageSpec(5, "oldest", after=first)),
        "before": lambda: library.page_documents(id_, PageSpec(5, "newest", before=first), name="t"),
        "source": lambda: library.page_documents(id_, PageSpec(5, "source", after=first), name="t"),
        "queued": lambda: library.page_documents(id_, PageSpec(5), statuses=["queued"]),
        "read": lambda: library.page_documents(id_, PageSpec(5), statuses=["done", "warning"]),
        "files": lambda: library.page_files(PageSpec(5, after=first)),
        "collections": lambda: library.page_collections(PageSpec(5)),
        "counts": library.counts,
        "counts of one": lambda: library.counts(id_),
        "size": lambda: library.size([id_]),
        "queue": library.queue_state,
        "read now": lambda: library.documents(statuses=["reading"]),
        "jobs": lambda: library.documents(statuses=["reading", "paused", "cancelled", "failed"]),
        "documents of a file": lambda: library.documents(file_ids=[first]),
        "read now of one": lambda: library.documents(id_, statuses=["reading"]),
    }
    for number in range(30):
        queue(library, id_, f"{number}.txt")
    few = {name: steps(library, call) for name, call in calls.items()}
    for number in range(30, 300):
        queue(library, id_, f"{number}.txt")
    many = {name: steps(library, call) for name, call in calls.items()}
    assert {name: (few[name], many[name]) for name in calls if many[name] > 1.5 * few[name]} == {}


def steps(library: Library, call: Callable[[], object]) -> int:
    """Return how many instructions SQLite takes for what a call reads."""
    taken = itertools.count()
    with library.storage.database.read() as db:  # the connection that the call gets next
        db.set_progress_handler(lambda: not next(taken) + 1, 1)
    call()
    with library.storage.database.read() as db:
        db.set_progress_handler(None)
    return next(taken)
