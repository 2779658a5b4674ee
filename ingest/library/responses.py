"""The library's stored responses. Each method that changes something is one transaction."""

from collections.abc import Iterable

from ingest.storage import responses
from ingest.storage.home import Home
from ingest.types import DocumentKey, StoredResponse


class LibraryResponses:
    """Responses of one owner. A method that takes an id raises `ResponseNotFoundError`."""

    storage: Home

    def put_response(self, response: StoredResponse, documents: Iterable[DocumentKey]) -> None:
        """Store a response, or what has become of it; with the first of its documents that is deleted, it is too.

        Nothing is stored if one of them is gone.
        """
        with self.storage.database.write() as db:
            responses.put(db, self.storage.owner, response, documents)

    def response(self, id_: str) -> StoredResponse:
        """Return a response."""
        with self.storage.database.read() as db:
            return responses.find(db, self.storage.owner, id_)

    def response_chain(self, id_: str, limit: int) -> list[StoredResponse]:
        """Return a response and those that it follows, the oldest first, at most `limit`."""
        with self.storage.database.read() as db:
            return responses.find_chain(db, self.storage.owner, id_, limit)

    def delete_response(self, id_: str) -> None:
        """Delete a response; its text is overwritten on disk."""
        with self.storage.database.erase() as db:
            responses.delete(db, self.storage.owner, id_)

    def delete_responses(self) -> None:
        """Delete all responses; their text is overwritten on disk."""
        with self.storage.database.erase() as db:
            responses.delete_of_owner(db, self.storage.owner)
