"""Stored conversations against plain dicts, over random histories."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingest.conversation_types import NewTurn, TurnRole
from ingest.library.library import Library

WORDS = ("pump", "valve", "hose")


class ConversationMachine(RuleBasedStateMachine):
    """Adds, edits, branches, deletes and reopens against a dict from each turn to its parent and its word."""

    @initialize()
    def open_it(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.folder.name))
        self.id = self.library.create_conversation().id
        self.turns: dict[str, tuple[str | None, str]] = {}
        self.current: str | None = None

    @rule(word=st.sampled_from(WORDS), at=st.integers(0, 20), role=st.sampled_from(["user", "assistant"]))
    def add(self, word: str, at: int, role: TurnRole) -> None:
        places = [None, *self.turns]
        parent = places[at % len(places)]
        first, second = self.library.append_turns(self.id, parent, [NewTurn(role, word), NewTurn("user", word)])
        self.turns[first] = (parent, word)
        self.turns[second] = (first, word)
        self.current = second

    @precondition(lambda self: self.turns)
    @rule(at=st.integers(0, 20))
    def choose(self, at: int) -> None:
        turn = list(self.turns)[at % len(self.turns)]
        self.library.update_conversation(self.id, current=turn)
        self.current = self._newest_below(turn)

    @precondition(lambda self: self.turns)
    @rule(at=st.integers(0, 20))
    def delete(self, at: int) -> None:
        turn = list(self.turns)[at % len(self.turns)]
        parent = self.turns[turn][0]
        self.library.delete_turn(self.id, turn)
        self.turns = {id_: facts for id_, facts in self.turns.items() if turn not in self._path(id_)}
        if self.current not in self.turns:
            left = list(self.turns)
            self.current = self._newest_below(parent) if parent else (left[-1] if left else None)

    @rule()
    def reopen(self) -> None:
        self.library.close()
        self.library = Library(Path(self.folder.name))

    @invariant()
    def the_library_agrees_with_the_dict(self) -> None:
        path = self.library.conversation_path(self.id)
        assert [turn.id for turn in path] == (self._path(self.current) if self.current else [])
        stored = self.library.turns(self.id)
        assert {turn.id: (turn.parent, turn.text) for turn in stored} == self.turns
        for turn in stored:
            assert list(turn.versions) == [id_ for id_, (parent, _) in self.turns.items() if parent == turn.parent]

    @invariant()
    def words_are_found_where_they_stand(self) -> None:
        title = self.library.conversation(self.id).title
        said = {title, *(word for _, word in self.turns.values())}
        assert {word for word in WORDS if self.library.conversations(word)} == said - {""}

    def _path(self, turn: str | None) -> list[str]:
        path: list[str] = []
        while turn is not None:
            path.insert(0, turn)
            turn = self.turns[turn][0] if turn in self.turns else None
        return path

    def _newest_below(self, turn: str) -> str:
        return [id_ for id_ in self.turns if turn in self._path(id_)][-1]

    def teardown(self) -> None:
        self.library.close()
        self.folder.cleanup()


TestConversationsAgreeWithPlainDicts = ConversationMachine.TestCase
TestConversationsAgreeWithPlainDicts.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
