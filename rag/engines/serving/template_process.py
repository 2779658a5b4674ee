"""A chat template in a process of its own, with a bound on its time, its memory and its output.

The sandbox of Jinja has none: nested loops take for ever, and text that is doubled fills the memory of the machine.
In the process of the model nothing but its end would stop them, and every other answer would end with it.
"""

from collections.abc import Mapping
from typing import Any

from ingest.errors import WorkerCrashedError, WorkerError, WorkerTimeoutError
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.supervisor import Worker
from rag.engines.serving.chat_template import FALLBACK_STOP, FALLBACK_TEMPLATE, ChatTemplate, SpecialTokens
from rag.engines.serving.jinja_template import TemplateRefusedError
from rag.engines.serving.template_worker import MEMORY_LIMIT_BYTES, TemplateLimitError
from rag.errors import ChatTemplateError

RENDER_SECONDS = 5.0
"""The longest templates in use render a full window in milliseconds; these count only while the process can run."""
START_SECONDS = 60.0


class TemplateProcess:
    """A `Template` that runs in a process of its own.

    A template that takes more than `RENDER_SECONDS` is stopped; the next call starts a fresh process.
    """

    def __init__(self, model: str, source: str) -> None:
        self._model = model
        self._worker = Worker(
            WorkerSpec(
                name=f"chat template of {model}",
                target="rag.engines.serving.template_worker:main",
                options={"source": source},
                errors=(TemplateRefusedError, TemplateLimitError),
                memory_limit_bytes=MEMORY_LIMIT_BYTES,
                start_timeout_seconds=START_SECONDS,
            )
        )

    def compile(self) -> None:
        """Start the process; raise `ChatTemplateError` if the template has an error."""
        try:
            self._worker.start()
        except TemplateRefusedError as error:
            raise ChatTemplateError(model=self._model, detail=error.detail) from error
        except (TemplateLimitError, WorkerError) as error:
            raise self._stopped(error) from error

    def render(self, variables: Mapping[str, Any]) -> str:
        """Return the prompt; see `Template`."""
        try:
            return self._worker.call("render", dict(variables), str, timeout_seconds=RENDER_SECONDS)
        except (TemplateLimitError, WorkerError) as error:
            raise self._stopped(error) from error

    def close(self) -> None:
        """End the process."""
        self._worker.close()

    def _stopped(self, error: Exception) -> ChatTemplateError:
        match error:
            case WorkerTimeoutError():
                detail = f"it was stopped after {error.timeout_seconds:.0f} seconds"
            case WorkerCrashedError():
                detail = f"its process ended ({error.how})"
            case _:
                detail = str(error)
        return ChatTemplateError(model=self._model, detail=detail)


def start_chat_template(model: str, source: str | None, tokens: SpecialTokens) -> ChatTemplate:
    """Return the chat template of a model, compiled in its process; `FALLBACK_TEMPLATE` if it has none.

    Raises `ChatTemplateError` if the template has an error.
    """
    template = TemplateProcess(model, source or FALLBACK_TEMPLATE)
    template.compile()
    return ChatTemplate(model, template, tokens, stop_strings=() if source else FALLBACK_STOP)
