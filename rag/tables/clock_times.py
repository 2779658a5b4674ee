"""Times of day as cells and questions state them: 17:05, 17.05 Uhr, 18 h 30, 5 pm. Pure."""

import re

_HOUR_MINUTES = 60
_NOON = 12 * _HOUR_MINUTES
_CLOCK = re.compile(
    r"""
    (?<![\d.,:/-])(?P<hour>[01]?\d|2[0-4])
    (?:
      (?::(?P<minute>[0-5]\d)(?::[0-5]\d)?|\s?h\s?(?P<french>[0-5]\d)|\.(?P<dotted>[0-5]\d)(?=\s?(?:Uhr|uur|[ap]\.?m)))
      (?:\s?(?:Uhr|uur|hrs|h|(?P<half>[ap])\.?m\b\.?))?
      | \s?(?:Uhr(?:\s(?P<german>[0-5]\d))?|uur|(?P<hours>h|heures?)|o['’]clock|(?P<mark>[ap])\.?m\b\.?)
    )
    (?![\w:]|[.,]\d)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_RANGE = re.compile(r"\s*(?:-|–|—|to|until|bis|à|a|al|alle|até|às|tot)\s*", re.IGNORECASE)


def parse_clock_times(text: str) -> tuple[int, int] | None:
    """Return the first and the last minute of the day that a text states, equal for one time; None if it is not that.

    24 h is a duration.
    """
    matches = list(_CLOCK.finditer(text))
    if not matches or len(matches) > 2 or text[: matches[0].start()].strip() or text[matches[-1].end() :].strip(" ."):
        return None
    if any(match["hours"] for match in matches):
        return None
    if len(matches) == 2 and not _RANGE.fullmatch(text[matches[0].end() : matches[1].start()]):
        return None
    return _read_minutes(matches[0]), _read_minutes(matches[-1])


def find_clock_times(text: str) -> list[tuple[int, int, int]]:
    """Return start, end and minute of the day of each time in a text, in order."""
    return [(match.start(), match.end(), _read_minutes(match)) for match in _CLOCK.finditer(text)]


def _read_minutes(match: re.Match[str]) -> int:
    minute = next(filter(None, match.group("minute", "french", "dotted", "german")), "0")
    minutes = int(match["hour"]) * _HOUR_MINUTES + int(minute)
    half = (match["half"] or match["mark"] or "").lower()
    if half == "p" and minutes < _NOON:
        return minutes + _NOON
    return minutes - _NOON if half == "a" and minutes >= _NOON else minutes
