"""The chat page. Streamlit runs this file from top to bottom at every interaction."""

from pathlib import Path

import streamlit as st

from ui.api_types import Collection, DocumentEntry
from ui.chat_view import show_conversation
from ui.client import ApiClient
from ui.conversation import Conversation, current
from ui.documents_view import show_deletion, show_uploader
from ui.errors import ApiUnreachableError, UiError
from ui.safe_markdown import plain
from ui.settings import UiSettings
from ui.sidebar import AnswerOptions, choose_collection, choose_options, show_library, show_new_collection
from ui.source_view import show_open_source

SIDEBAR_PIXELS = 360
ICON, LOGO = Path(__file__).with_name("icon.svg"), Path(__file__).with_name("logo.svg")


@st.cache_resource(on_release=ApiClient.close)
def _client(url: str, api_key: str | None) -> ApiClient:
    return ApiClient(url, api_key=api_key)


def main() -> None:
    """Draw the page; what goes wrong between it and the API becomes a message."""
    st.set_page_config("Pincite", ICON, layout="centered", initial_sidebar_state=SIDEBAR_PIXELS)
    st.logo(LOGO, size="large")
    settings = UiSettings()
    key = settings.api_key.get_secret_value() if settings.api_key else None
    try:
        _show_page(current(), _client(settings.api_url, key))
    except ApiUnreachableError as error:
        _show_unreachable(error)
    except UiError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.button("Try again", icon=":material/refresh:")


def _show_page(conversation: Conversation, client: ApiClient) -> None:
    conversation.settle()
    with st.sidebar:
        collection = choose_collection(conversation, client)
        options = choose_options(client)
        entries = client.documents(collection.id)
        show_library(conversation, client, entries)
    show_open_source(conversation, client)
    show_deletion(conversation, client)
    show_new_collection(conversation, client)
    _show_chat(conversation, client, collection, entries, options)


def _show_chat(
    conversation: Conversation,
    client: ApiClient,
    collection: Collection,
    entries: list[DocumentEntry],
    options: AnswerOptions,
) -> None:
    readable = sum(entry.status == "completed" for entry in entries)
    question = st.chat_input(
        "Ask your documents" if readable else "Add a document first",
        disabled=not readable or conversation.run is not None,
    )
    if question and question.strip():
        conversation.ask(client, question.strip(), collection=collection.name, model=options.model, mode=options.mode)
        st.rerun()
    if not entries:
        _show_welcome(conversation, client)
    elif not conversation.turns and conversation.run is None:
        st.header(f"Ask about {plain(collection.name)}", anchor=False)
        st.markdown("Every sentence of an answer shows where in your documents it comes from.")
    if conversation.turns:
        _show_clear_button(conversation)
    show_conversation(conversation)


def _show_clear_button(conversation: Conversation) -> None:
    with st.bottom:
        st.button(
            "Clear conversation",
            type="tertiary",
            icon=":material/delete_sweep:",
            on_click=conversation.clear,
        )


def _show_welcome(conversation: Conversation, client: ApiClient) -> None:
    st.header("Ask your own documents", anchor=False)
    st.markdown(
        "Add documents, ask a question, and see for every sentence of the answer the exact place it comes from. "
        "Nothing leaves this machine."
    )
    show_uploader(conversation, client)


def _show_unreachable(error: ApiUnreachableError) -> None:
    st.header("The Pincite server does not answer", anchor=False)
    st.markdown(f"This page looks for it at {plain(error.url)}. Start it with the following command, then try again.")
    st.code("pincite serve", language=None)
    st.button("Try again", type="primary", icon=":material/refresh:")


if __name__ == "__main__":
    main()
