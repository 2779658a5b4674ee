"""The library's pages, counts and names: each costs the same in a library of any size (keyset pagination, counters)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from ingest.conversation_types import ConversationRecord
from ingest.storage import collections, counts, document_names, documents, listing, shares
from ingest.storage.counts import CollectionWithCounts, DocumentCounts
from ingest.storage.home import Home
from ingest.storage.paging import ListPage, PageSpec
from ingest.text.analyzer import extract_query_terms
from ingest.types import DocumentName, DocumentRecord, DocumentStatus, FileRecord


class LibraryListing:
    """Pages, counts and names of one owner's library. Every page raises `CursorNotFoundError`.

    `ValueError` is raised for an order that a list does not have.
    """

    storage: Home

    def page_documents(
        self,
        collection_id: str,
        spec: PageSpec,
        *,
        statuses: Collection[DocumentStatus] | None = None,
        name: str = "",
        batch_id: str | None = None,
    ) -> ListPage[DocumentRecord]:
        """Return a page of the documents of a collection; cursors are the ids of their files.

        With `statuses` those that have one of these, with `name` those whose file name contains it, in whatever case,
        with `batch_id` those of one batch.
        Newest and oldest are by when a document was queued last.
        """
        with self.storage.database.read() as db:
            page = listing.page_documents(
                db, self.storage.owner, collection_id, spec, statuses=statuses, name=name, batch_id=batch_id
            )
        return replace(page, items=self.storage.explain_waiting(page.items))

    def find_documents_by_keys(
        self, collection_ids: Sequence[str], keys: Sequence[str], *, limit: int
    ) -> list[DocumentName]:
        """Return at most `limit` searchable documents that have one of the keys of `ingest.text.names`."""
        with self.storage.database.read() as db:
            return document_names.find_by_keys(
                db, shares.filter_visible(db, self.storage.owner, collection_ids), keys, limit
            )

    def find_documents_by_words(
        self, collection_ids: Sequence[str], words: Sequence[str], *, limit: int
    ) -> list[DocumentName]:
        """Return at most `limit` searchable documents whose file name and title have every one of the words.

        A word that begins another one stands for it, in either direction: lab for laboratory.
        """
        with self.storage.database.read() as db:
            return document_names.find_by_words(
                db, shares.filter_visible(db, self.storage.owner, collection_ids), words, limit
            )

    def page_files(self, spec: PageSpec, purpose: str | None = None) -> ListPage[FileRecord]:
        """Return a page of all files, or of those of one purpose."""
        _refuse_source(spec)
        with self.storage.database.read() as db:
            return listing.page_files(db, self.storage.owner, spec, purpose)

    def page_collections(self, spec: PageSpec) -> ListPage[CollectionWithCounts]:
        """Return a page of all collections, each with its counts."""
        _refuse_source(spec)
        with self.storage.database.read() as db:
            return listing.page_collections(db, self.storage.owner, spec)

    def page_conversations(self, spec: PageSpec, query: str = "") -> ListPage[ConversationRecord]:
        """Return a page of all conversations, by their last use, or of those that `conversations(query)` returns."""
        _refuse_source(spec)
        terms = extract_query_terms(query)
        if query and not terms:
            return ListPage([], has_more=False)
        with self.storage.database.read() as db:
            return listing.page_conversations(db, self.storage.owner, spec, terms)

    def counts(self, collection_id: str | None = None) -> DocumentCounts:
        """Return the counts of a collection, or of all together; raises `CollectionNotFoundError`."""
        with self.storage.database.read() as db:
            if collection_id is None:
                return counts.count_all(db, self.storage.owner)
            id_ = collections.find(db, self.storage.owner, collection_id).id
            return counts.count_by_collection(db, [id_])[id_]

    def count_outdated(self, collection_id: str) -> int:
        """Return how many documents of a collection were read by an older version of the parsers."""
        with self.storage.database.read() as db:
            return documents.count_outdated(db, collection_id)


def _refuse_source(spec: PageSpec) -> None:
    if spec.order == "source":
        raise ValueError("only documents are listed by source")
