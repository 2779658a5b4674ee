"""Write superscripts and subscripts in plain text, apart from what they stand at: 10⁶, H₂O, x^(n/2). Pure."""

_PLAIN = "0123456789+-−–=()"
_RAISED = str.maketrans(
    f"{_PLAIN}abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
)
_LOWERED = str.maketrans(f"{_PLAIN}aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
_ALWAYS_RAISED = frozenset("*†‡§¶®©™°′″ªº") | frozenset(map(chr, _RAISED.values()))
_ALWAYS_LOWERED = frozenset(map(chr, _LOWERED.values()))
_ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th", "er", "re", "ère"})
_TRADE_MARKS = {"TM": "™", "SM": "℠"}
_MAX_CHARS = 40
"""A longer text is a line in small print, not a superscript."""


def format_superscript(text: str, *, before: str = "") -> str:
    """Return a superscript as it stands in a line after `before`: in Unicode's superscripts, else as ^(…).

    White space around it stays, the ending of an ordinal number (5th) is a part of it, and a text too long for a
    superscript stays as it is.
    """
    if text.strip() in _ORDINAL_ENDINGS and before[-1:].isdecimal():
        return text
    if text.strip() in _TRADE_MARKS:
        return text.replace(text.strip(), _TRADE_MARKS[text.strip()])
    return _format(text, _RAISED, _ALWAYS_RAISED, "^")


def format_subscript(text: str) -> str:
    """Return a subscript as it stands in a line: in Unicode's subscripts, else as _(…).

    White space around it stays, and a text too long for a subscript stays as it is.
    """
    return _format(text, _LOWERED, _ALWAYS_LOWERED, "_")


def _format(text: str, table: dict[int, int], unchanged: frozenset[str], sign: str) -> str:
    content = text.strip()
    if not content or len(content) > _MAX_CHARS:
        return text
    if all(ord(character) in table or character in unchanged for character in content):
        return text.translate(table)
    start = text.index(content)
    inner = content[1:-1] if content[0] + content[-1] == "()" and content.count("(") == 1 else content
    return f"{text[:start]}{sign}({inner}){text[start + len(content) :]}"
