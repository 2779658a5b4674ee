"""Read Markdown as a browser's renderer does, to see what it would really show."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

ACTIVE = {"link_open", "image", "html_block", "html_inline"}


def tokens(markdown: str) -> list[Token]:
    """Return all tokens in order, those inside of others included. HTML counts as HTML here."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    flat: list[Token] = []
    for token in parser.parse(markdown):
        flat += [token, *(token.children or [])]
    return flat


def words(markdown: str) -> str:
    """Return what a reader sees as words, code included."""
    return "".join(token.content for token in tokens(markdown) if token.type in ("text", "code_inline"))


def active_parts(markdown: str) -> set[str]:
    """Return which parts could load something, lead elsewhere or run."""
    return {token.type for token in tokens(markdown)} & ACTIVE
