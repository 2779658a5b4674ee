"""The process of a chat template: render prompts until the parent process is gone."""

import json
from typing import Any

import msgspec

from ingest.runtime.worker_main import Call, Channel, serve_calls
from rag.engines.serving.jinja_template import JinjaTemplate

MEMORY_LIMIT_BYTES = 512 << 20
"""Address space; the process takes 170 MB of it before it renders."""
MAX_ADDED_CHARACTERS = 200_000
"""What a template may add to the texts of its messages. Those in use add a few thousand."""


class TemplateLimitError(Exception):
    """A template was stopped because it takes too much memory or writes too much."""

    def __init__(self, *, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class TemplateOptions(msgspec.Struct, forbid_unknown_fields=True):
    """The options of the worker."""

    source: str


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Compile the template and serve `render` until the parent ends."""
    try:
        template = JinjaTemplate(msgspec.convert(options, TemplateOptions).source)
    except MemoryError as error:
        raise _too_large() from error
    channel.ready()
    serve_calls(channel, lambda call: iter((_render(template, call),)))


def _render(template: JinjaTemplate, call: Call) -> str:
    # Laid out as templates lay tools out, which is their longest form.
    given = json.dumps([call.params["messages"], call.params["tools"]], ensure_ascii=False, indent=4)
    allowed = MAX_ADDED_CHARACTERS + len(given)
    try:
        prompt = template.render(call.params)
    except MemoryError as error:
        raise _too_large() from error
    if len(prompt) > allowed:
        raise TemplateLimitError(detail=f"it adds more than {MAX_ADDED_CHARACTERS:,} characters to the messages")
    return prompt


def _too_large() -> TemplateLimitError:
    return TemplateLimitError(detail=f"it was stopped at {MEMORY_LIMIT_BYTES >> 20} MB of memory")
