"""Compare what two readers say is in a file: the words and rows that one has and the other lacks. Pure."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from ingest.text.invisible import remove_invisible

_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])-\s*\n\s*(?=[^\W\d_])")
_WORD = re.compile(
    r"[\u0e00-\u0e7f\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|\d+(?:[.,:]\d+)*|[^\W\d_]+"
)
"""A word, a number with its separators, or one character of a script without spaces."""
_INK = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader says is in a file: its text, and the rows of its tables with a text for each cell."""

    text: str
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The words and rows of an independent reader that a text has or lacks, and the words that only the text has."""

    words: int
    missing: Counter[str]
    extra: Counter[str]
    cells: int
    missing_rows: tuple[tuple[str, ...], ...]

    @property
    def words_kept(self) -> int:
        """How many of the reader's words the text has."""
        return self.words - self.missing.total()

    @property
    def cells_kept(self) -> int:
        """How many of the reader's cells stand in a line with the other cells of their row."""
        return self.cells - sum(map(_count_cells, self.missing_rows))


def count_words(text: str) -> Counter[str]:
    """Return the words and numbers of a text without regard to case, line breaks and compatibility forms."""
    joined = _BROKEN_WORD.sub("", _fold(text))
    return Counter(_WORD.findall(joined))


def compare(text: str, reading: Reading) -> Comparison:
    """Return what `text` has of an independent reading of the same file."""
    ours, theirs = count_words(text), count_words(reading.text)
    lines = ["".join(_INK.findall(line)) for line in _fold(text).split("\n")]
    rows = [row for row in reading.rows if _count_cells(row)]
    return Comparison(
        words=theirs.total(),
        missing=theirs - ours,
        extra=ours - theirs,
        cells=sum(map(_count_cells, rows)),
        missing_rows=tuple(row for row in rows if not any(_has_row(line, row) for line in lines)),
    )


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", remove_invisible(text)).casefold()


def _count_cells(row: tuple[str, ...]) -> int:
    return sum(bool(_INK.search(cell)) for cell in row)


def _has_row(line: str, row: tuple[str, ...]) -> bool:
    """Whether a line, of which only the word characters are left, has the cells of a row in their order."""
    place = 0
    for cell in row:
        ink = "".join(_INK.findall(_fold(cell)))
        place = line.find(ink, place)
        if place < 0:
            return False
        place += len(ink)
    return True
