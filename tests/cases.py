"""Inputs that came out wrong once, with the right value, if a folder of them is beside the checkout."""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "shared" / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """Files, a question about them if there is one, and what the stored text and the answer must and must not have."""

    id: str
    files: tuple[Path, ...]
    turns: tuple[str, ...]
    contains: tuple[str, ...]
    not_contains: tuple[str, ...]
    text_contains: tuple[str, ...]
    text_not_contains: tuple[str, ...]
    refuses: bool = False


def load_cases() -> list[Case]:
    """Return the cases whose files are all in their own folder; none if there is no such folder."""
    path = FOLDER / "cases.jsonl"
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Case(
            id=row["id"],
            files=tuple(FOLDER / "files" / name for name in row["files"]),
            turns=tuple(row["turns"]),
            contains=tuple(row["contains"]),
            not_contains=tuple(row["not_contains"]),
            text_contains=tuple(row.get("text_contains", [])),
            text_not_contains=tuple(row.get("text_not_contains", [])),
            refuses=row["refuses"],
        )
        for row in rows
        if all((FOLDER / "files" / name).exists() for name in row["files"])
    ]
