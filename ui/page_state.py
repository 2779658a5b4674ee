"""The state of one browser tab, kept in Streamlit's session state: collection, open chat, running answer, dialogs.

Questions and answers are stored by the server. The page shows the stored ones, so a chat looks the same when it is
opened again.
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
"""How many times, and after how many seconds each, the page checks if the server has stored a stopped answer."""
STORED_CHECKS_BEFORE_QUESTION = 25
"""The same before the next question: one that does not follow the stopped turn would hide it on another branch."""


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How the next answer is made. If `model` is None, the server chooses. Collections are given by reference."""

    collection: str
    model: str | None = None
    mode: Mode = "auto"
    style: Style = "auto"
    other_collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A span that the page shows in its document, in a dialog with the heading `title`."""

    collection_id: str
    title: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ChatDialog:
    """The open dialog that renames or deletes a stored chat."""

    kind: ChatDialogKind
    chat: StoredChat


@dataclass(slots=True)
class PageState:
    """The state of the page between its reruns.

    `tab_id` identifies the browser tab. `chat_id` is empty before the first question of a chat. `pending_question` is
    the question of `running_answer`. `unsaved_turn` is a last turn that the server has not stored, or not yet.
    `shown_documents` and `shown_chats` are the lengths of the two lists.
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
    upload_notes: list[str] = field(default_factory=list[str])
    upload_round: int = 0
    shown_documents: int = FIRST_DOCUMENTS
    shown_chats: int = FIRST_CHATS
    _last_item_id: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the chat has no turn yet."""
        return not self.turns and self.unsaved_turn is None and self.running_answer is None

    def ask(self, client: ApiClient, question: str, options: AnswerOptions) -> None:
        """Start the answer to a question that follows the last turn; a stopped one has a few seconds to be stored."""
        if self.unsaved_turn is not None and self.unsaved_turn.is_stopped and self.chat_id:
            self._load_stored_items(client, checks=STORED_CHECKS_BEFORE_QUESTION)
        parent = (self.turns[-1].answer_id or self.turns[-1].question_id) if self.turns else None
        self._start(client, question, parent, options)

    def ask_again(self, client: ApiClient, turn: Turn, question: str, options: AnswerOptions) -> None:
        """Start the answer to an edited question; the stored question stays as another version."""
        self._truncate_before(turn)
        self._start(client, question, turn.parent, options)

    def regenerate(self, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
        """Start another answer to a stored question; the stored answer stays as another version."""
        self._truncate_before(turn)
        self._start(client, turn.question, turn.question_id, options)

    def load_ended_answer(self, client: ApiClient) -> None:
        """Replace a running answer that has ended by the stored one."""
        if self.running_answer is not None and self.running_answer.snapshot().is_running:
            return
        if self.running_answer is not None:
            answer = self.running_answer.snapshot()
            self.unsaved_turn, self.running_answer = Turn(self.pending_question, answer), None
            self._load_stored_items(client, checks=STORED_CHECKS if answer.state == "stopped" else 1)
        elif self.unsaved_turn is not None and self.chat_id:
            self._load_stored_items(client, checks=1)

    def open_chat(self, client: ApiClient, chat_id: str) -> None:
        """Show a stored chat and the collection that it asked last. Raises `UiError`."""
        items = client.list_items(chat_id)
        self.start_new_chat()
        self.chat_id = chat_id
        self._set_collection(find_last_collection(items) or self.collection_id)
        self._set_items(items)

    def show_version(self, client: ApiClient, item_id: str) -> None:
        """Show the branch through a version of a question or an answer. Raises `UiError`."""
        client.show_version(self.chat_id, item_id)
        self._set_items(client.list_items(self.chat_id))

    def start_new_chat(self) -> None:
        """Begin a new chat and stop a running answer. The server keeps the stored turns."""
        if self.running_answer is not None:
            self.running_answer.stop()
        self.running_answer = self.unsaved_turn = self.open_source = self.chat_dialog = None
        self.chat_id = self.edited_question_id = self._last_item_id = ""
        self.turns = []

    def choose_collection(self, collection_id: str) -> None:
        """Switch to a collection; begin a new chat if it is another one."""
        if collection_id != self.collection_id:
            self.start_new_chat()
            self._set_collection(collection_id)

    def show_more_documents(self) -> None:
        """Show more documents of the collection, up to `MAX_PAGE_SIZE`."""
        self.shown_documents = min(self.shown_documents + MORE_DOCUMENTS, MAX_PAGE_SIZE)

    def show_more_chats(self) -> None:
        """Show more stored chats."""
        self.shown_chats += MORE_CHATS

    def _set_collection(self, collection_id: str) -> None:
        if collection_id != self.collection_id:
            self.collection_id, self.shown_documents = collection_id, FIRST_DOCUMENTS

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
        """Show only the turns before `turn`."""
        self.turns = self.turns[: self.turns.index(turn)]

    def _load_stored_items(self, client: ApiClient, checks: int) -> None:
        """Show the stored items as soon as there is a new one; a stopped answer is stored a moment later, or never."""
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
    """Return the state of this browser tab."""
    if KEY not in st.session_state:
        st.session_state[KEY] = PageState()
    state: PageState = st.session_state[KEY]
    return state


def _make_tab_check() -> Callable[[], bool]:
    """Return a function for other threads that tells if this browser tab is still open."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    session_id = context.session_id
    return lambda: runtime.exists() and runtime.get_instance().is_active_session(session_id)
