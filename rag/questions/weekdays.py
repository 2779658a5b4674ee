"""The days of the week that a question or a cell names, in seven languages. Pure."""

import re
from collections.abc import Iterator

DAYS = range(7)
"""Monday is 0."""

_NAMES = (
    "mondays? montags? lundis? lunes lunedì segundas?-feiras? maandags?",
    "tuesdays? dienstags? mardis? martes martedì terças?-feiras? dinsdags?",
    "wednesdays? mittwochs? mercredis? miércoles mercoledì quartas?-feiras? woensdags?",
    "thursdays? donnerstags? jeudis? jueves giovedì quintas?-feiras? donderdags?",
    "fridays? freitags? vendredis? viernes venerdì sextas?-feiras? vrijdags?",
    "saturdays? samstags? sonnabends? samedis? sábados? sabato zaterdags?",
    "sundays? sonntags? dimanches? domingos? domenic[ah]e? zondags?",
)
_ABBREVIATIONS = (
    "mon mo lun lu ma",
    "tues? di mar",
    "weds? mi mer mié wo",
    "thu(?:rs?)? do jeu jue gio",
    "fri fr ven vie vr",
    "sat sa sam sáb sab za",
    "sun so dim dom zo",
)
_GROUPS = {
    (
        "weekdays?|working days?|werktags|jours (?:ouvrables|ouvrés)|en semaine|días laborables|giorni feriali|"
        "dias úteis|werkdagen"
    ): frozenset(range(5)),
    "weekends?|week-ends?|wochenenden?|fin(?:es)? de semana|fine settimana|fi(?:m|ns) de semana": frozenset({5, 6}),
    "daily|every day|täglich|tous les jours|todos los días|diario|ogni giorno|todos os dias|dagelijks": frozenset(DAYS),
}
_RANGE = re.compile(r"\s*(?:[-–—]|to|through|thru|until|bis|à|au|a|al|até|tot|t/m)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;.:&/+()–—-]|\b(?:and|to|through|und|bis|et|à|au|y|a|al|e|até|en|tot|t/m)\b", re.IGNORECASE)


def _compile(*lists: tuple[str, ...]) -> re.Pattern[str]:
    days = [f"(?P<day{day}>{'|'.join(choice for words in lists for choice in words[day].split())})" for day in DAYS]
    groups = [f"(?P<group{index}>{words})" for index, words in enumerate(_GROUPS)]
    return re.compile(rf"(?<!\w)(?:{'|'.join([*days, *groups])})(?!\w)", re.IGNORECASE)


_IN_TEXT = _compile(_NAMES)
_IN_CELL = _compile(_NAMES, _ABBREVIATIONS)


def read_weekdays(text: str) -> frozenset[int]:
    """Return the days that a text names in full, “Monday to Friday” as all five; none if it names none."""
    return frozenset(day for days, _, _ in _find_days(text, _IN_TEXT) for day in days)


def read_weekday_cell(text: str) -> frozenset[int]:
    """Return the days that a cell says, abbreviated or not; none if it says anything else."""
    spans = list(_find_days(text, _IN_CELL))
    rest = text
    for _, start, end in reversed(spans):
        rest = f"{rest[:start]} {rest[end:]}"
    is_all = not _BETWEEN.sub("", rest)
    return frozenset(day for days, _, _ in spans for day in days) if is_all else frozenset()


def _find_days(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[frozenset[int], int, int]]:
    """Yield days and the span that names them; the second day of a range stands for all since the first."""
    before, before_end = -1, 0
    for match in pattern.finditer(text):
        name = str(match.lastgroup)
        if name.startswith("group"):
            yield list(_GROUPS.values())[int(name.removeprefix("group"))], match.start(), match.end()
            before = -1
            continue
        day = int(name.removeprefix("day"))
        if before >= 0 and _RANGE.fullmatch(text[before_end : match.start()]):
            length = (day - before) % len(DAYS)
            yield frozenset((before + offset) % len(DAYS) for offset in range(length + 1)), match.start(), match.end()
        else:
            yield frozenset({day}), match.start(), match.end()
        before, before_end = day, match.end()
