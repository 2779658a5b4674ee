"""Show the documents of the collection: upload, indexing progress and its controls, deletion."""

from collections.abc import Iterator
from functools import partial

import streamlit as st

from ui.actions import run_action, show_error
from ui.api_types import Collection, DocumentCounts, DocumentEntry, ListPage, ReadingProgress
from ui.client import MAX_PAGE_SIZE, ApiClient
from ui.errors import UiError
from ui.page_state import PageState
from ui.safe_markdown import escape_markdown

REFRESH_SECONDS = 1.0
NAME_PIXELS = 210  # what the sidebar has beside two buttons
STAGES = {
    "waiting": "Waiting",
    "reading": "Reading",
    "embedding": "Making it searchable",
    "storing": "Storing",
}
LINE = "line"  # the unit of documents without pages


def show_uploader(state: PageState, client: ApiClient) -> None:
    """Show the upload field, upload the files that were put into it, and say which were refused or replace another."""
    files = st.file_uploader(
        "Add documents",
        accept_multiple_files=True,
        key=f"upload-{state.upload_round}",
        help="As many at once as you like. They stay on this machine.",
    )
    replace = st.toggle(
        "Replace documents of the same name",
        key="replace-uploads",
        help="If it is off, a file whose name is taken is added beside the one that is there.",
    )
    if files:
        state.upload_problems.clear()
        state.upload_notes.clear()
        bar = st.progress(0.0, text="Uploading")
        for number, file in enumerate(files):
            bar.progress(number / len(files), text=f"Uploading {escape_markdown(file.name)}")
            try:
                entry = client.upload_document(state.collection_id, file.name, file, replace=replace)
                state.upload_notes.extend(_describe_upload(entry))
            except UiError as error:
                state.upload_problems.append(f"{file.name}: {error}")
        state.upload_round += 1  # a new field, so that the same files are not uploaded twice
        st.rerun()
    for problem in state.upload_problems:
        st.error(escape_markdown(problem), icon=":material/error:")
    for note in state.upload_notes:
        st.info(escape_markdown(note), icon=":material/info:")


def _describe_upload(entry: DocumentEntry) -> Iterator[str]:
    """Yield what became of an upload whose name was taken."""
    if entry.replaces:
        yield f"{entry.filename} replaces the one that was here, as soon as it is read."
    elif entry.name != entry.filename:
        yield f"Another {entry.filename} was uploaded before: this one is called {entry.name}, and both are kept."


def show_documents(state: PageState, client: ApiClient, collection: Collection) -> None:
    """Show the newest documents with their states; refresh them while any document is in progress."""
    if collection.file_counts.in_progress:
        st.fragment(_watch_documents, run_every=REFRESH_SECONDS)(state, client)
    else:
        _show_newest_documents(state, client, collection)


def _watch_documents(state: PageState, client: ApiClient) -> None:
    """Refresh the documents once; draw the whole page again when none is in progress."""
    try:
        collection = client.fetch_collection(state.collection_id)
        if not collection.file_counts.in_progress:
            st.rerun()
        _show_newest_documents(state, client, collection)
    except UiError as error:
        show_error(error)


def _show_newest_documents(state: PageState, client: ApiClient, collection: Collection) -> None:
    page = client.list_documents(state.collection_id, state.shown_documents)
    for entry in page.data:
        _show_entry(state, client, entry, can_change=collection.can_change)
    if page.has_more:
        _show_rest(state, page, collection.file_counts)


def _show_rest(state: PageState, page: ListPage[DocumentEntry], counts: DocumentCounts) -> None:
    """Say how many documents are not shown, and offer more of them."""
    shown_in_progress = sum(entry.status == "in_progress" for entry in page.data)
    in_progress = max(counts.in_progress - shown_in_progress, 0)
    rest = f"; {in_progress:,} of the others in progress" if in_progress else ""
    st.caption(f"The newest {len(page.data):,} of {_count_noun(counts.total, 'document')}{rest}")
    if state.shown_documents < MAX_PAGE_SIZE:
        st.button("Show more", key="more-documents", icon=":material/expand_more:", on_click=state.show_more_documents)


def _show_entry(state: PageState, client: ApiClient, entry: DocumentEntry, *, can_change: bool) -> None:
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{escape_markdown(entry.name)}**", width=NAME_PIXELS, wrap=False)
            with st.container(horizontal=True, wrap=False, gap="xsmall", width="content"):
                if can_change:
                    _show_buttons(state, client, entry)
        _show_state(entry)
        if can_change and entry.needs_password:
            _show_password_form(state, client, entry)


def _show_buttons(state: PageState, client: ApiClient, entry: DocumentEntry) -> None:
    """Show the controls of a document: pause, resume, cancel while it is indexed; retry and delete afterwards."""
    control = partial(client.control_indexing, state.collection_id, entry.id)
    if entry.status == "in_progress":
        if entry.is_paused and _show_icon_button("resume", "play_arrow", entry):
            run_action(partial(control, "resume"))
        if not entry.is_paused and _show_icon_button("pause", "pause", entry):
            run_action(partial(control, "pause"))
        if _show_icon_button("cancel", "close", entry):
            run_action(partial(control, "cancel"))
        return
    if (
        entry.status in ("failed", "cancelled")
        and not entry.needs_password
        and _show_icon_button("retry", "refresh", entry)
    ):
        run_action(partial(client.retry_document, state.collection_id, entry.id))
    if _show_icon_button("delete", "delete", entry):
        state.document_to_delete = entry
        st.rerun()


def _show_icon_button(name: str, icon: str, entry: DocumentEntry) -> bool:
    tooltip = f"{name.capitalize()} {escape_markdown(entry.name)}"
    return st.button("", key=f"{name}-{entry.id}", type="tertiary", icon=f":material/{icon}:", help=tooltip)


def _show_state(entry: DocumentEntry) -> None:
    if entry.status == "in_progress":
        progress = entry.progress or ReadingProgress("waiting")
        st.progress(_compute_share(progress), text=_describe_stage(progress, is_paused=entry.is_paused))
    elif entry.status == "completed":
        parts = "" if entry.page_unit == LINE else f"{_count_noun(entry.pages, entry.page_unit)}, "
        st.caption(f"{parts}{_count_noun(entry.chunks, 'chunk')}, {_format_size(entry.usage_bytes)}")
        if entry.warning:
            st.markdown(f":small[:material/warning: :orange[{escape_markdown(entry.warning)}]]")
    elif entry.status == "cancelled":
        st.caption("Cancelled before it was read.")
    else:
        reason = entry.last_error.message if entry.last_error else "the reason is unknown"
        st.markdown(f":small[:material/error: :red[Not readable: {escape_markdown(reason)}]]")


def _show_password_form(state: PageState, client: ApiClient, entry: DocumentEntry) -> None:
    with st.form(f"unlock-{entry.id}", border=False, clear_on_submit=True):
        password = st.text_input("Password", type="password", autocomplete="off")
        if st.form_submit_button("Unlock", icon=":material/lock_open:") and password:
            run_action(partial(client.retry_document, state.collection_id, entry.id, password))


def show_deletion_dialog(state: PageState, client: ApiClient) -> None:
    """Ask for confirmation if the user wants to delete a document."""
    entry = state.document_to_delete
    if entry is None:
        return

    def close() -> None:
        state.document_to_delete = None

    @st.dialog("Delete this document?", on_dismiss=close)
    def dialog() -> None:
        st.markdown(
            f"**{escape_markdown(entry.name)}** and everything made from it will be deleted from this collection."
        )
        with st.container(horizontal=True):
            is_sure = st.button("Delete", type="primary", icon=":material/delete:")
            if st.button("Keep it"):
                close()
                st.rerun()
        if is_sure:
            try:
                client.delete_document(state.collection_id, entry.id)
            except UiError as error:
                show_error(error)
                return
            close()
            st.rerun()

    dialog()


def _compute_share(progress: ReadingProgress) -> float:
    return min(progress.done / progress.total, 1.0) if progress.total else 0.0


def _describe_stage(progress: ReadingProgress, *, is_paused: bool) -> str:
    stage = "Paused" if is_paused else STAGES.get(progress.stage, "Working")
    return f"{stage}: {progress.done} of {progress.total}" if progress.total else stage


def _count_noun(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _format_size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(size_bytes / 1e3, 0.1):.1f} kB"
