"""The command line: arguments and options. `api.commands` has what commands do; it is imported when one runs."""

from api.cli.program import app, main

__all__ = ["app", "main"]
