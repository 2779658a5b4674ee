"""The report on the pages of a file: the reason if it has no text, and warnings about missing text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ingest.parsers.pdf.pages import PageState, ParsedPage

LOW_CONFIDENCE = 0.8
_FEW_CHARACTERS = 4
"""A file with no more is hardly one that was meant so."""


@dataclass(slots=True)
class PageReport:
    """Collects the numbers of pages with files, with OCR, with low confidence and without text."""

    with_ocr: bool = True
    pages: int = 0
    has_text: bool = False
    characters: int = 0
    has_word_boxes: bool = False
    has_pictures: bool = False
    pages_with_files: list[int] = field(default_factory=list)
    ocr: list[int] = field(default_factory=list)
    low_confidences: dict[int, float] = field(default_factory=dict)
    _pages_by_state: dict[PageState, list[int]] = field(default_factory=dict)

    def add(self, page: ParsedPage) -> None:
        """Add the next page."""
        self.pages += 1
        self.has_text |= bool(page.layout.text)
        self.characters += len("".join(page.layout.text.split()))
        self.has_word_boxes |= len(page.layout.words) > 0 or (page.layout.width > 0 and bool(page.layout.text))
        if page.has_files:
            self.pages_with_files.append(self.pages)
        if page.state is not PageState.TEXT:
            self._pages_by_state.setdefault(page.state, []).append(self.pages)
        if page.confidence is not None:
            self.ocr.append(self.pages)
            if page.confidence < LOW_CONFIDENCE:
                self.low_confidences[self.pages] = page.confidence

    def page_numbers(self, state: PageState) -> list[int]:
        """Return the numbers of the pages in a state."""
        return self._pages_by_state.get(state, [])

    def explain_missing_text(self) -> str:
        """Return the reason, for people, why no page has text."""
        pages = format_count(self.pages, "page")
        ocr = "no words can be read in them by OCR" if self.with_ocr else "OCR is off"
        if self.page_numbers(PageState.UNMAPPED):
            return f"its fonts do not say which letters their signs stand for; {ocr}"
        if self.page_numbers(PageState.BROKEN):
            return f"none of its pages can be read ({pages})"
        if self.has_pictures:
            return f"image only (scanned): {pages} without text; {ocr}"
        return f"{pages} without text or pictures"

    def warnings(self) -> list[str]:
        """Return warnings, for people, about text that may be missing or wrong."""
        warnings: list[str] = []
        if self.has_text and self.characters <= _FEW_CHARACTERS:
            count = format_count(self.characters, "character")
            warnings.append(f"only {count} could be read in it; look whether the rest is missing")
        if broken := self.page_numbers(PageState.BROKEN):
            warnings.append(f"{format_pages(broken)} cannot be read")
        if unmapped := self.page_numbers(PageState.UNMAPPED):
            warnings.append(f"{format_pages(unmapped)} without usable text: the fonts do not say what their signs mean")
        if empty := self.page_numbers(PageState.EMPTY):
            why = "blank, or nothing that OCR can read" if self.with_ocr else "blank or scanned; OCR is off"
            warnings.append(f"{format_pages(empty)} without text ({why})")
        if self.low_confidences:
            low, high = min(self.low_confidences.values()), max(self.low_confidences.values())
            span = f"{low:.2f}" if len(self.low_confidences) == 1 else f"{low:.2f} to {high:.2f}"
            warnings.append(f"{format_pages(list(self.low_confidences))} read by OCR (confidence {span})")
        return warnings


def format_count(number: int, noun: str) -> str:
    """Return a number with its noun in the right number: "1 page", "2 pages"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def format_pages(numbers: Sequence[int]) -> str:
    """Return page numbers for people: "page 2", "pages 2, 5-7"."""
    ranges: list[str] = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        ranges.append(str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}")
    return f"page {ranges[0]}" if len(numbers) == 1 else f"pages {', '.join(ranges)}"
