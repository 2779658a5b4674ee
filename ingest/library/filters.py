"""Filters of documents as OpenAI's vector stores have them, on attributes of users and on built-in ones.

Besides the attributes that a person gave it, every document has those of `BUILT_IN`. A person's attribute cannot have
one of these names, nor one of `PLACE_KEYS`, so that no name has two meanings.

A comparison never fails on a document, it is true or false:

- `eq` and `in`: the document has the attribute, and it is (one of) this, in type too: `1`, `"1"` and `true` differ.
- `ne` and `nin`: the exact opposite. A document without the attribute matches: OpenAI documents no other reading,
  and so `ne` matches all that `eq` does not.
- `gt`, `gte`, `lt`, `lte`: the document has it with the same type (numbers with numbers, texts with texts by their
  characters, so that dates like 2026-01-31 are in order); else false.
- `glob`, Pincite's own, for paths: a text that fits the pattern, in which `*` is any text, slashes included, `?` any
  character and `[…]` one of some; case counts.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import translate
from typing import Any, cast, get_args

from ingest.types import AttributeValue, Comparison, ComparisonType, Compound, Filter

MAX_ATTRIBUTES = 16
MAX_KEY_CHARS = 64
MAX_TEXT_CHARS = 512
"""These three are OpenAI's limits of attributes."""
MAX_NUMBER = 2**53
"""Beyond it, JSON's readers do not agree on what a whole number is."""

MAX_DEPTH = 8
MAX_COMPARISONS = 100
MAX_VALUES = 1_000
MAX_PATTERN_CHARS = 4_096

BUILT_IN: Mapping[str, type[int] | type[str]] = {
    "file_id": str,
    "filename": str,
    "source": str,
    "title": str,
    "media_type": str,
    "created_at": int,
    "pages": int,
}
"""The attributes that every document has, with their types. `created_at` is in Unix seconds."""

PLACE_KEYS = frozenset(
    {"page", "last_page", "place", "start", "end", "source", "heading_path", "dense_score", "lexical_score"}
)
"""The attributes of a search result that say its place in the document."""


class FilterError(ValueError):
    """A filter or an attribute is wrong at `place`. The message leaves out the value: it may be private."""

    def __init__(self, place: str, rule: str) -> None:
        self.place = place.rstrip(".")
        self.rule = rule
        super().__init__(f"at {self.place}: expected {rule}" if place else f"expected {rule}")


Attributes = Mapping[str, AttributeValue]
Predicate = Callable[[Attributes], bool]

_ORDERS: Mapping[ComparisonType, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_SIGNS: Mapping[str, ComparisonType] = {
    "=": "eq",
    "!=": "ne",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "~": "glob",
}
_EXPRESSION = re.compile(r"\s*([^=!<>~]+?)\s*(!=|>=|<=|=|>|<|~)\s*(.*?)\s*", re.DOTALL)
_ASSIGNMENT = re.compile(r"\s*([^=]+?)\s*=\s*(.*?)\s*", re.DOTALL)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,16})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def matches(filters: Filter, attributes: Attributes) -> bool:
    """Whether a document with these attributes, the built-in ones included, matches the filters."""
    return compile_filters(filters)(attributes)


def compile_filters(filters: Filter) -> Predicate:
    """Return `matches` as a function of the attributes alone, for many documents."""
    if isinstance(filters, Comparison):
        return _compile_comparison(filters)
    predicates = [compile_filters(part) for part in filters.filters]
    combine = all if filters.type == "and" else any
    return lambda attributes: combine(is_match(attributes) for is_match in predicates)


def find_file_ids(filters: Filter) -> frozenset[str] | None:
    """Return the ids of files to which filters limit a search by name; None if they name none."""
    if isinstance(filters, Comparison):
        if filters.key != "file_id" or filters.type not in ("eq", "in"):
            return None
        return frozenset(map(str, filters.value if isinstance(filters.value, tuple) else (filters.value,)))
    named = [ids for part in filters.filters if (ids := find_file_ids(part)) is not None]
    if filters.type == "and":
        return named[0].intersection(*named) if named else None
    return frozenset[str]().union(*named) if len(named) == len(filters.filters) else None


def find_keys(filters: Filter) -> frozenset[str]:
    """Return the names of the attributes that filters compare."""
    if isinstance(filters, Comparison):
        return frozenset({filters.key})
    return frozenset[str]().union(*map(find_keys, filters.filters))


def parse_filters(raw: object) -> Filter:
    """Return the filters of a JSON value; raises `ValueError` that names the place of what is wrong."""
    filters = _parse_filter(raw, at="", depth=1)
    if _count_comparisons(filters) > MAX_COMPARISONS:
        raise ValueError(f"a filter has at most {MAX_COMPARISONS} comparisons")
    return filters


def parse_expressions(texts: Sequence[str]) -> Filter | None:
    """Return filters that all of the expressions must match: `key=value`, and `!=`, `>`, `>=`, `<`, `<=`, `~` (glob).

    None without expressions. A value is parsed as `parse_value` does; for a built-in key it has the key's type, and a
    date stands for its first second (UTC). Raises `ValueError`.
    """
    if len(texts) > MAX_COMPARISONS:
        raise ValueError(f"a filter has at most {MAX_COMPARISONS} comparisons")
    return Compound("and", tuple(map(_parse_expression, texts))) if texts else None


def check_attributes(raw: Mapping[str, object]) -> dict[str, AttributeValue]:
    """Return the attributes if a document may have them; raises `ValueError` otherwise."""
    if len(raw) > MAX_ATTRIBUTES:
        raise ValueError(f"a document has at most {MAX_ATTRIBUTES} attributes")
    return {_check_own_key(key): _check_scalar(value, at=key, max_chars=MAX_TEXT_CHARS) for key, value in raw.items()}


def parse_assignments(texts: Iterable[str]) -> dict[str, AttributeValue]:
    """Return the attributes of texts `key=value`; raises `ValueError`."""
    attributes: dict[str, object] = {}
    for text in texts:
        if (match := _ASSIGNMENT.fullmatch(text)) is None:
            raise ValueError(f"{text!r} is not an attribute; write key=value")
        attributes[match[1]] = parse_value(match[2])
    return check_attributes(attributes)


def parse_value(typed: str) -> AttributeValue:
    """Return a typed value as a number, as true or false, or else as text; in quotes it is always text."""
    if len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "\"'":
        return typed[1:-1]
    if typed in ("true", "false"):
        return typed == "true"
    if _NUMBER.fullmatch(typed):
        return float(typed) if "." in typed else int(typed)
    return typed


def _compile_comparison(comparison: Comparison) -> Predicate:
    key, value = comparison.key, comparison.value
    if comparison.type == "glob":
        pattern = re.compile(translate(str(value)))
        return lambda attributes: isinstance(text := attributes.get(key), str) and bool(pattern.match(text))
    if comparison.type in _ORDERS:
        kind, is_in_order = _kind(cast("AttributeValue", value)), _ORDERS[comparison.type]
        return lambda attributes: (
            (actual := attributes.get(key)) is not None and _kind(actual) is kind and is_in_order(actual, value)
        )
    allowed = {(_kind(item), item) for item in (value if isinstance(value, tuple) else (value,))}
    is_positive = comparison.type in ("eq", "in")

    def is_match(attributes: Attributes) -> bool:
        actual = attributes.get(key)
        return (actual is not None and (_kind(actual), actual) in allowed) == is_positive

    return is_match


def _kind(value: AttributeValue) -> type:
    """Return the type that values must share to be compared; in Python `True == 1`."""
    if isinstance(value, bool):
        return bool
    return str if isinstance(value, str) else float


def _parse_filter(raw: object, *, at: str, depth: int) -> Filter:
    if not isinstance(raw, Mapping):
        raise FilterError(at, "an object with `type`")
    fields = cast("Mapping[object, object]", raw)
    kind = fields.get("type")
    if kind in ("and", "or"):
        _check_fields(fields, ("type", "filters"), at)
        return _parse_compound(kind, fields.get("filters"), at=at, depth=depth)
    if not isinstance(kind, str) or kind not in get_args(ComparisonType):
        raise FilterError(f"{at}type", f"one of and, or, {', '.join(get_args(ComparisonType))}")
    _check_fields(fields, ("type", "key", "value"), at)
    key = fields.get("key")
    if not isinstance(key, str):
        raise FilterError(f"{at}key", "the name of an attribute, as a text")
    return _parse_comparison(kind, _check_key(key, at=f"{at}key"), fields.get("value"), at=f"{at}value")


def _parse_compound(kind: object, raw: object, *, at: str, depth: int) -> Compound:
    place = f"{at}filters"
    parts = _check_list(raw, at=place, limit=MAX_COMPARISONS)
    if not parts:
        raise FilterError(place, "at least one filter")
    if depth == MAX_DEPTH:
        raise FilterError(place, f"no filters inside: {MAX_DEPTH} levels are the most")
    filters = tuple(_parse_filter(part, at=f"{place}.{index}.", depth=depth + 1) for index, part in enumerate(parts))
    return Compound("and" if kind == "and" else "or", filters)


def _parse_comparison(kind: str, key: str, raw: object, *, at: str) -> Comparison:
    value: AttributeValue | tuple[AttributeValue, ...]
    if kind in ("in", "nin"):
        items = _check_list(raw, at=at, limit=MAX_VALUES)
        value = tuple(_check_scalar(item, at=f"{at}.{index}") for index, item in enumerate(items))
    else:
        value = _check_scalar(raw, at=at)
    for item in value if isinstance(value, tuple) else (value,):
        _check_type(kind, key, item, at)
    return Comparison(cast("ComparisonType", kind), key, value)


def _check_type(kind: str, key: str, value: AttributeValue, at: str) -> None:
    """Refuse a value that no document could ever match."""
    expected = _kind(BUILT_IN[key]()) if key in BUILT_IN else None
    if expected is float and _kind(value) is not float:
        raise FilterError(at, "seconds since 1970, as a number" if key == "created_at" else "a number")
    if (kind == "glob" or expected is str) and not isinstance(value, str):
        raise FilterError(at, "a text")
    if kind == "glob" and expected is float:
        raise FilterError(at, f"no pattern: {key} is a number")
    if kind in _ORDERS and isinstance(value, bool):
        raise FilterError(at, "a number or a text: true and false have no order")


def _check_list(raw: object, *, at: str, limit: int) -> list[object]:
    items = cast("list[object]", raw) if isinstance(raw, list) else None
    if items is None or len(items) > limit:
        raise FilterError(at, f"a list of at most {limit:,}")
    return items


def _check_scalar(raw: object, *, at: str, max_chars: int = MAX_PATTERN_CHARS) -> AttributeValue:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        if len(raw) > max_chars or _has_lone_surrogate(raw):
            raise FilterError(at, f"a text of at most {max_chars} whole characters")
        return raw
    if isinstance(raw, int | float):
        if not abs(raw) <= MAX_NUMBER:  # so that NaN is refused too
            raise FilterError(at, f"a number between -{MAX_NUMBER} and {MAX_NUMBER}")
        return raw
    raise FilterError(at, "a text, a number, true or false")


def _check_key(key: str, *, at: str) -> str:
    if not 1 <= len(key) <= MAX_KEY_CHARS or _has_lone_surrogate(key):
        raise FilterError(at, f"the name of an attribute, which has 1 to {MAX_KEY_CHARS} whole characters")
    return key


def _check_own_key(key: str) -> str:
    if _check_key(key, at="") in BUILT_IN or key in PLACE_KEYS:
        raise ValueError(f"{key} is set by Pincite itself; give the attribute another name")
    return key


def _has_lone_surrogate(text: str) -> bool:
    """Whether a text has half of a surrogate pair, which UTF-8 cannot encode."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def _check_fields(fields: Mapping[object, object], allowed: Sequence[str], at: str) -> None:
    if any(field not in allowed for field in fields):
        raise FilterError(at, f"nothing but {', '.join(allowed)}")


def _count_comparisons(filters: Filter) -> int:
    return 1 if isinstance(filters, Comparison) else sum(map(_count_comparisons, filters.filters))


def _parse_expression(text: str) -> Comparison:
    if (match := _EXPRESSION.fullmatch(text)) is None:
        raise ValueError(f"{text!r} is not a filter; write key=value, or use one of != > >= < <= ~ in place of =")
    key, kind, typed = match[1], _SIGNS[match[2]], match[3]
    value = parse_value(typed)
    if not isinstance(value, str) and (kind == "glob" or BUILT_IN.get(key) is str):
        value = typed
    elif key == "created_at" and _DATE.fullmatch(typed):
        value = _first_second(typed)
    try:
        return _parse_comparison(kind, _check_key(key, at=""), value, at="")
    except FilterError as error:
        raise ValueError(f"{text!r} is not a filter: {error}") from error


def _first_second(date: str) -> int:
    try:
        return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise ValueError(f"there is no day {date}") from error
