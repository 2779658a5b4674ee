"""The program `pincite`: its commands, and how errors are reported."""

import logging
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Annotated

import typer

from api.cli import (
    ask,
    bench,
    collections,
    conversations,
    doctor,
    documents,
    evaluate,
    ingest,
    jobs,
    keys,
    maintenance,
    mcp,
    models,
    serve,
)

app = typer.Typer(
    name="pincite",
    help="Chat with your own documents, offline: every sentence pinned to the place it came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    serve,
    doctor,
    bench,
    evaluate,
    ingest,
    jobs,
    ask,
    conversations,
    documents,
    collections,
    models,
    keys,
    mcp,
    maintenance,
):
    app.add_typer(group.app)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        print(f"pincite {metadata.version('pincite')}")
        raise typer.Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 for a failure, 2 for misuse, 130 for Ctrl-C."""
    try:
        app(args=None if argv is None else list(argv), prog_name="pincite")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 (any error is reported in words, not as a traceback)
        return _report_error(error)
    return 0


def _report_error(error: Exception) -> int:
    """Report an error without a traceback; return the exit status."""
    from ingest.errors import IngestError
    from rag.errors import RagError

    if hasattr(error, "exit_code") or isinstance(error, IngestError | RagError):
        print(f"pincite: {error}", file=sys.stderr)
    elif isinstance(error, OSError):
        print(f"pincite: {error.filename or 'the system'}: {error.strerror}", file=sys.stderr)
    else:
        logging.getLogger(__name__).debug("unexpected", exc_info=error)
        print(f"pincite: unexpected {type(error).__name__}: {error}", file=sys.stderr)
        print("PINCITE_LOG_LEVEL=debug shows the traceback", file=sys.stderr)
    return int(getattr(error, "exit_code", 1))
