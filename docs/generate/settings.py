"""The reference of the settings, from the fields of the settings classes."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from api.settings import ApiSettings
from docs.generate.markdown import bullets, code, codes, first_sentence, join_blocks, paragraph
from ingest.settings import IngestSettings, PinciteSettings
from rag.settings import RagSettings
from ui.settings import UiSettings

INTRODUCTION = (
    "Flags of a command come first, then these environment variables, then `pincite.toml` in the home folder (the same "
    "names without `PINCITE_`, in lower case). An empty variable counts as unset; a key of `pincite.toml` that is no "
    "setting is an error that names it. A setting without a default is off, or is chosen as its text says."
)
PAGE_NOTE = (
    "`pincite ui` reads `PINCITE_API_URL` too, so that the chat page can use an API on another machine. The page has "
    "no key: if the API asks for one, whoever opens the page signs in."
)
COMPUTED_DEFAULTS = {
    "home": "`data/` of the checkout, else the user's data folder",
    "parser_workers": "the number of cores, at most 4",
}
"""What the defaults are that depend on the machine."""


def render() -> str:
    """Return the page."""
    return join_blocks("Settings", [paragraph(INTRODUCTION), *_blocks(), paragraph(PAGE_NOTE)])


def find_settings() -> dict[str, FieldInfo]:
    """Return every setting by the name of its variable."""
    return {
        _variable(name): field
        for part in (PinciteSettings, IngestSettings, RagSettings, ApiSettings, UiSettings)
        for name, field in part.model_fields.items()
    }


def _blocks() -> Iterator[str]:
    yield bullets(_describe(name, field) for name, field in PinciteSettings.model_fields.items())
    for part, title in ((IngestSettings, "Documents"), (RagSettings, "Answers and models"), (ApiSettings, "Serving")):
        yield f"## {title}"
        yield paragraph(first_sentence(part.__doc__))
        own = {name: field for name, field in part.model_fields.items() if name not in PinciteSettings.model_fields}
        yield bullets(_describe(name, field) for name, field in own.items())


def _variable(name: str) -> str:
    return f"PINCITE_{name.upper()}"


def _describe(name: str, field: FieldInfo) -> str:
    facts = [*_default_of(name, field), *_choices_of(field), *_bounds_of(field.metadata)]
    shown = f" ({'; '.join(facts)})" if facts else ""
    return f"{code(_variable(name))}{shown}: {field.description}"


def _default_of(name: str, field: FieldInfo) -> Iterator[str]:
    if field.default_factory is not None:
        yield f"default: {COMPUTED_DEFAULTS[name]}"
    elif isinstance(field.default, bool):
        yield f"default {code(str(field.default).lower())}"
    elif field.default is not None and field.default != ():
        yield f"default {code(str(field.default))}"


def _choices_of(field: FieldInfo) -> Iterator[str]:
    choices = _literal_values(field.annotation)
    if choices:
        yield f"one of {codes(choices)}"


def _literal_values(annotation: object) -> list[str]:
    """Return the values of a `Literal`, or of a union of several; none of any other type."""
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    if get_origin(annotation) in (Union, UnionType):
        return [value for member in get_args(annotation) for value in _literal_values(member)]
    return []


def _bounds_of(metadata: Sequence[object]) -> Iterator[str]:
    for bound in metadata:
        match bound:
            case annotated_types.Ge(ge=value):
                yield f"at least {value}"
            case annotated_types.Gt(gt=value):
                yield f"more than {value}"
            case annotated_types.Le(le=value):
                yield f"at most {value}"
            case annotated_types.Lt(lt=value):
                yield f"less than {value}"
            case _:
                pass
