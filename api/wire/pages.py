"""The text and pages of a document."""

from typing import Literal

from api.wire.base import ResponseModel
from ingest.types import DocumentRecord, Page


class ContentText(ResponseModel):
    """The text of a document, in which all offsets count."""

    type: Literal["text"] = "text"
    text: str


class DocumentContent(ResponseModel):
    """The whole text of a document, as OpenAI's `vector_store.file_content.page`."""

    object: Literal["vector_store.file_content.page"] = "vector_store.file_content.page"
    data: list[ContentText]
    has_more: Literal[False] = False
    next_page: None = None

    @classmethod
    def of(cls, text: str) -> "DocumentContent":
        """Return the text of a document."""
        return cls(data=[ContentText(text=text)])


class PageObject(ResponseModel):
    """A page and its text."""

    number: int
    """Counts from 1."""
    label: str
    """What the page is called, such as a sheet's or chapter's name; empty if a number is enough."""
    ocr_confidence: float | None
    """Mean confidence of text recognition, 0 to 1; null if the page has a text of its own."""
    text: str

    @classmethod
    def of(cls, page: Page, text: str) -> "PageObject":
        """Return a page with its text."""
        return cls(number=page.number, label=page.label, ocr_confidence=page.ocr_confidence, text=text)


class PageText(PageObject):
    """A page with its text, which is the document's text from `start` to `end`."""

    unit: str
    """What the page number counts: pages, slides, sheets, chapters, messages, records or lines."""
    start: int
    end: int

    @classmethod
    def of_document(cls, document: DocumentRecord, page: Page, text: str) -> "PageText":
        """Return a page of a document."""
        return cls(
            number=page.number,
            label=page.label,
            ocr_confidence=page.ocr_confidence,
            text=text,
            unit=document.unit,
            start=page.start,
            end=page.end,
        )
