"""Inputs that came out wrong once, with the right value, if a folder of them is beside the checkout."""

import json
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared"
FOLDER = SHARED / "cases"
SAMPLES = Path(__file__).parents[1] / "data" / "samples"


@dataclass(frozen=True, slots=True)
class Case:
    """Files, a chat about them if there is one, and what the stored text and the last answer must and must not have.

    `refuses` says that the answer is not in the files.
    """

    id: str
    files: tuple[Path, ...]
    turns: tuple[str, ...]
    contains: tuple[str, ...]
    not_contains: tuple[str, ...]
    refuses: bool
    text_contains: tuple[str, ...]
    text_not_contains: tuple[str, ...]


def load_cases() -> list[Case]:
    """Return the cases whose files are there; none if there is no folder of cases."""
    path = FOLDER / "cases.jsonl"
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    cases = [
        Case(
            id=row["id"],
            files=tuple(file for name in row["files"] for file in _find_files(name)),
            turns=tuple(row["turns"]),
            contains=tuple(row["contains"]),
            not_contains=tuple(row["not_contains"]),
            refuses=row["refuses"],
            text_contains=tuple(row.get("text_contains", [])),
            text_not_contains=tuple(row.get("text_not_contains", [])),
        )
        for row in rows
    ]
    return [case for case in cases if all(file.exists() for file in case.files)]


def _find_files(name: str) -> list[Path]:
    """Return the files of a name; `SAMPLES` are those of the repository, `DOCS/…` is another folder."""
    if name == "SAMPLES":
        return sorted(SAMPLES.iterdir())
    return [SHARED / "docs" / name.removeprefix("DOCS/") if name.startswith("DOCS/") else FOLDER / "files" / name]
