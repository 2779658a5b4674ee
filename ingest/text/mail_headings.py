"""The headings of messages, "Offsite — Ann <ann@example.org>, 3 May 2026", and what else parsers write over text. Pure.

Parsers write them; whoever wants to know which message a passage is from reads them here.
"""

import re

SEPARATOR = " — "
SHOWN_HEADERS = ("From", "To", "Cc", "Date")
"""The fields of a message's header that are part of its text, in this order, one on each line."""
QUOTED_FROM = "Quoted from: "
REPLY_FROM = "Reply from: "
_REPLY_MARK = re.compile(
    r"\s*(?:re|aw|wg|fwd?|tr|rv|enc|antw|doorst|res|rif|i|r|ynt|sv|vs)(?:\[\d+\]|\(\d+\))?\s?:\s*", re.IGNORECASE
)


def make_headline(subject: str, author: str) -> str:
    """Return the heading of a message; without an author, the subject alone."""
    return SEPARATOR.join(part for part in (subject, author) if part)


def find_quoted_author(before: str, chunk: str, headings: tuple[str, ...]) -> str | None:
    """Return the author and date of the quoted message that a sentence of a chunk is from; None if it is of none.

    `before` is the text of the chunk before the sentence. A chunk can have own and quoted text, so the headings over
    the chunk tell only if none of its own lines does.
    """
    lines = [line for line in before.splitlines() if line.startswith((QUOTED_FROM, REPLY_FROM))]
    if not lines and any(line.startswith(QUOTED_FROM) for line in chunk.splitlines()):
        return None
    last = next(reversed(lines or [title for title in headings if title.startswith((QUOTED_FROM, REPLY_FROM))]), "")
    return last.removeprefix(QUOTED_FROM) if last.startswith(QUOTED_FROM) else None


def find_thread(headline: str) -> str:
    """Return the subject in the headline of a message, without the marks of replies and in small letters."""
    subject = headline.rpartition(SEPARATOR)[0] or headline
    while (mark := _REPLY_MARK.match(subject)) is not None:
        subject = subject[mark.end() :]
    return " ".join(subject.casefold().split())


def is_header(text: str) -> bool:
    """Whether a text is the header of a message: sender, recipients and date."""
    return text.startswith(tuple(f"{name}: " for name in SHOWN_HEADERS))


def is_reply(headline: str) -> bool:
    """Whether the subject in the headline of a message says that it answers or forwards another one."""
    return _REPLY_MARK.match(headline) is not None
