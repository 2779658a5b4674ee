"""E-books: chapter by chapter in reading order, with the titles of the table of contents."""

from pathlib import Path

import pytest

from ingest.errors import DamagedFileError, EncryptedFileError, NoTextError, UnreadableFileError
from ingest.parsers import registry
from ingest.types import PageUnit, ParsedDocument
from tests.office_files import write_epub, write_zip


def point(label: str, target: str, inner: str = "") -> str:
    return f'<navPoint><navLabel><text>{label}</text></navLabel><content src="{target}"/>{inner}</navPoint>'


def read(path: Path) -> ParsedDocument:
    return registry.parse(path, "tides.epub")


def pages(document: ParsedDocument) -> list[tuple[str, str]]:
    return [(page.label, document.text[page.start : page.end]) for page in document.pages]


def test_a_book_is_read_chapter_by_chapter(tmp_path: Path) -> None:
    chapters = {
        "cover.xhtml": "<body><img src='x'/></body>",
        "one.xhtml": '<body><div><p>Before.</p><h2><a id="c1"/>One</h2><p>Ebb &amp; flood.</p>'
        '<section id="c2"><h2>Two</h2><p id="inner">Spring&nbsp;tide.</p></section></div></body>',
        "more of two.xhtml": "<body><p>Neap tide.</p></body>",
        "three.xhtml": "<body><h1>Three</h1><p>Storm.</p></body>",
    }
    toc = point("I. One", "one.xhtml#c1") + point("II. Two", "one.xhtml#c2", point("Inner", "one.xhtml#inner"))
    document = read(write_epub(tmp_path / "a", chapters, toc))
    assert pages(document) == [
        ("", "Before."),
        ("I. One", "One\n\nEbb & flood."),
        ("II. Two", "Two\n\nSpring tide.\n\nNeap tide."),
        ("Three", "Three\n\nStorm."),
    ]
    assert [(heading.level, heading.title) for heading in document.headings] == [(2, "One"), (2, "Two"), (1, "Three")]
    assert (document.title, document.unit) == ("Of Tides", PageUnit.CHAPTER)
    assert (document.metadata, document.warnings) == ({"author": "Ann Sea"}, ())


def test_the_newer_table_of_contents_is_read(tmp_path: Path) -> None:
    package = (
        '<package><manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        '<item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    nav = (
        '<html xmlns:epub="http://www.idpf.org/2007/ops"><body><nav epub:type="landmarks"><a href="x">x</a></nav>'
        '<nav epub:type="toc"><ol><li><a href="text/a.xhtml">The <i>only</i> one</a></li></ol></nav></body></html>'
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfile full-path="content.opf"/></container>',
        "content.opf": package,
        "nav.xhtml": nav,
        "text/a.xhtml": "<html><body><p>tide</p></body></html>",
    }
    assert pages(read(write_zip(tmp_path / "a", members))) == [("The only one", "tide")]


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    document = read(write_epub(tmp_path / "a", {"one.xhtml": "<body>tide</body>", "two.xhtml": ""}, ""))
    assert document.text == "tide"
    assert document.warnings == ("files of the book are missing: book/two.xhtml",)


def test_a_locked_book_is_refused_with_that_reason(tmp_path: Path) -> None:
    lock = '<encryption><CipherReference URI="book/one.xhtml"/></encryption>'
    path = write_epub(tmp_path / "a", {"one.xhtml": "<body>x</body>"}, "", extra={"META-INF/encryption.xml": lock})
    with pytest.raises(EncryptedFileError):
        read(path)


def test_a_book_without_text_or_without_chapters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoTextError):
        read(write_epub(tmp_path / "a", {"one.xhtml": "<body><p/></body>"}, ""))
    with pytest.raises(DamagedFileError):
        read(write_zip(tmp_path / "a", {"mimetype": "application/epub+zip", "META-INF/container.xml": "<container/>"}))


def test_a_file_cut_short_anywhere_is_refused_with_a_reason(tmp_path: Path) -> None:
    whole = write_epub(tmp_path / "a", {"one.xhtml": "<body>tide</body>"}, "").read_bytes()
    for length in range(100, len(whole), 200):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(UnreadableFileError):
            read(tmp_path / "cut")
