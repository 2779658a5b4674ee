"""The lines with which mail programs introduce an earlier message, and whose message they name. Pure.

"On 3 May 2026, Ann wrote:", "-----Original Message-----", and the block "From: … Sent: … To: … Subject: …", in the
languages of `mail_words`; a line with an address and a date needs no known word.
"""

import re
from collections.abc import Sequence

from ingest.parsers.mail import mail_words as words

_VERB = rf"(?:(?<!\w)(?:{words.VERBS})(?!\w)|{words.UNSPACED_VERBS})"
_ON = rf"(?:{words.SMALL_LEADS})"
_LEAD = rf"(?:{words.LEADS})"
_COLON = r"\s?[:：]\s*$"
_ATTRIBUTION = re.compile(rf".{{0,300}}{_VERB}.{{0,200}}{_COLON}", re.I)
_DATED_ATTRIBUTION = re.compile(rf"{_LEAD} (?=.*\d).{{3,300}}{_VERB}.{{0,200}}{_COLON}")
_NAMED_FIRST = re.compile(rf".{{2,120}} {_VERB} {_ON} (?=.*\d).{{3,120}}{_COLON}")
_BARE = re.compile(rf"(?P<name>[^\W\d_a-z][\w'’-]*(?: [^\W\d_a-z][\w'’.-]*){{0,3}}) {_VERB}{_COLON}")
_WITH_ADDRESS = re.compile(rf"(?=.*\d).{{0,200}}[<(\[]\s?(?:mailto:)?\S+@\S+[>)\]].{{0,120}}{_COLON}")
"""An address beside a number, whatever the verb and the language."""
_ENDS_WITH_ADDRESS = re.compile(rf"[<(\[]\s?(?:mailto:)?\S+@\S+[>)\]]{_COLON}")
_NAME_LINE = re.compile(r"(?:[^\W\d_]|[\"'“„])(?!.*[.!?:;]\s)[\w .,'’\"“”„()-]{1,60}(?:\s*[<(\[]\S+@\S+[>)\]])?\s*$")
_VERB_LINE = re.compile(rf"\s*(?:[<(\[]\S+@\S+[>)\]]\s*)?(?:{_VERB}.*|[<(\[]\S+@\S+[>)\]]\s*$)")
_AFTER_VERB = re.compile(rf"^.*{_VERB}\s+(?!{_ON}\b)(?P<name>[^:：]{{2,200}}?)\s?[:：]", re.I)
_BEFORE_VERB = re.compile(rf"^(?P<before>.*?)[\s,]*{_VERB}", re.I)
_BEFORE_ADDRESS = re.compile(r"^(?P<before>.*?)\s*[<(\[]\s?(?:mailto:)?[^\s<>()\[\]]+@")
_LABEL = re.compile(rf"^(?:{words.SENDER_LABELS})\s+", re.I)

_FORWARDED = rf"(?:{words.FORWARDED})"
_SEPARATOR = re.compile(
    rf"\s*(?:-{{2,}} ?{_FORWARDED}(?: (?:from|von|de|di|van) .{{1,80}})? ?-{{2,}}"
    rf"|(?:{words.FORWARD_OPENINGS}) ?[:：])\s*$",
    re.I,
)
_RULE = re.compile(r"\s*[_\-*=]{5,}\s*$")

_FROM, _SENT, _SUBJECT = rf"(?:{words.FROM})", rf"(?:{words.SENT})", rf"(?:{words.SUBJECT})"
_FIELD = re.compile(
    rf"\s*\*?(?:(?P<sender>{_FROM})|(?P<sent>{_SENT})|(?P<subject>{_SUBJECT})|(?:{words.TO}))\s?[:：]\*?\s*(?P<value>.*)$"
)
_INLINE_BLOCK = re.compile(
    rf"^\W*{_FROM}\s?[:：].{{1,400}}?(?<!\w){_SENT}\s?[:：].{{1,800}}?(?<!\w){_SUBJECT}\s?[:：]", re.S
)
_ANYWHERE = re.compile(rf"(?<!\w){_FROM}\s?[:：].{{1,400}}?(?<!\w){_SENT}\s?[:：]|{_FORWARDED}", re.S | re.I)
_FIRST_LINE = re.compile(
    rf"\s*(?:\*?{_FROM}\s?[:：]|--|(?:{words.FORWARD_OPENINGS})|{_LEAD} )"
    rf"|.{{1,120}}{_VERB}|.*\d[:.]\d\d|.*@.*[:：]\s*$",
    re.I,
)
_MAX_FIELD_LINES = 12

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
_YEAR_MONTH_DAY = re.compile(r"\b(\d{4})\. ([^\W\d_]{3,12})\.? (\d{1,2})\b")
_DOTTED = re.compile(r"\b(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2})\b")
_EAST_ASIAN = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
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
    text = line.strip()
    return bool(_ATTRIBUTION.match(text) or _WITH_ADDRESS.match(text))


def is_dated_attribution(line: str) -> bool:
    """Return whether a line says so by itself: all that follows is quoted, marked or not."""
    text = line.strip()
    if _DATED_ATTRIBUTION.match(text) or _NAMED_FIRST.match(text):
        return True
    if not find_date(text) or re.match(_VERB, text, re.I):
        return False
    has_time, has_address = bool(_TIME.search(text)), bool(_ADDRESS.search(text))
    return (bool(_ATTRIBUTION.match(text)) and (has_time or has_address)) or (
        has_time and bool(_ENDS_WITH_ADDRESS.search(text))
    )


def is_bare_attribution(line: str) -> bool:
    """Return whether a line is a name and a verb alone: "Ann Lee wrote:"."""
    return bool(_BARE.fullmatch(line.strip()))


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
    date = find_date(text)
    after, before = _AFTER_VERB.match(text), _BEFORE_VERB.match(text)
    address, verb = _BEFORE_ADDRESS.match(text), re.search(_VERB, text, re.I)
    if after and not (address and verb and address.end() < verb.start()):
        name = after["name"]
    elif address and _drop_date(address["before"]).strip(" ,;:("):
        name = _drop_date(address["before"])
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
        (_YEAR_MONTH_DAY, 3, 2, 1),
        (_EAST_ASIAN, 3, 2, 1),
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
    return words.LONG_MONTHS.get(lowered) or words.MONTHS.get(lowered[:4]) or words.MONTHS.get(lowered[:3], 0)


def _drop_date(text: str) -> str:
    """Return what follows the date and the time in the first half of an attribution, without the word for a sender."""
    rest = re.sub(rf"^{_LEAD} ", "", text)
    patterns = (_TIME, _DAY_MONTH_YEAR, _MONTH_DAY_YEAR, _DOTTED, _ISO, _SLASHED, _YEAR_MONTH_DAY, _EAST_ASIAN)
    ends = [match.end() for pattern in patterns for match in pattern.finditer(rest)]
    name = rest[max(ends) :] if ends else rest
    name = (name.rpartition(",")[2] if ends and "," in name else name).strip(" ,;:")
    return _LABEL.sub("", name)


def _clean_name(text: str) -> str:
    """Return the name of a sender without the address, the address if there is no name."""
    without = _ADDRESS.sub("", text).strip(" ,;:*\"'()<>")
    name = without or text.strip(" ,;:*\"'()<>")
    return name.removeprefix("mailto:")[:_MAX_NAME_CHARS].strip()


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
