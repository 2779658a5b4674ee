"""How a message is called in headings, page labels and citations: subject, sender and date. Pure."""

import re
from datetime import date
from email.utils import parsedate

from ingest.parsers.mail.attributions import find_date, format_date
from ingest.text.mail_headings import make_headline

NO_SUBJECT = "(no subject)"
_MAX_SUBJECT_CHARS = 150
_MAX_SENDER_CHARS = 80
_QUOTED_NAME = re.compile(r'"([^"<>]*)"(?=\s*<)')
_ADDRESS = re.compile(r"\s*<[^<>]*>")


def format_headline(subject: str, sender: str, sent: str) -> str:
    """Return "Subject — Ann <ann@example.org>, 3 May 2026"; what a message lacks is left out."""
    author = _join(clip(clean_sender(sender), _MAX_SENDER_CHARS), format_sent(sent))
    return make_headline(clip(subject or NO_SUBJECT, _MAX_SUBJECT_CHARS), author)


def format_author(sender: str, sent: str) -> str:
    """Return "Ann, 3 May 2026", with the address if the sender gives no name."""
    cleaned = clean_sender(sender)
    name = _ADDRESS.sub("", cleaned).strip() or cleaned.strip("<> ")
    return _join(clip(name, _MAX_SENDER_CHARS), format_sent(sent))


def format_sent(sent: str) -> str:
    """Return the date of a `Date` header, as its sender's clock showed it, as "3 May 2026"; empty if it has none."""
    try:
        fields = parsedate(sent)
        day = date(*fields[:3]) if fields else None
    except (ValueError, TypeError, IndexError, OverflowError):  # dates that never were
        day = None
    return format_date(day.year, day.month, day.day) if day else find_date(sent)


def clean_sender(sender: str) -> str:
    """Return a sender without the quotation marks around the name."""
    return _QUOTED_NAME.sub(r"\1", sender).strip()


def clip(text: str, max_chars: int) -> str:
    """Return the beginning of a text, with an ellipsis if it is longer than `max_chars`."""
    return text if len(text) <= max_chars else f"{text[: max_chars - 1].rstrip()}…"


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
