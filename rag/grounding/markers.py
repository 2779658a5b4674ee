"""How an answer names passages: [1], [2, 5], [1-3]. One grammar for prompts, answers and documents. Pure."""

import re

MARKER = re.compile(r"\[\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*\]")
UNFINISHED_MARKER = re.compile(r"\[[\s\d,;–-]{0,32}$")

_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
MAX_RANGE = 20
"""A longer range is no citation: nobody reads twenty passages to check a sentence."""


def parse_numbers(marker: str) -> list[int]:
    """Return the numbers inside a marker in order, ranges written out, each once."""
    found: list[int] = []
    for part in re.split(r"[,;]", marker):
        if (spanned := _RANGE.fullmatch(part.strip())) is None:
            found.extend(int(number) for number in re.findall(r"\d+", part))
        else:
            first, last = int(spanned.group(1)), int(spanned.group(2))
            found.extend(range(first, last + 1) if first <= last < first + MAX_RANGE else (first, last))
    return list(dict.fromkeys(found))
