"""Where and when statements were made, as the library tells: their message or document, its version and date."""

import threading
from dataclasses import dataclass
from datetime import datetime

from cachetools import LRUCache

from ingest.errors import FileNotInLibraryError, PageNotFoundError
from ingest.library.library import Library
from ingest.text.analyzer import extract_terms
from ingest.text.mail_headings import find_quoted_author, find_thread, is_reply
from ingest.types import StoredChunk
from rag.grounding.evidence import SentenceMatch
from rag.grounding.supersession.dating import (
    HEAD_CHARS,
    read_head_date,
    read_last_date,
    read_message_moment,
    read_section_date,
    read_version,
    states_validity,
)
from rag.types import Dating

CACHED_PAGES = 2_048
ATTACHMENT_LABEL = "attachment "
MAIL_TYPES = frozenset({"message/rfc822", "application/mbox"})

DocumentKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DocumentOrigin:
    """What is known of a document; `head` is the beginning of its text.

    `series` are the terms of its title without numbers: those of all versions of a document are the same.
    """

    key: DocumentKey
    is_mail: bool = False
    title: str = ""
    series: frozenset[str] = frozenset()
    version: tuple[int, ...] = ()
    has_validity: bool = False
    day: str = ""
    head: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when a statement was made.

    `moment` is known for messages alone. What a message quotes `is_quote`, and has the date of the quoted message.
    """

    document: DocumentOrigin
    page: int
    start: int
    dating: Dating | None = None
    moment: datetime | None = None
    thread: str = ""
    is_reply: bool = False
    is_quote: bool = False


@dataclass(frozen=True, slots=True)
class _MessagePage:
    """The page of a message: its subject with sender and date, and when it was sent."""

    number: int
    headline: str = ""
    moment: datetime | None = None


class OriginReader:
    """Reads the origins of statements and caches what is known of documents and messages. Safe for many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._documents: LRUCache[DocumentKey, DocumentOrigin] = LRUCache(CACHED_PAGES)
        self._pages: LRUCache[tuple[DocumentKey, int], _MessagePage] = LRUCache(CACHED_PAGES)

    def read(self, match: SentenceMatch) -> Origin:
        """Return the origin of a sentence; little is known of a document that was deleted meanwhile."""
        stored = match.stored
        document = self._read_document(stored)
        if document.is_mail:
            return self._read_message(match, document)
        before = stored.chunk.text[: match.start - stored.chunk.start]
        day = read_section_date(before, stored.chunk.heading_path)
        if day:
            dating: Dating | None = Dating(day, "section")
        else:
            dating = Dating(document.day, "document") if document.day else None
        return Origin(document, stored.chunk.first_page, match.start, dating)

    def _read_message(self, match: SentenceMatch, document: DocumentOrigin) -> Origin:
        """Return the origin of a sentence of a message, or of what a message quotes."""
        chunk = match.stored.chunk
        is_whole_on_page = chunk.first_page == chunk.last_page
        page = self._read_page(document.key, chunk.start if is_whole_on_page else match.start)
        quoted = find_quoted_author(chunk.text[: match.start - chunk.start], chunk.text, chunk.heading_path)
        moment = page.moment if quoted is None else None
        day = moment.date().isoformat() if moment else read_last_date(page.headline if quoted is None else quoted)
        return Origin(
            document,
            page.number,
            match.start,
            Dating(day, "message") if day else None,
            moment,
            find_thread(page.headline),
            is_reply(page.headline),
            quoted is not None,
        )

    def _read_document(self, stored: StoredChunk) -> DocumentOrigin:
        key = (stored.collection_id, stored.file_id)
        with self._lock:
            known = self._documents.get(key)
        if known is None:
            try:
                known = self._load_document(key)
            except FileNotInLibraryError:
                return DocumentOrigin(key)
            with self._lock:
                self._documents[key] = known
        return known

    def _load_document(self, key: DocumentKey) -> DocumentOrigin:
        record = self._library.document(*key)
        head = self._read_text(key, 1)[:HEAD_CHARS]
        name = record.filename.rpartition(".")[0].replace("_", " ").replace("-", " ")
        names = f"{record.title}\n{name}"
        return DocumentOrigin(
            key,
            record.media_type in MAIL_TYPES,
            record.title or name,
            frozenset(term for term in extract_terms(record.title or name) if term.isalpha()),
            read_version(names) or read_version(head),
            states_validity(f"{names}\n{head}") or bool(read_version(names)),
            read_head_date(f"{names}\n{head}"),
            head,
        )

    def _read_page(self, key: DocumentKey, position: int) -> _MessagePage:
        with self._lock:
            known = self._pages.get((key, position))
        if known is None:
            known = self._load_page(key, position)
            with self._lock:
                self._pages[key, position] = known
        return known

    def _load_page(self, key: DocumentKey, position: int) -> _MessagePage:
        """Return the message that a position is in; an attachment belongs to the message on the first page."""
        try:
            page = self._library.read_span_pages(*key, position, position + 1)[0]
        except (FileNotInLibraryError, IndexError):
            return _MessagePage(0)
        if page.label.startswith(ATTACHMENT_LABEL):
            first = self._load_page(key, 0) if position else _MessagePage(0)
            return _MessagePage(page.number, first.headline, first.moment)
        return _MessagePage(page.number, page.label, read_message_moment(self._read_text(key, page.number)))

    def _read_text(self, key: DocumentKey, number: int) -> str:
        try:
            return self._library.page_text(*key, number)
        except (FileNotInLibraryError, PageNotFoundError):
            return ""
