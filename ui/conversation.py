"""What one browser tab remembers: the collection, the conversation, and what is open. One object for each session."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.answer_run import AnswerRun, AnswerSoFar
from ui.api_types import ChatMessage, ChatRequest, DocumentEntry, Evidence, Mode
from ui.client import ApiClient

KEY = "pincite"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it."""

    question: str
    answer: AnswerSoFar


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A span that the user wants to see in its document, under the heading `title`."""

    collection_id: str
    title: str
    evidence: Evidence


@dataclass(slots=True)
class Conversation:
    """The state of the page between its runs. `pending` is the question of `run`, `id` tells browser tabs apart."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    collection_id: str = ""
    turns: list[Turn] = field(default_factory=list)
    pending: str = ""
    run: AnswerRun | None = None
    source: OpenSource | None = None
    to_delete: DocumentEntry | None = None
    wants_collection: bool = False
    upload_problems: list[str] = field(default_factory=list)
    upload_round: int = 0

    def ask(self, client: ApiClient, question: str, *, collection: str, model: str | None, mode: Mode) -> None:
        """Start an answer; what was said before goes with the question."""
        messages = [
            message
            for turn in self.turns
            if turn.answer.text
            for message in (ChatMessage("user", turn.question), ChatMessage("assistant", turn.answer.text))
        ]
        request = ChatRequest(collection, (*messages, ChatMessage("user", question)), model, mode, self.id)
        self.pending = question
        self.run = AnswerRun(client.chat(request), _tab_is_open())

    def settle(self) -> None:
        """Turn an answer that has ended into a turn of the conversation."""
        if self.run is None or self.run.look().is_running:
            return
        self.turns.append(Turn(self.pending, self.run.look()))
        self.run = None

    def clear(self) -> None:
        """Forget what was said; an answer that is being written is stopped."""
        if self.run is not None:
            self.run.stop()
        self.run = None
        self.turns.clear()
        self.source = None

    def choose(self, collection_id: str) -> None:
        """Switch to a collection; a conversation belongs to one."""
        if collection_id != self.collection_id:
            self.clear()
            self.collection_id = collection_id


def current() -> Conversation:
    """Return the conversation of this browser tab."""
    if KEY not in st.session_state:
        st.session_state[KEY] = Conversation()
    conversation: Conversation = st.session_state[KEY]
    return conversation


def _tab_is_open() -> Callable[[], bool]:
    """Return a question that threads may ask: is this browser tab still there?"""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    session_id = context.session_id
    return lambda: runtime.exists() and runtime.get_instance().is_active_session(session_id)
