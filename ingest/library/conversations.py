"""The library's stored conversations. Each method that changes something is one transaction.

`ingest.storage.conversations` has the rows, `rag.conversations` what answers make of them.
"""

from collections.abc import Mapping, Sequence

from ingest.conversation_types import ConversationRecord, NewTurn, TurnRecord
from ingest.storage import conversations
from ingest.storage.home import Home
from ingest.text.analyzer import extract_query_terms


class LibraryConversations:
    """Conversations of one owner. A method that takes an id raises `ConversationNotFoundError`, and with a turn's id
    `TurnNotFoundError`.
    """

    storage: Home

    def create_conversation(self, title: str = "", metadata: Mapping[str, str] | None = None) -> ConversationRecord:
        """Create a conversation; without a title it is named after its first question."""
        with self.storage.database.write() as db:
            id_ = conversations.insert(db, self.storage.owner, title, metadata or {})
            return conversations.find(db, self.storage.owner, id_)

    def conversation(self, id_: str) -> ConversationRecord:
        """Return a conversation."""
        with self.storage.database.read() as db:
            return conversations.find(db, self.storage.owner, id_)

    def conversations(self, query: str = "") -> list[ConversationRecord]:
        """Return all conversations, the one that was used last at the end.

        With a query those whose title, questions and answers together have all its terms; none if it has no terms.
        """
        terms = extract_query_terms(query)
        if query and not terms:
            return []
        with self.storage.database.read() as db:
            return conversations.find_all(db, self.storage.owner, terms)

    def update_conversation(
        self,
        id_: str,
        *,
        title: str | None = None,
        metadata: Mapping[str, str] | None = None,
        current: str | None = None,
    ) -> ConversationRecord:
        """Set the title, the metadata and the current branch; None leaves each as it is.

        `current` is any turn of a branch; the newest branch through it becomes the current one.
        """
        with self.storage.database.erase() as db:
            conversations.update(db, self.storage.owner, id_, title=title, metadata=metadata)
            if current is not None:
                conversations.choose(db, self.storage.owner, id_, current)
            return conversations.find(db, self.storage.owner, id_)

    def delete_conversation(self, id_: str) -> None:
        """Delete a conversation; its text is overwritten on disk."""
        with self.storage.database.erase() as db:
            conversations.delete(db, self.storage.owner, id_)

    def append_turns(self, id_: str, parent: str | None, turns: Sequence[NewTurn]) -> list[str]:
        """Add turns, each a child of the one before, the first a child of `parent` or a root; return their ids.

        The last one becomes the current turn.
        """
        with self.storage.database.write() as db:
            return conversations.append(db, self.storage.owner, id_, parent, turns)

    def turns(self, id_: str) -> list[TurnRecord]:
        """Return every turn of a conversation, the oldest first."""
        with self.storage.database.read() as db:
            return conversations.read_turns(db, self.storage.owner, id_)

    def conversation_path(self, id_: str, leaf: str | None = None) -> list[TurnRecord]:
        """Return the turns from the root to `leaf`, or to the current turn; none if there is no turn."""
        with self.storage.database.read() as db:
            return conversations.read_path(db, self.storage.owner, id_, leaf)

    def delete_turn(self, id_: str, turn: str) -> ConversationRecord:
        """Delete a turn and its descendants; if the current turn goes, a newer one is chosen."""
        with self.storage.database.erase() as db:
            conversations.delete_turn(db, self.storage.owner, id_, turn)
            return conversations.find(db, self.storage.owner, id_)
