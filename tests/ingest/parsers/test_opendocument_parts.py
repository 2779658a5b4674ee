"""OpenDocument texts: deletions between paragraphs, styles of headers, damaged parts."""

from pathlib import Path

import pytest

from ingest.parsers import registry
from tests.office_files import read_members, write_opendocument, write_zip

STRUCK = '<style:text-properties style:text-line-through-style="solid"/>'


def region(paragraphs: str, comment: str = "") -> str:
    return (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><office:change-info><dc:creator>Ann'
        f"</dc:creator>{comment}</office:change-info>{paragraphs}</text:deletion></text:changed-region>"
        "</text:tracked-changes>"
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            region("<text:p>Old.</text:p>")
            + '<text:p>A.</text:p><text:change text:change-id="c1"/><text:p>B.</text:p>',
            "A.\n\n[deleted by Ann: Old.]\n\nB.",
        ),
        (
            region("<text:p>one</text:p><text:p>two</text:p>")
            + '<text:p>A <text:change text:change-id="c1"/>B.</text:p>',
            "A B. [deleted by Ann: one two]",
        ),
        (
            region("<text:p>old</text:p>", "<text:p>why not</text:p>")
            + '<text:p>A <text:change text:change-id="c1"/>B.</text:p>',
            "A B. [deleted by Ann: old]",
        ),
        ('<text:p>A <text:change text:change-id="c9"/>B.</text:p>', "A B."),
        ("<text:p>X\u2011ray K\u00fcndigungs\u00adfrist</text:p>", "X-ray K\u00fcndigungsfrist"),
    ],
)
def test_tracked_deletions_stand_where_they_were(tmp_path: Path, body: str, text: str) -> None:
    assert registry.parse(write_opendocument(tmp_path / "a", "text", body), "a.odt").text == text


def test_a_header_has_the_styles_of_its_own_part(tmp_path: Path) -> None:
    struck = f'<style:style style:name="P1" style:family="paragraph">{STRUCK}</style:style>'
    master = (
        '<style:master-page><style:header><text:p text:style-name="P1">Kiln</text:p></style:header></style:master-page>'
    )
    body = '<text:p text:style-name="P1">old</text:p>'
    path = write_opendocument(tmp_path / "a", "text", body, lists=struck, master=master)
    assert registry.parse(path, "a.odt").text == "Kiln\n\n[struck out: old]"


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text", "<text:p>The fee is 5.</text:p><text:p>The rent", "The fee is 5.\n\nThe rent"),
        (
            "spreadsheet",
            '<table:table table:name="S"><table:table-row><table:table-cell><text:p>Fee</text:p></table:table-cell>'
            "<table:table-cell><text:p>5</text:p></table:table-cell></table:table-row><table:table-row><table:tab",
            "S\n\nFee | 5",
        ),
        ("presentation", "<draw:page><draw:frame><draw:text-box><text:p>Fee: 5</text:p></draw:te", "Fee: 5"),
    ],
)
def test_text_that_is_cut_short_is_read_with_a_warning(tmp_path: Path, kind: str, body: str, text: str) -> None:
    members = read_members(write_opendocument(tmp_path / "whole", kind, "<text:p>@</text:p>"))
    cut = members["content.xml"].split(b"<text:p>@")[0] + body.encode()
    document = registry.parse(write_zip(tmp_path / "a", {**members, "content.xml": cut}), "a")
    assert document.text == text
    assert document.warnings == ("the part with the text is damaged: some of it is missing",)


@pytest.mark.parametrize("part", ["styles.xml", "meta.xml"])
def test_a_damaged_part_costs_that_part(tmp_path: Path, part: str) -> None:
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text><text:p>The fee is 5.'
        "</text:p></office:text></office:body></office:document-content>"
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": content,
        part: "<cut",
    }
    document = registry.parse(write_zip(tmp_path / "a", members), "a.odt")
    assert (document.text, document.warnings) == ("The fee is 5.", (f"a damaged part is left out: {part}",))
