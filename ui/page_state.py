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

from ui.api_types import ChatRequest, DocumentEntry, Evidence, Item, Mode, StoredChat, Style
from ui.background_answer import AnswerSnapshot, BackgroundAnswer
from ui.client import MAX_PAGE_SIZE, ApiClient
from ui.errors import UiError
from ui.turns import Turn, find_last_collection, group_turns

ChatDialogKind = Literal["rename", "delete"]
KEY = "pincite"
FIRST_DOCUMENTS, MORE_DOCUMENTS = 20, 50
FIRST_CHATS, MORE_CHATS = 6, 20
"""How many documents and chats the page lists at first, and how many it adds when the user asks for more."""
STORED_CHECKS, STORED_CHECK_SECONDS = 5, 0.2
"""How often and how long to look whether an answer that was stopped is stored."""


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How the next answer is made; `model` None leaves it to the server. `others` are collections to ask besides."""

    collection: str
    model: str | None = None
    mode: Mode = "auto"
    style: Style = "auto"
    other_collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A span that the user wants to see in its document, under the heading `title`."""

    collection_id: str
    title: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ChatDialog:
    """What the user wants to do with a stored chat, once they have said how or that they are sure."""

    kind: ChatDialogKind
    chat: StoredChat


@dataclass(slots=True)
class PageState:
    """The state of the page between its runs.

    `tab_id` tells browser tabs apart. `chat_id` is the open chat's, empty before its first question. `pending` is the
    question of `run`. `unsaved` is a last turn that the library does not have, or not yet. `editing` is the id of the
    question that is being written anew.
    """

    tab_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    is_started: bool = False
    collection_id: str = ""
    chat_id: str = ""
    turns: list[Turn] = field(default_factory=list[Turn])
    unsaved_turn: Turn | None = None
    pending_question: str = ""
    running_answer: BackgroundAnswer | None = None
    edited_question_id: str = ""
    open_source: OpenSource | None = None
    document_to_delete: DocumentEntry | None = None
    chat_dialog: ChatDialog | None = None
    is_naming_collection: bool = False
    upload_problems: list[str] = field(default_factory=list[str])
    upload_round: int = 0
    shown_documents: int = FIRST_DOCUMENTS
    shown_chats: int = FIRST_CHATS
    _last_item_id: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said yet."""
        return not self.turns and self.unsaved_turn is None and self.running_answer is None

    def ask(self, client: ApiClient, question: str, options: AnswerOptions) -> None:
        """Start an answer to a question that follows all that is shown."""
        above = (self.turns[-1].answer_id or self.turns[-1].question_id) if self.turns else None
        self._start(client, question, above, options)

    def ask_again(self, client: ApiClient, turn: Turn, question: str, options: AnswerOptions) -> None:
        """Start an answer to another question in the place of a stored one, which stays as a version."""
        self._truncate_before(turn)
        self._start(client, question, turn.parent, options)

    def regenerate(self, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
        """Start another answer to a stored question; the one that is there stays as a version."""
        self._truncate_before(turn)
        self._start(client, turn.question, turn.question_id, options)

    def load_ended_answer(self, client: ApiClient) -> None:
        """Show what is stored in the place of an answer that has ended."""
        if self.running_answer is not None and self.running_answer.snapshot().is_running:
            return
        if self.running_answer is not None:
            answer = self.running_answer.snapshot()
            self.unsaved_turn, self.running_answer = Turn(self.pending_question, answer), None
            self._load_stored_items(client, checks=STORED_CHECKS if answer.state == "stopped" else 1)
        elif self.unsaved_turn is not None and self.chat_id:
            self._load_stored_items(client, checks=1)

    def open_chat(self, client: ApiClient, chat_id: str) -> None:
        """Show a stored chat, with the collection that it asked last. Raises `UiError`."""
        items = client.list_items(chat_id)
        self.start_new_chat()
        self.chat_id = chat_id
        self.collection_id = find_last_collection(items) or self.collection_id
        self._set_items(items)

    def show_version(self, client: ApiClient, item_id: str) -> None:
        """Show the branch through a question or an answer. Raises `UiError`."""
        client.show_version(self.chat_id, item_id)
        self._set_items(client.list_items(self.chat_id))

    def start_new_chat(self) -> None:
        """Begin a new chat; an answer that is being written is stopped. What was said stays in the library."""
        if self.running_answer is not None:
            self.running_answer.stop()
        self.running_answer = self.unsaved_turn = self.open_source = self.chat_dialog = None
        self.chat_id = self.edited_question_id = self._last_item_id = ""
        self.turns = []

    def choose_collection(self, collection_id: str) -> None:
        """Switch to a collection; another one is another chat."""
        if collection_id != self.collection_id:
            self.start_new_chat()
            self.collection_id = collection_id
            self.shown_documents = FIRST_DOCUMENTS

    def show_more_documents(self) -> None:
        """Show more documents of the collection, up to `MAX_PAGE_SIZE`."""
        self.shown_documents = min(self.shown_documents + MORE_DOCUMENTS, MAX_PAGE_SIZE)

    def show_more_chats(self) -> None:
        """Show more stored chats."""
        self.shown_chats += MORE_CHATS

    def _start(self, client: ApiClient, question: str, parent: str | None, options: AnswerOptions) -> None:
        self.edited_question_id, self.unsaved_turn = "", None
        try:
            self.chat_id = self.chat_id or client.create_chat().id
        except UiError as error:
            self.unsaved_turn = Turn(question, AnswerSnapshot("failed", problem=str(error)))
            return
        request = ChatRequest(
            collection=options.collection,
            question=question,
            conversation=self.chat_id,
            parent=parent or self.chat_id,
            model=options.model,
            mode=options.mode,
            style=options.style,
            collections=options.other_collections,
            user=self.tab_id,
        )
        self.pending_question = question
        self.running_answer = BackgroundAnswer(client.stream_answer(request), _make_tab_check())

    def _truncate_before(self, turn: Turn) -> None:
        """Show only what stands before a turn."""
        self.turns = self.turns[: self.turns.index(turn)]

    def _load_stored_items(self, client: ApiClient, checks: int) -> None:
        """Show what is stored once there is something new: what ends early is stored a moment later, or never."""
        for check in range(checks):
            if check:
                time.sleep(STORED_CHECK_SECONDS)
            try:
                items = client.list_items(self.chat_id)
            except UiError:
                return
            if items and items[-1].id != self._last_item_id:
                self._set_items(items)
                return

    def _set_items(self, items: list[Item]) -> None:
        self.turns = group_turns(items)
        self._last_item_id = items[-1].id if items else ""
        self.unsaved_turn, self.edited_question_id = None, ""


def get_page_state() -> PageState:
    """Return the conversation of this browser tab."""
    if KEY not in st.session_state:
        st.session_state[KEY] = PageState()
    state: PageState = st.session_state[KEY]
    return state


def _make_tab_check() -> Callable[[], bool]:
    """Return a question that threads may ask: is this browser tab still there?"""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    session_id = context.session_id
    return lambda: runtime.exists() and runtime.get_instance().is_active_session(session_id)
