# pyright: basic
"""Part the HTML of a message from what it quotes of earlier messages (the adapter of `selectolax` for mail)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parsers.mail.attributions import (
    begins_with_header_block,
    is_attribution,
    is_separator,
    may_introduce_quote,
)

_CONTAINERS = ", ".join(
    (
        "blockquote[type=cite]",
        "blockquote.gmail_quote",
        "div.yahoo_quoted",
        "div.protonmail_quote",
        "blockquote.protonmail_quote",
        "div.tutanota_quote",
        "blockquote.tutanota_quote",
        "div[name=quote]",
        "div.moz-forward-container",
        "div.moz-cite-prefix",
        "div.gmail_attr",
        "div.zmail_extra",
    )
)
"""What mail programs put around a quoted message, or around the line that says whose it is."""
_GMAIL = "div.gmail_quote"
_CUTS = "#divRplyFwdMsg, #appendonsend, hr#zwchr, #OLK_SRC_BODY_SECTION, #mail-editor-reference-message-container"
"""Elements after which all is quoted."""
_BLOCKS = "p, div, td"
_MAX_BLOCK_CHARS = 2000
_START, _END, _CUT = "\ue0f1", "\ue0f2", "\ue0f3"
"""Private-use characters that mark quotes in the source of the page."""
_MARKS = re.compile(f"([{_START}{_END}{_CUT}])")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of the source of a page; `depth` is 0 for the message itself."""

    depth: int
    html: str


def split_html(html: str) -> list[Fragment]:
    """Return the fragments of a page in order, neighbours of one depth joined; the page itself if it quotes nothing."""
    tree = LexborHTMLParser(_MARKS.sub("", html))
    if tree.body is None or not _mark_quotes(tree):
        return [Fragment(0, html)]
    styles = "".join(style.html or "" for style in tree.css("head style"))  # they say what is hidden
    fragments: list[Fragment] = []
    for depth, piece in _read_depths(tree.body.html or ""):
        if fragments and fragments[-1].depth == depth:
            fragments[-1] = Fragment(depth, f"{fragments[-1].html}{piece}")
        elif re.sub(r"<[^>]*>|&nbsp;|\s", "", piece) or "<img" in piece:
            fragments.append(Fragment(depth, f"{styles}{piece}"))
    return fragments


def _read_depths(source: str) -> Iterator[tuple[int, str]]:
    """Yield the pieces of marked source with their depth; a cut holds to the end of the quote that it is in."""
    cuts = [0]
    for piece in _MARKS.split(source):
        if piece == _START:
            cuts.append(0)
        elif piece == _END:
            cuts = cuts[:-1] or [0]
        elif piece == _CUT:
            cuts[-1] += 1
        elif piece:
            yield len(cuts) - 1 + sum(cuts), piece


def _mark_quotes(tree: LexborHTMLParser) -> bool:
    """Put marks around what is quoted; return whether anything is."""
    forwards = [node for node in tree.css(_GMAIL) if node.css_first("blockquote.gmail_quote") is None]
    inside = {inner.mem_id for node in forwards for inner in node.css("div.gmail_attr")}
    containers = [*(node for node in tree.css(_CONTAINERS) if node.mem_id not in inside), *forwards]
    attributions = [_find_attribution(node) for node in containers]
    cuts = tree.css(_CUTS)[:1] or _find_header_blocks(tree)
    for node in (*containers, *(line for line in attributions if line is not None)):
        node.insert_before(_START)
        node.insert_after(_END)
    for node in cuts:
        node.insert_before(_CUT)
    return bool(containers or cuts)


def _find_header_blocks(tree: LexborHTMLParser) -> list[LexborNode]:
    """Return the innermost elements that begin with a header block, or are a separator."""
    if tree.body is None or not may_introduce_quote(_read_text(tree.body)):
        return []
    nodes = [node for node in tree.css(_BLOCKS) if _introduces_quote(node)]
    ids = {node.mem_id for node in nodes}
    return [node for node in nodes if not any(inner.mem_id in ids - {node.mem_id} for inner in node.css(_BLOCKS))]


def _introduces_quote(node: LexborNode) -> bool:
    text = _read_text(node)[:_MAX_BLOCK_CHARS]
    return begins_with_header_block(text) or is_separator(text)


def _find_attribution(node: LexborNode) -> LexborNode | None:
    """Return the element before a quote that says whose it is, unless it is marked by its class."""
    before = node.prev
    while before is not None and (before.tag == "br" or not _read_text(before)):
        before = before.prev
    if before is None or (before.tag or "-").startswith("-"):
        return None
    is_marked = any(name in (before.attributes.get("class") or "") for name in ("gmail_attr", "moz-cite-prefix"))
    text = _read_text(before)
    return before if not is_marked and len(text) <= _MAX_BLOCK_CHARS and is_attribution(text) else None


def _read_text(node: LexborNode) -> str:
    return " ".join((node.text(separator=" ") or "").split())
