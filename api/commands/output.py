"""Terminal output: results on stdout, messages on stderr, no control characters from documents."""

import json
import logging
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.http.request_context import current_request_id

STATUS_STYLES = {
    "done": "green",
    "ok": "green",
    "supported": "green",
    "warning": "yellow",
    "partly": "yellow",
    "queued": "cyan",
    "reading": "cyan",
    "paused": "yellow",
    "cancelled": "yellow",
    "failed": "red",
    "unsupported": "red",
}


class CommandError(Exception):
    """A command cannot do what was asked; `exit_code` is 1 for a failure and 2 for misuse."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        self.exit_code = exit_code
        super().__init__(message)


PIPED_WIDTH = 1_000
"""Columns without a terminal: a program that reads lines needs them unbroken."""


def results() -> Console:
    """Return the console that results go to."""
    return Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def messages() -> Console:
    """Return the console that messages and progress bars go to."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def write_json(value: Any) -> None:
    """Write `value` to stdout as JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_json_line(value: Any) -> None:
    """Write `value` to stdout as one line of JSON and flush it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def strip_control_chars(text: str) -> str:
    """Return `text` without control characters, which could change the state of the terminal."""
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char)[0] != "C")


def style_status(status: str) -> Text:
    """Return a status in its colour."""
    return Text(status, style=STATUS_STYLES.get(status, ""))


def table(*columns: str) -> Table:
    """Return an empty table; the first column, which names the row, is never wrapped."""
    result = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        result.add_column(column, overflow="fold", no_wrap=number == 0)
    return result


def add_row(to: Table, cells: Sequence[object]) -> None:
    """Add a row; texts are shown as they are, never as markup."""
    to.add_row(*(cell if isinstance(cell, Text) else Text(strip_control_chars(str(cell))) for cell in cells))


def confirm(warning: str, *, verb: str) -> None:
    """Ask on the terminal before something is done; without a terminal `--yes` is needed. Raises `CommandError`."""
    if not sys.stdin.isatty():
        raise CommandError(f"add --yes to {verb} without a terminal", exit_code=2)
    messages().print(warning)
    messages().print("Continue? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was changed")


class PlainFormatter(logging.Formatter):
    """Log lines for people: an exception's own words, its traceback only at the level `debug`.

    A line about a request ends with the request's id.
    """

    def __init__(self, *, has_tracebacks: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")
        self._has_tracebacks = has_tracebacks

    def formatMessage(self, record: logging.LogRecord) -> str:
        request_id = current_request_id()
        return f"{super().formatMessage(record)} [{request_id}]" if request_id else super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return super().formatException(ei) if self._has_tracebacks else f"  {ei[0].__name__}: {ei[1]}"


def configure_logging(level: str, *, has_tracebacks: bool | None = None) -> None:
    """Send the log to stderr."""
    shows = level == "debug" if has_tracebacks is None else has_tracebacks
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter(has_tracebacks=shows))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("httpx").setLevel("WARNING")
