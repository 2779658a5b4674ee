"""Find the files to ingest among paths and below folders, with ignore patterns as Git has them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

IGNORE_FILE = ".pinciteignore"


def find_files(paths: Sequence[Path], ignored: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the files among `paths` and below the folders among them, each once, sorted within its folder.

    Hidden files and folders below a folder are skipped, and what `ignored` patterns or those in the folder's
    `.pinciteignore` match, written as for Git (a path that is given itself is not). A folder that links back to
    one above it is walked once. A folder that cannot be opened is yielded itself, after the files, so that the
    caller can report it.
    """
    seen: set[str] = set()
    for path in paths:
        for file in _below(path, _rules(path, ignored)) if path.is_dir() else [path]:
            resolved = os.path.realpath(file)  # unlike Path.resolve, it survives a link to itself
            if resolved not in seen:
                seen.add(resolved)
                yield file


def _rules(folder: Path, ignored: Sequence[str]) -> GitIgnoreSpec:
    own = folder / IGNORE_FILE
    lines = own.read_text(encoding="utf-8").splitlines() if own.is_file() else []
    return GitIgnoreSpec.from_lines([*lines, *ignored])


def _below(folder: Path, rules: GitIgnoreSpec) -> Iterator[Path]:
    walked: set[Path] = set()
    unreadable: list[str] = []
    for parent, folders, files in os.walk(
        folder, followlinks=True, onerror=lambda error: unreadable.append(error.filename)
    ):
        resolved = Path(parent).resolve()
        if resolved in walked:
            folders.clear()
            continue
        walked.add(resolved)
        here = Path(parent).relative_to(folder).as_posix()
        folders[:] = sorted(name for name in folders if _is_included(rules, f"{here}/{name}/"))
        yield from (Path(parent) / name for name in sorted(files) if _is_included(rules, f"{here}/{name}"))
    yield from map(Path, unreadable)


def _is_included(rules: GitIgnoreSpec, path: str) -> bool:
    name = path.rstrip("/").rpartition("/")[2]
    return not name.startswith(".") and not rules.match_file(path.removeprefix("./"))
