"""The items of OpenDocument lists have the numbers that a reader sees."""

from pathlib import Path

import pytest

from ingest.parsers import registry
from tests.office_files import write_opendocument


def level(number: int, number_format: str, *, start: int = 1, suffix: str = ".", prefix: str = "") -> str:
    return (
        f'<text:list-level-style-number text:level="{number}" style:num-format="{number_format}" '
        f'style:num-suffix="{suffix}" style:num-prefix="{prefix}" text:start-value="{start}"/>'
    )


def style(*levels: str) -> str:
    return f'<text:list-style style:name="L">{"".join(levels)}</text:list-style>'


def item(text: str, attributes: str = "", inner: str = "") -> str:
    return f"<text:list-item {attributes}><text:p>{text}</text:p>{inner}</text:list-item>"


def items(*texts: str, attributes: str = "") -> str:
    return f'<text:list text:style-name="L" {attributes}>{"".join(map(item, texts))}</text:list>'


LIST = '<text:list text:style-name="L">{}</text:list>'
NESTED = '<text:list text:style-name="L"><text:list-item>{}</text:list-item>{}</text:list>'
SEVENTH = 'text:start-value="7"'
XML_ID = 'xml:id="first"'


@pytest.mark.parametrize(
    ("levels", "body", "text"),
    [
        (level(1, "1"), items("a", "b"), "1. a\n2. b"),
        (level(1, "A", start=3), items("a", "b"), "C. a\nD. b"),
        (level(1, "a", suffix=")"), items("a"), "a) a"),
        (level(1, "i", prefix="(", suffix=")"), items("a", "b"), "(i) a\n(ii) b"),
        (level(1, "I"), items("a"), "I. a"),
        (level(1, ""), items("a"), "- a"),
        (level(2, "1"), items("a"), "- a"),
        (
            level(1, "A", start=3),
            LIST.format(item("a") + item("b", SEVENTH) + item("c")),
            "C. a\nG. b\nH. c",
        ),
        (
            level(1, "1") + level(2, "a"),
            LIST.format(item("a", inner=items("x", "y")) + item("b")),
            "1. a\n  a. x\n  b. y\n2. b",
        ),
        (level(1, "1"), items("a") + "<text:p>-</text:p>" + items("b"), "1. a\n\n-\n\n1. b"),
        (
            level(1, "1"),
            items("a") + "<text:p>-</text:p>" + items("b", attributes='text:continue-numbering="true"'),
            "1. a\n\n-\n\n2. b",
        ),
        (
            level(1, "1"),
            items("a", attributes=XML_ID) + "<text:p>-</text:p>" + items("b", attributes='text:continue-list="first"'),
            "1. a\n\n-\n\n2. b",
        ),
        (level(1, "1") + level(2, "a"), NESTED.format(items("x"), item("b")), "  a. x\n1. b"),
    ],
)
def test_items_have_the_numbers_of_their_list(tmp_path: Path, levels: str, body: str, text: str) -> None:
    path = write_opendocument(tmp_path / "a", "text", body, lists=style(levels))
    assert registry.parse(path, "a.odt").text == text


def test_a_list_on_a_slide_goes_on_below_another(tmp_path: Path) -> None:
    boxes = f"<draw:frame><draw:text-box>{items('a', 'b')}{items('c')}</draw:text-box></draw:frame>"
    path = write_opendocument(
        tmp_path / "a", "presentation", f"<draw:page>{boxes}</draw:page>", lists=style(level(1, "1"))
    )
    assert registry.parse(path, "a.odp").text == "1. a\n2. b\n\n3. c"
