"""Characters that nobody sees."""

import pytest

from ingest.text.invisible import remove_invisible


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
