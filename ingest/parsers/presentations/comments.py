# pyright: basic
"""The comments on PPTX slides and their authors, legacy and threaded ones (ECMA-376, MS-PPTX)."""

from collections.abc import Iterator, Mapping
from typing import Any

from lxml.etree import _Element as Element
from pptx.slide import Slide

from ingest.parsers.containers import parse_xml
from ingest.text.annotations import AnnotationKind, annotate

_COMMENTS = "/comments"
_AUTHORS = ("/commentAuthors", "/authors")


def read_authors(presentation: Any) -> dict[str, str]:
    """Return the names of the authors of comments by their ids."""
    return {
        author.get("id", ""): author.get("name", "")
        for part in _read_parts(presentation.part, _AUTHORS)
        for author in part.iter("{*}cmAuthor", "{*}author")
    }


def read_comments(slide: Slide, authors: Mapping[str, str]) -> Iterator[str]:
    """Yield the comments on a slide and their replies as annotations."""
    for part in _read_parts(slide.part, (_COMMENTS,)):
        for element in part.iter("{*}text", "{*}txBody"):
            text = " ".join("".join(paragraph.itertext()) for paragraph in _find_paragraphs(element))
            holders = (holder.get("authorId") for holder in element.iterancestors())
            author = next((authors.get(holder, "") for holder in holders if holder is not None), "")
            yield annotate(AnnotationKind.COMMENT, text, author=author)


def _find_paragraphs(element: Element) -> list[Element]:
    return list(element.iterchildren("{*}p")) or [element]


def _read_parts(part: Any, endings: tuple[str, ...]) -> Iterator[Element]:
    for relation in part.rels.values():
        if relation.reltype.endswith(endings) and not relation.is_external:
            yield parse_xml(relation.target_part.blob)
