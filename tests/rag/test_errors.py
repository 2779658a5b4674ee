"""Errors that a worker process raises are raised again in the server, from their attributes alone."""

import inspect
from typing import Any

import pytest

from ingest.runtime.worker_main import error_frame
from rag import errors as rag_errors

VALUES: dict[Any, Any] = {str: "a word", int: 7, float: 0.5}
KINDS = [kind for kind in rag_errors.RagError.__subclasses__() if "__init__" in vars(kind)]


def make(kind: type[Exception], **given: Any) -> Exception:
    """Return an error of a kind, with a value of each parameter's type."""
    parameters = list(inspect.signature(kind).parameters.values())
    return kind(**{each.name: VALUES.get(each.annotation) for each in parameters if each.name not in given} | given)


def raised_again(error: Exception) -> Exception:
    facts = error_frame(1, error).facts
    return type(error)(**facts)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_an_error_is_the_same_when_it_is_raised_again(kind: type[Exception]) -> None:
    error = make(kind)
    assert str(raised_again(error)) == str(error)


@pytest.mark.parametrize(("path", "param"), [("$", None), (rag_errors.TOOLS_PATH, rag_errors.TOOLS_PATH)])
def test_a_schema_error_of_a_worker_names_the_tools_if_they_are_at_fault(path: str, param: str | None) -> None:
    error = raised_again(rag_errors.SchemaError(path=path, detail="no text obeys it"))
    assert getattr(error, "param", None) == param
