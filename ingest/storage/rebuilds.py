# pyright: basic
"""Rebuild a collection in a hidden one that replaces it when it is complete. In the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import apsw
import msgspec

from ingest.storage import collections, counts, documents, jobs, snapshots
from ingest.types import Collection, EmbedderPassport

_READ = "status IN ('done', 'warning')"
_STOPPED = "status IN ('paused', 'cancelled')"


@dataclass(frozen=True, slots=True)
class RebuildState:
    """How far a rebuild is. `lost` are the names of files that could be read before and cannot any more.

    `missing` documents came to the old collection meanwhile and are not queued yet.
    """

    in_work: int
    missing: int
    read: int
    failed: int
    lost: tuple[str, ...]

    @property
    def waiting(self) -> int:
        """Documents that are still to be read."""
        return self.in_work + self.missing


def find(db: apsw.Connection, old: Collection) -> Collection | None:
    """Return the hidden collection that is to replace `old`, or None."""
    for (id_,) in db.execute("SELECT id FROM collections WHERE rebuild_of = ?", (old.id,)):
        return collections.find(db, old.owner, id_)
    return None


def begin(db: apsw.Connection, old: Collection, passport: EmbedderPassport) -> Collection:
    """Add an empty hidden collection that is to replace `old`."""
    hidden = collections.insert(db, old.owner, f"rebuild/{old.id}", passport)
    db.execute("UPDATE collections SET rebuild_of = ? WHERE id = ?", (old.id, hidden.id))
    return hidden


def find_running(db: apsw.Connection) -> list[tuple[str, EmbedderPassport]]:
    """Return the names of the collections that are being rebuilt, and their new passports."""
    sql = (
        "SELECT old.name, new.passport FROM collections new JOIN collections old ON old.id = new.rebuild_of"
        " ORDER BY old.created_at, old.name"
    )
    return [(row[0], msgspec.json.decode(row[1], type=EmbedderPassport)) for row in db.execute(sql)]


def fill(db: apsw.Connection, old: Collection, hidden: Collection, *, again: bool = False) -> int:
    """Queue the documents that only the old collection has, in its order; return how many.

    `again` queues those that failed once more. Documents that left the old collection leave the hidden one too.
    """
    departed = (
        "SELECT file_id FROM documents WHERE collection_id = ?1"
        " AND file_id NOT IN (SELECT file_id FROM documents WHERE collection_id = ?2)"
    )
    for (file_id,) in list(db.execute(departed, (hidden.id, old.id))):
        documents.delete(db, hidden.id, file_id)
    if again:
        # In place: a new row would make it the newest version of its source.
        db.execute(
            "UPDATE documents SET status = 'queued', reason = '', tries = 0 WHERE collection_id = ?"
            " AND status IN ('failed', 'paused', 'cancelled')",
            (hidden.id,),
        )
    missing = _missing(db, old, hidden)
    for file_id, chunk_tokens in missing:
        jobs.enqueue(db, hidden.id, file_id, chunk_tokens=chunk_tokens)
    return len(missing)


def read_state(db: apsw.Connection, old: Collection, hidden: Collection) -> RebuildState:
    """Return how far the hidden collection is, and what a swap would lose now."""
    by_status = counts.count_by_collection(db, [hidden.id])[hidden.id].by_status
    lost = (
        "SELECT f.filename FROM documents o JOIN files f ON f.id = o.file_id"  # noqa: S608 (constants)
        f" WHERE o.collection_id = ?1 AND o.{_READ} AND o.chunk_count > 0 AND NOT EXISTS (SELECT 1 FROM documents n"
        f" JOIN files nf ON nf.id = n.file_id WHERE n.collection_id = ?2 AND n.{_READ} AND nf.source = f.source)"
        " ORDER BY o.id"
    )
    names = tuple(str(row[0]) for row in db.execute(lost, (old.id, hidden.id)))
    return RebuildState(
        in_work=by_status["queued"] + by_status["reading"],
        missing=len(_missing(db, old, hidden)),
        read=by_status["done"] + by_status["warning"],
        failed=by_status["failed"],
        lost=names,
    )


def swap(db: apsw.Connection, old: Collection, hidden: Collection) -> list[str]:
    """Replace the old collection by the hidden one, which takes its id and name.

    Returns the ids of the files of the old documents. Every index of the collection is built anew.
    """
    members = [row[0] for row in db.execute("SELECT file_id FROM documents WHERE collection_id = ?", (old.id,))]
    db.execute(
        f"UPDATE OR IGNORE documents SET collection_id = ?1 WHERE collection_id = ?2 AND {_STOPPED}",  # noqa: S608
        (hidden.id, old.id),
    )
    db.execute(
        "UPDATE documents SET created_at = coalesce((SELECT o.created_at FROM documents o WHERE o.collection_id = ?2"
        " AND o.file_id = documents.file_id), created_at) WHERE collection_id = ?1",
        (hidden.id, old.id),
    )
    db.execute("DELETE FROM documents WHERE collection_id = ?", (old.id,))
    generation = max(_generation(db, old), _generation(db, hidden)) + 1
    db.execute("UPDATE documents SET collection_id = ? WHERE collection_id = ?", (old.id, hidden.id))
    db.execute(
        "UPDATE chunks SET collection_id = ?, generation = ? WHERE collection_id = ?", (old.id, generation, hidden.id)
    )
    db.execute("DELETE FROM removed_chunks WHERE collection_id = ?", (old.id,))
    snapshots.forget(db, old.id)
    db.execute(
        "UPDATE collections SET passport = ?, generation = ?, history_from = ? WHERE id = ?",
        (collections.encode_passport(hidden.passport), generation, generation, old.id),
    )
    collections.delete(db, hidden.id)
    return members


def _missing(db: apsw.Connection, old: Collection, hidden: Collection) -> Sequence[tuple[str, int]]:
    """Return the files that the hidden collection lacks, without those that a newer version has replaced.

    Each with the longest chunk that was asked for.
    """
    sql = (
        "SELECT o.file_id, o.chunk_tokens FROM documents o JOIN files f ON f.id = o.file_id"  # noqa: S608 (constants)
        f" WHERE o.collection_id = ?1 AND NOT o.{_STOPPED}"
        " AND o.file_id NOT IN (SELECT file_id FROM documents WHERE collection_id = ?2)"
        f" AND NOT EXISTS (SELECT 1 FROM documents n JOIN files nf ON nf.id = n.file_id"
        f"  JOIN documents newer ON newer.file_id = n.file_id AND newer.collection_id = ?1"
        f"  WHERE n.collection_id = ?2 AND n.{_READ} AND nf.source = f.source AND newer.id > o.id)"
        " ORDER BY o.id"
    )
    return [(row[0], row[1]) for row in db.execute(sql, (old.id, hidden.id))]


def _generation(db: apsw.Connection, collection: Collection) -> int:
    return int(next(iter(db.execute("SELECT generation FROM collections WHERE id = ?", (collection.id,))))[0])
