"""Parse the lengths of OpenDocument files (ODF 1.3, 18.3.18)."""

import re

_LENGTH = re.compile(r"(-?[\d.]+)(cm|mm|in|pt|pc|px)?")
_UNITS_CM = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72, "pc": 2.54 / 6, "px": 2.54 / 96}


def parse_centimetres(length: str | None) -> float | None:
    """Return a length in centimetres; None for one that is missing or relative."""
    match = _LENGTH.fullmatch(length or "")
    return float(match[1]) * _UNITS_CM[match[2] or "cm"] if match else None
