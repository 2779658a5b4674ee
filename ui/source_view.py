"""Show an opened citation: its page as an image, or its text, with the quoted span highlighted."""

import streamlit as st

from ui.actions import show_error
from ui.api_types import Citation, PageText
from ui.citations import QUOTE, VERDICTS, WORD_FOR_WORD, render_quote
from ui.client import ApiClient
from ui.errors import UiError
from ui.page_state import OpenSource, PageState
from ui.safe_markdown import escape_markdown

CONTEXT_CHARS = 900
CHANGED_SOURCE = (
    "This document has changed since the answer was written. The quoted words are from the earlier version."
)


def show_source_dialog(state: PageState, client: ApiClient) -> None:
    """Show the dialog of the open source, if there is one."""
    source = state.open_source
    if source is None:
        return

    def close() -> None:
        state.open_source = None

    @st.dialog(escape_markdown(source.title), width="large", on_dismiss=close)
    def dialog() -> None:
        _show(source, client)

    dialog()


def _show(source: OpenSource, client: ApiClient) -> None:
    page_column, quote_column = st.columns([3, 2], gap="medium")
    with quote_column:
        st.caption("Quoted from the document")
        with st.container(border=True):
            st.markdown(render_quote(source.evidence.quote))
        if isinstance(source.evidence, Citation):
            _show_verdict(source.evidence)
    with page_column:
        if source.evidence.source_state == "changed":
            st.info(CHANGED_SOURCE, icon=":material/update:")
            return
        try:
            _show_picture(source, client) if source.evidence.boxes else _show_text(source, client)
        except UiError as error:
            show_error(error)


def _show_verdict(citation: Citation) -> None:
    badge = WORD_FOR_WORD if citation.origin == QUOTE else VERDICTS[citation.verdict]
    st.badge(badge.words, icon=badge.icon, color=badge.color)
    for reason in citation.reasons:
        st.caption(escape_markdown(reason))


def _show_picture(source: OpenSource, client: ApiClient) -> None:
    evidence = source.evidence
    with st.spinner("Drawing the page…"):
        picture = client.fetch_page_image(
            source.collection_id, evidence.file_id, evidence.page, start=evidence.start, end=evidence.end
        )
    with st.container(border=True):
        st.image(picture, width="stretch", alt=f"Page {evidence.page} with the quoted words highlighted")


def _show_text(source: OpenSource, client: ApiClient) -> None:
    evidence = source.evidence
    page = client.fetch_page_text(source.collection_id, evidence.file_id, evidence.page)
    st.markdown(highlight_span(page, evidence.start, evidence.end))


def highlight_span(page: PageText, start: int, end: int) -> str:
    """Return the text around `[start, end)` of the document as safe Markdown with that span highlighted."""
    first, last = start - page.start, end - page.start
    begin, stop = max(first - CONTEXT_CHARS, 0), last + CONTEXT_CHARS
    before = ("… " if begin else "") + page.text[begin:first]
    after = page.text[last:stop] + (" …" if stop < len(page.text) else "")
    highlighted = "\n".join(_highlight_line(line) for line in page.text[first:last].split("\n"))
    return (
        _keep_line_breaks(escape_markdown(before))
        + _keep_line_breaks(highlighted)
        + _keep_line_breaks(escape_markdown(after))
    )


def _highlight_line(line: str) -> str:
    return f":orange-background[{escape_markdown(line)}]" if line.strip() else line


def _keep_line_breaks(markdown: str) -> str:
    """Return Markdown that keeps the line breaks of a page."""
    return markdown.replace("\n", "\\\n")
