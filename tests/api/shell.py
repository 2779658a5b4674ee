"""Runs commands as a user would, and reads what they print."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from rag.engines.types import Message
from rag.errors import EngineCrashedError
from tests.api.world import OneModel

DOCUMENT_KEYS = {"id", "collection", "source", "status", "reason", "pages", "chunks", "sha256"}


class Shell:
    """Runs commands in a home of their own, with a scripted model."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.models = OneModel()
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return the exit status, stdout and stderr of a command."""
        self._capsys.readouterr()
        code = main(arguments)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Return what a command prints with `--json`."""
        got, out, err = self.run(*arguments, "--json")
        assert got == code, err
        return json.loads(out)


def type_lines(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have a user type these lines."""
    left = iter(lines)

    def typed(_: object = "") -> str:
        return next(left)

    monkeypatch.setattr("builtins.input", typed)


def crash_first(messages: Sequence[Message]) -> list[str | Exception]:
    """A script that fails at a question with the word `first`, and answers others."""
    if "first" in messages[-1].content:
        return [EngineCrashedError(model="scripted", how="signal SIGKILL")]
    return ["Every 3 months."]
