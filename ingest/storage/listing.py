# pyright: basic
"""Pages of the library's lists, each read along an index. Every function works inside the caller's transaction.

All of them raise `CursorNotFoundError`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import get_args

import apsw

from ingest.conversation_types import ConversationRecord
from ingest.storage import collections, conversations, counts, documents, files
from ingest.storage.counts import CollectionWithCounts
from ingest.storage.database import fold_name, json_array
from ingest.storage.paging import Key, KeyRange, ListPage, PageSpec, read_page
from ingest.storage.shares import VISIBLE
from ingest.types import DocumentRecord, DocumentStatus, FileRecord


def page_documents(
    db: apsw.Connection,
    viewer: str,
    collection_id: str,
    spec: PageSpec,
    *,
    statuses: Collection[DocumentStatus] | None = None,
    name: str = "",
    batch_id: str | None = None,
) -> ListPage[DocumentRecord]:
    """Return a page of the documents of a collection; ids are those of their files.

    With `statuses` those that have one of these, with `name` those whose file name contains it, in whatever case, with
    `batch_id` those of one batch.
    """
    by_source = spec.order == "source"
    key, read_ids = ("source, id", _ids_by_source) if by_source else ("id", _ids_by_age)

    def find_key(file_id: str) -> Key | None:
        sql = f"SELECT {key} FROM documents WHERE collection_id = ? AND file_id = ?"  # noqa: S608 (constant columns)
        return next(iter(db.execute(sql, (collection_id, file_id))), None)

    def read(keys: KeyRange) -> list[DocumentRecord]:
        allowed = get_args(DocumentStatus) if statuses is None else tuple(statuses)
        rule = _Rule(collection_id, allowed, fold_name(name), batch_id)
        return documents.find_by_rows(db, viewer, read_ids(db, rule, keys))

    return read_page(spec, find_key, read)


def page_files(db: apsw.Connection, owner: str, spec: PageSpec, purpose: str | None = None) -> ListPage[FileRecord]:
    """Return a page of the owner's files, those of one purpose or all."""

    def find_key(id_: str) -> Key | None:
        return next(iter(db.execute("SELECT created_at, id FROM files WHERE owner = ? AND id = ?", (owner, id_))), None)

    return read_page(spec, find_key, lambda keys: files.find_range(db, owner, keys, purpose))


def page_collections(db: apsw.Connection, viewer: str, spec: PageSpec) -> ListPage[CollectionWithCounts]:
    """Return a page of the collections that a viewer sees and that are shown."""

    def find_key(id_: str) -> Key | None:
        sql = f"SELECT created_at, name, id FROM collections WHERE id IN {VISIBLE} AND id = ? AND rebuild_of IS NULL"  # noqa: S608 (constant)
        return next(iter(db.execute(sql, (viewer, id_))), None)

    page = read_page(spec, find_key, lambda keys: collections.find_range(db, viewer, keys))
    counted = counts.count_by_collection(db, [collection.id for collection in page.items])
    return ListPage([CollectionWithCounts(item, counted[item.id]) for item in page.items], page.has_more)


def page_conversations(
    db: apsw.Connection, owner: str, spec: PageSpec, terms: Sequence[str] = ()
) -> ListPage[ConversationRecord]:
    """Return a page of the owner's conversations, by their last use; with `terms` those that have all of them."""

    def find_key(id_: str) -> Key | None:
        sql = "SELECT updated_at, number FROM conversations WHERE owner = ? AND id = ?"
        return next(iter(db.execute(sql, (owner, id_))), None)

    return read_page(spec, find_key, lambda keys: conversations.find_range(db, owner, keys, terms))


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which documents are listed; see `page_documents`."""

    collection_id: str
    statuses: Sequence[DocumentStatus]
    name: str
    batch_id: str | None


_OF_BATCH = "(?{0} IS NULL OR file_id IN (SELECT file_id FROM file_batch_members WHERE batch_id = ?{0}))"


def _ids_by_age(db: apsw.Connection, rule: _Rule, keys: KeyRange) -> list[int]:
    """Return the rows of documents in the order in which they were queued."""
    # For each status as many as are needed, along `documents_by_status`; what is then sorted is short.
    sql = (
        "SELECT d.id FROM json_each(?1) s CROSS JOIN documents d ON d.id IN (SELECT id FROM documents"  # noqa: S608
        f" WHERE collection_id = ?2 AND status = s.value AND instr(folded_name, ?3) AND {_OF_BATCH.format(4)}"
        f" AND {keys.condition('id')} ORDER BY {keys.order('id')} LIMIT ?) ORDER BY {keys.order('d.id')} LIMIT ?"
    )
    fixed = (json_array(rule.statuses), rule.collection_id, rule.name, rule.batch_id)
    return [int(row[0]) for row in db.execute(sql, (*fixed, *keys.values(), keys.limit, keys.limit))]


def _ids_by_source(db: apsw.Connection, rule: _Rule, keys: KeyRange) -> list[int]:
    """Return the rows of documents in the order of their sources, those of one source the oldest first."""
    sql = (
        "SELECT id FROM documents WHERE collection_id = ?1 AND +status IN (SELECT value FROM json_each(?2))"  # noqa: S608
        f" AND instr(folded_name, ?3) AND {_OF_BATCH.format(4)} AND {keys.condition('source', 'id')}"
        f" ORDER BY {keys.order('source', 'id')} LIMIT ?"
    )
    fixed = (rule.collection_id, json_array(rule.statuses), rule.name, rule.batch_id)
    return [int(row[0]) for row in db.execute(sql, (*fixed, *keys.values(), keys.limit))]
