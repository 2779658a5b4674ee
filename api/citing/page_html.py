"""The page of a citation for people: the quote, its verdict, and where it stands in its document. Pure.

Nothing of a document acts in it: every text is escaped, the page has no script and no link, and loads nothing.
"""

import base64
import hashlib
from dataclasses import dataclass
from html import escape

from rag.types import Verdict

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.25rem; overflow-wrap: anywhere; }
blockquote { margin: 1rem 0; padding: 0 0 0 1rem; border-left: 4px solid #d97706; white-space: pre-wrap; }
.verdict { font-weight: 600; }
img { max-width: 100%; height: auto; border: 1px solid #8888; margin: 1rem 0; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #8888; padding: 1rem; }
mark { background: #fde68a; color: #000; }
"""
POLICY = (
    f"default-src 'none'; img-src data:; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: its own style and pictures that stand in it, and nothing else."""

VERDICTS: dict[Verdict, str] = {
    "supported": "The sentence that cites this quote is supported by it.",
    "partly": "The sentence that cites this quote is partly supported by it.",
    "unsupported": "The sentence that cites this quote is not supported by it.",
}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The text around a quote, in three parts; the quote is the second."""

    before: str
    quote: str
    after: str


@dataclass(frozen=True, slots=True)
class CitedPage:
    """What the page shows. `pictures` are PNGs of the document's pages with the quote marked; text alone has none."""

    title: str
    excerpt: Excerpt
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()
    pictures: tuple[bytes, ...] = ()


def render(page: CitedPage) -> str:
    """Return the page of a citation."""
    verdict = "" if page.verdict is None else f'<p class="verdict">{escape(VERDICTS[page.verdict])}</p>'
    notes = "".join(f"<p>{escape(note)}</p>" for note in page.notes)
    shown = "".join(map(_render_picture, page.pictures)) or _render_excerpt(page.excerpt)
    body = f"<blockquote>{escape(page.excerpt.quote)}</blockquote>{verdict}{notes}{shown}"
    return _document(page.title, body)


def render_message(title: str, message: str) -> str:
    """Return a page that says why there is nothing to show."""
    return _document(title, f"<p>{escape(message)}</p>")


def _document(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    width = '<meta name="viewport" content="width=device-width">'
    return (
        f'<!doctype html><html lang="en"><head>{head}{width}</head><body><h1>{escape(title)}</h1>{body}</body></html>'
    )


def _render_picture(png: bytes) -> str:
    data = base64.b64encode(png).decode()
    return f'<img src="data:image/png;base64,{data}" alt="The page with the quote marked">'


def _render_excerpt(excerpt: Excerpt) -> str:
    before, quote, after = escape(excerpt.before), escape(excerpt.quote), escape(excerpt.after)
    return f'<div class="text">{before}<mark>{quote}</mark>{after}</div>'
