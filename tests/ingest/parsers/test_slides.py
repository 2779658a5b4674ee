"""What the slides of every format share."""

from ingest.parsers.presentations.slides import sort_in_reading_order


def test_shapes_side_by_side_are_read_from_left_to_right_and_rows_from_the_top() -> None:
    places = {"title": (0.5, 4.0), "right": (3.9, 12.0), "left": (4.1, 1.0), "middle": (4.0, 6.0), "below": (5.0, 1.0)}
    assert sort_in_reading_order(sorted(places), places.__getitem__) == ["title", "left", "middle", "right", "below"]


def test_no_shapes_have_no_order() -> None:
    assert sort_in_reading_order([], lambda _: (0.0, 0.0)) == []
