"""The command line: what can be typed. What the commands do is in `api.commands`, imported when one runs."""

from api.cli.program import app, main

__all__ = ["app", "main"]
