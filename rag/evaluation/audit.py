"""Audit citations against the stored documents, independently of the code that made them."""

import re
import unicodedata
from collections.abc import Collection, Iterable

from ingest.errors import FileNotInLibraryError
from ingest.library.library import Library
from rag.evaluation.answer_matching import strip_markers
from rag.evaluation.types import Span
from rag.generation.quote_selection import CLOSEST_MATCHES
from rag.types import Answer, Citation, Quote

_ROW_PARTS = re.compile(r"; |: |, ")


class CitationAudit:
    """Compares the citations of answers with one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def check_quote(self, quote: Quote) -> str:
        """Return the problem of a quote; empty if its span of the stored text equals it, on its page."""
        try:
            text = self._library.document_text(quote.collection_id, quote.file_id)
        except FileNotInLibraryError:
            return f"there is no document {quote.file_id}"
        span = f"[{quote.start}, {quote.end}) of {quote.source}"
        if not quote.quote.strip() or text[max(quote.start, 0) : max(quote.end, 0)] != quote.quote:
            return f"{span} is not {quote.quote!r}"
        pages = self._library.pages(quote.collection_id, quote.file_id)
        if quote.page not in [page.number for page in pages if page.start <= quote.start < page.end]:
            return f"{span} does not begin on page {quote.page}"
        return ""

    def check_citation(self, citation: Citation, answer: Answer, shown: Collection[int]) -> str:
        """Return the problem of a citation; `shown` are the passage numbers of the prompt."""
        if citation.number not in shown:
            return f"there is no passage {citation.number}"
        if not 0 <= citation.answer_start < citation.answer_end <= len(answer.text):
            return f"the answer has no [{citation.answer_start}, {citation.answer_end})"
        return self.check_quote(citation.quote)

    def count_foreign_chars(self, answer: Answer) -> int:
        """Return how many characters of an answer are in none of the documents that it cites there.

        White space, citation markers and the heading of closest matches are not counted. The row of a table is shown
        with the names of its columns, so its parts may stand apart in the document.
        """
        is_foreign = [True] * len(answer.text)
        for citation in answer.citations:
            start, end = citation.answer_start, citation.answer_end
            if self._contains(citation.quote, strip_markers(answer.text[start:end])):
                is_foreign[start:end] = [False] * (end - start)
        foreign = "".join(char if is_kept else " " for char, is_kept in zip(answer.text, is_foreign, strict=True))
        return len("".join(strip_markers(foreign.replace(CLOSEST_MATCHES, "")).split()))

    def _contains(self, quote: Quote, text_of_answer: str) -> bool:
        try:
            text = self._library.document_text(quote.collection_id, quote.file_id)
        except FileNotInLibraryError:
            return False
        source, shown = _normalize(text), _normalize(text_of_answer)
        return shown in source or all(part in source for part in _ROW_PARTS.split(shown))


def _normalize(text: str) -> str:
    """Return text with single spaces, and without the full-width signs that an answer shows for markup."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def overlaps(quote: Quote, spans: Iterable[Span]) -> bool:
    """Whether a quote overlaps one of the spans by at least one character; documents are named by their source."""
    return any(quote.source == span.document and quote.start < span.end and span.start < quote.end for span in spans)
