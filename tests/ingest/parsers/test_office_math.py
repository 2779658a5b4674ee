"""Formulas in one line: powers, fractions and roots of Word, PowerPoint and OpenDocument keep their meaning."""

from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml as parse_word_xml

from ingest.parsers import registry
from ingest.parsers.containers import parse_xml
from ingest.parsers.office_math import format_formula, is_formula
from tests.office_files import read_members, write_opendocument, write_zip

M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def r(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def power(base: str, exponent: str) -> str:
    return f"<m:sSup><m:e>{base}</m:e><m:sup>{exponent}</m:sup></m:sSup>"


def fraction(numerator: str, denominator: str, kind: str = "bar") -> str:
    properties = f'<m:fPr><m:type m:val="{kind}"/></m:fPr>'
    return f"<m:f>{properties}<m:num>{numerator}</m:num><m:den>{denominator}</m:den></m:f>"


def group(*parts: str, begin: str = "(", end: str = ")") -> str:
    properties = f'<m:dPr><m:begChr m:val="{begin}"/><m:sepChr m:val=","/><m:endChr m:val="{end}"/></m:dPr>'
    return f"<m:d>{properties}{''.join(f'<m:e>{part}</m:e>' for part in parts)}</m:d>"


FORMULAS = [
    (r("E=m") + power(r("c"), r("2")), "E=mc²"),
    (r("10") + power("", r("6")), "10⁶"),
    (f"<m:sSub><m:e>{r('x')}</m:e><m:sub>{r('1')}</m:sub></m:sSub>", "x₁"),
    (f"<m:sSubSup><m:e>{r('x')}</m:e><m:sub>{r('i')}</m:sub><m:sup>{r('2')}</m:sup></m:sSubSup>", "xᵢ²"),
    (fraction(r("a"), r("b")), "a/b"),
    (fraction(r("a+b"), r("2c")), "(a+b)/(2c)"),
    (fraction(r("n") + group(r("n+1")), r("6")), "n(n+1)/6"),
    (fraction(r("1"), r("z")) + r("dz"), "1/z dz"),
    (group(fraction(r("n"), r("k"), "noBar")), "(n k)"),
    (f"<m:rad><m:deg/><m:e>{r('2')}</m:e></m:rad>", "√2"),
    (f"<m:rad><m:deg>{r('3')}</m:deg><m:e>{r('x+1')}</m:e></m:rad>", "∛(x+1)"),
    (power(r("e"), r("-") + power(r("x"), r("2"))), "e^(-x²)"),
    (group(r("a"), r("b"), begin="[", end=")"), "[a,b)"),
    (f"<m:func><m:fName>{r('sin')}</m:fName><m:e>{r('x')}</m:e></m:func>", "sin x"),
    (
        f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{r("i=1")}</m:sub><m:sup>{r("n")}</m:sup>'
        f"<m:e>{r('i')}</m:e></m:nary>",
        "∑ᵢ₌₁ⁿ i",
    ),
    (
        group(
            f"<m:m><m:mr><m:e>{r('1')}</m:e><m:e>{r('2')}</m:e></m:mr><m:mr><m:e>{r('3')}</m:e><m:e>{r('4')}</m:e></m:mr></m:m>"
        ),
        "(1, 2; 3, 4)",
    ),
    (f'{r("a")}<w:del xmlns:w="{W}">{r("old")}</w:del>{r("+b")}', "a+b"),
]


@pytest.mark.parametrize(("content", "text"), FORMULAS)
def test_a_formula_says_in_a_line_what_it_shows(content: str, text: str) -> None:
    formula = parse_xml(f'<m:oMath xmlns:m="{M}">{content}</m:oMath>'.encode())
    assert is_formula(formula)
    assert format_formula(formula) == text


def test_formulas_stand_in_the_sentences_of_a_word_document(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The dose is ")
    deleted = f'<w:del xmlns:w="{W}" w:author="Ann">{r("5")}</w:del>'
    paragraph._p.append(parse_word_xml(f'<m:oMath xmlns:m="{M}">{deleted}{fraction(r("x+1"), r("2"))}</m:oMath>'))
    paragraph.add_run(" mg.")
    document.save(str(tmp_path / "a.docx"))
    assert registry.parse(tmp_path / "a.docx", "a.docx").text == "The dose is (x+1)/2 mg.\n[deleted by Ann: 5]"


MATHML = "http://www.w3.org/1998/Math/MathML"
ROWS = [
    ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E=mc²"),
    ("<mfrac><mi>a</mi><mi>b</mi></mfrac><mo>+</mo><msqrt><mn>2</mn></msqrt>", "a/b+√2"),
    ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac>", "(a+b)/2"),
    ("<msub><mi>H</mi><mn>2</mn></msub><mi>O</mi>", "H₂O"),
]


@pytest.mark.parametrize(("content", "text"), ROWS)
@pytest.mark.parametrize("prefix", ["", "math:"])
def test_formulas_are_read_from_the_objects_of_opendocument(
    tmp_path: Path, content: str, text: str, prefix: str
) -> None:
    frame = (
        '<draw:frame><draw:object xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="./Object 1"/>'
        "<svg:desc>formula</svg:desc></draw:frame>"
    )
    path = write_opendocument(tmp_path / "plain", "text", f"<text:p>Use {frame} here.</text:p>")
    declared = f'xmlns{":math" if prefix else ""}="{MATHML}"'
    inner = content.replace("</", "<\0").replace("<", f"<{prefix}").replace(f"<{prefix}\0", f"</{prefix}")
    annotation = f'<{prefix}annotation encoding="StarMath 5.0">E = m c^2</{prefix}annotation>'
    row = f"<{prefix}mrow>{inner}</{prefix}mrow>"
    part = f"<{prefix}math {declared}><{prefix}semantics>{row}{annotation}</{prefix}semantics></{prefix}math>"
    members = {**read_members(path), "Object 1/content.xml": part.encode()}
    document = registry.parse(write_zip(tmp_path / "a", {**members}), "a.odt")
    assert (document.text, document.warnings) == (f"Use {text} here.", ())


def test_a_damaged_object_costs_that_object(tmp_path: Path) -> None:
    xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    frame = f'<draw:frame><draw:object {xlink} xlink:href="./Object 1"/></draw:frame>'
    path = write_opendocument(tmp_path / "plain", "text", f"<text:p>Use {frame}.</text:p>")
    members = {**read_members(path), "Object 1/content.xml": b"<math"}
    document = registry.parse(write_zip(tmp_path / "a", {**members}), "a.odt")
    assert document.text == "Use ."
    assert document.warnings == ("a damaged part is left out: Object 1/content.xml",)
