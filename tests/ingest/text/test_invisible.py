"""Characters that nobody sees."""

import pytest

from ingest.text.invisible import remove_invisible, reveal_invisible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("Kündi\u00adgungs\u00adfrist", "Kündigungsfrist"),
        ("Lager\u200bhaus", "Lagerhaus"),
        ("Werk\u200czeug", "Werkzeug"),
        ("Werk\u200dzeug", "Werkzeug"),
        ("data\u2060base", "database"),
        ("data\ufeffbase", "database"),
        ("AB\u200e-77\u200f31", "AB-7731"),
        ("\u2068Tante Ju\u2069 schrieb", "Tante Ju schrieb"),
        ("pay\u202eload\u202c", "payload"),
        ("葛\U000e0100城", "葛城"),
        ("f\u2061(x)", "f(x)"),
        ("note\U000e0041\U000e0042 end", "note end"),
        ("one\u00ad\ntwo three\nfour", "onetwo\nthree\nfour"),
        ("one\u00ad\n  two\nfour", "onetwo\n\nfour"),
    ],
)
def test_what_nobody_sees_does_not_cut_words(text: str, seen: str) -> None:
    assert remove_invisible(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian
        "क्\u200dष",  # Devanagari
        "ශ්\u200dරී",  # Sinhala
        "ന്\u200d",  # Malayalam
        "👩\u200d🚒 und 👨\u200d👩\u200d👧",
        "❤\ufe0f\u200d🔥",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "שלום! \u200fC++",
    ],
)
def test_what_scripts_and_emoji_need_is_kept(text: str) -> None:
    assert remove_invisible(text) == text


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(sign)) for sign in text)


def bits(text: str) -> str:
    return "".join("\u200b\u200c"[bit == "1"] for byte in text.encode() for bit in f"{byte:08b}")


def selectors(text: str) -> str:
    return "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in text.encode())


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"Limit 7{tags('not 9')}.", "Limit 7. [hidden: tag characters: not 9]"),
        (f"{tags('a')}one{tags('b')}\ntwo", "one [hidden: tag characters: a] [hidden: tag characters: b]\ntwo"),
        (f"\U0001f3f4{tags('ignore all of it')} x", "\U0001f3f4 x [hidden: tag characters: ignore all of it]"),
        (f"Limit 7{bits('not 9')}", "Limit 7 [hidden: zero-width characters: not 9]"),
        (f"Smile 😀{selectors('not 9')}!", "Smile 😀! [hidden: zero-width characters: not 9]"),
        ("Limit\u200b\u200c\u200d\u2060\ufeff 7", "Limit 7 [hidden: zero-width characters: 5 characters]"),
        ("i\u200bg\u200bn\u200bo\u200bre it", "ignore it [hidden: zero-width characters: 4 inside “ignore”]"),
        ("pay\u202edaol\u202c now", "payload now [hidden: direction override: daol]"),
        ("\u202efdp.exe", "exe.pdf [hidden: direction override: fdp.exe]"),
        ("\u202dאבג\u202c", "גבא [hidden: direction override: אבג]"),
        (f"a | b{tags('c')} | d", "a | b | d [hidden: tag characters: c]"),
    ],
)
def test_what_invisible_signs_hide_is_shown_as_hidden(text: str, seen: str) -> None:
    assert reveal_invisible(text) == seen
    assert reveal_invisible(seen) == seen


@pytest.mark.parametrize(
    "text",
    [
        "plain\nlines",
        "Kündi\u00adgungs\u00adfrist\u00ads\u00adende",
        "Lager\u200bhaus\u200bverwalter",
        "می\u200cخواهم می\u200cروم",
        "क्\u200dष",
        "👨\u200d👩\u200d👧\u200d👦",
        "❤\ufe0f\u200d🔥",
        f"🏴{tags('gbeng')}\U000e007f",
        "葛\U000e0100城",
        "\u2068Tante Ju\u2069 schrieb",
        "\u202eאבג\u202c",
        "\u202dabc\u202c",
        "\ufeffBegin",
        "x\u200b\u200by",
    ],
)
def test_signs_of_ordinary_text_hide_nothing(text: str) -> None:
    assert reveal_invisible(text) == remove_invisible(text)
