"""The lines with which mail programs introduce an earlier message, and whose message they name. Pure.

English, German, French, Spanish, Italian, Dutch and Portuguese: "On 3 May 2026, Ann wrote:", "-----Original
Message-----", and the block "From: … Sent: … To: … Subject: …".
"""

import re
from collections.abc import Sequence

_VERB = r"(?:wrote|writes|schrieb|a écrit|écrivait|escribi[óo]|ha scritto|scrisse|schreef|heeft geschreven|escreveu)"
_ON = r"(?:on|am|le|el|il|op|em|no dia|a|den)"
_LEAD = r"(?:On|Am|Le|El|Il(?: giorno)?|Op|Em|A|No dia|Den)"
_ATTRIBUTION = re.compile(rf".{{0,300}}\b{_VERB}\b.{{0,200}}:\s*$", re.I)
_DATED_ATTRIBUTION = re.compile(rf"{_LEAD} (?=.*\d).{{3,300}}\b{_VERB}\b.{{0,200}}:\s*$")
_NAMED_FIRST = re.compile(rf".{{2,120}} {_VERB} {_ON} (?=.*\d).{{3,120}}:\s*$")
_NAME_LINE = re.compile(r"(?:[^\W\d_]|[\"'“„])(?!.*[.!?:;]\s)[\w .,'’\"“”„()-]{1,60}(?:\s*[<(\[]\S+@\S+[>)\]])?\s*$")
_VERB_LINE = re.compile(rf"\s*(?:[<(\[]\S+@\S+[>)\]]\s*)?(?:{_VERB}\b.*|[<(\[]\S+@\S+[>)\]]\s*$)")
_AFTER_VERB = re.compile(rf"^.*\b{_VERB}\s+(?!{_ON}\b)(?P<name>[^:]{{2,200}}):", re.I)
_BEFORE_VERB = re.compile(rf"^(?P<before>.*?)[\s,]*\b{_VERB}\b", re.I)

_FORWARDED = (
    r"(?:Original Message|Forwarded message|Urspr[üu]ngliche Nachricht|Original-?Nachricht|Weitergeleitete Nachricht"
    r"|Message d['’]origine|Message original|Message transf[ée]r[ée]|Message r[ée]exp[ée]di[ée]"
    r"|Mensaje original|Mensaje reenviado|Messaggio originale|Messaggio inoltrato"
    r"|Oorspronkelijk bericht|Doorgestuurd bericht|Mensagem original|Mensagem encaminhada|Mensagem reencaminhada)"
)
_SEPARATOR = re.compile(
    rf"\s*(?:-{{2,}} ?{_FORWARDED}(?: (?:from|von|de|di|van) .{{1,80}})? ?-{{2,}}"
    r"|(?:Begin forwarded message|Anfang der weitergeleiteten Nachricht"
    r"|D[ée]but du message (?:transf[ée]r[ée]|r[ée]exp[ée]di[ée])"
    r"|Inicio del mensaje reenviado|Inizio messaggio inoltrato|Begin doorgestuurd bericht"
    r"|In[íi]cio da mensagem (?:reencaminhada|encaminhada)) ?:)\s*$",
    re.I,
)
_RULE = re.compile(r"\s*[_\-*=]{5,}\s*$")

_FROM = r"(?:From|Von|De|Da|Van|Di|Expéditeur|Remitente|Mittente|Afzender|Remetente)"
_SENT = (
    r"(?:Sent|Date|Gesendet(?: am)?|Datum|Envoyé(?: le)?|Enviado(?: el| em)?|Fecha|Inviato|Data|Verzonden|Enviada em)"
)
_TO = r"(?:To|An|À|A|Para|Aan|Cc|CC|Bcc|Kopie|Reply-To|Antwort an)"
_SUBJECT = r"(?:Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Assunto)"
_FIELD = re.compile(
    rf"\s*\*?(?:(?P<sender>{_FROM})|(?P<sent>{_SENT})|(?P<subject>{_SUBJECT})|{_TO})\s?:\*?\s*(?P<value>.*)$"
)
_INLINE_BLOCK = re.compile(rf"^\W*{_FROM}\s?:.{{1,400}}?\b{_SENT}\s?:.{{1,800}}?\b{_SUBJECT}\s?:", re.S)
_ANYWHERE = re.compile(rf"\b{_FROM}\s?:.{{1,400}}?\b{_SENT}\s?:|{_FORWARDED}", re.S | re.I)
_FIRST_LINE = re.compile(
    rf"\s*(?:\*?{_FROM}\s?:|--|Begin|Anfang|D[ée]but|Inicio|Inizio|In[íi]cio|{_LEAD} )|.{{2,120}} {_VERB} ", re.I
)
_MAX_FIELD_LINES = 12

_MONTHS = {
    "jan": 1, "ene": 1, "gen": 1, "feb": 2, "fév": 2, "fev": 2, "mar": 3, "mär": 3, "maa": 3, "mrt": 3, "apr": 4,
    "avr": 4, "abr": 4, "may": 5, "mai": 5, "mag": 5, "mei": 5, "jun": 6, "juin": 6, "giu": 6, "jul": 7, "juil": 7,
    "lug": 7, "aug": 8, "aoû": 8, "ago": 8, "sep": 9, "set": 9, "oct": 10, "okt": 10, "ott": 10, "out": 10, "nov": 11,
    "dec": 12, "dez": 12, "déc": 12, "dic": 12,
}  # fmt: skip
"""The beginnings of the names of the months in all seven languages."""
_MONTH_NAMES = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAY_MONTH_YEAR = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th|er)?\.?(?: de)? ([^\W\d_]{3,10})\.?(?: de)?,? (\d{4})\b")
_MONTH_DAY_YEAR = re.compile(r"\b([^\W\d_]{3,10})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})\b")
_DOTTED = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})\b")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SLASHED = re.compile(r"\b\d{1,2}/\d{1,2}/\d{2,4}\b")
_TIME = re.compile(
    r"\d{1,2}(?:[:.h]\d{2}){1,2}(?:\s?[AaPp]\.?\s?[Mm]\b\.?|\s?Uhr)?(?:\s?(?:GMT|UTC|CES?T|[A-Z]{2,4}T))?(?:\s?[+-]\d{2}:?\d{2})?"
    r"(?:\s?\([^)]*\))?"
)
_ADDRESS = re.compile(r"\s*(?:\(?<[^<>]*>\)?|\[mailto:[^\]]*\]|\(\S+@\S+\))")
_MAX_NAME_CHARS = 80


def format_date(year: int, month: int, day: int) -> str:
    """Return a date as "3 May 2026"."""
    return f"{day} {_MONTH_NAMES[month - 1]} {year}"


def may_begin_introduction(line: str) -> bool:
    """Return whether a line can be the first one of those that introduce a quoted message: a fast test."""
    return bool(_FIRST_LINE.match(line))


def is_wrapped_after_name(line: str, following: str) -> bool:
    """Return whether a line can be the name, or the name and the address, of an attribution that goes on below it."""
    return bool(_NAME_LINE.match(line) and _VERB_LINE.match(following))


def is_attribution(line: str) -> bool:
    """Return whether a line before quoted text says who wrote it."""
    return bool(_ATTRIBUTION.match(line.strip()))


def is_dated_attribution(line: str) -> bool:
    """Return whether a line says so by itself: all that follows is quoted, marked or not."""
    text = line.strip()
    return bool(_DATED_ATTRIBUTION.match(text) or _NAMED_FIRST.match(text))


def is_separator(line: str) -> bool:
    """Return whether a line is "-----Original Message-----", "Begin forwarded message:" or the like."""
    return bool(_SEPARATOR.match(line))


def is_rule(line: str) -> bool:
    """Return whether a line is a row of dashes or underscores, which Outlook puts before a quoted message."""
    return bool(_RULE.match(line))


def begins_with_header_block(text: str) -> bool:
    """Return whether a text begins with the sender, date and subject of a quoted message, on any number of lines."""
    return bool(_INLINE_BLOCK.match(text))


def may_introduce_quote(text: str) -> bool:
    """Return whether a text has a header block or a separator anywhere."""
    return bool(_ANYWHERE.search(text))


def read_header_block(lines: Sequence[str]) -> tuple[int, str]:
    """Return how many lines of header fields `lines` begin with, and whose message they name; 0 without a header."""
    first = _FIELD.match(lines[0]) if lines else None
    if first is None or first["sender"] is None:
        return 0, ""
    length, sent, has_subject = 0, "", False
    for index, line in enumerate(lines[:_MAX_FIELD_LINES]):
        field = _FIELD.match(line)
        if field:
            length, has_subject = index + 1, has_subject or field["subject"] is not None
            sent = sent or (field["value"] if field["sent"] else "")
        elif not line.strip() or not line.startswith((" ", "\t")):
            break
    if not sent or not has_subject:
        return 0, ""
    return length, _join(_clean_name(first["value"]), find_date(sent) or sent.strip("* "))


def name_author(attribution: str) -> str:
    """Return the sender and the date that an attribution names: "Ann, 3 May 2026"; empty if it names neither."""
    text = " ".join(attribution.split())
    after, before = _AFTER_VERB.match(text), _BEFORE_VERB.match(text)
    date = find_date(text)
    if after:
        name = after["name"]
    elif before and not re.match(rf"{_LEAD} ", text):
        name = before["before"]
    else:
        name = _drop_date(before["before"]) if before else ""
    return _join(_clean_name(name), date)


def find_date(text: str) -> str:
    """Return the first date in a text as "3 May 2026", one that is ambiguous as written; empty without one."""
    for pattern, day, month, year in (
        (_DAY_MONTH_YEAR, 1, 2, 3),
        (_MONTH_DAY_YEAR, 2, 1, 3),
        (_DOTTED, 1, 2, 3),
        (_ISO, 3, 2, 1),
    ):
        for match in pattern.finditer(text):
            number = int(match[month]) if match[month].isdecimal() else _find_month(match[month])
            if 1 <= number <= len(_MONTH_NAMES) and 1 <= int(match[day]) <= 31:
                full_year = int(match[year]) + (2000 if len(match[year]) < 4 else 0)
                return format_date(full_year, number, int(match[day]))
    slashed = _SLASHED.search(text)
    return slashed[0] if slashed else ""


def _find_month(name: str) -> int:
    lowered = name.lower()
    return _MONTHS.get(lowered[:4]) or _MONTHS.get(lowered[:3], 0)


def _drop_date(text: str) -> str:
    """Return what follows the date and the time in the first half of an attribution."""
    rest = re.sub(rf"^{_LEAD} ", "", text)
    ends = [match.end() for match in _TIME.finditer(rest)]
    ends += [m.end() for p in (_DAY_MONTH_YEAR, _MONTH_DAY_YEAR, _DOTTED, _ISO, _SLASHED) for m in p.finditer(rest)]
    return rest[max(ends) :] if ends else rest


def _clean_name(text: str) -> str:
    """Return the name of a sender without the address, the address if there is no name."""
    without = _ADDRESS.sub("", text).strip(" ,;:*\"'()<>")
    name = without or text.strip(" ,;:*\"'()<>")
    return name.removeprefix("mailto:")[:_MAX_NAME_CHARS].strip()


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
