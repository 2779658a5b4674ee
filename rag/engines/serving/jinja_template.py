"""The Jinja environment of chat templates: a sandbox with the helpers that model makers use.

Templates come with models and are untrusted code. The sandbox keeps them from the interpreter, not from taking for
ever: `template_process` bounds that.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE_ERRORS = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What a template can raise: its own refusal, and the errors of its author."""


class TemplateRefusedError(Exception):
    """A template cannot be compiled, or it refuses its messages."""

    def __init__(self, *, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class JinjaTemplate:
    """A compiled chat template. Raises `TemplateRefusedError` if its syntax is wrong."""

    def __init__(self, source: str, *, now: Callable[[], datetime] = datetime.now) -> None:
        try:
            self._template = _create_environment(now).from_string(source)
        except TEMPLATE_ERRORS as error:
            raise TemplateRefusedError(detail=f"the template has an error: {error}") from error

    def render(self, variables: Mapping[str, Any]) -> str:
        """Return the prompt; raise `TemplateRefusedError` with the reason if the template refuses `variables`."""
        try:
            return self._template.render(variables)
        except TEMPLATE_ERRORS as error:
            raise TemplateRefusedError(detail=str(error)) from error


class _GenerationBlock(Extension):
    """`{% generation %}` marks the text of a training run; here its body is plain text."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _create_environment(now: Callable[[], datetime]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _GenerationBlock]
    )

    def strftime_now(date_format: str) -> str:
        return now().strftime(date_format)

    helpers: dict[str, Any] = {"raise_exception": _refuse, "strftime_now": strftime_now}
    environment.globals.update(helpers)
    environment.filters["tojson"] = _to_json
    return environment


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, indent: int | None = None, ensure_ascii: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)
