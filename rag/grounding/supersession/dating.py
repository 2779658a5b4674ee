"""When something was said: the date of a message, of a section or of a document, and a document's version. Pure.

Only a date that a text gives as its own counts: in the header of a message, behind a word such as "dated", "version" or
"as of" in the head of a document, or in a heading such as "Amendment No. 1 of 3 March 2025".
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from rag.grounding.verification.dates import Date, find_dates

HEAD_CHARS = 1_500
"""How much of a document's beginning can date it."""
HEADER_CHARS = 4_000
"""How much of a message its header can take."""

_DATED = r"""
    dated | date | version | revision | rev | edition | release | as\ of | as\ at | updated | revised | issued
    | published | valid\ from | effective(?:\ from|\ as\ of)? | in\ force\ (?:from|since) | minutes | amendment
    | addendum | datum | stand | fassung | ausgabe | gültig\ (?:ab|seit) | in\ kraft\ (?:seit|ab) | aktualisiert
    | geändert | protokoll | nachtrag | änderung | datée? | édition | mis\ à\ jour | mise\ à\ jour | en\ vigueur
    | valable | avenant | procès-verbal | fait\ à | fecha | fechad[oa] | versión | edición | revisión | actualizad[oa]
    | vigente | vigor | adenda | acta | enmienda | data | datat[oa] | versione | edizione | revisione | aggiornat[oa]
    | vigore | verbale | datad[oa] | versão | edição | revisão | atualizad[oa] | vigência | aditamento | ata | versie
    | uitgave | herzien | bijgewerkt | geldig\ (?:vanaf|per) | van\ kracht | notulen | wijziging
"""
_OWN_DATE = re.compile(
    rf"\b(?:{_DATED})\b[^\d;!?]{{0,30}}(?:\d{{1,3}}(?:\.\d{{1,3}})*[^\d;!?]{{1,25}})?$", re.IGNORECASE | re.VERBOSE
)
"""A word that dates a document, up to its date, with the number of a version or an amendment between them at most."""
_SECTION = re.compile(
    r"^[ \t#*]*(?:(?:first|second|third|erster|zweiter|dritter|premier|deuxième|primer|segund[oa]|primo|secondo"
    r"|primeiro|eerste|tweede)\s)?"
    r"(?:amendment|addendum|minutes|version|revision|release|nachtrag|änderung|protokoll|fassung|avenant"
    r"|procès-verbal|adenda|enmienda|acta|versión|modifica|verbale|versione|aditamento|ata|versão|wijziging|notulen"
    r"|versie)\b[^\n]{0,120}",
    re.IGNORECASE | re.MULTILINE,
)
_VERSION = re.compile(
    r"\b(?:version|versión|versione|versão|versie|fassung|revision|rev|release|v)[ ._-]?(?:no\.?|nr\.?)?\s?"
    r"(?P<number>\d{1,3}(?:\.\d{1,3}){0,3})(?![\d.]*\d)",
    re.IGNORECASE,
)
_EDITION = re.compile(
    r"(?<!\d)(?P<before>(?:19|20)\d\d)(?:er)?[\s-](?:editions?|ausgabe|auflage|fassung|édition|edición|edizione|edição|editie|uitgave)\b|"
    r"\b(?:edition|ausgabe|auflage|fassung|édition|edición|edizione|edição|editie|uitgave)"
    r"(?:\s(?:of|from|von|vom|de|du|del|di|do|van))?\W{1,3}(?P<behind>(?:19|20)\d\d)(?!\d)",
    re.IGNORECASE,
)
"""An edition that is called by its year."""
_VALIDITY = re.compile(
    r"\b(?:version|versión|versione|versão|versie|fassung|stand|revision|rev|as of|updated|revised|valid from|effective"
    r"|in force|gültig (?:ab|seit)|in kraft|aktualisiert|mis à jour|mise à jour|en vigueur|actualizad[oa]|vigente"
    r"|en vigor|revisad[oa]|aggiornat[oa]|in vigore|valid[oa] dal|atualizad[oa]|em vigor|bijgewerkt|herzien"
    r"|geldig (?:vanaf|per))\b",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(r"(\d{1,2})\.\d{1,2}\.")
_MIN_YEAR = 1_000
_HEADER_DATE = re.compile(r"^Date: (?P<date>.+)$", re.MULTILINE)


def read_message_moment(page_text: str) -> datetime | None:
    """Return the time in the header of a message, which its page begins with; None without a valid one."""
    match = _HEADER_DATE.search(page_text[:HEADER_CHARS])
    try:
        moment = parsedate_to_datetime(match["date"]) if match else None
    except ValueError:
        return None
    return None if moment is None else moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_last_date(text: str) -> str:
    """Return the last full date in a text, in ISO 8601; empty without one that is unambiguous."""
    return next(reversed([iso for _, iso in _find_days(text)]), "")


def read_section_date(text: str, headings: Sequence[str]) -> str:
    """Return the date of the section that the end of `text` stands in, as its first line or a heading gives it."""
    lines = [match[0] for match in _SECTION.finditer(text)]
    dated = [*headings, *lines]
    titles = [line for line in dated if _SECTION.match(line)]
    return next((iso for line in reversed(titles) for _, iso in _find_days(line)), "")


def find_section_start(text: str) -> int:
    """Return where the last section of a text begins that is an amendment, minutes or a version; 0 without one."""
    return max((match.start() for match in _SECTION.finditer(text)), default=0)


def read_head_date(head: str) -> str:
    """Return the date that the head of a document gives as its own, in ISO 8601; empty without one.

    Of several it is the latest: an amendment names the date of the contract, too.
    """
    text = " ".join(head[:HEAD_CHARS].split())
    return max((iso for start, iso in _find_days(text) if _OWN_DATE.search(text[:start])), default="")


def read_version(text: str) -> tuple[int, ...]:
    """Return the number of the first version that a title, a file name or a head names, or else the year of an edition.

    Empty without either.
    """
    if (match := _VERSION.search(text)) is not None:
        return tuple(map(int, match["number"].split(".")))
    edition = _EDITION.search(text)
    return (int(edition["before"] or edition["behind"]),) if edition else ()


def states_validity(head: str) -> bool:
    """Whether the head of a document says which version it is, or since when it is valid."""
    return _VALIDITY.search(head[:HEAD_CHARS]) is not None


def format_iso(date: Date) -> str:
    """Return a date in ISO 8601, as exact as it is."""
    parts = [f"{date.year:04}", *(f"{part:02}" for part in (date.month, date.day) if part)]
    return "-".join(parts)


def _find_days(text: str) -> Iterator[tuple[int, str]]:
    """Yield the position and the ISO form of each date of a text that has a year and one meaning."""
    for start, end, meanings in find_dates(text):
        day_first = _DAY_FIRST.match(text[start:end])  # dates with full stops begin with the day in all countries
        dates = [date for date in meanings if day_first is None or date.day == int(day_first[1])]
        if len(dates) == 1 and dates[0].year >= _MIN_YEAR:
            yield start, format_iso(dates[0])
