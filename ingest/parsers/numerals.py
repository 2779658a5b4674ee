"""Format the numbers of headings and lists. Pure."""

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
