"""Show the sidebar: the collection, its documents, and the options for answers."""

import streamlit as st

from ui.actions import show_error
from ui.api_types import Collection, Mode, Style
from ui.client import ApiClient
from ui.documents_view import show_documents, show_uploader
from ui.errors import UiError
from ui.page_state import AnswerOptions, PageState

MODES: dict[Mode, str] = {
    "auto": "Whatever fits",
    "whole": "Whole documents",
    "retrieval": "The best passages",
    "overview": "Everything (overview)",
}
STYLES: dict[Style, str] = {
    "auto": "Automatic",
    "written": "In the model's words",
    "quoted": "Only quotes",
}
MODES_HELP = (
    "An overview reads every page, part by part: for questions like “list every …” or “summarise”. It takes longer."
)
STYLES_HELP = (
    "Quotes are sentences of your documents, word for word, so nothing can be made up. "
    "Automatic: quotes if the model is too small to write reliable answers."
)
COLLECTION_KEY = "collection"
DEFAULT_COLLECTION = "default"
SERVER_DEFAULT = "Chosen by the server"
NAME_CHARS = 100


def choose_collection(state: PageState, client: ApiClient) -> tuple[Collection, list[Collection]]:
    """Show the choice of the collection; return the chosen one and the others. The first run creates `default`."""
    collections = client.list_collections() or [client.create_collection(DEFAULT_COLLECTION)]
    by_id = {collection.id: collection for collection in collections}
    if state.collection_id not in by_id:
        defaults = [collection for collection in collections if collection.name == DEFAULT_COLLECTION]
        state.collection_id = (defaults or collections)[0].id
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        # Opening a chat switches the collection, so the page state holds the choice and the field only shows it.
        st.session_state[COLLECTION_KEY] = state.collection_id
        st.selectbox(
            "Collection",
            list(by_id),
            key=COLLECTION_KEY,
            format_func=lambda collection_id: by_id[collection_id].title,
            on_change=lambda: state.choose_collection(st.session_state[COLLECTION_KEY]),
        )
        if st.button("New", icon=":material/create_new_folder:", help="Make a new collection"):
            state.is_naming_collection = True
    chosen = by_id[state.collection_id]
    return chosen, [collection for collection in collections if collection is not chosen]


def show_collection_dialog(state: PageState, client: ApiClient) -> None:
    """Ask for the name of a new collection if the user wants one."""
    if not state.is_naming_collection:
        return

    def close() -> None:
        state.is_naming_collection = False

    @st.dialog("New collection", on_dismiss=close)
    def dialog() -> None:
        with st.form("new-collection", border=False):
            name = st.text_input("Name of the new collection", max_chars=NAME_CHARS).strip()
            if not st.form_submit_button("Create", type="primary") or not name:
                return
        try:
            state.choose_collection(client.create_collection(name).id)
        except UiError as error:
            show_error(error)
            return
        close()
        st.rerun()

    dialog()


def show_library(state: PageState, client: ApiClient, collection: Collection) -> None:
    """Show the documents of the chosen collection and the upload field, unless the page itself shows that field."""
    st.subheader("Documents", anchor=False)
    if not collection.file_counts.total:
        st.caption("None yet.")
        if collection.can_change and not state.is_empty:
            show_uploader(state, client)
        return
    if collection.can_change:
        show_uploader(state, client)
    show_documents(state, client, collection)


def choose_options(client: ApiClient, collection: Collection, others: list[Collection]) -> AnswerOptions:
    """Show the options for answers: model, context mode, style, further collections; return the chosen ones."""
    with st.expander("How answers are made", icon=":material/tune:"):
        model = st.selectbox("Model", [SERVER_DEFAULT, *client.list_models()])
        mode = st.radio("The model reads", list(MODES), format_func=MODES.__getitem__, help=MODES_HELP)
        style = st.radio("Answers", list(STYLES), format_func=STYLES.__getitem__, help=STYLES_HELP)
        titles = {other.reference: other.title for other in others}
        also = (
            st.multiselect("Also ask", list(titles), format_func=titles.__getitem__, placeholder="Other collections")
            if titles
            else []
        )
    return AnswerOptions(collection.reference, None if model == SERVER_DEFAULT else model, mode, style, tuple(also))
