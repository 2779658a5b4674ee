"""Extract text from a PDF that PDFium cannot read (the adapter of `pypdf`)."""

import logging
from pathlib import Path

import pypdf

logger = logging.getLogger(__name__)

_PAGES_TO_TRY = 5


def extract_page_texts(path: Path) -> list[str]:
    """Return the text of every page; none if pypdf cannot read the file or its first pages have no text."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    texts: list[str] = []
    try:
        for page in pypdf.PdfReader(path).pages:
            texts.append(page.extract_text())
            if len(texts) == _PAGES_TO_TRY and not any(text.strip() for text in texts):
                break
    except Exception:  # a broken file makes pypdf raise nearly anything; the pages so far are useful
        logger.debug("pypdf stopped after %s pages", len(texts), exc_info=True)
    return texts if any(text.strip() for text in texts) else []
