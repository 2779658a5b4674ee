"""Record which fields of the page's types real JSON supplies: decoding alone accepts a missing field with a default."""

from collections import defaultdict
from dataclasses import dataclass, field, fields, is_dataclass
from types import GenericAlias, NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")


@dataclass
class FieldCoverage:
    """The names of the fields that were present, for each dataclass that was decoded."""

    seen: dict[type, set[str]] = field(default_factory=lambda: defaultdict(set))

    def decode(self, value: Any, kind: type[T]) -> T:
        """Return `value` as the page decodes it, and record its fields, nested ones included."""
        decoded = msgspec.convert(value, kind)
        self._visit(value, kind)
        return decoded

    def missing(self, kind: type) -> set[str]:
        """Return the fields of `kind` that no recorded value had."""
        return {member.name for member in fields(kind)} - self.seen[kind]

    def _visit(self, value: Any, kind: Any) -> None:
        owner, arguments = get_origin(kind) or kind, get_args(kind)
        if isinstance(value, list):
            for member in value:
                self._visit(member, arguments[0])
        elif isinstance(owner, type) and is_dataclass(owner):
            self._visit_fields(value, owner, arguments)
        elif isinstance(value, dict):
            (nested,) = set(arguments) - {NoneType}
            self._visit(value, nested)

    def _visit_fields(self, value: dict[str, Any], owner: type, arguments: tuple[Any, ...]) -> None:
        hints = get_type_hints(owner)
        for name in {member.name for member in fields(owner)} & value.keys():
            self.seen[owner].add(name)
            is_generic = isinstance(next(iter(get_args(hints[name])), None), TypeVar)
            self._visit(value[name], GenericAlias(tuple, (*arguments, ...)) if is_generic else hints[name])
