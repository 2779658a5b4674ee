"""Show one answer: its text, conflicts between documents, its sources, and the evidence that it is based on."""

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from ui import citations
from ui.api_types import AnswerDetails, Basis, Citation, Disagreement, Evidence, StatedValue
from ui.background_answer import AnswerSnapshot
from ui.citations import QuotePart
from ui.page_state import OpenSource, PageState
from ui.safe_markdown import escape_markdown

QUOTE_CHARS = 280
ANY_NUMBER = frozenset(range(1_000))
DATINGS = {"message": "message of", "section": "section of", "document": "document of"}
"""What dates a statement, before the date."""
SUPERSESSIONS = {
    "message": "A later message changes this.",
    "version": "A later version of the document says otherwise.",
    "amendment": "An amendment changes this clause.",
}
FIRST_SOURCES = 8
"""How many sources are listed; the others are in an expander."""


def show_answer(state: PageState, answer: AnswerSnapshot, key: str) -> None:
    """Show an answer that has ended."""
    cited = citations.cite(answer.text, answer.citations, answer.sentences, find_passage_numbers(answer))
    _show_parts(state, cited.parts, key)
    _show_ending(answer)
    details = answer.details or AnswerDetails()
    _show_answer_verdict(details)
    for number, disagreement in enumerate(details.disagreements):
        _show_disagreement(state, disagreement, f"{key}-disagreement-{number}")
    _show_sources(state, cited.sources, key)
    _show_basis(state, answer, key, is_open=not answer.citations)


def show_evidence(state: PageState, evidence: tuple[Evidence, ...], key: str) -> None:
    """Show spans of the documents, each with a button that opens it."""
    for number, item in enumerate(evidence):
        with st.container(gap=None):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _show_open_button(state, item, describe_place(item), f"{key}-evidence-{number}")
                _show_hidden(item)
                _show_state(item)
            _show_quote(item)


def describe_place(evidence: Evidence) -> str:
    """Return the file name and the place in the file, such as `a.pdf, page 3`."""
    return f"{evidence.name}, {evidence.place}" if evidence.place else evidence.name


def find_passage_numbers(answer: AnswerSnapshot) -> frozenset[int]:
    """Return the numbers that the answer's marks can have; all numbers while an overview runs and they are unknown."""
    basis = answer.basis or Basis()
    if basis.mode == "overview" and answer.is_running:
        return ANY_NUMBER
    prompt_numbers = {passage.number for passage in basis.passages}
    return frozenset(prompt_numbers | {citation.number for citation in answer.citations})


def _show_ending(answer: AnswerSnapshot) -> None:
    """Say so if the answer failed, was stopped or was cut off."""
    if answer.state == "failed" and answer.is_temporary:
        st.info(escape_markdown(answer.problem), icon=":material/hourglass_top:")
    elif answer.state == "failed":
        st.error(escape_markdown(answer.problem), icon=":material/error:")
    elif answer.state == "stopped":
        st.caption("Stopped. Citations are added when an answer is complete.")
    elif answer.finish_reason == "length":
        st.caption("The answer was cut off: it reached the maximum length.")


def _show_answer_verdict(details: AnswerDetails) -> None:
    """Say whether a quoted answer answers; an answer without sources says so itself."""
    if details.answer_verdict in ("answers", "may answer"):
        badge = citations.ANSWER_VERDICTS[details.answer_verdict]
        st.badge(badge.words, icon=badge.icon, color=badge.color)


def _show_disagreement(state: PageState, disagreement: Disagreement, key: str) -> None:
    """Show the different values in the documents, each with its source."""
    with st.container(border=True, gap="xsmall"):
        if any(stated.is_superseded for stated in disagreement.values):
            st.markdown(":orange[:material/history:] **A later statement replaces an earlier one**")
        else:
            st.markdown(":orange[:material/balance:] **Your documents disagree**")
        if disagreement.about:
            st.caption(escape_markdown(disagreement.about))
        for number, stated in enumerate(disagreement.values):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(_render_value(stated), width="content")
                _show_open_button(state, stated.quote, describe_place(stated.quote), f"{key}-{number}")
                _show_state(stated.quote)
                _show_dating(stated)


def _show_dating(stated: StatedValue) -> None:
    """Say whether a value is superseded, when it was stated, and what dates it."""
    if stated.is_superseded:
        st.badge("superseded", icon=":material/history:", color="gray")
    if stated.dating:
        st.caption(f"{DATINGS[stated.dating.basis]} {escape_markdown(stated.dating.day)}")


def _render_value(stated: StatedValue) -> str:
    return f"**{escape_markdown(stated.value)}**" if stated.value.strip() else citations.REMOVED_TEXT


def _show_parts(state: PageState, parts: Sequence[str | QuotePart], key: str) -> None:
    """Show the text of an answer; many quotes as rows, grouped by document."""
    is_long = sum(isinstance(part, QuotePart) for part in parts) > FIRST_SOURCES
    for file_id, group in groupby(parts, key=_get_file_id):
        group_parts = list(group)
        quotes = [part for part in group_parts if isinstance(part, QuotePart)]
        if not file_id:
            st.markdown("\n\n".join(part for part in group_parts if isinstance(part, str)))
        elif is_long:
            _show_quote_rows(state, quotes, key)
        else:
            for part in quotes:
                _show_quote_part(state, part, f"{key}-quote-{part.source.number}")


def _get_file_id(part: str | QuotePart) -> str:
    return "" if isinstance(part, str) else part.source.citation.file_id


def _show_quote_rows(state: PageState, quotes: Sequence[QuotePart], key: str) -> None:
    """Show quotes of one document, one on each row with its place."""
    with st.container(border=True, gap="xxsmall"):
        st.caption(escape_markdown(quotes[0].source.citation.name))
        for part in quotes:
            citation = part.source.citation
            with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
                st.markdown(part.markdown or citations.REMOVED_TEXT, width="stretch")
                _show_state(citation)
                label = f"[{part.source.number}] {citation.place}".strip()
                _show_open_button(state, citation, label, f"{key}-quote-{part.source.number}")


def _show_quote_part(state: PageState, part: QuotePart, key: str) -> None:
    """Show a quote, and below it its place."""
    with st.container(border=True, gap=None):
        st.markdown(part.markdown or citations.REMOVED_TEXT)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label = f"[{part.source.number}] {describe_place(part.source.citation)}"
            _show_open_button(state, part.source.citation, label, key)
            _show_state(part.source.citation)
            _show_hidden(part.source.citation)
            _show_address(part.source.citation)
            _show_supersession(state, part.source.citation, key)


def _show_sources(state: PageState, sources: Sequence[citations.NumberedSource], key: str) -> None:
    """Show the list of sources, those after the first `FIRST_SOURCES` in an expander."""
    for source in sources[:FIRST_SOURCES]:
        _show_source(state, source, f"{key}-source-{source.number}")
    if len(sources) > FIRST_SOURCES:
        with st.expander(f"{len(sources) - FIRST_SOURCES} more sources", icon=":material/expand_more:"):
            for source in sources[FIRST_SOURCES:]:
                _show_source(state, source, f"{key}-source-{source.number}")


def _show_source(state: PageState, source: citations.NumberedSource, key: str) -> None:
    """Show one entry of the list of sources; a click opens its page."""
    citation = source.citation
    with st.container(border=True, gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _show_open_button(state, citation, f"[{source.number}] {describe_place(citation)}", key)
            _show_verdict(citation)
            _show_state(citation)
            _show_hidden(citation)
            _show_address(citation)
            _show_supersession(state, citation, key)
        _show_quote(citation)


def _show_verdict(citation: Citation) -> None:
    badge = citations.VERDICTS[citation.verdict]
    st.badge(badge.words, icon=badge.icon, color=badge.color, help=escape_markdown("; ".join(citation.reasons)) or None)


def _show_supersession(state: PageState, citation: Citation, key: str) -> None:
    """Say so if a later statement replaces a quote, with a button that opens the later one."""
    later = citation.superseded_by
    if later is None:
        return
    st.badge("superseded", icon=":material/history:", color="gray", help=SUPERSESSIONS[later.kind])
    _show_open_button(state, later.quote, f"by {describe_place(later.quote)}", f"{key}-successor")


def _show_hidden(evidence: Evidence) -> None:
    """Say so if nobody who looks at the document sees a quote."""
    if evidence.hidden:
        help_text = "A person who looks at the document does not see this text."
        words = escape_markdown(f"hidden: {evidence.hidden}")
        st.badge(words, icon=":material/visibility_off:", color="orange", help=help_text)


def _show_address(citation: Citation) -> None:
    """Say so if a quote gives orders to the model."""
    if citation.addresses_model:
        help_text = "This text of the document gives orders to a language model; Pincite does not follow them."
        st.badge("addresses the model", icon=":material/warning:", color="orange", help=help_text)


def _show_state(evidence: Evidence) -> None:
    """Say so if a document was changed or deleted since the answer was written."""
    if evidence.source_state == "changed":
        st.badge("source has changed", icon=":material/update:", color="orange")
    elif evidence.source_state == "removed":
        st.badge("document removed", icon=":material/delete:", color="gray")


def _show_quote(evidence: Evidence) -> None:
    if evidence.quote:
        st.text(_shorten(evidence.quote))


def _show_basis(state: PageState, answer: AnswerSnapshot, key: str, *, is_open: bool) -> None:
    basis = answer.basis
    if basis is None:
        return
    is_shown = is_open and bool(basis.evidence)
    with st.expander(citations.describe_basis(basis), expanded=is_shown, icon=":material/manage_search:"):
        details = answer.details or AnswerDetails()
        reason = details.reason or basis.reason
        if reason and reason != answer.text:
            st.caption(escape_markdown(reason))
        show_evidence(state, basis.evidence, key)
        if details.timings:
            st.caption(
                f"First word after {details.timings.first_token_seconds:.1f} s, "
                f"complete after {details.timings.total_seconds:.1f} s. Model: {escape_markdown(details.model)}"
            )


def _show_open_button(state: PageState, evidence: Evidence, label: str, key: str) -> None:
    is_removed = evidence.source_state == "removed"
    st.button(
        escape_markdown(label),
        key=f"open-{key}",
        type="tertiary",
        icon=":material/find_in_page:",
        help="The document was deleted" if is_removed else "Show this place in the document",
        disabled=is_removed,
        on_click=_open_source,
        args=(state, evidence),
    )


def _open_source(state: PageState, evidence: Evidence) -> None:
    collection_id = evidence.collection_id or state.collection_id
    state.open_source = OpenSource(collection_id, describe_place(evidence), evidence)


def _shorten(quote: str) -> str:
    words = " ".join(quote.split())
    return words if len(words) <= QUOTE_CHARS else f"{words[:QUOTE_CHARS].rsplit(' ', 1)[0]} …"
