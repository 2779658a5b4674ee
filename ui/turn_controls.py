"""Small controls of a turn: ask it in other words, have it answered again, switch between versions."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from ui.actions import run_action
from ui.client import ApiClient
from ui.page_state import AnswerOptions, PageState
from ui.turns import Turn

ROWS_PIXELS = 100


def show_question_controls(state: PageState, client: ApiClient, turn: Turn) -> None:
    """Show what can be done with a stored question; nothing while an answer is being written."""
    if state.running_answer is not None or not turn.question_id:
        return
    with st.container(horizontal=True, wrap=False, gap="xxsmall", width="content", vertical_alignment="center"):
        _show_versions(state, client, turn.question_id, turn.question_versions, "question")
        if _icon("edit", f"edit-{turn.question_id}", "Edit this question and ask again"):
            state.edited_question_id = turn.question_id
            st.rerun()


def show_answer_controls(state: PageState, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
    """Show what can be done with a stored answer; nothing while another one is being written."""
    if state.running_answer is not None or not turn.answer_id or not turn.question_id:
        return
    with st.container(horizontal=True, wrap=False, gap="xxsmall", vertical_alignment="center"):
        if _icon("refresh", f"again-{turn.answer_id}", "Answer this question again"):
            state.regenerate(client, turn, options)
            st.rerun()
        _show_versions(state, client, turn.answer_id, turn.answer_versions, "answer")


def show_editor(state: PageState, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
    """Show a question as a field; what is written there is asked in its place."""
    with st.form(f"edit-form-{turn.question_id}", border=False):
        text = st.text_area("Your question", turn.question, height=ROWS_PIXELS, label_visibility="collapsed").strip()
        with st.container(horizontal=True):
            is_sent = st.form_submit_button("Ask again", type="primary")
            is_left = st.form_submit_button("Cancel")
    if is_left:
        state.edited_question_id = ""
        st.rerun()
    if is_sent and text:
        state.ask_again(client, turn, text, options)
        st.rerun()


def _show_versions(state: PageState, client: ApiClient, shown: str, versions: Sequence[str], noun: str) -> None:
    """Show which of several versions is shown, with a way to those before and after it."""
    if len(versions) < 2 or shown not in versions:
        return
    place = versions.index(shown)
    show = partial(state.show_version, client)
    if _icon("chevron_left", f"before-{shown}", f"Show the {noun} before", is_off=place == 0):
        run_action(partial(show, versions[place - 1]))
    st.caption(f"{place + 1} of {len(versions)}", width="content")
    if _icon("chevron_right", f"after-{shown}", f"Show the {noun} after", is_off=place + 1 == len(versions)):
        run_action(partial(show, versions[place + 1]))


def _icon(name: str, key: str, said: str, *, is_off: bool = False) -> bool:
    return st.button("", key=key, type="tertiary", icon=f":material/{name}:", help=said, disabled=is_off)
