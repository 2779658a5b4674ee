"""What expires in the library: collections that nobody has used for long, and files whose time is over."""

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.storage import collections, documents, files, responses
from ingest.storage.home import Home, delete_unused_files
from ingest.types import SECONDS_PER_DAY

RESPONSE_DAYS = 30
"""How long a response is stored, as OpenAI does."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The ids of the collections and files that were deleted because their time was over."""

    collections: tuple[str, ...]
    files: tuple[str, ...]


class LibraryExpiry:
    """Removes what has expired, whoever owns it: a view of `EVERY_OWNER` calls this."""

    storage: Home

    def touch_collections(self, used_at: Mapping[str, int]) -> None:
        """Record when collections were used last, for the sake of those that expire."""
        with self.storage.database.write() as db:
            for collection_id, seconds in used_at.items():
                collections.touch(db, collection_id, seconds)

    def remove_expired(self, now: int, limit: int) -> Expired:
        """Delete at most `limit` collections, whose files stay, as many files with their documents, and responses."""
        with self.storage.database.read() as db:  # mostly there are none, and nobody waits for a transaction
            if not (
                collections.find_expired(db, now, 1)
                or files.find_expired(db, now, 1)
                or responses.has_older(db, now - RESPONSE_DAYS * SECONDS_PER_DAY)
            ):
                return Expired((), ())
        orphans: list[str] = []
        with self.storage.database.write() as db:
            expired = collections.find_expired(db, now, limit)
            for collection in expired:
                collections.delete(db, collection.id)
            expired_files = files.find_expired(db, now, limit)
            for file in expired_files:
                for collection_id in documents.find_collections(db, file.id):
                    documents.delete(db, collection_id, file.id)
                orphans += delete_unused_files(db, file.owner, [file.id])
            responses.delete_older(db, now - RESPONSE_DAYS * SECONDS_PER_DAY, limit)
        self.storage.remove_unused(orphans)
        return Expired(tuple(collection.id for collection in expired), tuple(file.id for file in expired_files))
