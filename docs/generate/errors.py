"""The reference of the errors, from the table of HTTP answers and the exception classes."""

import ast
import inspect
from collections.abc import Iterator
from http import HTTPStatus
from itertools import starmap
from types import ModuleType

from api import errors as api_errors
from docs.generate.markdown import bullets, code, first_sentence, join_blocks, paragraph
from ingest import errors as ingest_errors
from rag import errors as rag_errors

HTTP_INTRODUCTION = (
    'A failure has OpenAI\'s shape: `{"error": {"message", "type", "param", "code"}}`. A 429 and a 503 '
    "carry `Retry-After`. After the first byte of a stream a failure is an `error` event, and no `[DONE]` follows."
)
STATUS_INTRODUCTION = "Failures that have only an HTTP status have these codes:"
MESSAGE_INTRODUCTION = (
    "Every failure that Pincite foresees, with its message; names in braces stand for facts of the case. "
    "`pincite` writes the message to stderr and exits with 1, or with 2 for misuse."
)
PARTS = (("Documents and the library", ingest_errors), ("Models and answers", rag_errors), ("HTTP", api_errors))


def render() -> str:
    """Return the page."""
    return join_blocks("Errors", [*_http_blocks(), *_message_blocks()])


def _http_blocks() -> Iterator[str]:
    yield "## HTTP answers"
    yield paragraph(HTTP_INTRODUCTION)
    ordered = sorted(api_errors.ERROR_KINDS.items(), key=lambda item: (item[1].status, item[1].code, item[0].__name__))
    yield bullets([*starmap(_describe_kind, ordered), _describe_kind(Exception, api_errors.UNEXPECTED)])
    yield paragraph(STATUS_INTRODUCTION)
    yield bullets(f"{_phrase(status)}: {code(name)}" for status, name in sorted(api_errors.HTTP_CODES.items()))


def _describe_kind(error: type[Exception], kind: api_errors.ErrorKind) -> str:
    about = "Anything unforeseen; the server's log has the details." if error is Exception else _about(error)
    return f"{_phrase(kind.status)}, {code(kind.code)} ({code(kind.type)}): {about}"


def _phrase(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _about(error: type[Exception]) -> str:
    return (
        first_sentence(error.__doc__)
        if error.__module__.split(".")[0] in {"ingest", "rag", "api"}
        else ("A field of the request has a value that it cannot have.")
    )


def _message_blocks() -> Iterator[str]:
    yield "## Messages"
    yield paragraph(MESSAGE_INTRODUCTION)
    for title, module in PARTS:
        yield f"### {title}"
        yield bullets(_describe_messages(module))


def _describe_messages(module: ModuleType) -> Iterator[str]:
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef) or not node.name.endswith("Error"):
            continue
        template = _message_of(node)
        if template:
            yield f"{code(node.name)}: {first_sentence(ast.get_docstring(node))} “{template}”"


def _message_of(error: ast.ClassDef) -> str:
    """Return the message that the constructor hands to its base; empty if it has none of its own."""
    for node in ast.walk(error):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"), args=args):
                return "".join(_template(argument) for argument in args[-1:])
            case _:
                pass
    return ""


def _template(node: ast.expr) -> str:
    """Return an expression as people read it: text as it is, everything else by its name in braces."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_template(part) for part in parts)
        case ast.FormattedValue(value=value):
            return _template(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _template(left) + _template(right)
        case ast.IfExp(body=body):
            return _template(body)
        case _:
            return f"{{{_last_name(node)}}}"


def _last_name(node: ast.expr) -> str:
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name) and part.id not in {"self", "len", "str"}]
    return names[-1].lower() if names else "…"
