"""What one browser tab remembers: the collection, the open chat, and what is shown of it. One object for each session.

What was said is in the library: the page shows what is stored, so that a chat looks the same when it is opened again.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.answer_run import AnswerRun, AnswerSoFar
from ui.api_types import ChatRequest, DocumentEntry, Evidence, Item, Mode, StoredChat, Style
from ui.client import ApiClient
from ui.errors import UiError
from ui.turns import Turn, collection_of, turns_of

TaskKind = Literal["rename", "delete"]
KEY = "pincite"
STORING_LOOKS, STORING_SECONDS = 5, 0.2
"""How often and how long to look whether an answer that was stopped is stored."""


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How the next answer is made; `model` None leaves it to the server. `others` are collections to ask besides."""

    collection: str
    model: str | None = None
    mode: Mode = "auto"
    style: Style = "auto"
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A span that the user wants to see in its document, under the heading `title`."""

    collection_id: str
    title: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ChatTask:
    """What the user wants to do with a stored chat, once they have said how or that they are sure."""

    kind: TaskKind
    chat: StoredChat


@dataclass(slots=True)
class Conversation:
    """The state of the page between its runs.

    `tab_id` tells browser tabs apart. `chat_id` is the open chat's, empty before its first question. `pending` is the
    question of `run`. `unsaved` is a last turn that the library does not have, or not yet. `editing` is the id of the
    question that is being written anew.
    """

    tab_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    has_begun: bool = False
    collection_id: str = ""
    chat_id: str = ""
    turns: list[Turn] = field(default_factory=list[Turn])
    unsaved: Turn | None = None
    pending: str = ""
    run: AnswerRun | None = None
    editing: str = ""
    source: OpenSource | None = None
    to_delete: DocumentEntry | None = None
    chat_task: ChatTask | None = None
    wants_collection: bool = False
    upload_problems: list[str] = field(default_factory=list[str])
    upload_round: int = 0
    _leaf: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said yet."""
        return not self.turns and self.unsaved is None and self.run is None

    def ask(self, client: ApiClient, question: str, options: AnswerOptions) -> None:
        """Start an answer to a question that follows all that is shown."""
        above = (self.turns[-1].answer_id or self.turns[-1].question_id) if self.turns else None
        self._start(client, question, above, options)

    def ask_again(self, client: ApiClient, turn: Turn, question: str, options: AnswerOptions) -> None:
        """Start an answer to another question in the place of a stored one, which stays as a version."""
        self._cut(turn)
        self._start(client, question, turn.parent, options)

    def regenerate(self, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
        """Start another answer to a stored question; the one that is there stays as a version."""
        self._cut(turn)
        self._start(client, turn.question, turn.question_id, options)

    def settle(self, client: ApiClient) -> None:
        """Show what is stored in the place of an answer that has ended."""
        if self.run is not None and self.run.look().is_running:
            return
        if self.run is not None:
            answer = self.run.look()
            self.unsaved, self.run = Turn(self.pending, answer), None
            self._take_stored(client, looks=STORING_LOOKS if answer.state == "stopped" else 1)
        elif self.unsaved is not None and self.chat_id:
            self._take_stored(client, looks=1)

    def open(self, client: ApiClient, chat_id: str) -> None:
        """Show a stored chat, with the collection that it asked last. Raises `UiError`."""
        items = client.items(chat_id)
        self.leave()
        self.chat_id = chat_id
        self.collection_id = collection_of(items) or self.collection_id
        self._show(items)

    def show_version(self, client: ApiClient, item_id: str) -> None:
        """Show the branch through a question or an answer. Raises `UiError`."""
        client.show_version(self.chat_id, item_id)
        self._show(client.items(self.chat_id))

    def leave(self) -> None:
        """Begin a new chat; an answer that is being written is stopped. What was said stays in the library."""
        if self.run is not None:
            self.run.stop()
        self.run = self.unsaved = self.source = self.chat_task = None
        self.chat_id = self.editing = self._leaf = ""
        self.turns = []

    def choose(self, collection_id: str) -> None:
        """Switch to a collection; another one is another chat."""
        if collection_id != self.collection_id:
            self.leave()
            self.collection_id = collection_id

    def _start(self, client: ApiClient, question: str, parent: str | None, options: AnswerOptions) -> None:
        self.editing, self.unsaved = "", None
        try:
            self.chat_id = self.chat_id or client.create_chat().id
        except UiError as error:
            self.unsaved = Turn(question, AnswerSoFar("failed", problem=str(error)))
            return
        request = ChatRequest(
            collection=options.collection,
            question=question,
            conversation=self.chat_id,
            parent=parent or self.chat_id,
            model=options.model,
            mode=options.mode,
            style=options.style,
            collections=options.others,
            user=self.tab_id,
        )
        self.pending = question
        self.run = AnswerRun(client.chat(request), _tab_is_open())

    def _cut(self, turn: Turn) -> None:
        """Show only what stands before a turn."""
        self.turns = self.turns[: self.turns.index(turn)]

    def _take_stored(self, client: ApiClient, looks: int) -> None:
        """Show what is stored once there is something new: what ends early is stored a moment later, or never."""
        for look in range(looks):
            if look:
                time.sleep(STORING_SECONDS)
            try:
                items = client.items(self.chat_id)
            except UiError:
                return
            if items and items[-1].id != self._leaf:
                self._show(items)
                return

    def _show(self, items: list[Item]) -> None:
        self.turns = turns_of(items)
        self._leaf = items[-1].id if items else ""
        self.unsaved, self.editing = None, ""


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
