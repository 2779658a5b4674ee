"""Rich Text Format: text in any code page, headings, tables and notes; any bytes have a text or a reason."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import NoTextError, UnreadableFileError
from ingest.parsers import registry
from ingest.types import Heading, ParsedDocument

CUT_SHORT = "the file is cut short: what came after its last paragraph is missing"


def read(tmp_path: Path, content: bytes) -> ParsedDocument:
    path = tmp_path / "content"
    path.write_bytes(content)
    return registry.parse(path, "kiln.rtf")


def text_of(tmp_path: Path, body: bytes, head: bytes = b"") -> str:
    return read(tmp_path, rb"{\rtf1\ansi\ansicpg1252 " + head + body + b"}").text


def test_nothing_that_is_written_is_lost(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        rb"{\rtf1\ansi{\fonttbl{\f0 Times;}}{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\s7\outlinelevel1 Part;}}"
        rb"{\info{\title The Kiln Manual}{\author Ann}}{\header\pard Kiln, edition 3\par}"
        rb"\pard\s1 Firing\par\pard\plain Heat {\b slowly}\tab to 600{\*\bookmarkstart x}{\v hidden}{\deleted gone} "
        rb"degrees.{\footnote\pard Orton cones.}\par"
        rb"{\listtext 1.\tab}Open\par{\listtext 2.\tab}Light\par{\pntext\'b7\tab}Wait\par"
        rb"\pard\s7 Cones\par"
        rb"\trowd\trhdr\pard\intbl Cone\cell Degrees\cell\row\trowd\pard\intbl 04\par slow\cell 1060\cell\row"
        rb"\pard {\field{\*\fldinst HYPERLINK x}{\fldrslt a link}}{\pict 00ff}"
        rb"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt Danger\par}}}\par}",
    )
    assert document.text == (
        "Firing\n\nKiln, edition 3\n\nHeat slowly\tto 600 degrees.\n[hidden: formatting: hidden]\n[deleted: gone]\n\n"
        "Footnote 1: Orton cones.\n\n"
        "1. Open\n2. Light\n- Wait\n\nCones\n\nCone | Degrees\n04 slow | 1060\n\na link\n\nDanger"
    )
    assert document.title == "The Kiln Manual"
    assert document.headings == (Heading(1, "Firing", 0), Heading(2, "Cones", document.text.index("Cones")))
    (table,) = document.blocks
    assert document.text[table.start : table.header_end] == "Cone | Degrees"
    assert document.warnings == ()


def test_a_note_that_old_readers_may_skip_is_read(tmp_path: Path) -> None:
    body = rb"Fee{\super\chftn}{\*\footnote\chftn\~\plain\pard {\pard Children pay 9.\par}} is 18.\par"
    assert text_of(tmp_path, body) == "Fee is 18.\n\nFootnote 1: Children pay 9."


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb"H\'f6he", "Höhe"),
        (rb"{\f1 \'f8eka}", "řeka"),
        (rb"{\f2 \'82\'b1\'83e}", "こテ"),
        (rb"\uc1\u345 ?eka", "řeka"),
        (rb"\uc2\u26085\'93\'fa!", "日!"),
        (rb"\uc0\u345 eka", "řeka"),
        (rb"\u-10179?\u-8704?", "\U0001f600"),
        (rb"\u-10179?!", "\ufffd!"),
        (rb"a\emdash b\~c\_d\-e\\\{\}", "a—b\u00a0c-de\\{}"),
        (b"one\r\n word", "one word"),
        (rb"a\bin3 }}}b", "ab"),
    ],
)
def test_characters_are_what_their_code_page_says(tmp_path: Path, body: bytes, expected: str) -> None:
    fonts = rb"{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset238 B;}{\f2\fcharset128 C;}}"
    assert text_of(tmp_path, body, fonts) == expected


def test_the_code_page_of_the_document_holds_where_fonts_name_none(tmp_path: Path) -> None:
    document = read(tmp_path, rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'eb\'e8\'e2}")
    assert (document.text, document.metadata) == ("Прилив", {"encoding": "cp1251"})


def test_a_file_without_its_end_is_read_with_a_warning(tmp_path: Path) -> None:
    document = read(tmp_path, rb"{\rtf1 first\par second {\b half")
    assert (document.text, document.warnings) == ("first\n\nsecond half", (CUT_SHORT,))


def test_a_file_without_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoTextError):
        read(tmp_path, rb"{\rtf1{\fonttbl{\f0 Times;}}\par}")


PIECES = [rb"{", rb"}", rb"\par", rb"\cell", rb"\row", rb"\intbl", rb"\u-1", rb"\'e4", rb"\*", rb"\footnote", b"\\"]


@given(pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_have_a_text_or_a_reason(tmp_path: Path, pieces: list[bytes]) -> None:
    try:
        document = read(tmp_path, rb"{\rtf1 " + b"".join(pieces))
    except UnreadableFileError:
        return
    document.text.encode("utf-8")
    assert document.text.strip()
