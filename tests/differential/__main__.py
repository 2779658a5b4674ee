"""What Pincite reads in files beside what independent readers do: `python -m tests.differential PATH… [options]`.

    python -m tests.differential ../shared/docs                      # the share of the words and cells, by format
    python -m tests.differential ../shared/docs --baseline TREE      # beside an older build, a checkout
    python -m tests.differential FOLDER --write --differences        # of files that other libraries and programs write
    python -m tests.differential FILE --differences                  # the words and rows that only one has

Readers that are not installed are named and left out. Files that Pincite refuses are left out.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.differential.comparison import Comparison, compare
from tests.differential.readers import READERS, Reader, find_readers, name_missing_readers
from tests.differential.writers import convert_all, write_all

logger = logging.getLogger(__name__)

TREE = Path(__file__).parent.parent.parent
MOST_WORDS_SHOWN = 40
MOST_ROWS_SHOWN = 12

Build = str


@dataclass(frozen=True, slots=True)
class Result:
    """What one build has of what one independent reader reads in a file."""

    build: Build
    path: Path
    reader: Reader
    comparison: Comparison


def main(arguments: list[str] | None = None) -> int:
    """Print the shares as a table, or the differences file by file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, help="files, and folders of files")
    parser.add_argument("--write", action="store_true", help="write files of one content into the first folder before")
    parser.add_argument("--baseline", type=Path, help="checkout of an older build, whose shares stand beside")
    parser.add_argument("--differences", action="store_true", help="list the words and rows that differ")
    options = parser.parse_args(arguments)
    if options.write:
        options.paths[0].mkdir(parents=True, exist_ok=True)
        convert_all(write_all(options.paths[0]))
    suffixes = {suffix for reader in READERS for suffix in reader.suffixes}
    paths = [path.resolve() for path in find_files(options.paths) if path.suffix.lower() in suffixes]
    builds = {"this build": TREE, **({"baseline": options.baseline} if options.baseline else {})}
    texts = {build: _read_texts(tree, paths) for build, tree in builds.items()}
    results = list(_compare_all(paths, texts))
    if options.differences:
        sys.stdout.writelines(f"{line}\n" for result in results for line in describe_differences(result))
    else:
        sys.stdout.writelines(f"{line}\n" for line in format_shares(results, list(builds)))
    missing = name_missing_readers()
    if missing:
        sys.stderr.write(f"not installed, left out: {', '.join(missing)}\n")
    return 0


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files, and those in the folders, in order."""
    for path in paths:
        yield from sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def describe_differences(result: Result) -> Iterator[str]:
    """Yield lines for people: what the independent reader has and we lack, and the other way round."""
    comparison = result.comparison
    yield f"{result.path.name}: {result.reader.name}, {comparison.words_kept} of {comparison.words} words"
    for title, words in (("missing", comparison.missing), ("only here", comparison.extra)):
        if words:
            shown = " ".join(f"{word}*{count}" if count > 1 else word for word, count in _pick(words))
            yield f"    {title} ({words.total()}): {shown}"
    for row in comparison.missing_rows[:MOST_ROWS_SHOWN]:
        yield f"    row: {' | '.join(' '.join(cell.split()) for cell in row)}"


def format_shares(results: Sequence[Result], builds: Sequence[Build]) -> Iterator[str]:
    """Yield a table in Markdown: the share of words and cells by format and reader, a column for each build."""
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        groups[result.path.suffix.lower(), result.reader.name].append(result)
    columns = [f"{unit}, {build}" for unit in ("words", "cells") for build in builds]
    yield f"| format | reader | files | {' | '.join(columns)} |"
    yield f"| --- | --- | ---: |{' ---: |' * len(columns)}"
    for (suffix, reader), group in sorted(groups.items()):
        of = {build: [result.comparison for result in group if result.build == build] for build in builds}
        words = [_format_share((c.words_kept, c.words) for c in of[build]) for build in builds]
        cells = [_format_share((c.cells_kept, c.cells) for c in of[build]) for build in builds]
        yield f"| {suffix} | {reader} | {len(of[builds[0]])} | {' | '.join([*words, *cells])} |"


def _read_texts(tree: Path, paths: Sequence[Path]) -> dict[Path, str]:
    """Return the texts that the build in `tree` stores; refused files have none."""
    script = str(Path(__file__).with_name("stored_texts.py"))
    # With -P, the script's own folder does not come before the build's.
    command = [sys.executable, "-P", script, *map(str, paths)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, check=True)
    texts: dict[str, str | None] = json.loads(done.stdout)
    return {Path(name): text for name, text in texts.items() if text is not None}


def _compare_all(paths: Sequence[Path], texts: dict[Build, dict[Path, str]]) -> Iterator[Result]:
    for path in paths:
        if not any(path in of_build for of_build in texts.values()):
            continue
        for reader in find_readers(path):
            try:
                reading = reader.read(path)
            except Exception:  # libraries of others, on files that are damaged on purpose: the rest is compared
                logger.warning("%s cannot read %s", reader.name, path.name, exc_info=True)
                continue
            for build, of_build in texts.items():
                yield Result(build, path, reader, compare(of_build.get(path, ""), reading))


def _pick(words: Counter[str]) -> list[tuple[str, int]]:
    """Return numbers first: a number that is missing is worse than a word."""
    numbers_first = sorted(words.items(), key=lambda item: (not item[0][0].isdigit(), item[0]))
    return numbers_first[:MOST_WORDS_SHOWN]


def _format_share(counts: Iterable[tuple[int, int]]) -> str:
    kept, total = (sum(numbers) for numbers in zip(*counts, strict=True)) if (counts := list(counts)) else (0, 0)
    return f"{kept / total:.3f}" if total else ""


if __name__ == "__main__":
    sys.exit(main())
