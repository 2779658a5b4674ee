"""The documents of the collection: adding them, watching and steering how they are read, removing them."""

from functools import partial

import streamlit as st

from ui.actions import attempt, show_problem
from ui.api_types import DocumentEntry, Progress
from ui.client import ApiClient
from ui.conversation import Conversation
from ui.errors import UiError
from ui.safe_markdown import plain

REFRESH_SECONDS = 1.0
NAME_PIXELS = 210  # what the sidebar has beside two buttons
STAGES = {
    "waiting": "Waiting",
    "reading": "Reading",
    "embedding": "Making it searchable",
    "storing": "Storing",
}
LINE = "line"  # such a document has no parts that are worth counting


def show_uploader(conversation: Conversation, client: ApiClient) -> None:
    """Show the field that takes files, hand on what was put into it, and say what was refused."""
    files = st.file_uploader(
        "Add documents",
        accept_multiple_files=True,
        key=f"upload-{conversation.upload_round}",
        help="As many at once as you like. They stay on this machine.",
    )
    if files:
        conversation.upload_problems.clear()
        bar = st.progress(0.0, text="Uploading")
        for number, file in enumerate(files):
            bar.progress(number / len(files), text=f"Uploading {plain(file.name)}")
            try:
                client.upload(conversation.collection_id, file.name, file)
            except UiError as error:
                conversation.upload_problems.append(f"{file.name}: {error}")
        conversation.upload_round += 1  # a new field, so that the same files are not taken twice
        st.rerun()
    for problem in conversation.upload_problems:
        st.error(plain(problem), icon=":material/error:")


def show_documents(conversation: Conversation, client: ApiClient, entries: list[DocumentEntry]) -> None:
    """Show every document with its state; look again by itself while any is being read."""
    if _is_busy(entries):
        st.fragment(_watch_entries, run_every=REFRESH_SECONDS)(conversation, client)
    else:
        _show_entries(conversation, client, entries)


def _watch_entries(conversation: Conversation, client: ApiClient) -> None:
    """One look at documents that are being read; when all are, the whole page is drawn again."""
    try:
        entries = client.documents(conversation.collection_id)
    except UiError as error:
        show_problem(error)
        return
    if not _is_busy(entries):
        st.rerun()
    _show_entries(conversation, client, entries)


def _show_entries(conversation: Conversation, client: ApiClient, entries: list[DocumentEntry]) -> None:
    for entry in entries:
        _show_entry(conversation, client, entry)


def _is_busy(entries: list[DocumentEntry]) -> bool:
    return any(entry.is_in_work for entry in entries)


def _show_entry(conversation: Conversation, client: ApiClient, entry: DocumentEntry) -> None:
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{plain(entry.filename)}**", width=NAME_PIXELS, wrap=False)
            with st.container(horizontal=True, wrap=False, gap="xsmall", width="content"):
                _show_buttons(conversation, client, entry)
        _show_state(entry)
        if entry.needs_password:
            _ask_password(conversation, client, entry)


def _show_buttons(conversation: Conversation, client: ApiClient, entry: DocumentEntry) -> None:
    """Show what can be done with a document: steer it while it is read, delete it afterwards."""
    steer = partial(client.steer, conversation.collection_id, entry.id)
    if entry.status == "in_progress":
        if entry.is_paused and _button("resume", "play_arrow", entry):
            attempt(partial(steer, "resume"))
        if not entry.is_paused and _button("pause", "pause", entry):
            attempt(partial(steer, "pause"))
        if _button("cancel", "close", entry):
            attempt(partial(steer, "cancel"))
        return
    if entry.status in ("failed", "cancelled") and not entry.needs_password and _button("retry", "refresh", entry):
        attempt(partial(client.retry, conversation.collection_id, entry.id))
    if _button("delete", "delete", entry):
        conversation.to_delete = entry
        st.rerun()


def _button(name: str, icon: str, entry: DocumentEntry) -> bool:
    said = f"{name.capitalize()} {plain(entry.filename)}"
    return st.button("", key=f"{name}-{entry.id}", type="tertiary", icon=f":material/{icon}:", help=said)


def _show_state(entry: DocumentEntry) -> None:
    if entry.status == "in_progress":
        progress = entry.progress or Progress("waiting")
        st.progress(_share(progress), text=_stage(progress, is_paused=entry.is_paused))
    elif entry.status == "completed":
        parts = "" if entry.page_unit == LINE else f"{_count(entry.pages, entry.page_unit)}, "
        st.caption(f"{parts}{_count(entry.chunks, 'chunk')}, {_size(entry.usage_bytes)}")
        if entry.warning:
            st.markdown(f":small[:material/warning: :orange[{plain(entry.warning)}]]")
    elif entry.status == "cancelled":
        st.caption("Cancelled: it was not read.")
    else:
        reason = entry.last_error.message if entry.last_error else "the reason is not known"
        st.markdown(f":small[:material/error: :red[Not readable: {plain(reason)}]]")


def _ask_password(conversation: Conversation, client: ApiClient, entry: DocumentEntry) -> None:
    with st.form(f"unlock-{entry.id}", border=False, clear_on_submit=True):
        password = st.text_input("Password", type="password", autocomplete="off")
        if st.form_submit_button("Unlock", icon=":material/lock_open:") and password:
            attempt(partial(client.retry, conversation.collection_id, entry.id, password))


def show_deletion(conversation: Conversation, client: ApiClient) -> None:
    """Ask before a document is deleted; nothing where none is to be."""
    entry = conversation.to_delete
    if entry is None:
        return

    def close() -> None:
        conversation.to_delete = None

    @st.dialog("Delete this document?", on_dismiss=close)
    def dialog() -> None:
        st.markdown(f"**{plain(entry.filename)}** and everything made from it will be gone from this collection.")
        with st.container(horizontal=True):
            is_sure = st.button("Delete", type="primary", icon=":material/delete:")
            if st.button("Keep it"):
                close()
                st.rerun()
        if is_sure:
            try:
                client.delete_document(conversation.collection_id, entry.id)
            except UiError as error:
                show_problem(error)
                return
            close()
            st.rerun()

    dialog()


def _share(progress: Progress) -> float:
    return min(progress.done / progress.total, 1.0) if progress.total else 0.0


def _stage(progress: Progress, *, is_paused: bool) -> str:
    stage = "Paused" if is_paused else STAGES.get(progress.stage, "Working")
    return f"{stage}: {progress.done} of {progress.total}" if progress.total else stage


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(size_bytes / 1e3, 0.1):.1f} kB"
