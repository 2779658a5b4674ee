"""Find the tables that a PDF page rules across only, without lines between the columns, as grids. Pure.

Rules of one extent say where a table begins and ends, and which of its rows are apart; the white space between its
words says where its columns are. A shorter rule inside stands under a cell of the header that is merged to the right,
or beside a cell that is merged downwards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.pdf.grids import Grid, make_grid
from ingest.parsers.pdf.header_spans import find_spans, name_columns
from ingest.parsers.pdf.text_rows import TextRow, find_centred_groups, find_gaps, group_rows
from ingest.text.word_boxes import WordArray

_MAX_THICKNESS = 4.0
_MIN_LENGTH = 8.0
_MIN_TABLE_WIDTH = 60.0
_MAX_RULES = 400
_SAME_EDGE, _SAME_HEIGHT, _TOUCHING = 4.0, 1.5, 2.0
"""Points by which ends, heights and neighbouring pieces of one rule may differ."""
_MIN_ROWS = 3
_MIN_FILLED = 0.6
_MAX_HEADER_ROWS = 4
_MAX_NAME_CHARS = 60
_MAX_CELL_CHARS = 40
"""Characters of a cell on average, if each line is a row of the table."""
_MIN_KEPT_WALLS = 0.5
_MAX_ACROSS = 0.34
_MIN_TABLE_CHARS = 3
_NEAR = 0.6
_OUTSIDE = 2.0
"""Heights of a row between the outermost rule and a row outside of it."""

_LEFT, _TOP, _RIGHT, _BOTTOM = range(4)


class _Rule(NamedTuple):
    x0: float
    x1: float
    y: float


@dataclass(frozen=True, slots=True)
class _Band:
    """The rows of text between two rules of a table, from top to bottom, and the shorter rules among them."""

    top: float
    bottom: float
    rows: tuple[TextRow, ...]
    shorter: tuple[_Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class _Table:
    """Bands, of which the first is the header if `has_header`, and the walls between the columns."""

    bands: tuple[_Band, ...]
    has_header: bool
    walls: tuple[float, ...]

    @property
    def rows(self) -> list[TextRow]:
        return [row for band in self.bands for row in band.rows]

    @property
    def body(self) -> tuple[_Band, ...]:
        return self.bands[self.has_header :]

    @property
    def edges(self) -> tuple[float, ...]:
        """The edges of the columns."""
        return (min(row.x0 for row in self.rows) - 1, *self.walls, max(row.x1 for row in self.rows) + 1)


def find_open_grids(rules: NDArray[np.float32], words: WordArray, closed: Sequence[Grid]) -> list[Grid]:
    """Return the grids of the tables that are ruled across only; rules in one of the `closed` grids belong to it."""
    across = _find_rules(rules, closed)
    if not 2 <= len(across) <= _MAX_RULES:
        return []
    grids: list[Grid] = []
    for group in _group_by_extent(across):
        bands = list(_make_bands(group, across, words))
        start = 0
        while start < len(bands):
            table = _find_table(bands[start:], words)
            grid = _make_grid(table, group[0]) if table else None
            grids += [grid] if grid else []
            start += max(len(table.bands) - 1, 1) if table and grid else 1
    return grids


# Rules


def _find_rules(rules: NDArray[np.float32], closed: Sequence[Grid]) -> list[_Rule]:
    """Return the horizontal rules from top to bottom; the pieces of one, such as the borders of cells, are joined."""
    widths, heights = rules[:, _RIGHT] - rules[:, _LEFT], rules[:, _BOTTOM] - rules[:, _TOP]
    pieces = [
        _Rule(x0, x1, (y0 + y1) / 2)
        for x0, y0, x1, y1 in rules[(widths >= _MIN_LENGTH) & (heights <= _MAX_THICKNESS)].tolist()
        if y1 > 0  # on the page
    ]
    joined: list[_Rule] = []
    for piece in sorted(pieces, key=lambda rule: (round(rule.y / _SAME_HEIGHT), rule.x0)):
        last = joined[-1] if joined else None
        if last and abs(piece.y - last.y) <= _SAME_HEIGHT and last.x0 <= piece.x0 <= last.x1 + _TOUCHING:
            joined[-1] = _Rule(last.x0, max(last.x1, piece.x1), last.y)
        else:
            joined.append(piece)
    return sorted((rule for rule in joined if not any(_is_in(rule, grid) for grid in closed)), key=lambda rule: rule.y)


def _is_in(rule: _Rule, grid: Grid) -> bool:
    is_beside = rule.x1 < grid.xs[0] or rule.x0 > grid.xs[-1]
    return not is_beside and grid.ys[0] - _TOUCHING <= rule.y <= grid.ys[-1] + _TOUCHING


def _group_by_extent(across: Sequence[_Rule]) -> Iterator[list[_Rule]]:
    """Yield the rules that begin and end at the same places, from top to bottom, if they are two or more."""
    rest = [rule for rule in across if rule.x1 - rule.x0 >= _MIN_TABLE_WIDTH]
    while rest:
        first = rest[0]
        group = [rule for rule in rest if _has_extent(rule, first)]
        rest = [rule for rule in rest if not _has_extent(rule, first)]
        if len(group) > 1:
            yield group


def _has_extent(rule: _Rule, other: _Rule) -> bool:
    return abs(rule.x0 - other.x0) <= _SAME_EDGE and abs(rule.x1 - other.x1) <= _SAME_EDGE


def _make_bands(group: Sequence[_Rule], across: Sequence[_Rule], words: WordArray) -> Iterator[_Band]:
    for above, below in pairwise(group):
        if below.y - above.y <= _SAME_HEIGHT:
            continue
        rows = _read_rows(words, above, above.y, below.y)
        inside = (rule for rule in across if above.y < rule.y < below.y and not _has_extent(rule, above))
        shorter = tuple(
            rule
            for rule in inside
            if rule.x0 >= above.x0 - _SAME_EDGE
            and rule.x1 <= above.x1 + _SAME_EDGE
            and not any(row.is_crossed(rule.x0, rule.x1, rule.y) for row in rows)
        )
        yield _Band(above.y, below.y, tuple(rows), shorter)


def _read_rows(words: WordArray, extent: _Rule, top: float, bottom: float) -> list[TextRow]:
    box = words["box"]
    middles = (box[:, _TOP] + box[:, _BOTTOM]) / 2
    is_inside = (middles > top) & (middles < bottom)
    is_inside &= (box[:, _RIGHT] > extent.x0) & (box[:, _LEFT] < extent.x1)
    return group_rows(words[is_inside])


# Tables


def _find_table(bands: Sequence[_Band], words: WordArray) -> _Table | None:
    """Return the table that begins with the first of these bands; None if they begin none.

    Rows above the first rule are its header if they have cells for its columns, else the first band is.
    """
    whole = _grow(bands, has_header=False)
    above = _find_header_outside(whole, words) if whole else None
    if whole and above:
        below = _find_row_below(whole, words)
        table = _check(_make_table([above, *whole.bands, *below], has_header=True))
        return _join_header(table) if table else None
    first = _drop_titles(bands[0])
    with_header = _check(_grow([first, *bands[1:]], has_header=True)) if _can_be_header(first) else None
    return _join_header(with_header) if with_header else _check(whole)


def _grow(bands: Sequence[_Band], *, has_header: bool) -> _Table | None:
    """Return the longest table whose rows share gaps between columns."""
    best: _Table | None = None
    for count in range(1 + has_header, len(bands) + 1):
        if not any(len(row.cells) > 1 for row in bands[count - 1].rows):
            break
        table = _make_table(bands[:count], has_header=has_header)
        if table is None or not _fits(bands[count - 1], table.walls):
            break
        if best and len(table.walls) < _MIN_KEPT_WALLS * len(best.walls):
            break
        best = table
    return best


def _make_table(bands: Sequence[_Band], *, has_header: bool) -> _Table | None:
    gaps = find_gaps([row for band in bands for row in band.rows if not row.is_between_others])
    walls = tuple((left + right) / 2 for left, right in gaps)
    return _Table(tuple(bands), has_header, walls) if walls else None


def _fits(band: _Band, walls: Sequence[float]) -> bool:
    """Return whether a band has rows of a table: few lines reach over its walls, and a row begins with two cells.

    The cells of one row are aligned at their tops or in their middles.
    """
    across = sum(any(len(cell.find_columns(walls)) > 1 for cell in row.cells) for row in band.rows)
    if across > max(1, _MAX_ACROSS * len(band.rows)):
        return False
    first, middle = band.rows[0], (band.rows[0].y0 + band.rows[-1].y1) / 2
    is_aligned = len(first.cells) > 1 or any(
        row.is_between_others or (len(row.cells) > 1 and row.y0 < middle < row.y1) for row in band.rows
    )
    return is_aligned or bool(band.shorter) or _has_row_for_each_line(band, walls)


def _join_header(table: _Table) -> _Table:
    """Return a table whose header has a second row below a rule: names without a label, for columns without a name."""
    first, *rest = table.bands
    if not table.has_header or len(rest) < 2 or len(first.rows) != 1 or len(rest[0].rows) != 1 or first.shorter:
        return table
    above, below = (name_columns(band.rows[0].cells, table.walls) for band in (first, rest[0]))
    if 0 in below or 0 not in above or not below.keys() - above.keys():
        return table
    rule = _Rule(table.edges[min(below)], table.edges[max(below) + 1], first.bottom)
    header = _Band(first.top, rest[0].bottom, (*first.rows, *rest[0].rows), (rule,))
    return replace(table, bands=(header, *rest[1:]))


def _drop_titles(band: _Band) -> _Band:
    """Return a band without the lines at its top that are titles of the table."""
    count = next((number for number, row in enumerate(band.rows) if len(row.cells) > 1 or row.is_between_others), 0)
    if not count or band.rows[count].is_between_others:
        return band
    top = (band.rows[count - 1].y1 + band.rows[count].y0) / 2
    return replace(band, top=top, rows=band.rows[count:])


def _can_be_header(band: _Band) -> bool:
    cells = [cell for row in band.rows for cell in row.cells]
    is_short = all(cell.chars <= _MAX_NAME_CHARS for cell in cells)
    return len(band.rows) <= _MAX_HEADER_ROWS and is_short and any(len(row.cells) > 1 for row in band.rows)


def _find_header_outside(table: _Table, words: WordArray) -> _Band | None:
    """Return the rows above the first rule that name the columns: the last one has a name for two or more."""
    band, height = table.bands[0], max(row.y1 - row.y0 for row in table.bands[0].rows)
    top = band.top - _OUTSIDE * height * _MAX_HEADER_ROWS
    rows = _read_rows(words, _Rule(table.edges[0], table.edges[-1], band.top), top, band.top)
    if not rows or band.top - rows[-1].y1 > _OUTSIDE * height:
        return None
    first = len(rows) - 1
    whole = _make_table([_Band(rows[-1].y0, band.top, (rows[-1],)), *table.bands], has_header=True)
    if whole is None or not _is_row_of(rows[-1], whole):
        return None
    while first > 0 and rows[first - 1].y1 - rows[first].y0 > -_NEAR * height and _goes_on_above(rows, first):
        first -= 1
    header = _Band(rows[first].y0 - 1, band.top, tuple(rows[first:]))
    return header if _can_be_header(header) else None


def _goes_on_above(rows: Sequence[TextRow], first: int) -> bool:
    """Return whether the row above the first one is a part of its header: cells over several of its, or beside them."""
    return rows[first].is_between_others or rows[first - 1].is_between_others or len(rows[first - 1].cells) > 1


def _find_row_below(table: _Table, words: WordArray) -> list[_Band]:
    """Return the row below the last rule of a table that has a rule between any two rows; none if there is none."""
    band, height = table.bands[-1], max(row.y1 - row.y0 for row in table.bands[-1].rows)
    extent = _Rule(table.edges[0], table.edges[-1], band.bottom)
    rows = _read_rows(words, extent, band.bottom, band.bottom + _OUTSIDE * height)
    if not rows or not _is_row_of(rows[0], table):
        return []
    return [_Band(band.bottom, rows[0].y1 + 1, (rows[0],))]


def _is_row_of(row: TextRow, table: _Table) -> bool:
    """Return whether a row has short cells for two columns of a table or more, each in one column."""
    columns = [column for cell in row.cells for column in cell.find_columns(table.walls)]
    is_short = all(cell.chars <= _MAX_NAME_CHARS for cell in row.cells)
    return is_short and len(row.cells) > 1 and len(set(columns)) == len(columns) == len(row.cells)


def _check(table: _Table | None) -> _Table | None:
    """Return a table if it is one: rows enough, and cells that are no columns of prose."""
    if table is None:
        return None
    by_lines = [band for band in table.body if _has_row_for_each_line(band, table.walls)]
    rows = table.has_header + sum(len(band.rows) if band in by_lines else 1 for band in table.body)
    if rows < _MIN_ROWS or (not table.has_header and (len(table.bands) < 2 or (len(table.walls) == 1 and by_lines))):
        return None
    if sum(cell.chars for row in table.rows for cell in row.cells) < _MIN_TABLE_CHARS * sum(
        len(r.cells) for r in table.rows
    ):
        return None  # a drawing
    cells = [cell for band in by_lines for row in band.rows for cell in row.cells]
    return table if sum(cell.chars for cell in cells) <= _MAX_CELL_CHARS * len(cells) else None


# Rows


def _has_row_for_each_line(band: _Band, walls: Sequence[float]) -> bool:
    """Return whether the lines of a band are rows of the table; else they are those of wrapped cells in one row."""
    if band.shorter:
        return False
    needed = max(2, _MIN_FILLED * (len(walls) + 1))
    rows = [row for row in band.rows if not row.is_between_others]
    filled = sum(len({c for cell in row.cells for c in cell.find_columns(walls)}) >= needed for row in rows)
    return filled > max(1, _MIN_FILLED * len(rows))


def _split_body(band: _Band, table: _Table) -> list[_Rule]:
    """Return the rules that divide a band of the body into rows, those drawn and those that its lines imply."""
    if not _has_row_for_each_line(band, table.walls):
        return list(band.shorter)
    rules: list[_Rule] = []
    merged = [row for row in band.rows if row.is_between_others]
    lines = [row for row in band.rows if not row.is_between_others]
    groups = _find_groups(lines, table) if not merged else []
    for number, (above, below) in enumerate(pairwise(lines)):
        columns = {column for cell in below.cells for column in cell.find_columns(table.walls)}
        is_wrapped = len(columns) == 1 and 0 not in columns
        y = (above.y1 + below.y0) / 2
        spans = [] if is_wrapped else list(pairwise(table.edges))
        if any(group.start <= number < group.stop - 1 for group in groups):
            spans = spans[1:]
        rules += [_Rule(x0, x1, y) for x0, x1 in spans if not any(row.is_crossed(x0, x1, y) for row in merged)]
    return rules


def _find_groups(rows: Sequence[TextRow], table: _Table) -> list[range]:
    """Return the rows of each label in the first column, if every label stands beside the middle one of its rows.

    A single label counts if rules divide the groups.
    """
    labels = [number for number, row in enumerate(rows) if 0 in row.cells[0].find_columns(table.walls)]
    groups = find_centred_groups(labels, len(rows))
    return groups if len(groups) > 1 or len(table.body) > 1 else []


def _split_header(band: _Band, table: _Table) -> list[_Rule]:
    """Return the rules that divide a header into rows: under a cell over several columns that have names below it."""
    if band.shorter:
        return list(band.shorter)
    rules: list[_Rule] = []
    for above, below in pairwise(row for row in band.rows if not row.is_between_others):
        under = name_columns(below.cells, table.walls)
        if len(above.cells) < len(under) and len(below.cells) > 1:
            y = (above.y1 + below.y0) / 2
            over = {column for span in find_spans(above, table.walls, under) for column in span}
            rules += [_Rule(table.edges[n], table.edges[n + 1], y) for n in sorted(over & under.keys())]
    return rules


# Grids


def _make_grid(table: _Table, extent: _Rule) -> Grid | None:
    """Return the grid with a wall in each gap, except where a cell reaches over it."""
    outer = (min(extent.x0, table.edges[0]), max(extent.x1, table.edges[-1]))
    inner = [
        _reach(rule, outer, (max(extent.x0, table.edges[0]), min(extent.x1, table.edges[-1])))
        for number, band in enumerate(table.bands)
        for rule in (_split_header if table.has_header and number == 0 else _split_body)(band, table)
    ]
    full = [table.bands[0].top, *(band.bottom for band in table.bands)]
    across = [*(_Rule(*outer, y) for y in full), *inner]
    levels = sorted({rule.y for rule in across})
    down = [_Rule(levels[0], levels[-1], x) for x in outer]
    for top, bottom in pairwise(levels):
        open_walls = _find_open_walls(table, top, bottom)
        down += [_Rule(top, bottom, wall) for wall in table.walls if wall not in open_walls]
    grid = make_grid(
        np.array([(rule.x0, rule.y, rule.x1, rule.y) for rule in across], np.float32),
        np.array([(rule.y, rule.x0, rule.y, rule.x1) for rule in down], np.float32),
    )
    if grid is None:
        return None
    names = sum(y < table.bands[0].bottom - _SAME_HEIGHT for y in levels) if table.has_header else 0
    return replace(grid, header_rows=names)


def _reach(rule: _Rule, outer: tuple[float, float], inner: tuple[float, float]) -> _Rule:
    """Return a shorter rule, up to the edges of the table if it reaches those of the text or of the other rules."""
    x0 = outer[0] if rule.x0 <= inner[0] + _SAME_EDGE else rule.x0
    return _Rule(x0, outer[1] if rule.x1 >= inner[1] - _SAME_EDGE else rule.x1, rule.y)


def _find_open_walls(table: _Table, top: float, bottom: float) -> set[float]:
    """Return the walls that cells reach over in the rows between two heights."""
    rows = [row for row in table.rows if top < (row.y0 + row.y1) / 2 < bottom]
    walls = {wall for row in rows for cell in row.cells for wall in table.walls if cell.x0 + 1 < wall < cell.x1 - 1}
    header = table.bands[0]
    if not table.has_header or bottom > header.bottom - _SAME_HEIGHT:
        return walls
    below = [row for row in header.rows if (row.y0 + row.y1) / 2 > bottom and not row.is_between_others]
    under = name_columns([cell for row in below for cell in row.cells], table.walls)
    spans = [span for row in rows if not row.is_between_others for span in find_spans(row, table.walls, under)]
    return walls | {table.walls[column] for span in spans for column in span[:-1]}
