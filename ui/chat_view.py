"""The chat: questions, the answer as it is being written, and what can be done with each turn."""

import time

import streamlit as st

from ui import citations
from ui.answer_run import AnswerRun, AnswerSoFar
from ui.answer_view import passage_numbers, show_answer, show_evidence
from ui.api_types import Basis, Overview
from ui.client import ApiClient
from ui.conversation import AnswerOptions, Conversation
from ui.safe_markdown import plain
from ui.turn_controls import show_answer_controls, show_editor, show_question_controls
from ui.turns import Turn

FOLLOW_SECONDS = 0.9
RESUME_SECONDS = 1.0
LOOK_SECONDS = 0.3
REST_SECONDS = 0.1
FOUND_PIXELS = 220
FOUND_WITHOUT_SCROLLING = 7
AVATAR = ":material/format_quote:"
USER_AVATAR = ":material/person:"


def show_conversation(conversation: Conversation, client: ApiClient, options: AnswerOptions) -> None:
    """Show all turns, and the answer that is being written as it grows."""
    for number, turn in enumerate(conversation.turns):
        _show_question(conversation, client, turn, options)
        if turn.answer is not None:
            with st.chat_message("assistant", avatar=AVATAR):
                show_answer(conversation, turn.answer, f"turn-{number}")
                show_answer_controls(conversation, client, turn, options)
    if conversation.unsaved is not None:
        _show_words_of_question(conversation.unsaved.question)
        with st.chat_message("assistant", avatar=AVATAR):
            show_answer(conversation, conversation.unsaved.answer or AnswerSoFar(), "unsaved")
    if conversation.run is not None:
        _show_words_of_question(conversation.pending)
        with st.chat_message("assistant", avatar=AVATAR):
            _show_running_answer(conversation, conversation.run)


def _show_question(conversation: Conversation, client: ApiClient, turn: Turn, options: AnswerOptions) -> None:
    if not turn.question:
        return
    with st.chat_message("user", avatar=USER_AVATAR):
        if turn.question_id and turn.question_id == conversation.editing:
            show_editor(conversation, client, turn, options)
            return
        with st.container(horizontal=True, wrap=False, gap="small", vertical_alignment="center"):
            st.markdown(_question(turn.question), width="stretch")
            show_question_controls(conversation, client, turn)


def _show_words_of_question(question: str) -> None:
    with st.chat_message("user", avatar=USER_AVATAR):
        st.markdown(_question(question))


def _question(question: str) -> str:
    return plain(question).replace("\n", "\\\n")


def _show_running_answer(conversation: Conversation, run: AnswerRun) -> None:
    basis = run.look().basis
    if basis is not None and basis.passages:
        st.caption(citations.basis_line(basis))
    words = st.container()
    st.button("Stop", key="stop", icon=":material/stop_circle:", on_click=run.stop)
    if basis is not None and basis.evidence:
        st.caption("Evidence found so far")
        show_evidence(conversation, basis.evidence, "running")
    with words:  # last, because the first run of the fragment keeps the page for a moment
        st.fragment(_follow, run_every=RESUME_SECONDS)(run, basis)


def _follow(run: AnswerRun, basis: Basis | None) -> None:
    """Show the answer's words as they come; draw the whole page again when there is more to show than words.

    Each run of this fragment follows for less than a second and then makes way for other parts of the page.
    Following costs a fraction of what it costs to run the fragment for every word.
    """
    slot = st.empty()
    answer = run.look()
    deadline = time.monotonic() + FOLLOW_SECONDS
    while answer.is_running and answer.basis is basis and time.monotonic() < deadline:
        with slot.container():
            _show_so_far(answer)
        time.sleep(REST_SECONDS)
        answer = run.look_again(answer, LOOK_SECONDS)
    if not answer.is_running or answer.basis is not basis:
        st.rerun()


def _show_so_far(answer: AnswerSoFar) -> None:
    words = _draft(answer)
    if words:
        st.markdown(words)
    elif answer.overview is not None:
        _show_overview(answer.overview, answer.found)
    else:
        is_reading = answer.basis is not None
        st.markdown(":shimmer[Reading…]" if is_reading else ":shimmer[Looking through the documents…]")


def _draft(answer: AnswerSoFar) -> str:
    numbers = passage_numbers(answer)
    if answer.basis is not None and answer.basis.style == "quoted":
        return citations.quoted_draft(answer.text, numbers)
    return citations.draft(answer.text, numbers, answer.citations, answer.sentences)


def _show_overview(overview: Overview, found: tuple[str, ...]) -> None:
    """Show how far the reading of everything is, and what came to light."""
    share = min(overview.done / overview.total, 1.0) if overview.total else 0.0
    doing = overview.doing or "reading everything"
    st.progress(share, text=plain(doing[:1].upper() + doing[1:]))
    if found:
        st.caption("Found so far")
        is_long = len(found) > FOUND_WITHOUT_SCROLLING
        with st.container(height=FOUND_PIXELS if is_long else "content", autoscroll=is_long, border=False):
            st.markdown("\n".join(f"- {plain(line)}" for line in found))
