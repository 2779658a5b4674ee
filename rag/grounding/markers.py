"""The grammar of citation markers: [1], [2, 5], [1-3]. The same for prompts, answers and documents. Pure."""

import re

MARKER = re.compile(r"\[\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*\]")
UNFINISHED_MARKER = re.compile(r"\[[\s\d,;–-]{0,32}$")

_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
MAX_RANGE = 20
"""A longer range is no citation: nobody reads twenty passages to verify a sentence."""


def split_unfinished(text: str) -> tuple[str, str]:
    """Return a text that is being written without its end, if that can become a part of a marker, and this end."""
    unfinished = UNFINISHED_MARKER.search(text)
    cut = unfinished.start() if unfinished else len(text)
    return text[:cut], text[cut:]


def parse_numbers(marker: str) -> list[int]:
    """Return the passage numbers of a marker in order, without repetition; ranges are expanded."""
    numbers: list[int] = []
    for part in re.split(r"[,;]", marker):
        if (number_range := _RANGE.fullmatch(part.strip())) is None:
            numbers.extend(int(number) for number in re.findall(r"\d+", part))
        else:
            first, last = int(number_range.group(1)), int(number_range.group(2))
            numbers.extend(range(first, last + 1) if first <= last < first + MAX_RANGE else (first, last))
    return list(dict.fromkeys(numbers))
