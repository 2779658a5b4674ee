"""The conversation: questions, the answer as it is being written, and the sources below it."""

import time

import streamlit as st

from ui import citations
from ui.answer_run import AnswerRun, AnswerSoFar
from ui.api_types import Basis, Evidence
from ui.conversation import Conversation, OpenSource
from ui.safe_markdown import plain

FOLLOW_SECONDS = 0.9
RESUME_SECONDS = 1.0
LOOK_SECONDS = 0.3
REST_SECONDS = 0.1
QUOTE_CHARS = 280
AVATAR = ":material/format_quote:"
USER_AVATAR = ":material/person:"


def show_conversation(conversation: Conversation) -> None:
    """Show all turns, and the answer that is being written as it grows."""
    for number, turn in enumerate(conversation.turns):
        _show_question(turn.question)
        with st.chat_message("assistant", avatar=AVATAR):
            _show_answer(conversation, turn.answer, f"turn-{number}")
    if conversation.run is not None:
        _show_question(conversation.pending)
        with st.chat_message("assistant", avatar=AVATAR):
            _show_running_answer(conversation, conversation.run)


def _show_question(question: str) -> None:
    with st.chat_message("user", avatar=USER_AVATAR):
        st.markdown(plain(question).replace("\n", "\\\n"))


def _show_running_answer(conversation: Conversation, run: AnswerRun) -> None:
    basis = run.look().basis
    if basis is not None:
        st.caption(citations.basis_line(basis))
    words = st.container()
    st.button("Stop", key="stop", icon=":material/stop_circle:", on_click=run.stop)
    if basis is not None and basis.evidence:
        st.caption("Evidence found so far")
        _show_evidence(conversation, basis.evidence, "running")
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
        if basis is None:
            slot.markdown(":shimmer[Looking through the documents…]")
        else:
            slot.markdown(citations.draft(answer.text, _passage_numbers(answer)) or ":shimmer[Reading…]")
        time.sleep(REST_SECONDS)
        answer = run.look_again(answer, LOOK_SECONDS)
    if not answer.is_running or answer.basis is not basis:
        st.rerun()


def _show_answer(conversation: Conversation, answer: AnswerSoFar, key: str) -> None:
    sentences = answer.check.sentences if answer.check else ()
    cited = citations.cite(answer.text, answer.citations, sentences, _passage_numbers(answer))
    if cited.markdown:
        st.markdown(cited.markdown)
    _show_ending(answer)
    for source in cited.sources:
        _show_source(conversation, source, f"{key}-source-{source.number}")
    _show_basis(conversation, answer, key, is_open=not cited.sources)


def _show_ending(answer: AnswerSoFar) -> None:
    """Say so where the answer did not end by itself."""
    if answer.state == "failed" and answer.will_pass:
        st.info(plain(answer.problem), icon=":material/hourglass_top:")
    elif answer.state == "failed":
        st.error(plain(answer.problem), icon=":material/error:")
    elif answer.state == "stopped":
        st.caption("Stopped. Citations are made when an answer is complete.")
    elif answer.finish_reason == "length":
        st.caption("The answer was cut off: it reached the longest length allowed.")


def _show_source(conversation: Conversation, source: citations.NumberedSource, key: str) -> None:
    """Show one entry of the list of sources; a click on it opens the page it stands on."""
    citation, look = source.citation, citations.VERDICTS[source.citation.verdict]
    with st.container(border=True, gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _open_button(conversation, citation, f"[{source.number}] {_place(citation)}", key)
            st.badge(look.words, icon=look.icon, color=look.color, help=plain("; ".join(citation.reasons)) or None)
        st.text(_short(citation.quote))


def _show_basis(conversation: Conversation, answer: AnswerSoFar, key: str, *, is_open: bool) -> None:
    basis = answer.basis
    if basis is None:
        return
    line = citations.basis_line(basis)
    with st.expander(line, expanded=is_open and bool(basis.evidence), icon=":material/manage_search:"):
        if basis.reason:
            st.caption(plain(basis.reason))
        _show_evidence(conversation, basis.evidence, key)
        if answer.check and answer.check.timings:
            timings = answer.check.timings
            st.caption(
                f"First word after {timings.first_token_seconds:.1f} s, complete after {timings.total_seconds:.1f} s. "
                f"Model: {plain(answer.check.model)}"
            )


def _show_evidence(conversation: Conversation, evidence: tuple[Evidence, ...], key: str) -> None:
    for number, item in enumerate(evidence):
        with st.container(gap=None):
            _open_button(conversation, item, _place(item), f"{key}-evidence-{number}")
            st.text(_short(item.quote))


def _open_button(conversation: Conversation, evidence: Evidence, label: str, key: str) -> None:
    st.button(
        plain(label),
        key=f"open-{key}",
        type="tertiary",
        icon=":material/find_in_page:",
        help="Show this place in the document",
        on_click=_open,
        args=(conversation, evidence, label),
    )


def _open(conversation: Conversation, evidence: Evidence, title: str) -> None:
    conversation.source = OpenSource(conversation.collection_id, title, evidence)


def _place(evidence: Evidence) -> str:
    return f"{evidence.filename}, {evidence.place}" if evidence.place else evidence.filename


def _short(quote: str) -> str:
    words = " ".join(quote.split())
    return words if len(words) <= QUOTE_CHARS else f"{words[:QUOTE_CHARS].rsplit(' ', 1)[0]} …"


def _passage_numbers(answer: AnswerSoFar) -> frozenset[int]:
    basis = answer.basis or Basis()
    return frozenset(passage.number for passage in basis.passages)
