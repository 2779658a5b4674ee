"""A library of the first format is brought to today's with all that was in it, and a copy of it is kept."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage.collections import encode_passport
from ingest.storage.paging import PageSpec
from ingest.storage.schema import MIGRATIONS
from ingest.upkeep.check import ConsistencyCheck
from ingest.upkeep.purge import purge
from tests.fakes import HashEmbedder, passport
from tests.raw_database import BEFORE_MIGRATION, raw_database

SEPARATOR = "\n\n"
DOCUMENTS: dict[str, Sequence[str]] = {
    "one page": ["The pump is blue."],
    "several pages": ["The valve is red.", "", "It stands in the cellar.", "Nobody may open it."],
    "beyond the basic plane": ["The 🦩 is 𝔭𝔦𝔫𝔨.", "👩🏽‍🚀 flies, é too.", "𝟙 𝟚 𝟛"],
    "empty": [],
    "only empty pages": ["", ""],
}


def insert(db: apsw.Connection, name: str, pages: Sequence[str]) -> None:
    """Store a document as the first format had it: its text in its own row, pages as spans of it."""
    text, file_id = SEPARATOR.join(pages), f"file-{name}"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    db.execute(
        "INSERT INTO files VALUES (?, 'local', ?, ?, ?, ?, 1)", (file_id, name, name, sha256, len(text.encode()))
    )
    db.execute(
        "INSERT INTO documents (collection_id, file_id, status, title, media_type, text, page_count, chunk_count,"
        " created_at) VALUES ('vs_1', ?, 'done', ?, 'text/plain', ?, ?, ?, 1)",
        (file_id, name, text, len(pages), sum(bool(page) for page in pages)),
    )
    document_id, start = db.last_insert_rowid(), 0
    for number, page in enumerate(pages, start=1):
        end = start + len(page)
        db.execute("INSERT INTO pages VALUES (?, ?, ?, ?, 0, 0, x'')", (document_id, number, start, end))
        if page:
            db.execute(
                "INSERT INTO chunks (document_id, collection_id, generation, start_offset, end_offset, first_page,"
                " last_page, kind, heading_path, context, text) "
                "VALUES (?, 'vs_1', 1, ?, ?, ?, ?, 'prose', '[]', '', ?)",
                (document_id, start, end, number, number, page),
            )
            vector = HashEmbedder().embed([page])[0].tobytes()
            db.execute("INSERT INTO vectors VALUES (?, ?)", (db.last_insert_rowid(), vector))
        start = end + len(SEPARATOR)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of the first format."""
    made = tmp_path / "home"
    made.mkdir()
    with closing(raw_database(made / "library.db")) as db:
        db.execute(MIGRATIONS[0])
        db.execute("PRAGMA user_version = 1")
        row = ("vs_1", "local", "c", 1, 1, encode_passport(passport()))
        db.execute("INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?)", row)
        for name, pages in DOCUMENTS.items():
            insert(db, name, pages)
    for pages in DOCUMENTS.values():
        body = SEPARATOR.join(pages).encode()
        path = made / "files" / hashlib.sha256(body).hexdigest()[:2] / hashlib.sha256(body).hexdigest()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return made


@pytest.mark.parametrize(("name", "pages"), DOCUMENTS.items(), ids=list(DOCUMENTS))
def test_pages_and_their_texts_are_what_they_were(home: Path, name: str, pages: Sequence[str]) -> None:
    with closing(Library(home)) as library:
        key = (library.collection("c").id, f"file-{name}")
        assert library.document_text(*key) == SEPARATOR.join(pages)
        assert [library.page_text(*key, number) for number in range(1, len(pages) + 1)] == list(pages)
        assert [page.number for page in library.pages(*key)] == list(range(1, len(pages) + 1))
        assert [each.chunk.text for each in library.document_chunks(*key)] == [page for page in pages if page]


def test_a_library_that_was_migrated_is_sound_and_searched_as_before(home: Path) -> None:
    with closing(Library(home)) as library:
        index = SearchIndex(library)
        problems = ConsistencyCheck(library, index, passport=passport()).run()
        assert [(problem.area, problem.is_harmless) for problem in problems] == [("parsers", True)]
        hits = index.search_dense("vs_1", HashEmbedder().embed_query("The valve is red."), 1)
        assert [each.chunk.text for each in library.chunks([id_ for id_, _ in hits])] == ["The valve is red."]
        assert len(index.search_lexical("vs_1", "cellar", 5)) == 1


def test_documents_of_a_library_that_was_migrated_are_listed_and_counted(home: Path) -> None:
    with closing(Library(home)) as library:
        page = library.page_documents("vs_1", PageSpec(order="source"))
        assert [document.source for document in page.items] == sorted(DOCUMENTS)
        assert library.page_documents("vs_1", PageSpec(), name="BEYOND").items[0].source == "beyond the basic plane"
        counts = library.counts()
        bodies = [SEPARATOR.join(pages).encode() for pages in DOCUMENTS.values()]
        assert (counts.by_status["done"], counts.total, counts.searchable) == (5, 5, 3)
        assert (counts.pages, counts.chunks) == (sum(map(len, DOCUMENTS.values())), 7)
        assert counts.size_bytes == sum(map(len, bodies))


def test_the_copy_from_before_is_whole_and_goes_with_a_purge(home: Path) -> None:
    with closing(Library(home)) as library:
        copy = home / BEFORE_MIGRATION
        with closing(raw_database(copy, flags=apsw.SQLITE_OPEN_READONLY)) as db:
            assert db.execute("PRAGMA user_version").get == 1
            texts = [row[0] for row in db.execute("SELECT text FROM documents ORDER BY id")]
        assert texts == [SEPARATOR.join(pages) for pages in DOCUMENTS.values()]
        purge(library)
        assert not copy.exists()
