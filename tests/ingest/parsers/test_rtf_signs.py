"""Rich Text Format: what a person sees, by signs, heights, marks of revision and merged cells."""

from pathlib import Path

import pytest

from ingest.parsers import registry
from ingest.types import ParsedDocument

FONTS = (
    rb"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f3\froman\fcharset2 Symbol;}{\f4\fnil\fcharset2{\*\panose 05}Wingdings;}"
    rb"{\f5\fnil\fcharset2 Wingdings 2;}}{\*\revtbl {Unknown;}{Ann Lee;}}"
)


def read(tmp_path: Path, body: bytes) -> ParsedDocument:
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1\ansi\ansicpg1252\uc1\deff0" + FONTS + body + b"}")
    return registry.parse(path, "a.rtf")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"5 {\f3 m}g", "5 μg"),
        (rb"5 {\f3\'6d}g", "5 μg"),
        (rb"5 {\f3\u-3987 ?}g", "5 μg"),
        (rb"5 {\f3\u61549 ?}g", "5 μg"),
        (rb"5 \u-3987 ?g", "5 μg"),
        (rb"5 {\loch\f3\hich\f3 m}g", "5 μg"),
        (rb"5 \f3 m\f0 g", "5 μg"),
        (rb"5 \f3 m\plain g", "5 μg"),
        (rb"{\f3 \'a3\'b3\'b1\'b4}", "≤≥±×"),
        (rb"{\f4\'fc\'fb\'fe}", "✓✗☑"),
        (rb"{\f5 P}", "✓"),
        (rb"a{\f4\'e0}b", "a→b"),
        (rb'5 {\field{\*\fldinst SYMBOL 109 \\f "Symbol" \\s 10}{\fldrslt\f3\fs20 m}}g', "5 μg"),
        (rb'5 {\field{\*\fldinst {SYMBOL 109 \\f "Symbol" \\s 10}}{\fldrslt{\f3\fs20}}}g', "5 μg"),
        (rb"5 {\field{\*\fldinst SYMBOL 0xFC \\f Wingdings}}g", "5 ✓g"),
        (rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}} b", "link b"),
        (rb"{\field{\*\fldinst FORMCHECKBOX {\*\formfield{\fftype1\ffres1\ffdefres0}}}{\fldrslt}} yes", "☒ yes"),
        (rb"{\field{\*\fldinst FORMCHECKBOX {\*\formfield{\fftype1\ffres25\ffdefres0}}}{\fldrslt}} yes", "☐ yes"),
    ],
)
def test_symbol_fonts_are_read_as_the_sign_that_they_show(tmp_path: Path, body: bytes, text: str) -> None:
    assert read(tmp_path, body + rb"\par").text == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"10{\super 6} cells", "10⁶ cells"),
        (rb"10\super 6\nosupersub  cells", "10⁶ cells"),
        (rb"10{\super 1}{\super\b 2}", "10¹²"),
        (rb"10{\super -3}", "10⁻³"),
        (rb"H{\sub 2}O", "H₂O"),
        (rb"10{\up6\fs16 6}", "10⁶"),
        (rb"10\up6 6\up0  cells", "10⁶ cells"),
        (rb"H{\dn4 2}O", "H₂O"),
        (rb"H{\dn 2}O", "H₂O"),
        (rb"a{\up2 b}", "ab"),
        (rb"x{\super n/2}", "x^(n/2)"),
        (rb"10\super 6\plain  cells", "10⁶ cells"),
        (rb"10\super 6\super0  cells", "10⁶ cells"),
        (rb"the 5{\super th} day", "the 5th day"),
        (rb"word{\super\chftn{\footnote {\super\chftn} A note.}} more", "word more\n\nFootnote 1: A note."),
        (rb"H{\loch{\*\updnprop8000}\dn2\loch 2}O", "H₂O"),
        (rb"Room {\up2 one hundred}", "Room one hundred"),
    ],
)
def test_superscripts_and_subscripts_are_kept_apart(tmp_path: Path, body: bytes, text: str) -> None:
    assert read(tmp_path, body + rb"\par").text == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"is {\strike 7} 8.\par", "is 8.\n[struck out: 7]"),
        (rb"is \strike 7\strike0  8.\par", "is 8.\n[struck out: 7]"),
        (rb"is {\striked1 7} 8.\par", "is 8.\n[struck out: 7]"),
        (rb"is \striked1 7\striked0  8.\par", "is 8.\n[struck out: 7]"),
        (rb"is {\strike0 7} 8.\par", "is 7 8."),
        (rb"is {\v 7} 8.\par", "is 8.\n[hidden: formatting: 7]"),
        (rb"is \v 7\v0  8.\par", "is 8.\n[hidden: formatting: 7]"),
        (rb"is {\deleted\revauthdel1 7}8.\par", "is 8.\n[deleted by Ann Lee: 7]"),
        (rb"is {\deleted 7}8.\par", "is 8.\n[deleted: 7]"),
        (rb"is {\revised\revauth1 8}.\par", "is 8."),
        (rb"{\strike all of it}\par", "[struck out: all of it]"),
        (rb"The notice {\deleted\par}is ninety days.\par", "The notice is ninety days."),
        (rb"The notice {\v\par}is ninety days.\par", "The notice is ninety days."),
        (rb"{\v secret\par}Open.\par", "[hidden: formatting: secret]\n\nOpen."),
        (
            rb"Fee 5.{\*\atnid B}{\*\atnauthor Bo}\chatn{\*\annotation{\*\atnref 1}\pard\plain Ask Ann}\par",
            "Fee 5.\n[comment by Bo: Ask Ann]",
        ),
        (rb"{\listtext 1.\tab}{\strike old}\par{\listtext 2.\tab}new\par", "1. [struck out: old]\n2. new"),
        (rb"Kiln{\strike\footnote gone}\par", "Kiln\n\nFootnote 1: [struck out: gone]"),
    ],
)
def test_withdrawn_and_hidden_text_is_no_part_of_the_sentence(tmp_path: Path, body: bytes, text: str) -> None:
    assert read(tmp_path, body).text == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"{\upr{Preis}{\*\ud{Pr\u233 ?is}}}", "Préis"),
        (rb"a {\upr{x?}{\*\ud{\uc0\u24231 }}} b", "a 座 b"),
        (rb"{\upr{\*\bkmkstart a?}{\*\ud{\*\bkmkstart a\u233 ?}}}text", "text"),
        (rb"a{\footnote {\upr{n?}{\*\ud{n\u233 ?}}}}", "a\n\nFootnote 1: né"),
        (rb"K\'fcndigungs\-frist", "Kündigungsfrist"),
        (rb"X\_ray", "X-ray"),
        (rb"AB\_4471", "AB-4471"),
        (rb"Zeit\u173 ?raum", "Zeitraum"),
        (
            rb"See.{\pict{\*\picprop{\sp{\sn wzDescription}{\sv The wreck}}}\pngblip 89504e}",
            "See.\n[picture: The wreck]",
        ),
        (
            rb"See.{\*\shppict{\pict{\*\picprop{\sp{\sn wzDescription}{\sv Map}}}89504e}}{\nonshppict{\pict 00}}",
            "See.\n[picture: Map]",
        ),
        (
            rb"See.{\shp{\*\shpinst{\sp{\sn wzDescription}{\sv Map}}{\sp{\sn pib}{\sv {\pict 00}}}}}",
            "See.\n[picture: Map]",
        ),
        (rb"See.{\pict{\*\picprop{\sp{\sn wzName}{\sv Picture 1}}}89504e}", "See."),
    ],
)
def test_unicode_parts_hyphens_and_alternative_texts(tmp_path: Path, body: bytes, text: str) -> None:
    assert read(tmp_path, body + rb"\par").text == text


def row(cells: list[str], edges: list[str], properties: str = "") -> bytes:
    """Return a row; an edge is its position with the merge words before it: "clvmgf 1000"."""
    definitions = ""
    for edge in edges:
        *merges, right = edge.split()
        definitions += "".join(rf"\{word}" for word in merges) + rf"\cellx{right}"
    content = "".join(rf"{text}\cell " for text in cells)
    return rf"\trowd{properties}{definitions}\pard\intbl {content}\row ".encode()


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            row(["R", "D", "P"], ["1000", "2000", "3000"])
            + row(["North", "Charger", "35"], ["clvmgf 1000", "2000", "3000"])
            + row(["", "Cable", "9"], ["clvmrg 1000", "2000", "3000"]),
            "R | D | P\nNorth | Charger | 35\nNorth | Cable | 9",
        ),
        (
            row(["a", "b", "c"], ["1000", "2000", "3000"]) + row(["wide", "3"], ["2000", "3000"]),
            "a | b | c\nwide |  | 3",
        ),
        (
            row(["a", "b", "c"], ["1000", "2000", "3000"])
            + row(["wide", "", "3"], ["clmgf 1000", "clmrg 2000", "3000"]),
            "a | b | c\nwide |  | 3",
        ),
        (
            row(["a", "b", "c"], ["1000", "2000", "3000"]) + row(["x", "y"], ["2000", "3000"], r"\trleft1000"),
            "a | b | c\n | x | y",
        ),
        (row(["a", "b", "c"], ["1000", "2000", "3000"]) + row(["x", "y"], ["1000", "2000"]), "a | b | c\nx | y"),
        (
            row(["Ward", "Beds in 2026"], ["clvmgf 1000", "3000"], r"\trhdr")
            + row(["", "Free", "Used"], ["clvmrg 1000", "2000", "3000"], r"\trhdr")
            + row(["S", "1", "40"], ["1000", "2000", "3000"]),
            "Ward | Beds in 2026 / Free | Beds in 2026 / Used\nS | 1 | 40",
        ),
        (
            row(["Ward", "Beds in 2026"], ["clvmgf 1000", "3000"], r"\trhdr")
            + row(["", "Free", "Used"], ["clvmrg 1000", "2000", "3000"])
            + row(["S", "1", "40"], ["1000", "2000", "3000"]),
            "Ward | Beds in 2026 / Free | Beds in 2026 / Used\nS | 1 | 40",
        ),
        (row(["a", "b"], ["1010", "2000"]) + row(["c", "d"], ["990", "2010"]), "a | b\nc | d"),
        (row(["a", "b"], []) + row(["c", "d", "e"], []), "a | b\nc | d | e"),
        (row([r"{\strike 7} 8", "b"], ["1000", "2000"]), "8 [struck out: 7] | b"),
    ],
)
def test_cells_of_a_table_stay_in_their_columns(tmp_path: Path, rows: bytes, text: str) -> None:
    assert read(tmp_path, rows + rb"\pard").text == text


def test_a_header_of_several_rows_is_the_header_of_the_table(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        row(["Ward", "Beds"], ["1000", "3000"], r"\trhdr")
        + row(["", "Free", "Used"], ["1000", "2000", "3000"], r"\trhdr")
        + row(["S", "1", "40"], ["1000", "2000", "3000"]),
    )
    (block,) = document.blocks
    assert document.text[block.start : block.header_end] == "Ward | Beds / Free | Beds / Used"


@pytest.mark.parametrize(
    ("marker", "shown"),
    [
        (rb"\f3\'b7", "-"),
        (rb"\f4\'a7", "-"),
        (rb"\f4\'d8", "-"),
        (rb"\f4 v", "-"),
        (rb" o", "-"),
        (rb"\f4\'fc", "- ✓"),
        (rb"\f4\'a8", "- ☐"),
    ],
)
def test_bullets_in_symbol_fonts_are_bullets(tmp_path: Path, marker: bytes, shown: str) -> None:
    body = rb"{\listtext\pard\plain" + marker + rb"\tab}Open\par{\listtext\pard\plain" + marker + rb"\tab}Close\par"
    assert read(tmp_path, body).text == f"{shown} Open\n{shown} Close"


def test_markers_of_lists_as_libreoffice_writes_them(tmp_path: Path) -> None:
    markers = (
        rb"{\listtext\pard\plain  1.\tab}first",
        rb"{\listtext\pard\plain  2.\tab}{\strike second}",
        rb"{\listtext  \u8226\'3f\tab}dot",
    )
    document = read(tmp_path, rb"\par ".join(markers) + rb"\par")
    assert document.text == "1. first\n2. [struck out: second]\n- dot"
