"""Glyphs to text: the promises for every page, malformed ones included."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.pdf.hyphenation import collect_vocabulary
from ingest.parsers.pdf.layout import dehyphenate, lay_out
from ingest.parsers.pdf.pdfium import LINE_END_HYPHEN, Glyphs

SIGNS = st.sampled_from([*map(ord, "ab Z-9.\n\r\t"), 0, LINE_END_HYPHEN, 0xA0, 0xAD, 0x6C34, 0xD83D, 0xDE00, 0xFFFD])

Edges = tuple[float, float, float, float]


@st.composite
def pages(draw: st.DrawFn) -> Glyphs:
    """A page whose glyphs stand anywhere, some of them outside of it."""
    codes = draw(st.lists(SIGNS, max_size=60))
    boxes: list[Edges] = []
    for _ in codes:
        x, y = draw(st.integers(-30, 250)), draw(st.integers(-30, 250))
        boxes.append((x, y, x + draw(st.integers(0, 9)), y + draw(st.integers(0, 12))))
    return make_glyphs(codes, boxes, is_reversed=draw(st.booleans()))


def make_glyphs(codes: list[int], boxes: list[Edges], *, is_reversed: bool = False) -> Glyphs:
    count = len(codes)
    return Glyphs(
        width=200.0,
        height=200.0,
        codes=np.array(codes, np.uint32),
        boxes=np.array(boxes, np.float32).reshape(count, 4),
        sizes=np.full(count, 10.0, np.float32),
        is_reversed=np.full(count, is_reversed),
    )


def written(text: str) -> Glyphs:
    """Glyphs of 6 by 10 points, lines 12 points apart."""
    places: list[Edges] = []
    x = y = 10.0
    for sign in text:
        places.append((x, y, x + 6, y + 10))
        x, y = (10.0, y + 12) if sign in ("\n", chr(LINE_END_HYPHEN)) else (x + 6, y)
    return make_glyphs(list(map(ord, text)), places)


@given(glyphs=pages())
def test_words_are_where_they_say_they_are(glyphs: Glyphs) -> None:
    layout = lay_out(glyphs)
    layout = dehyphenate(layout, collect_vocabulary([layout.text], chr(LINE_END_HYPHEN)))
    rows = layout.words.tolist()
    assert all(start < end and not layout.text[start:end].isspace() for start, end, _, _ in rows)
    assert all(" " not in layout.text[start:end] and "\n" not in layout.text[start:end] for start, end, _, _ in rows)
    assert all(before[1] <= after[0] for before, after in pairwise(rows))
    covered = "".join(layout.text[start:end] for start, end, _, _ in rows)
    assert covered == "".join(layout.text.replace("\xa0", "").split())


def test_a_hyphen_that_was_a_word_of_its_own_leaves_no_word_behind() -> None:
    nowhere = [(0.0, 0.0, 0.0, 0.0)] * 3
    layout = lay_out(make_glyphs([ord("水"), LINE_END_HYPHEN, ord("a")], nowhere))
    joined = dehyphenate(layout, collect_vocabulary([layout.text], chr(LINE_END_HYPHEN)))
    assert [joined.text[start:end] for start, end, _, _ in joined.words.tolist()] == ["水", "a"]


@given(glyphs=pages())
def test_no_control_character_and_no_half_of_a_pair_survives(glyphs: Glyphs) -> None:
    layout = lay_out(glyphs)
    text = dehyphenate(layout, frozenset()).text
    assert all(sign >= " " or sign == "\n" for sign in text)
    assert text == text.strip("\n ")
    text.encode("utf-8")  # would raise over half of a pair


def test_halves_of_a_pair_become_one_character() -> None:
    layout = lay_out(make_glyphs([0xD83D, 0xDE00], [(10, 10, 20, 20), (10, 10, 20, 20)]))
    assert layout.text == "\N{GRINNING FACE}"
    assert layout.words.tolist()[0][:2] == (0, 1)


def test_what_stands_outside_the_page_is_left_out() -> None:
    layout = lay_out(make_glyphs([ord("a"), ord("b")], [(10, 10, 16, 20), (300, 10, 306, 20)]))
    assert layout.text == "a"


def test_a_soft_hyphen_inside_a_line_goes() -> None:
    assert lay_out(written("mid\u00addle")).text == "middle"


def test_zero_width_characters_go_but_joiners_of_scripts_that_need_them_stay() -> None:
    assert lay_out(written("ware\u200bhouse to\u2060day Werk\u200czeug क्\u200dष")).text == (
        "warehouse today Werkzeug क्\u200dष"
    )


def test_words_written_without_spaces_have_a_box_for_each_sign() -> None:
    layout = lay_out(written("水位 is"))
    assert [layout.text[start:end] for start, end, _, _ in layout.words.tolist()] == ["水", "位", "is"]


def test_a_word_that_is_written_with_its_hyphen_elsewhere_keeps_it() -> None:
    layout = lay_out(written(f"self-locking\nself{chr(LINE_END_HYPHEN)}locking"))
    assert (
        dehyphenate(layout, collect_vocabulary([layout.text], chr(LINE_END_HYPHEN))).text
        == "self-locking\nself-locking"
    )


def test_every_break_of_a_word_broken_twice_is_joined() -> None:
    hyphen = chr(LINE_END_HYPHEN)
    layout = dehyphenate(lay_out(written(f"over{hyphen}head{hyphen}ing")), frozenset())
    assert layout.text == "overheading"
    assert [row[:3] for row in layout.words.tolist()] == [(0, 4, 0), (4, 8, 1), (8, 11, 2)]
