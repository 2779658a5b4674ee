"""Beside the conversation: which collection is asked, what is in it, and how answers are made."""

from dataclasses import dataclass

import streamlit as st

from ui.api_types import Collection, DocumentEntry, Mode
from ui.client import ApiClient
from ui.conversation import Conversation
from ui.documents_view import show_documents, show_uploader
from ui.errors import UiError
from ui.safe_markdown import plain

MODES: dict[Mode, str] = {
    "auto": "Whatever fits",
    "whole": "Whole documents",
    "retrieval": "The best passages",
}
DEFAULT_COLLECTION = "default"
SERVERS_CHOICE = "Chosen by the server"
NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How the next answer is made; `model` None leaves it to the server."""

    model: str | None
    mode: Mode


def choose_collection(conversation: Conversation, client: ApiClient) -> Collection:
    """Let the user choose a collection or make one; return the one that is chosen."""
    collections = client.collections() or [client.create_collection(DEFAULT_COLLECTION)]
    by_id = {collection.id: collection for collection in collections}
    if conversation.collection_id not in by_id:
        first = next((each for each in collections if each.name == DEFAULT_COLLECTION), collections[0])
        conversation.choose(first.id)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        chosen = st.selectbox(
            "Collection",
            list(by_id),
            index=list(by_id).index(conversation.collection_id),
            format_func=lambda collection_id: by_id[collection_id].name,
        )
        if st.button("New", icon=":material/create_new_folder:", help="Make a new collection"):
            conversation.wants_collection = True
    conversation.choose(chosen)
    return by_id[chosen]


def show_new_collection(conversation: Conversation, client: ApiClient) -> None:
    """Ask for the name of a new collection; nothing where none is wanted."""
    if not conversation.wants_collection:
        return

    def close() -> None:
        conversation.wants_collection = False

    @st.dialog("New collection", on_dismiss=close)
    def dialog() -> None:
        with st.form("new-collection", border=False):
            name = st.text_input("Name of the new collection", max_chars=NAME_CHARS).strip()
            if not st.form_submit_button("Create", type="primary") or not name:
                return
        try:
            conversation.choose(client.create_collection(name).id)
        except UiError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        close()
        st.rerun()

    dialog()


def show_library(conversation: Conversation, client: ApiClient, entries: list[DocumentEntry]) -> None:
    """Show the documents of the chosen collection and the field for more, unless the page itself shows that field."""
    st.subheader("Documents", anchor=False)
    if not entries:
        st.caption("None yet.")
        return
    show_uploader(conversation, client)
    show_documents(conversation, client, entries)


def choose_options(client: ApiClient) -> AnswerOptions:
    """Let the user choose how answers are made; return what is chosen."""
    with st.expander("How answers are made", icon=":material/tune:"):
        model = st.selectbox("Model", [SERVERS_CHOICE, *client.models()])
        mode = st.radio("The model reads", list(MODES), format_func=MODES.__getitem__)
    return AnswerOptions(None if model == SERVERS_CHOICE else model, mode)
