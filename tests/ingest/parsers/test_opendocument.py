"""OpenDocument texts and presentations: all of their text, in reading order."""

import zipfile
from pathlib import Path

import pytest

from ingest.errors import DamagedFileError, EncryptedFileError, NoTextError, ParserLimitError, UnreadableFileError
from ingest.parsers import registry
from ingest.types import Heading, Page, PageUnit, ParsedDocument
from tests.office_files import write_opendocument, write_zip

NUMBERED = (
    '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/>'
    '<text:list-level-style-bullet text:level="2"/></text:list-style>'
)


def read_text(tmp_path: Path, body: str, **parts: str) -> ParsedDocument:
    return registry.parse(write_opendocument(tmp_path / "a", "text", body, **parts), "kiln.odt")


def member(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")


def test_nothing_that_is_written_is_lost(tmp_path: Path) -> None:
    body = (
        '<text:h text:outline-level="1">Firing</text:h>'
        "<text:p>Heat<text:s/><text:span>slowly</text:span><text:tab/>to\n 600<text:line-break/>degrees"
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>Orton.'
        "</text:p></text:note-body></text:note><office:annotation><dc:creator>Ann</dc:creator><text:p>sure?</text:p>"
        "</office:annotation>.</text:p>"
        '<text:list text:style-name="L1"><text:list-item><text:p>Open</text:p><text:list><text:list-item><text:p>vent'
        "</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>Light</text:p></text:list-item>"
        "</text:list>"
        '<text:h text:outline-level="2">Cones</text:h>'
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Cone</text:p>"
        "</table:table-cell><table:table-cell><text:p>Degrees</text:p></table:table-cell></table:table-row>"
        "</table:table-header-rows><table:table-row><table:table-cell><text:p>04</text:p></table:table-cell>"
        "<table:table-cell><text:p>1060</text:p><table:table><table:table-row><table:table-cell><text:p>fast</text:p>"
        "</table:table-cell><table:table-cell><text:p>slow</text:p></table:table-cell></table:table-row></table:table>"
        "</table:table-cell></table:table-row></table:table>"
        "<text:p>Stay away.<draw:frame><draw:text-box><text:p>Danger</text:p></draw:text-box>"
        "<svg:title>a flame</svg:title></draw:frame></text:p>"
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
    )
    master = "<style:master-page><style:header><text:p>Kiln Manual</text:p></style:header></style:master-page>"
    document = read_text(tmp_path, body, lists=NUMBERED, master=2 * master, title="The Kiln")
    assert document.text == (
        "Kiln Manual\n\nFiring\n\nHeat slowly\tto 600\ndegrees. [comment by Ann: sure?]\n\nFootnote 1: Orton.\n\n"
        "1. Open\n  - vent\n2. Light\n\nCones\n\nCone | Degrees\n04 | 1060 fast, slow;\n\nStay away.\n\nDanger"
    )
    assert document.title == "The Kiln"
    assert document.headings == (
        Heading(1, "Firing", document.text.index("Firing")),
        Heading(2, "Cones", document.text.index("Cones")),
    )
    (table,) = document.blocks
    assert document.text[table.start : table.header_end] == "Cone | Degrees"


def test_headings_are_numbered_as_they_are_shown(tmp_path: Path) -> None:
    def level(rank: int, shape: str, more: str = "") -> str:
        return f'<text:outline-level-style text:level="{rank}" style:num-format="{shape}" {more}/>'

    outline = (
        "<text:outline-style>",
        level(1, "I", 'text:start-value="2" style:num-prefix="Part "'),
        level(2, "a", 'text:display-levels="2" style:num-suffix=")"'),
        level(3, "") + "</text:outline-style>",
    )
    titles = [(1, "Clay"), (2, "Red"), (3, "Coarse"), (2, "White"), (1, "Glaze"), (2, "Ash")]
    body = "".join(f'<text:h text:outline-level="{rank}">{title}</text:h>' for rank, title in titles)
    document = read_text(tmp_path, body, master="".join(outline))
    shown = [heading.title for heading in document.headings]
    assert shown == ["Part II Clay", "II.a) Red", "Coarse", "II.b) White", "Part III Glaze", "III.a) Ash"]


def test_slides_have_titles_and_notes_and_are_read_by_place(tmp_path: Path) -> None:
    def frame(text: str, x: float, y: float, kind: str = "") -> str:
        return (
            f'<draw:frame svg:x="{x}cm" svg:y="{y * 10}mm" presentation:class="{kind}"><draw:text-box>'
            f"<text:p>{text}</text:p></draw:text-box></draw:frame>"
        )

    notes = f"<presentation:notes>{frame('Say hello.', 0, 0, 'notes')}</presentation:notes>"
    group = f"<draw:g>{frame('inside', 1, 1)}</draw:g>"
    shapes = f"{frame('low', 1, 9)}{frame('right', 9, 4.2)}{frame('left', 1, 4)}{frame('Tides', 1, 15, 'title')}{group}"
    picture = "<draw:page><draw:frame><draw:image/></draw:frame></draw:page>"
    body = f"<draw:page>{shapes}{notes}</draw:page><draw:page>{frame('end', 1, 1)}</draw:page>{picture}"
    document = registry.parse(write_opendocument(tmp_path / "a", "presentation", body), "tides.odp")
    first = "Tides\n\ninside\n\nleft\n\nright\n\nlow\n\nNotes:\nSay hello."
    assert document.text == f"{first}\n\nend"
    end = len(document.text)
    assert document.pages == (Page(1, 0, len(first), label="Tides"), Page(2, end - 3, end), Page(3, end, end))
    assert document.warnings == ("pictures without text, which are not read: slide 3",)
    assert (document.unit, document.headings) == (PageUnit.SLIDE, (Heading(1, "Tides", 0),))


def test_a_text_without_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoTextError):
        read_text(tmp_path, "<text:p/>")


def test_a_file_under_a_password_is_refused_with_that_reason(tmp_path: Path) -> None:
    with pytest.raises(EncryptedFileError):
        read_text(tmp_path, "<text:p>secret</text:p>", manifest="<encryption-data/>")


def test_a_part_that_is_missing_or_broken_is_damage(tmp_path: Path) -> None:
    mime_type = "application/vnd.oasis.opendocument.text"
    for content in ({}, {"content.xml": "<office"}, {"content.xml": "<other/>"}):
        path = write_zip(tmp_path / "a", {"mimetype": mime_type, **content})
        with pytest.raises(DamagedFileError):
            registry.parse(path, "kiln.odt")


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    content = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY f "expanded">]>'
    path = write_opendocument(tmp_path / "a", "text", "<text:p>kept &e;&f;</text:p>")
    body = member(path, "content.xml")
    write_zip(path, {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content + body})
    assert registry.parse(path, "kiln.odt").text == "kept"


def test_a_container_that_would_grow_too_large_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    mime_type = "application/vnd.oasis.opendocument.text"
    path = write_zip(tmp_path / "a", {"mimetype": mime_type, "content.xml": bytes(64 * 1024 * 1024)})
    with pytest.raises(ParserLimitError, match="would grow"):
        registry.parse(path, "kiln.odt")


def test_a_file_cut_short_anywhere_is_refused_with_a_reason(tmp_path: Path) -> None:
    whole = write_opendocument(tmp_path / "a", "text", "<text:p>tide</text:p>").read_bytes()
    for length in range(100, len(whole), 200):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(UnreadableFileError):
            registry.parse(tmp_path / "cut", "kiln.odt")
