"""Errors of evaluation sets."""

from pathlib import Path

from rag.errors import RagError


class EvalSetError(RagError):
    """A file of an evaluation set is missing or invalid. `line` counts from 1; 0 means the whole file."""

    exit_code = 2

    def __init__(self, *, path: Path, line: int, detail: str) -> None:
        self.path = path
        self.line = line
        self.detail = detail
        super().__init__(f"{path}, line {line}: {detail}" if line else f"{path}: {detail}")
