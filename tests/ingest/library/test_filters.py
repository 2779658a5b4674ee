"""Filters say true or false of every document; what is no filter is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.library.filters import (
    BUILT_IN,
    FilterError,
    check_attributes,
    compile_filters,
    find_file_ids,
    matches,
    parse_assignments,
    parse_expressions,
    parse_filters,
)
from ingest.types import AttributeValue, Comparison, Compound, Filter
from tests.ingest.filter_world import KEYS, attribute_sets, filter_trees, values


def as_json(filters: Filter) -> dict[str, Any]:
    """Return a filter as a client sends it."""
    if isinstance(filters, Compound):
        return {"type": filters.type, "filters": [as_json(part) for part in filters.filters]}
    value = list(filters.value) if isinstance(filters.value, tuple) else filters.value
    return {"type": filters.type, "key": filters.key, "value": value}


def is_same(one: AttributeValue, other: AttributeValue) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


@given(known=attribute_sets, key=st.sampled_from(KEYS), value=values)
def test_eq_wants_the_same_value_of_the_same_type(
    known: dict[str, AttributeValue], key: str, value: AttributeValue
) -> None:
    assert matches(Comparison("eq", key, value), known) == (key in known and is_same(known[key], value))


@given(known=attribute_sets, key=st.sampled_from(KEYS), some=st.lists(values, max_size=4))
def test_in_is_any_eq_and_the_negations_find_all_the_others(
    known: dict[str, AttributeValue], key: str, some: list[AttributeValue]
) -> None:
    is_in = matches(Comparison("in", key, tuple(some)), known)
    assert is_in == any(matches(Comparison("eq", key, value), known) for value in some)
    assert matches(Comparison("nin", key, tuple(some)), known) == (not is_in)
    for value in some:
        assert matches(Comparison("ne", key, value), known) != matches(Comparison("eq", key, value), known)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("gt", 5, [6, 5.5]),
        ("gte", 5, [5, 6, 5.5]),
        ("lt", 5.5, [5, 4]),
        ("lte", 5.5, [5, 4, 5.5]),
        ("gt", "5", ["6", "a"]),
        ("lte", "2026-01-31", ["2026-01-31", "2025-12-31", "10"]),
    ],
)
def test_an_order_is_one_among_values_of_a_type(kind: Any, value: AttributeValue, expected: list[object]) -> None:
    every: list[AttributeValue] = [4, 5, 5.5, 6, True, "6", "a", "2026-01-31", "2025-12-31", "10"]
    same_kind = [each for each in every if isinstance(each, str) == isinstance(value, str)]
    found = [each for each in every if matches(Comparison(kind, "k", value), {"k": each})]
    assert set(expected) <= set(found) <= set(same_kind)
    assert True not in [each for each in found if isinstance(each, bool)]
    assert not matches(Comparison(kind, "k", value), {})


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*/contracts/*", ["/a/contracts/x.pdf", "/a/b/contracts/c/x.md"]),
        ("/a/*.pdf", ["/a/contracts/x.pdf"]),
        ("/A/*", []),
        ("/a/contracts/?.pdf", ["/a/contracts/x.pdf"]),
        ("contracts", []),
        ("*.[mp]d*", ["/a/contracts/x.pdf", "/a/b/contracts/c/x.md"]),
    ],
)
def test_a_glob_is_a_pattern_of_the_whole_path(pattern: str, expected: list[str]) -> None:
    paths = ["/a/contracts/x.pdf", "/a/b/contracts/c/x.md", "/a/plans/contracts.txt"]
    assert [path for path in paths if matches(Comparison("glob", "source", pattern), {"source": path})] == expected
    assert not matches(Comparison("glob", "source", "*"), {"source": 5})


def test_a_glob_made_to_be_slow_is_not() -> None:
    assert not matches(Comparison("glob", "source", "*a" * 2_000 + "b"), {"source": "a" * 4_000})


@given(known=attribute_sets, parts=st.lists(filter_trees, min_size=1, max_size=4))
def test_and_is_all_of_its_filters_and_or_is_any(known: dict[str, AttributeValue], parts: list[Filter]) -> None:
    each = [matches(part, known) for part in parts]
    assert matches(Compound("and", tuple(parts)), known) == all(each)
    assert matches(Compound("or", tuple(parts)), known) == any(each)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Comparison("eq", "file_id", "a"), {"a"}),
        (Comparison("in", "file_id", ("a", "b")), {"a", "b"}),
        (Comparison("ne", "file_id", "a"), None),
        (Comparison("eq", "title", "a"), None),
        (Compound("and", (Comparison("in", "file_id", ("a", "b")), Comparison("eq", "year", 1))), {"a", "b"}),
        (Compound("and", (Comparison("in", "file_id", ("a", "b")), Comparison("eq", "file_id", "b"))), {"b"}),
        (Compound("or", (Comparison("eq", "file_id", "a"), Comparison("eq", "file_id", "b"))), {"a", "b"}),
        (Compound("or", (Comparison("eq", "file_id", "a"), Comparison("eq", "year", 1))), None),
    ],
)
def test_files_that_filters_name_need_no_look_at_others(filters: Filter, expected: set[str] | None) -> None:
    assert find_file_ids(filters) == expected


@given(filters=filter_trees, known=attribute_sets, file_id=st.sampled_from(["a", "b"]))
def test_a_document_that_filters_do_not_name_does_not_match(
    filters: Filter, known: dict[str, AttributeValue], file_id: str
) -> None:
    limited = Compound("and", (Comparison("eq", "file_id", "a"), filters))
    named = find_file_ids(limited)
    assert named is not None
    assert file_id in named or not matches(limited, {**known, "file_id": file_id})


@given(filters=filter_trees)
def test_what_a_client_sends_is_the_filter_that_is_read(filters: Filter) -> None:
    assert parse_filters(as_json(filters)) == filters


def nested(levels: int) -> dict[str, Any]:
    """Return a filter of so many levels."""
    eq: dict[str, Any] = {"type": "eq", "key": "a", "value": 1}
    return eq if levels == 1 else {"type": "and", "filters": [nested(levels - 1)]}


WRONG: list[tuple[Any, str]] = [
    (None, ""),
    ([], ""),
    ({}, "type"),
    ({"type": "like", "key": "a", "value": 1}, "type"),
    ({"type": ["eq"], "key": "a", "value": 1}, "type"),
    ({"type": "eq", "value": 1}, "key"),
    ({"type": "eq", "key": 5, "value": 1}, "key"),
    ({"type": "eq", "key": "", "value": 1}, "key"),
    ({"type": "eq", "key": "k" * 65, "value": 1}, "key"),
    ({"type": "eq", "key": "\ud800", "value": 1}, "key"),
    ({"type": "eq", "key": "a"}, "value"),
    ({"type": "eq", "key": "a", "value": [1]}, "value"),
    ({"type": "eq", "key": "a", "value": float("inf")}, "value"),
    ({"type": "eq", "key": "a", "value": 2**60}, "value"),
    ({"type": "eq", "key": "a", "value": "x" * 5_000}, "value"),
    ({"type": "in", "key": "a", "value": "b"}, "value"),
    ({"type": "in", "key": "a", "value": [1, [2]]}, "value.1"),
    ({"type": "in", "key": "a", "value": [1] * 1_001}, "value"),
    ({"type": "gt", "key": "a", "value": True}, "value"),
    ({"type": "glob", "key": "a", "value": 5}, "value"),
    ({"type": "gt", "key": "created_at", "value": "2026-01-01"}, "value"),
    ({"type": "glob", "key": "pages", "value": "1*"}, "value"),
    ({"type": "eq", "key": "source", "value": 5}, "value"),
    ({"type": "and", "filters": []}, "filters"),
    ({"type": "and", "filters": {}}, "filters"),
    ({"type": "and", "filters": [nested(1)] * 101}, "filters"),
    ({"type": "or", "filters": [nested(1), {"type": "and", "filters": [{}]}]}, "filters.1.filters.0.type"),
    (nested(9), ".".join(["filters.0"] * 7 + ["filters"])),
]


@pytest.mark.parametrize(
    ("raw", "place"),
    WRONG,
    ids=lambda value: str(value)[:40].encode("ascii", "replace").decode(),
)
def test_a_filter_that_cannot_be_is_refused_at_its_place(raw: object, place: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filters(raw)
    assert refused.value.place == place


@pytest.mark.parametrize("raw", [{**nested(1), "more": 1}, {**nested(2), "key": "a"}])
def test_what_a_filter_does_not_have_is_refused(raw: object) -> None:
    with pytest.raises(FilterError, match="expected nothing but"):
        parse_filters(raw)


def test_as_many_levels_and_comparisons_as_there_may_be_are_read() -> None:
    assert compile_filters(parse_filters(nested(8)))({"a": 1})
    hundred = {"type": "or", "filters": [{"type": "and", "filters": [nested(1)] * 50}] * 2}
    assert matches(parse_filters(hundred), {"a": 1})
    with pytest.raises(ValueError, match="at most 100 comparisons"):
        parse_filters({"type": "or", "filters": [hundred, nested(1)]})


@pytest.mark.parametrize(
    "raw",
    [
        {str(number): 1 for number in range(17)},
        {"k" * 65: 1},
        {"": 1},
        {"a": "x" * 513},
        {"a": None},
        {"a": [1]},
        {"a": {"b": 1}},
        {"a": float("nan")},
        {"a": 10**400},
        {"a": "\udfff"},
        *({name: "x"} for name in BUILT_IN),
        {"page": 3},
        {"dense_score": 1},
    ],
    ids=lambda raw: str(raw)[:30].encode("ascii", "replace").decode(),
)
def test_attributes_that_a_document_cannot_have_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"attribute|expected"):
        check_attributes(raw)


def test_attributes_within_the_limits_are_taken_as_they_are() -> None:
    most: dict[str, AttributeValue] = {f"{number:064}": "x" * 512 for number in range(12)}
    most |= {"a": True, "b": -1.5, "c": 2**53, "d": ""}
    assert check_attributes(most) == most


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("team=blue", Comparison("eq", "team", "blue")),
        (" team = blue ", Comparison("eq", "team", "blue")),
        ("year!=2026", Comparison("ne", "year", 2026)),
        ("year>=1.5", Comparison("gte", "year", 1.5)),
        ("year<=-3", Comparison("lte", "year", -3)),
        ('year="2026"', Comparison("eq", "year", "2026")),
        ("part=007", Comparison("eq", "part", "007")),
        ("draft=true", Comparison("eq", "draft", True)),
        ("note=a=b~c", Comparison("eq", "note", "a=b~c")),
        ("note=", Comparison("eq", "note", "")),
        ("date>2026-01-01", Comparison("gt", "date", "2026-01-01")),
        ("filename=2026", Comparison("eq", "filename", "2026")),
        ("filename='true'", Comparison("eq", "filename", "true")),
        ("source~*/contracts/*", Comparison("glob", "source", "*/contracts/*")),
        ("year~20", Comparison("glob", "year", "20")),
        ("pages<10", Comparison("lt", "pages", 10)),
        ("created_at>=2026-01-01", Comparison("gte", "created_at", 1767225600)),
        ("created_at<1767225600", Comparison("lt", "created_at", 1767225600)),
    ],
)
def test_what_is_typed_is_read_as_a_filter(typed: str, expected: Comparison) -> None:
    assert parse_expressions([typed]) == Compound("and", (expected,))


def test_filters_that_are_typed_must_all_hold() -> None:
    both = Compound("and", (Comparison("eq", "a", 1), Comparison("lt", "b", 2)))
    assert parse_expressions(["a=1", "b<2"]) == both
    assert parse_expressions([]) is None


@pytest.mark.parametrize(
    "typed", ["", "team", "=x", "draft>true", "created_at>soon", "created_at=2026-02-30", "pages~1"]
)
def test_what_is_typed_and_is_no_filter_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"filter|expected|no day"):
        parse_expressions([typed])


def test_attributes_are_typed_like_values_of_filters() -> None:
    typed = ["team=blue", "year=2026", "draft=false", "part='12'", "formula=a=b"]
    expected = {"team": "blue", "year": 2026, "draft": False, "part": "12", "formula": "a=b"}
    assert parse_assignments(typed) == expected
    for wrong in ("team", "=x", "source=x"):
        with pytest.raises(ValueError, match="attribute"):
            parse_assignments([wrong])
