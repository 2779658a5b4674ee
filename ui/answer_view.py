"""One answer: its words, where the documents disagree, its sources, and what it was made from."""

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from ui import citations
from ui.answer_run import AnswerSoFar
from ui.api_types import Basis, Check, Citation, Disagreement, Evidence, StatedValue
from ui.citations import QuotePart
from ui.conversation import Conversation, OpenSource
from ui.safe_markdown import plain

QUOTE_CHARS = 280
ANY_NUMBER = frozenset(range(1_000))
LISTED = 8
"""So many sources are listed before the rest is folded away."""


def show_answer(conversation: Conversation, answer: AnswerSoFar, key: str) -> None:
    """Show an answer that has ended, as it was when it was new."""
    cited = citations.cite(answer.text, answer.citations, answer.sentences, passage_numbers(answer))
    _show_parts(conversation, cited.parts, key)
    _show_ending(answer)
    check = answer.check or Check()
    for number, disagreement in enumerate(check.disagreements):
        _show_disagreement(conversation, disagreement, f"{key}-disagreement-{number}")
    _show_sources(conversation, cited.sources, key)
    _show_basis(conversation, answer, key, is_open=not answer.citations)


def show_evidence(conversation: Conversation, evidence: tuple[Evidence, ...], key: str) -> None:
    """Show spans of the documents, each with a way to its place."""
    for number, item in enumerate(evidence):
        with st.container(gap=None):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _open_button(conversation, item, place_of(item), f"{key}-evidence-{number}")
                _show_state(item)
            _show_quote(item)


def place_of(evidence: Evidence) -> str:
    """Return the file and the place in it, in words."""
    return f"{evidence.filename}, {evidence.place}" if evidence.place else evidence.filename


def passage_numbers(answer: AnswerSoFar) -> frozenset[int]:
    """Return the numbers that the answer's marks may have; any while everything is read, as they are not known yet."""
    basis = answer.basis or Basis()
    if basis.mode == "overview" and answer.is_running:
        return ANY_NUMBER
    shown = {passage.number for passage in basis.passages}
    return frozenset(shown | {citation.number for citation in answer.citations})


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


def _show_disagreement(conversation: Conversation, disagreement: Disagreement, key: str) -> None:
    """Show that documents give different values, each with its place."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(":orange[:material/balance:] **Your documents disagree**")
        if disagreement.about:
            st.caption(plain(disagreement.about))
        for number, stated in enumerate(disagreement.values):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(_value(stated), width="content")
                _open_button(conversation, stated.quote, place_of(stated.quote), f"{key}-{number}")
                _show_state(stated.quote)


def _value(stated: StatedValue) -> str:
    return f"**{plain(stated.value)}**" if stated.value.strip() else citations.REMOVED_WORDS


def _show_parts(conversation: Conversation, parts: Sequence[str | QuotePart], key: str) -> None:
    """Show what an answer says; many quotes as rows, those of one document together."""
    is_long = sum(isinstance(part, QuotePart) for part in parts) > LISTED
    for file_id, group in groupby(parts, key=_document):
        members = list(group)
        quotes = [part for part in members if isinstance(part, QuotePart)]
        if not file_id:
            st.markdown("\n\n".join(part for part in members if isinstance(part, str)))
        elif is_long:
            _show_quote_rows(conversation, quotes, key)
        else:
            for part in quotes:
                _show_quote_part(conversation, part, f"{key}-quote-{part.source.number}")


def _document(part: str | QuotePart) -> str:
    return "" if isinstance(part, str) else part.source.citation.file_id


def _show_quote_rows(conversation: Conversation, quotes: Sequence[QuotePart], key: str) -> None:
    """Show quotes of one document, each on a row with its place."""
    with st.container(border=True, gap="xxsmall"):
        st.caption(plain(quotes[0].source.citation.filename))
        for part in quotes:
            citation = part.source.citation
            with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
                st.markdown(part.markdown or citations.REMOVED_WORDS, width="stretch")
                _show_state(citation)
                label = f"[{part.source.number}] {citation.place}".strip()
                _open_button(conversation, citation, label, f"{key}-quote-{part.source.number}")


def _show_quote_part(conversation: Conversation, part: QuotePart, key: str) -> None:
    """Show words of a document, and below them their place."""
    with st.container(border=True, gap=None):
        st.markdown(part.markdown or citations.REMOVED_WORDS)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label = f"[{part.source.number}] {place_of(part.source.citation)}"
            _open_button(conversation, part.source.citation, label, key)
            _show_state(part.source.citation)


def _show_sources(conversation: Conversation, sources: Sequence[citations.NumberedSource], key: str) -> None:
    """Show the list of sources, of many the first ones."""
    for source in sources[:LISTED]:
        _show_source(conversation, source, f"{key}-source-{source.number}")
    if len(sources) > LISTED:
        with st.expander(f"{len(sources) - LISTED} more sources", icon=":material/expand_more:"):
            for source in sources[LISTED:]:
                _show_source(conversation, source, f"{key}-source-{source.number}")


def _show_source(conversation: Conversation, source: citations.NumberedSource, key: str) -> None:
    """Show one entry of the list of sources; a click on it opens the page it stands on."""
    citation = source.citation
    with st.container(border=True, gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _open_button(conversation, citation, f"[{source.number}] {place_of(citation)}", key)
            _show_verdict(citation)
            _show_state(citation)
        _show_quote(citation)


def _show_verdict(citation: Citation) -> None:
    look = citations.VERDICTS[citation.verdict]
    st.badge(look.words, icon=look.icon, color=look.color, help=plain("; ".join(citation.reasons)) or None)


def _show_state(evidence: Evidence) -> None:
    """Say what has become of a document since the answer was written, where something has."""
    if evidence.source_state == "changed":
        st.badge("source changed since", icon=":material/update:", color="orange")
    elif evidence.source_state == "removed":
        st.badge("document removed", icon=":material/delete:", color="gray")


def _show_quote(evidence: Evidence) -> None:
    if evidence.quote:
        st.text(_short(evidence.quote))


def _show_basis(conversation: Conversation, answer: AnswerSoFar, key: str, *, is_open: bool) -> None:
    basis = answer.basis
    if basis is None:
        return
    is_shown = is_open and bool(basis.evidence)
    with st.expander(citations.basis_line(basis), expanded=is_shown, icon=":material/manage_search:"):
        check = answer.check or Check()
        reason = check.reason or basis.reason
        if reason and reason != answer.text:
            st.caption(plain(reason))
        show_evidence(conversation, basis.evidence, key)
        if check.timings:
            st.caption(
                f"First word after {check.timings.first_token_seconds:.1f} s, "
                f"complete after {check.timings.total_seconds:.1f} s. Model: {plain(check.model)}"
            )


def _open_button(conversation: Conversation, evidence: Evidence, label: str, key: str) -> None:
    is_removed = evidence.source_state == "removed"
    st.button(
        plain(label),
        key=f"open-{key}",
        type="tertiary",
        icon=":material/find_in_page:",
        help="There is nothing left to show" if is_removed else "Show this place in the document",
        disabled=is_removed,
        on_click=_open,
        args=(conversation, evidence),
    )


def _open(conversation: Conversation, evidence: Evidence) -> None:
    collection_id = evidence.collection_id or conversation.collection_id
    conversation.source = OpenSource(collection_id, place_of(evidence), evidence)


def _short(quote: str) -> str:
    words = " ".join(quote.split())
    return words if len(words) <= QUOTE_CHARS else f"{words[:QUOTE_CHARS].rsplit(' ', 1)[0]} …"
