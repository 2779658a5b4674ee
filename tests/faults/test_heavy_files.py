"""Files that cost a careless reader much: small ones of every kind here, full ones by `tests.faults.parser_costs`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.parsers.web.visible_nodes import check_nesting
from tests.faults.heavy_files import KINDS
from tests.faults.parser_costs import MOST_MB, measure_small_costs

SMALL_CPU_SECONDS = 5.0
"""Ten times what the most expensive of them takes."""


@pytest.mark.slow
def test_every_kind_of_heavy_file_is_read_or_refused_at_a_bearable_cost(
    tmp_path: Path, covered: Callable[[str], None]
) -> None:
    costs = list(measure_small_costs(tmp_path))
    assert [cost.kind for cost in costs] == list(KINDS)
    too_much = [str(cost) for cost in costs if cost.cpu_seconds > SMALL_CPU_SECONDS or cost.peak_mb > MOST_MB]
    assert too_much == []
    assert [str(cost) for cost in costs if "a fault of Pincite's" in cost.outcome] == []
    covered(f"heavy files: {len(costs)} kinds, {sum(cost.cpu_seconds for cost in costs):.0f} s of processor time")


def test_elements_nested_too_deeply_are_refused_before_a_tree_is_built() -> None:
    with pytest.raises(RecursionError, match="nested"):
        check_nesting("<div>" * 30_000)


@pytest.mark.parametrize(
    "page",
    [
        "<p>text" * 30_000,
        "<table>" + "<tr><td>a<td>b" * 15_000,
        "<div>text</div>" * 30_000,
        f"<script>{'if (a<b) ' * 30_000}</script>",
        "<!--" + "<div>" * 30_000,
        "text < text " * 30_000,
    ],
)
def test_long_pages_that_are_not_deep_are_read(page: str) -> None:
    check_nesting(page)
