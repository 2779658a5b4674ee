"""The pins of an answer as Anthropic's citations, which say where in a document of the request a quote stands."""

from collections.abc import Callable
from typing import Literal

from api.dialects.anthropic.documents import Brought, BroughtDocument, Texts
from api.services import Services
from api.wire.base import ResponseModel
from ingest.library.library import Library
from rag.types import Citation, Quote, Verdict

PDF = "application/pdf"


class Location(ResponseModel):
    """Base of the citations; `verdict` is Pincite's own: whether the quote supports the sentence."""

    cited_text: str
    verdict: Verdict


class DocumentLocation(Location):
    """Base of the citations of documents."""

    document_index: int
    document_title: str | None
    file_id: str | None = None


class CharLocation(DocumentLocation):
    """A span of a text."""

    type: Literal["char_location"] = "char_location"
    start_char_index: int
    end_char_index: int


class PageLocation(DocumentLocation):
    """Pages of a PDF, from 1; the end is exclusive."""

    type: Literal["page_location"] = "page_location"
    start_page_number: int
    end_page_number: int


class ContentBlockLocation(DocumentLocation):
    """Some of the texts of a document, from 0; the end is exclusive."""

    type: Literal["content_block_location"] = "content_block_location"
    start_block_index: int
    end_block_index: int


class SearchResultLocation(Location):
    """Some of the texts of a search result, from 0; the end is exclusive."""

    type: Literal["search_result_location"] = "search_result_location"
    source: str
    title: str | None
    search_result_index: int
    start_block_index: int
    end_block_index: int


AnyLocation = CharLocation | PageLocation | ContentBlockLocation | SearchResultLocation
Cite = Callable[[Citation], AnyLocation | None]
"""Returns a citation as clients get it; None for one of a document that is not to be cited."""


def cite_brought(library: Library, brought: Brought) -> Cite:
    """Return what cites the documents that a request has brought along into a library."""

    def cite(citation: Citation) -> AnyLocation | None:
        document = brought[citation.quote.file_id]
        if not document.is_cited:
            return None
        if not isinstance(document.body, Texts):
            return _cite_stored(library, citation, document.index, document.title or None, None)
        if document.body.is_plain:
            return _char_location(citation, document.index, document.title or None, None)
        return _cite_texts(citation, document, document.body)

    return cite


def cite_collections(services: Services) -> Cite:
    """Return what cites the documents of collections; they are counted in the order in which they are first cited."""
    indexes: dict[str, int] = {}

    def cite(citation: Citation) -> AnyLocation | None:
        quote = citation.quote
        index = indexes.setdefault(f"{quote.collection_id}/{quote.file_id}", len(indexes))
        return _cite_stored(services.library, citation, index, quote.filename, quote.file_id)

    return cite


def _cite_stored(
    library: Library, citation: Citation, index: int, title: str | None, file_id: str | None
) -> CharLocation | PageLocation:
    """Return the pages of a PDF, and the characters of the text of any other document."""
    quote = citation.quote
    if library.document(quote.collection_id, quote.file_id).media_type != PDF:
        return _char_location(citation, index, title, file_id)
    return PageLocation(
        cited_text=quote.quote,
        verdict=citation.verdict,
        document_index=index,
        document_title=title,
        file_id=file_id,
        start_page_number=quote.page,
        end_page_number=_find_last_page(library, quote) + 1,
    )


def _find_last_page(library: Library, quote: Quote) -> int:
    pages = library.read_span_pages(quote.collection_id, quote.file_id, quote.start, quote.end)
    return pages[-1].number if pages else quote.page


def _char_location(citation: Citation, index: int, title: str | None, file_id: str | None) -> CharLocation:
    quote = citation.quote
    return CharLocation(
        cited_text=quote.quote,
        verdict=citation.verdict,
        document_index=index,
        document_title=title,
        file_id=file_id,
        start_char_index=quote.start,
        end_char_index=quote.end,
    )


def _cite_texts(
    citation: Citation, document: BroughtDocument, body: Texts
) -> ContentBlockLocation | SearchResultLocation:
    """Return the texts in which a quote stands, whole, as Anthropic's API has them."""
    quote = citation.quote
    touched = [page.number - 1 for page in body.pages() if page.start < quote.end and quote.start < page.end]
    start, end = touched[0], touched[-1] + 1
    cited_text = "".join(body.texts[start:end])
    if document.search_source is None:
        return ContentBlockLocation(
            cited_text=cited_text,
            verdict=citation.verdict,
            document_index=document.index,
            document_title=document.title or None,
            start_block_index=start,
            end_block_index=end,
        )
    return SearchResultLocation(
        cited_text=cited_text,
        verdict=citation.verdict,
        source=document.search_source,
        title=document.title or None,
        search_result_index=document.index,
        start_block_index=start,
        end_block_index=end,
    )
