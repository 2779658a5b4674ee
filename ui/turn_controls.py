"""Show the controls of a turn: edit the question, answer it again, switch between versions."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from ui.actions import run_action
from ui.client import ApiClient
from ui.page_state import AnswerOptions, PageState
from ui.turns import Turn

EDITOR_HEIGHT_PIXELS = 100


def show_question_controls(state: PageState, client: ApiClient, turn: Turn) -> None:
    """Show the controls of a stored question; nothing while an answer runs."""
    if state.running_answer is not None or not turn.question_id:
        return
    with st.container(horizontal=True, wrap=False, gap="xxsmall", width="content", vertical_alignment="center"):
        _show_versions(state, client, turn.question_id, turn.question_versions, "question")
        if _show_icon_button("edit", f"edit-{turn.question_id}", "Edit this question and ask again"):
            state.edited_question_id = turn.question_id
            st.rerun()


def show_answer_controls(state: PageState, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
    """Show the controls of a stored answer; nothing while an answer runs."""
    if state.running_answer is not None or not turn.answer_id or not turn.question_id:
        return
    with st.container(horizontal=True, wrap=False, gap="xxsmall", vertical_alignment="center"):
        if _show_icon_button("refresh", f"again-{turn.answer_id}", "Answer this question again"):
            state.regenerate(client, turn, options)
            st.rerun()
        _show_versions(state, client, turn.answer_id, turn.answer_versions, "answer")


def show_editor(state: PageState, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
    """Show a question in a field; the edited question becomes another version of it."""
    with st.form(f"edit-form-{turn.question_id}", border=False):
        text = st.text_area(
            "Your question", turn.question, height=EDITOR_HEIGHT_PIXELS, label_visibility="collapsed"
        ).strip()
        with st.container(horizontal=True):
            is_sent = st.form_submit_button("Ask again", type="primary")
            is_cancelled = st.form_submit_button("Cancel")
    if is_cancelled:
        state.edited_question_id = ""
        st.rerun()
    if is_sent and text:
        state.ask_again(client, turn, text, options)
        st.rerun()


def _show_versions(state: PageState, client: ApiClient, shown_id: str, versions: Sequence[str], noun: str) -> None:
    """Show the number of the current version, with buttons for the previous and the next one."""
    if len(versions) < 2 or shown_id not in versions:
        return
    index = versions.index(shown_id)
    show = partial(state.show_version, client)
    if _show_icon_button("chevron_left", f"before-{shown_id}", f"Show the previous {noun}", is_disabled=index == 0):
        run_action(partial(show, versions[index - 1]))
    st.caption(f"{index + 1} of {len(versions)}", width="content")
    if _show_icon_button(
        "chevron_right", f"after-{shown_id}", f"Show the next {noun}", is_disabled=index + 1 == len(versions)
    ):
        run_action(partial(show, versions[index + 1]))


def _show_icon_button(name: str, key: str, tooltip: str, *, is_disabled: bool = False) -> bool:
    return st.button("", key=key, type="tertiary", icon=f":material/{name}:", help=tooltip, disabled=is_disabled)
