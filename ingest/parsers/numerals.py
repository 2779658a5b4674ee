"""Format the numbers of headings and lists. Pure."""

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_CHINESE_DIGITS = "〇一二三四五六七八九"

_HUNDREDS_AND_MORE = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_LESS = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


def format_letters(number: int) -> str:
    """Return a, b, … z, aa, bb, … (ECMA-376 `lowerLetter`: the letter is doubled after z); empty below 1."""
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1) if number > 0 else ""


def format_roman(number: int) -> str:
    """Return a Roman numeral in lower case; empty below 1."""
    text = ""
    for value, sign in (*_HUNDREDS_AND_MORE, *_LESS):
        text += sign * (number // value)
        number %= value
    return text


def format_ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th …, 11th, 21st."""
    is_teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def format_words(number: int) -> str:
    """Return one, two, … twenty-one; digits above 99 or below 0."""
    if not 0 <= number < 100:
        return str(number)
    if number < len(_UNITS):
        return _UNITS[number]
    return _TENS[number // 10 - 2] + (f"-{_UNITS[number % 10]}" if number % 10 else "")


def format_ordinal_words(number: int) -> str:
    """Return first, second, … twenty-first; 100th above."""
    if not 0 < number < 100:
        return format_ordinal(number)
    head, dash, last = format_words(number).rpartition("-")
    if last in _ORDINALS:
        return f"{head}{dash}{_ORDINALS[last]}"
    return f"{head}{dash}{last[:-1]}ieth" if last.endswith("y") else f"{head}{dash}{last.removesuffix('e')}th"


def format_chinese(number: int) -> str:
    """Return 一, 二, … 十, 十一, … 二十一 (ECMA-376 `chineseCounting`); digits above 99 or below 1."""
    if not 0 < number < 100:
        return str(number)
    tens, units = divmod(number, 10)
    unit = _CHINESE_DIGITS[units] if units else ""
    return f"{_CHINESE_DIGITS[tens] if tens > 1 else ''}十{unit}" if tens else unit


def format_circled(number: int) -> str:
    """Return ①, ②, … ⑳; digits for other numbers."""
    return chr(0x2460 + number - 1) if 1 <= number <= 20 else str(number)
