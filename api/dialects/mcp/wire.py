"""What the tools take and give. Field descriptions are read by the models that call them."""

from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from api.wire.base import Query, RequestModel, ResponseModel, Text
from api.wire.citations import CitationObject
from api.wire.search import SearchResult
from api.wire.vector_stores import StoreFileObject
from rag.types import AnswerVerdict, Verdict

DEFAULT_COLLECTION = "default"
MAX_RESULTS = 50
MAX_LISTED = 500


class OfCollection(RequestModel):
    """Base of what is asked of one collection."""

    collection: Text = DEFAULT_COLLECTION
    """Name or id of the collection; `list_documents` lists them."""


class SearchArguments(OfCollection):
    """What to search for."""

    query: Query
    """What to look for, in words."""
    max_results: Annotated[int, Field(ge=1, le=MAX_RESULTS)] = 8
    """Most passages to return."""


class AskArguments(OfCollection):
    """What to ask."""

    question: Query
    """The question, as a person would ask it."""


class ListArguments(RequestModel):
    """Which documents to list."""

    collection: Text | None = None
    """Name or id of the collection; the collections themselves are listed if it is left out."""
    name: Text = ""
    """Only documents whose file name has this text."""


class ReadArguments(OfCollection):
    """Which page to read."""

    file_id: Text
    """Id of the document, as search results, citations and lists have it."""
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Number of the page, from 1."""


class PassageResult(ResponseModel):
    """A passage of a document."""

    text: str
    file: str
    file_id: str
    place: str
    """The page in words."""
    page: int
    score: float
    """In [0, 1]; higher is better."""
    uri: str
    """The resource with the whole document."""

    @classmethod
    def of(cls, collection: str, result: SearchResult) -> "PassageResult":
        """Return a search result."""
        return cls(
            text="".join(part.text for part in result.content),
            file=result.filename,
            file_id=result.file_id,
            place=str(result.attributes["place"]),
            page=int(result.attributes["page"]),
            score=round(result.score, 4),
            uri=make_uri(collection, result.file_id),
        )


class SearchOutput(ResponseModel):
    """The passages that fit best, the best first."""

    results: list[PassageResult]


class Pin(ResponseModel):
    """A sentence of the answer and the exact words of a document that support it."""

    sentence: str
    quote: str
    """The words of the document."""
    verdict: Verdict
    """Whether the quote supports the sentence."""
    reasons: list[str]
    """Why it does not, or not fully."""
    number: int
    """The number in brackets behind the sentence."""
    file: str
    file_id: str
    page: int
    place: str
    start: int
    """Offset of the quote in the text of the document, in Unicode code points."""
    end: int
    uri: str
    """The resource with the whole document."""

    @classmethod
    def of(cls, answer: str, citation: CitationObject) -> "Pin":
        """Return a citation of an answer."""
        return cls(
            sentence=answer[citation.answer_start : citation.answer_end],
            quote=citation.quote,
            verdict=citation.verdict,
            reasons=citation.reasons,
            number=citation.number,
            file=citation.filename,
            file_id=citation.file_id,
            page=citation.page,
            place=citation.place,
            start=citation.start,
            end=citation.end,
            uri=make_uri(citation.collection_id, citation.file_id),
        )


class AskOutput(ResponseModel):
    """An answer from the documents alone, with a pin for each sentence that they support."""

    answer: str
    verdict: AnswerVerdict | None
    """Whether a quoted answer answers the question; null for one that a model has written."""
    pins: list[Pin]
    conflicts: list[str]
    """What documents state differently."""


class CollectionEntry(ResponseModel):
    """A collection."""

    name: str
    id: str
    documents: int


class DocumentEntry(ResponseModel):
    """A document."""

    file: str
    file_id: str
    title: str
    status: str
    pages: int
    page_unit: str
    uri: str

    @classmethod
    def of(cls, document: StoreFileObject) -> "DocumentEntry":
        """Return a document of a collection."""
        return cls(
            file=document.filename,
            file_id=document.id,
            title=document.title,
            status=document.status,
            pages=document.pages,
            page_unit=document.page_unit,
            uri=make_uri(document.vector_store_id, document.id),
        )


class ListOutput(ResponseModel):
    """The collections, or the documents of one; `is_complete` says whether that is all."""

    collections: list[CollectionEntry] = Field(default_factory=list)
    documents: list[DocumentEntry] = Field(default_factory=list)
    is_complete: bool = True


class ReadOutput(ResponseModel):
    """A page of a document."""

    text: str
    page: int
    pages: int
    """How many pages there are."""
    place: str
    start: int
    """Offset of the page in the text of the document."""
    end: int
    uri: str


SCHEME = "pincite://"


def make_uri(collection_id: str, file_id: str) -> str:
    """Return the address of a document as a resource."""
    return f"{SCHEME}{quote(collection_id, safe='')}/{quote(file_id, safe='')}"
