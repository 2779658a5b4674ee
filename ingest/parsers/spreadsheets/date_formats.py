"""Show dates, times and durations as their format codes say (ECMA-376, part 1, 18.8.31). Pure."""

import datetime
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from ingest.parsers.spreadsheets.format_codes import Section, Token, show_literal

_LAST_DATE = 2_958_466  # the day after 9999-12-31
_LAST_DATE_1904 = 2_957_003
_SECONDS = 86_400
_BUDDHIST_ERA = 543
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FOREIGN_MONTHS = {
    0x07: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    0x0C: "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    0x0A: "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    0x10: "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    0x13: "januari februari maart april mei juni juli augustus september oktober november december",
    0x16: "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    0x05: "ledna února března dubna května června července srpna září října listopadu prosince",
    0x06: "januar februar marts april maj juni juli august september oktober november december",
    0x0B: "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
    0x0E: "január február március április május június július augusztus szeptember október november december",
    0x14: "januar februar mars april mai juni juli august september oktober november desember",
    0x15: "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    0x18: "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    0x19: "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    0x1D: "januari februari mars april maj juni juli augusti september oktober november december",
    0x1F: "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    0x22: "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
}
"""Names of months by the primary language of a locale id ([MS-LCID])."""
_FOREIGN_WEEKDAYS = {
    0x07: "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    0x0C: "lundi mardi mercredi jeudi vendredi samedi dimanche",
    0x0A: "lunes martes miércoles jueves viernes sábado domingo",
    0x10: "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    0x13: "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    0x16: "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    0x06: "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    0x14: "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    0x15: "poniedziałek wtorek środa czwartek piątek sobota niedziela",
    0x19: "понедельник вторник среда четверг пятница суббота воскресенье",
    0x1D: "måndag tisdag onsdag torsdag fredag lördag söndag",
}
_POINT_LANGUAGES = frozenset({0x05, 0x07, 0x0B, 0x14, 0x15, 0x18, 0x19, 0x1F, 0x22})
"""Languages whose dates have points where a format has "/", the sign for the separator of the language."""
_JAPANESE = 0x11
_ERAS = (
    (datetime.date(2019, 5, 1), "令和", "R"),
    (datetime.date(1989, 1, 8), "平成", "H"),
    (datetime.date(1926, 12, 25), "昭和", "S"),
    (datetime.date(1912, 7, 30), "大正", "T"),
    (datetime.date(1868, 1, 25), "明治", "M"),
)
"""The first days of the eras of Japan, their names and letters."""


def format_date(value: float, section: Section, *, is_1904: bool) -> str | None:
    """Return a date, a time or a duration; None if the number is none."""
    tokens = section.tokens
    is_elapsed = any(kind == "elapsed" for kind, _ in tokens)
    if (value < 0 and not is_elapsed) or abs(value) >= _LAST_DATE:
        return None
    places = max((len(text) - 1 for kind, text in tokens if kind == "subsecond"), default=0)
    ticks = int((Decimal(repr(abs(value))) * _SECONDS * 10**places).to_integral_value(ROUND_HALF_UP))
    seconds, fraction = divmod(ticks, 10**places)
    day = _find_date(seconds // _SECONDS, is_1904)
    sign = "-" if value < 0 else ""
    shown = (_show(tokens, number, seconds, day, section.language) for number in range(len(tokens)))
    return sign + "".join(f".{fraction:0{places}d}" if text is None else text for text in shown)


def _show(tokens: Sequence[Token], number: int, seconds: int, day: datetime.date, language: int) -> str | None:
    """Return a token as text; None for the fraction of a second."""
    kind, text = tokens[number]
    match kind:
        case "subsecond":
            return None
        case "elapsed":
            return _format_elapsed(seconds, text.lower())
        case "meridiem":
            return _format_meridiem(seconds, text)
        case "date" if _is_time(tokens, number):
            has_twelve_hours = any(kind == "meridiem" for kind, _ in tokens)
            return _format_time(seconds, text.lower(), has_twelve_hours)
        case "date":
            return _format_day(day, text.lower(), language)
        case "other" if text == "/" and language in _POINT_LANGUAGES:
            return "."
        case _:
            return show_literal((kind, text))


def _is_time(tokens: Sequence[Token], number: int) -> bool:
    """Whether a date token is a part of a time: `m` is minutes after hours or before seconds."""
    letter = tokens[number][1][0].lower()
    if letter != "m" or len(tokens[number][1]) > 2:
        return letter in "hs"
    clock = [(n, text[0].lower()) for n, (kind, text) in enumerate(tokens) if kind in ("date", "elapsed")]
    index = next(i for i, (n, _) in enumerate(clock) if n == number)
    before = clock[index - 1][1] if index else ""
    after = clock[index + 1][1] if index + 1 < len(clock) else ""
    return before == "h" or after == "s"


def _format_elapsed(seconds: int, letters: str) -> str:
    unit = {"h": 3600, "m": 60, "s": 1}[letters[0]]
    return f"{seconds // unit:0{len(letters)}d}"


def _format_time(seconds: int, letters: str, has_twelve_hours: bool) -> str:
    hours, minutes = seconds // 3600 % 24, seconds // 60 % 60
    if has_twelve_hours:
        hours = hours % 12 or 12
    return f"{({'h': hours, 'm': minutes, 's': seconds % 60})[letters[0]]:0{min(len(letters), 2)}d}"


def _format_meridiem(seconds: int, letters: str) -> str:
    before, _, after = letters.partition("/")
    return before if seconds // 3600 % 24 < 12 else after


def _find_date(day: int, is_1904: bool) -> datetime.date:
    """Return the date of a day number; the system of 1900 counts a 29 February that did not exist as day 60."""
    if is_1904:
        return datetime.date(1904, 1, 1) + datetime.timedelta(min(day, _LAST_DATE_1904))
    return datetime.date(1899, 12, 30 if day >= 60 else 31) + datetime.timedelta(day)


def _format_day(day: datetime.date, letters: str, language: int) -> str:
    months = _FOREIGN_MONTHS[language].split() if language in _FOREIGN_MONTHS else _MONTHS
    weekdays = _FOREIGN_WEEKDAYS[language].split() if language in _FOREIGN_WEEKDAYS else _WEEKDAYS
    letter, count = letters[0], len(letters)
    if letter in "eg" and language == _JAPANESE:
        return _format_era(day, letter, count)
    if letter in "yebg":
        return _format_year(day.year, letter, count)
    if count <= 2:
        return f"{day.month if letter == 'm' else day.day:0{count}d}"
    name = months[day.month - 1] if letter == "m" else weekdays[day.weekday()]
    if letter == "m" and count == 5:
        return name[0]
    return name[:3] if count == 3 else name


def _format_era(day: datetime.date, letter: str, count: int) -> str:
    """Return the name of an era of Japan, or the year in it."""
    start, name, sign = next((era for era in _ERAS if day >= era[0]), _ERAS[-1])
    if letter == "e":
        return f"{day.year - start.year + 1:0{count}d}"
    return sign if count == 1 else name[:1] if count == 2 else name


def _format_year(year: int, letter: str, count: int) -> str:
    if letter == "g":  # the name of an era
        return ""
    number = year + _BUDDHIST_ERA if letter == "b" else year
    return f"{number % 100:02d}" if count <= 2 and letter != "e" else f"{number:04d}"
