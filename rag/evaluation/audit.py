"""Is a citation what it says it is? Compared with what the library has, by none of the code that made it."""

from collections.abc import Collection, Iterable

from ingest.errors import FileNotInLibraryError
from ingest.library.library import Library
from rag.evaluation.answer_matching import strip_markers
from rag.evaluation.types import Span
from rag.types import Answer, Citation, Quote


class CitationAudit:
    """Looks up in one library what answers cite."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def check_quote(self, quote: Quote) -> str:
        """Return what is wrong with a quote; nothing where it is what is stored at its place, on its page."""
        try:
            text = self._library.document_text(quote.collection_id, quote.file_id)
        except FileNotInLibraryError:
            return f"there is no document {quote.file_id}"
        place = f"[{quote.start}, {quote.end}) of {quote.source}"
        if not quote.quote.strip() or text[max(quote.start, 0) : max(quote.end, 0)] != quote.quote:
            return f"{place} is not {quote.quote!r}"
        pages = self._library.pages(quote.collection_id, quote.file_id)
        if quote.page not in [page.number for page in pages if page.start <= quote.start < page.end]:
            return f"{place} does not begin on page {quote.page}"
        return ""

    def check_citation(self, citation: Citation, answer: Answer, shown: Collection[int]) -> str:
        """Return what is wrong with a citation; `shown` are the numbers of the passages that the model was shown."""
        if citation.number not in shown:
            return f"there is no passage {citation.number}"
        if not 0 <= citation.answer_start < citation.answer_end <= len(answer.text):
            return f"the answer has no [{citation.answer_start}, {citation.answer_end})"
        return self.check_quote(citation.quote)

    def count_foreign_chars(self, answer: Answer) -> int:
        """Return how many characters of an answer are not in the documents at the places that it cites.

        Neither white space counts nor the numbers of passages.
        """
        own = [True] * len(answer.text)
        for citation in answer.citations:
            start, end = citation.answer_start, citation.answer_end
            if self._has(citation.quote, strip_markers(answer.text[start:end])):
                own[start:end] = [False] * (end - start)
        left = "".join(char if is_own else " " for char, is_own in zip(answer.text, own, strict=True))
        return len("".join(strip_markers(left).split()))

    def _has(self, quote: Quote, said: str) -> bool:
        try:
            text = self._library.document_text(quote.collection_id, quote.file_id)
        except FileNotInLibraryError:
            return False
        return " ".join(said.split()) in " ".join(text.split())


def overlaps(quote: Quote, places: Iterable[Span]) -> bool:
    """Whether a quote has at least one character of one of these places; documents are named by their source."""
    return any(
        quote.source == place.document and quote.start < place.end and place.start < quote.end for place in places
    )
