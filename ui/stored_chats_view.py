"""Show the stored chats: their list, and the menu and dialogs of the open one."""

from functools import partial

import streamlit as st

from ui.actions import run_action, show_error
from ui.api_types import ExportFormat, StoredChat
from ui.client import ApiClient
from ui.errors import ApiRefusedError, UiError
from ui.page_state import FIRST_CHATS, ChatDialog, ChatDialogKind, PageState
from ui.safe_markdown import escape_markdown

CHAT_PARAMETER = "chat"
QUERY_KEY = "chat-query"
TITLE_CHARS = 200
EXPORTS: tuple[tuple[ExportFormat, str, str, str], ...] = (
    ("markdown", "Markdown", "md", "text/markdown"),
    ("json", "JSON", "json", "application/json"),
)
UNTITLED = "Untitled"


def sync_address(state: PageState, client: ApiClient) -> None:
    """Open the chat in the page's address when a tab starts; keep the address up to date after that."""
    chat_id = str(st.query_params.get(CHAT_PARAMETER, ""))
    if not state.is_started:
        state.is_started = True
        if chat_id:
            _open_addressed_chat(state, client, chat_id)
    if state.chat_id:
        if chat_id != state.chat_id:
            st.query_params[CHAT_PARAMETER] = state.chat_id
    elif chat_id:
        del st.query_params[CHAT_PARAMETER]


def _open_addressed_chat(state: PageState, client: ApiClient, chat_id: str) -> None:
    try:
        state.open_chat(client, chat_id)
    except ApiRefusedError:
        st.toast("That chat no longer exists.", icon=":material/info:")


def show_chats(state: PageState, client: ApiClient) -> None:
    """Show the stored chats, the most recently used first; nothing if there are none."""
    query = str(st.session_state.get(QUERY_KEY, "")).strip()
    page = client.list_chats(state.shown_chats, query)
    if not page.data and not query:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Chats", anchor=False, width="content")
        if st.button("New chat", icon=":material/edit_square:", type="tertiary", key="new-chat-in-sidebar"):
            state.start_new_chat()
            st.rerun()
    if query or page.has_more or state.shown_chats > FIRST_CHATS:
        st.text_input(
            "Search chats",
            key=QUERY_KEY,
            placeholder="Search chats",
            icon=":material/search:",
            label_visibility="collapsed",
        )
    if query and not page.data:
        st.caption("No chat contains these words.")
    with st.container(gap=None):
        for chat in page.data:
            _show_chat(state, client, chat)
    if page.has_more:
        st.button("Show more", key="more-chats", icon=":material/expand_more:", on_click=state.show_more_chats)


def _show_chat(state: PageState, client: ApiClient, chat: StoredChat) -> None:
    is_open = chat.id == state.chat_id
    title = escape_markdown(chat.title or UNTITLED)
    label = f"**{title}**" if is_open else title
    is_clicked = st.button(label, key=f"chat-{chat.id}", type="tertiary", icon=":material/chat_bubble:", wrap=False)
    if is_clicked and not is_open:
        run_action(partial(state.open_chat, client, chat.id))


def show_chat_menu(state: PageState, client: ApiClient) -> None:
    """Show the button for a new chat and the menu of the open one."""
    with st.container(horizontal=True, gap="small"):
        if st.button("New chat", type="tertiary", icon=":material/edit_square:", key="new-chat"):
            state.start_new_chat()
            st.rerun()
        # Leaving the menu out closes it; otherwise it would stay open beside its dialog.
        if not state.chat_id or state.running_answer is not None or state.chat_dialog is not None:
            return
        with st.popover("This chat", type="tertiary", icon=":material/more_horiz:"):
            _show_menu(state, client, state.chat_id)


def _show_menu(state: PageState, client: ApiClient, chat_id: str) -> None:
    if st.button("Rename", icon=":material/edit:", type="tertiary", key="rename-chat"):
        _open_dialog(state, client, "rename")
    for kind, name, ending, media_type in EXPORTS:
        st.download_button(
            f"Save as {name}",
            data=partial(client.export_chat, chat_id, kind),
            file_name=f"chat.{ending}",
            mime=media_type,
            icon=":material/download:",
            type="tertiary",
            key=f"export-{kind}",
            on_click="ignore",
        )
    if st.button("Delete", icon=":material/delete:", type="tertiary", key="delete-chat"):
        _open_dialog(state, client, "delete")


def _open_dialog(state: PageState, client: ApiClient, kind: ChatDialogKind) -> None:
    """Open the dialog that renames or deletes the open chat."""
    try:
        state.chat_dialog = ChatDialog(kind, client.fetch_chat(state.chat_id))
    except UiError as error:
        show_error(error)
    else:
        st.rerun()


def show_chat_dialog(state: PageState, client: ApiClient) -> None:
    """Show the dialog that renames or deletes a chat, if one is open."""
    dialog_state = state.chat_dialog
    if dialog_state is None:
        return

    def close() -> None:
        state.chat_dialog = None

    @st.dialog("Rename this chat" if dialog_state.kind == "rename" else "Delete this chat?", on_dismiss=close)
    def dialog() -> None:
        show = _show_rename_form if dialog_state.kind == "rename" else _show_deletion_question
        show(state, client, dialog_state.chat)

    dialog()


def _show_rename_form(state: PageState, client: ApiClient, chat: StoredChat) -> None:
    with st.form("rename-chat-form", border=False):
        title = st.text_input("Name of the chat", chat.title, max_chars=TITLE_CHARS).strip()
        if not st.form_submit_button("Rename", type="primary") or not title:
            return

    def rename() -> None:
        client.rename_chat(chat.id, title)
        state.chat_dialog = None

    run_action(rename)


def _show_deletion_question(state: PageState, client: ApiClient, chat: StoredChat) -> None:
    st.markdown(
        f"**{escape_markdown(chat.title or UNTITLED)}**: its questions, answers and citations will be deleted. "
        "Your documents stay as they are."
    )
    with st.container(horizontal=True):
        is_sure = st.button("Delete", type="primary", icon=":material/delete:", key="delete-chat-now")
        if st.button("Keep it", key="keep-chat"):
            state.chat_dialog = None
            st.rerun()
    if is_sure:

        def delete() -> None:
            client.delete_chat(chat.id)
            state.start_new_chat()

        run_action(delete)
