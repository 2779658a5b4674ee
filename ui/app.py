"""The chat page. Streamlit runs this file from top to bottom at every interaction."""

from pathlib import Path

import streamlit as st

from ui.actions import show_error
from ui.api_types import Collection
from ui.chat_view import show_conversation
from ui.client import ApiClient
from ui.documents_view import show_deletion_dialog, show_uploader
from ui.errors import ApiUnreachableError, KeyRefusedError, UiError
from ui.page_state import AnswerOptions, PageState, get_page_state
from ui.safe_markdown import escape_markdown
from ui.settings import UiSettings
from ui.sidebar import choose_collection, choose_options, show_collection_dialog, show_library
from ui.sign_in import REVOKED, find_signed_in, show_account, show_sign_in, sign_out
from ui.source_view import show_source_dialog
from ui.stored_chats_view import show_chat_dialog, show_chat_menu, show_chats, sync_address

SIDEBAR_PIXELS = 360
ICON, LOGO = Path(__file__).with_name("icon.svg"), Path(__file__).with_name("logo.svg")


@st.cache_resource(on_release=ApiClient.close)
def _client_without_key(url: str) -> ApiClient:
    return ApiClient(url)


def main() -> None:
    """Draw the page; show errors of the API as messages."""
    st.set_page_config("Pincite", ICON, layout="centered", initial_sidebar_state=SIDEBAR_PIXELS)
    st.logo(LOGO, size="large")
    settings = UiSettings()
    signed_in, without_key = find_signed_in(), _client_without_key(settings.api_url)
    try:
        _show_page(get_page_state(), signed_in.client if signed_in else without_key)
    except KeyRefusedError:
        if signed_in is not None:
            sign_out(REVOKED)
            st.rerun()
        show_sign_in(without_key)
    except ApiUnreachableError as error:
        _show_unreachable(error)
    except UiError as error:
        show_error(error)
        st.button("Try again", icon=":material/refresh:")


def _show_page(state: PageState, client: ApiClient) -> None:
    state.load_ended_answer(client)
    sync_address(state, client)
    signed_in = find_signed_in()
    with st.sidebar:
        if signed_in is not None:
            show_account(signed_in)
        collection, others = choose_collection(state, client)
        options = choose_options(client, collection, others)
        show_chats(state, client)
        show_library(state, client, collection)
    show_source_dialog(state, client)
    show_deletion_dialog(state, client)
    show_collection_dialog(state, client)
    show_chat_dialog(state, client)
    _show_chat(state, client, collection, options)


def _show_chat(state: PageState, client: ApiClient, collection: Collection, options: AnswerOptions) -> None:
    documents = collection.file_counts
    is_ready = bool(options.other_collections) or documents.completed > 0
    question = st.chat_input(
        "Ask your documents" if is_ready else "Add a document first",
        disabled=not is_ready or state.running_answer is not None,
    )
    if question and question.strip():
        state.ask(client, question.strip(), options)
        st.rerun()
    if not documents.total and state.is_empty:
        _show_welcome(state, client, collection)
    elif state.is_empty:
        st.header(f"Ask about {escape_markdown(collection.name)}", anchor=False)
        st.markdown("Every sentence of an answer shows where in your documents it comes from.")
    else:
        with st.bottom:
            show_chat_menu(state, client)
    show_conversation(state, client, options)


def _show_welcome(state: PageState, client: ApiClient, collection: Collection) -> None:
    st.header("Ask your own documents", anchor=False)
    st.markdown(
        "Add documents, ask a question, and see for every sentence of the answer the exact place it comes from. "
        "Nothing leaves this machine."
    )
    if collection.can_change:
        show_uploader(state, client)


def _show_unreachable(error: ApiUnreachableError) -> None:
    st.header("The Pincite server does not answer", anchor=False)
    st.markdown(
        f"This page expects it at {escape_markdown(error.url)}. Start it with the following command, then try again."
    )
    st.code("pincite serve", language=None)
    st.button("Try again", type="primary", icon=":material/refresh:")


if __name__ == "__main__":
    main()
