"""The index of the decisions, from the titles of their files."""

import re
from pathlib import Path

from docs.generate.markdown import bullets, join_blocks, paragraph

DECISIONS = Path(__file__).parent.parent / "development" / "decisions"
INTRODUCTION = (
    "A record says what was known, what was decided, what was rejected and the number that rejected it. A reversal is "
    "a new record that links the old one. Newest first."
)


def render() -> str:
    """Return the page."""
    records = sorted(DECISIONS.glob("20*.md"), key=_order, reverse=True)
    return join_blocks(
        "Decisions",
        [paragraph(INTRODUCTION), bullets(f"{path.name[:10]} [{_title(path)}]({path.name})" for path in records)],
    )


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")


def _order(path: Path) -> tuple[str, int, str]:
    """Order by date, then by the number that records of the first list have, then by name."""
    number = re.match(r"Record (\d+):", _title(path))
    return path.name[:10], int(number[1]) if number else 0, path.name
