"""The part of the library that keeps conversations. Each method that changes something is one transaction."""

from collections.abc import Mapping, Sequence

from ingest.conversation_types import ConversationRecord, NewTurn, TurnRecord
from ingest.storage import conversations
from ingest.storage.home import Home
from ingest.text.analyzer import extract_query_terms


class LibraryConversations:
    """Conversations of one owner. Every method that names one raises `ConversationNotFoundError`, where it names a turn
    also `TurnNotFoundError`.
    """

    storage: Home

    def create_conversation(self, title: str = "", metadata: Mapping[str, str] | None = None) -> ConversationRecord:
        """Begin a conversation; without a title it gets that of its first question."""
        with self.storage.database.write() as db:
            id_ = conversations.insert(db, self.storage.owner, title, metadata or {})
            return conversations.find(db, self.storage.owner, id_)

    def conversation(self, id_: str) -> ConversationRecord:
        """Return a conversation."""
        with self.storage.database.read() as db:
            return conversations.find(db, self.storage.owner, id_)

    def conversations(self, query: str = "") -> list[ConversationRecord]:
        """Return all conversations, the one that was used last at the end.

        With a query those that have all its words, in their titles, questions and answers together; none where the
        query has no word in it.
        """
        words = extract_query_terms(query)
        if query and not words:
            return []
        with self.storage.database.read() as db:
            return conversations.find_all(db, self.storage.owner, words)

    def update_conversation(
        self,
        id_: str,
        *,
        title: str | None = None,
        metadata: Mapping[str, str] | None = None,
        current: str | None = None,
    ) -> ConversationRecord:
        """Rename a conversation, replace its metadata, show another branch: None leaves each as it is.

        `current` names any turn; what is shown is the newest branch that goes through it.
        """
        with self.storage.database.write() as db:
            conversations.update(db, self.storage.owner, id_, title=title, metadata=metadata)
            if current is not None:
                conversations.choose(db, self.storage.owner, id_, current)
            return conversations.find(db, self.storage.owner, id_)

    def delete_conversation(self, id_: str) -> None:
        """Remove a conversation; its text is overwritten."""
        with self.storage.database.write() as db:
            conversations.delete(db, self.storage.owner, id_)

    def append_turns(self, id_: str, parent: str | None, turns: Sequence[NewTurn]) -> list[str]:
        """Add turns below `parent`, or at the beginning, each below the one before; return their ids.

        The last one becomes the current turn.
        """
        with self.storage.database.write() as db:
            return conversations.append(db, self.storage.owner, id_, parent, turns)

    def turns(self, id_: str) -> list[TurnRecord]:
        """Return every turn of a conversation, the oldest first."""
        with self.storage.database.read() as db:
            return conversations.read_turns(db, self.storage.owner, id_)

    def conversation_path(self, id_: str, leaf: str | None = None) -> list[TurnRecord]:
        """Return the turns from the beginning to `leaf`, or to the current turn."""
        with self.storage.database.read() as db:
            return conversations.read_path(db, self.storage.owner, id_, leaf)

    def delete_turn(self, id_: str, turn: str) -> ConversationRecord:
        """Remove a turn and all that is below it; the current turn is then the newest beside or above it."""
        with self.storage.database.write() as db:
            conversations.delete_turn(db, self.storage.owner, id_, turn)
            return conversations.find(db, self.storage.owner, id_)
