"""Show the chat: its turns with their controls, and the running answer as it grows."""

import time

import streamlit as st

from ui import citations
from ui.answer_view import find_passage_numbers, show_answer, show_evidence
from ui.api_types import Basis, OverviewProgress
from ui.background_answer import AnswerSnapshot, BackgroundAnswer
from ui.client import ApiClient
from ui.page_state import AnswerOptions, PageState
from ui.safe_markdown import escape_markdown
from ui.turn_controls import show_answer_controls, show_editor, show_question_controls
from ui.turns import Turn

FRAGMENT_SECONDS = 0.9
FRAGMENT_INTERVAL_SECONDS = 1.0
CHANGE_TIMEOUT_SECONDS = 0.3
REDRAW_INTERVAL_SECONDS = 0.1
FINDINGS_PIXELS = 220
FINDINGS_WITHOUT_SCROLLING = 7
AVATAR = ":material/format_quote:"
USER_AVATAR = ":material/person:"


def show_conversation(state: PageState, client: ApiClient, options: AnswerOptions) -> None:
    """Show all turns, and the running answer as it grows."""
    for number, turn in enumerate(state.turns):
        _show_question(state, client, turn, options)
        if turn.answer is not None:
            with st.chat_message("assistant", avatar=AVATAR):
                show_answer(state, turn.answer, f"turn-{number}")
                show_answer_controls(state, client, turn, options)
    if state.unsaved_turn is not None:
        _show_question_text(state.unsaved_turn.question)
        with st.chat_message("assistant", avatar=AVATAR):
            show_answer(state, state.unsaved_turn.answer or AnswerSnapshot(), "unsaved")
    if state.running_answer is not None:
        _show_question_text(state.pending_question)
        with st.chat_message("assistant", avatar=AVATAR):
            _show_running_answer(state, state.running_answer)


def _show_question(state: PageState, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
    if not turn.question:
        return
    with st.chat_message("user", avatar=USER_AVATAR):
        if turn.question_id and turn.question_id == state.edited_question_id:
            show_editor(state, client, turn, options)
            return
        with st.container(horizontal=True, wrap=False, gap="small", vertical_alignment="center"):
            st.markdown(_render_question(turn.question), width="stretch")
            show_question_controls(state, client, turn)


def _show_question_text(question: str) -> None:
    with st.chat_message("user", avatar=USER_AVATAR):
        st.markdown(_render_question(question))


def _render_question(question: str) -> str:
    return escape_markdown(question).replace("\n", "\\\n")


def _show_running_answer(state: PageState, running_answer: BackgroundAnswer) -> None:
    basis = running_answer.snapshot().basis
    if basis is not None and basis.passages:
        st.caption(citations.describe_basis(basis))
    text = st.container()
    st.button("Stop", key="stop", icon=":material/stop_circle:", on_click=running_answer.stop)
    if basis is not None and basis.evidence:
        st.caption("Evidence found so far")
        show_evidence(state, basis.evidence, "running")
    with text:  # last, because the first run of the fragment blocks the page for up to a second
        st.fragment(_show_growing_answer, run_every=FRAGMENT_INTERVAL_SECONDS)(running_answer, basis)


def _show_growing_answer(running_answer: BackgroundAnswer, basis: Basis | None) -> None:
    """Show the answer's text as it arrives; draw the whole page again when the answer ends or its basis arrives.

    Each run of this fragment redraws the text for less than a second and then yields to other parts of the page.
    Redrawing inside one run costs a fraction of a run of the fragment for every token.
    """
    placeholder = st.empty()
    answer = running_answer.snapshot()
    deadline = time.monotonic() + FRAGMENT_SECONDS
    while answer.is_running and answer.basis is basis and time.monotonic() < deadline:
        with placeholder.container():
            _show_snapshot(answer)
        time.sleep(REDRAW_INTERVAL_SECONDS)
        answer = running_answer.wait_for_change(answer, CHANGE_TIMEOUT_SECONDS)
    if not answer.is_running or answer.basis is not basis:
        st.rerun()


def _show_snapshot(answer: AnswerSnapshot) -> None:
    markdown = _render_unfinished(answer)
    if markdown:
        st.markdown(markdown)
    elif answer.overview is not None:
        _show_overview(answer.overview, answer.findings)
    else:
        is_generating = answer.basis is not None
        st.markdown(":shimmer[Reading…]" if is_generating else ":shimmer[Looking through the documents…]")


def _render_unfinished(answer: AnswerSnapshot) -> str:
    numbers = find_passage_numbers(answer)
    if answer.basis is not None and answer.basis.style == "quoted":
        return citations.render_quoted_draft(answer.text, numbers)
    return citations.render_draft(answer.text, numbers, answer.citations, answer.sentences)


def _show_overview(overview: OverviewProgress, findings: tuple[str, ...]) -> None:
    """Show how far a map-reduce overview is, and the lines that it has found."""
    share = min(overview.done / overview.total, 1.0) if overview.total else 0.0
    doing = overview.doing or "reading everything"
    st.progress(share, text=escape_markdown(doing[:1].upper() + doing[1:]))
    if findings:
        st.caption("Found so far")
        is_long = len(findings) > FINDINGS_WITHOUT_SCROLLING
        with st.container(height=FINDINGS_PIXELS if is_long else "content", autoscroll=is_long, border=False):
            st.markdown("\n".join(f"- {escape_markdown(line)}" for line in findings))
