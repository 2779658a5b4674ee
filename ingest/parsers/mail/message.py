# pyright: basic
"""Read one e-mail message (RFC 5322, MIME): headers, text and attachments (the adapter of the library `email`)."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from email import errors, policy
from email.message import MIMEPart
from email.parser import BytesParser
from itertools import chain
from pathlib import PurePosixPath

from ingest.errors import DamagedFileError, ParserLimitError
from ingest.parsers.document_builder import DocumentBuilder, normalize_signs, normalize_text, reveal_text
from ingest.parsers.encoding import decode, find_markup_charset
from ingest.parsers.mail.body import (
    BodyPart,
    BodyWriter,
    EarlierMessages,
    Envelope,
    choose_alternative,
    read_html,
)
from ingest.parsers.mail.headers import decode_words, read_header
from ingest.parsers.mail.headline import NO_SUBJECT, clean_sender, format_author, format_headline
from ingest.parsers.mail.quotes import read_flowed_lines, read_lines
from ingest.text.mail_headings import SHOWN_HEADERS, find_thread, is_reply

_AS_WRITTEN = policy.default.clone(refold_source="none")
_LIBRARY_ERRORS = (AttributeError, IndexError, KeyError, LookupError, TypeError, ValueError, errors.MessageError)
"""What the standard library raises for broken headers and parts."""
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
_UNREADABLE_TYPES = {
    "application/ms-tnef": "is in a format of Outlook's own (TNEF)",
    "application/pkcs7-mime": "is a sealed message (S/MIME)",
    "application/x-pkcs7-mime": "is a sealed message (S/MIME)",
}
_CUT_SHORT = (errors.CloseBoundaryNotFoundDefect, errors.StartBoundaryNotFoundDefect)
_DAMAGED_CODE = (errors.InvalidBase64CharactersDefect, errors.InvalidBase64LengthDefect)
_OTHER_FORMS = {"text/x-amp-html", "text/watch-html"}
"""Forms of the same text for other programs."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a message. `is_inline` marks pictures of the HTML part, most of them decoration."""

    name: str
    content: bytes
    is_inline: bool


@dataclass(frozen=True, slots=True)
class Message:
    """The text of a message in a builder, and its attachments.

    `headline` is its subject with sender and date. `section_starts` are the offsets of the headings over quoted text,
    `repeated` the spans of it that an earlier message has.
    """

    subject: str
    headline: str
    builder: DocumentBuilder
    attachments: Sequence[Attachment]
    warnings: Sequence[str]
    metadata: dict[str, str]
    section_starts: Sequence[int]
    repeated: Sequence[tuple[int, int]]


def read_message(content: bytes, filename: str, earlier: EarlierMessages | None = None) -> Message:
    """Return the content of a message, and add it to `earlier` messages of its mailbox.

    Raises `DamagedFileError` if it has no headers, and `ParserLimitError`.
    """
    try:
        message = BytesParser(policy=policy.default).parsebytes(content)
        if not message.keys():
            raise DamagedFileError(filename=filename, detail="it has no mail headers")
        sorter = _PartSorter()
        body = sorter.collect(message)
    except RecursionError as error:
        raise ParserLimitError(filename=filename, detail="its parts are nested too deeply") from error
    subject = read_header(message, "Subject")
    sender, sent = read_header(message, "From"), read_header(message, "Date")
    builder = DocumentBuilder()
    builder.add_heading(1, subject or (NO_SUBJECT if body or sorter.attachments else ""))
    headers = ((name, read_header(message, name)) for name in SHOWN_HEADERS)
    builder.add_paragraph("\n".join(f"{name}: {value}" for name, value in headers if value))
    envelope = Envelope(format_author(sender, sent), clean_sender(sender), find_thread(subject), is_reply(subject))
    writer = BodyWriter(builder, envelope, earlier or EarlierMessages())
    writer.write(body)
    for paragraphs, is_html in sorter.supplements:
        writer.write_supplement(paragraphs, is_html=is_html)
    writer.remember()
    return Message(
        subject,
        format_headline(subject, sender, sent),
        builder,
        sorter.attachments,
        tuple(dict.fromkeys(sorter.warnings)),
        {"encoding": sorter.encoding} if sorter.encoding else {},
        writer.section_starts,
        writer.repeated,
    )


class _PartSorter:
    """Sorts the MIME parts of a message into text and attachments."""

    def __init__(self) -> None:
        self.attachments: list[Attachment] = []
        self.warnings: list[str] = []
        self.supplements: list[tuple[list[str], bool]] = []
        self.encoding = ""

    def collect(self, part: MIMEPart) -> list[BodyPart]:
        """Return the text parts of the body in order, of alternatives the one that says more.

        Collects attachments, warnings, and what only the other alternative says.
        """
        kind = part.get_content_type()
        if any(isinstance(defect, _CUT_SHORT) for defect in part.defects):
            self.warnings.append("the message seems to be cut short: the end of its parts is missing")
        if kind == "multipart/encrypted":
            self.warnings.append("the message is encrypted (PGP); its content was not read")
            return []
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner = [self.collect(inner_part) for inner_part in part.iter_parts()]
            return self._choose([parts for parts in inner if parts], kind)
        is_text = kind in ("text/plain", "text/html") and not _is_attached(part)
        if is_text or part.get_content_maintype() == "multipart":  # a multipart without parts is broken
            return self._decode_text(part, is_html=kind == "text/html")
        self._add_attachment(part, kind)
        return []

    def _choose(self, inner: Sequence[list[BodyPart]], kind: str) -> list[BodyPart]:
        if kind != "multipart/alternative":
            return [*chain(*inner)]
        parts, paragraphs = choose_alternative(inner)
        if paragraphs:
            self.supplements.append((paragraphs, not any(part.is_html for part in parts)))
        return parts

    def _decode_text(self, part: MIMEPart, *, is_html: bool) -> list[BodyPart]:
        data = _decode_payload(part)
        self._warn_of_damage(part, "the message")
        declared = part.get_content_charset() or (find_markup_charset(data) if is_html else None)
        decoded = decode(data, declared)
        self.warnings.extend(decoded.warnings)
        self.encoding = self.encoding or decoded.encoding
        text = normalize_signs(decoded.text) if is_html else reveal_text(decoded.text)
        if not text.strip():
            return []
        if is_html:
            document = read_html(text)
            return [BodyPart(html=text, document=document)] if document else []
        if _read_parameter(part, "format") == "flowed":
            return [BodyPart(read_flowed_lines(text, delete_space=_read_parameter(part, "delsp") == "yes"))]
        return [BodyPart(read_lines(text))]

    def _add_attachment(self, part: MIMEPart, kind: str) -> None:
        if kind in _SIGNATURES or kind in _OTHER_FORMS:  # they hold no text, or none of their own
            return
        name = _choose_name(part, kind)
        reason = (
            _UNREADABLE_TYPES["application/ms-tnef"] if name.lower() == "winmail.dat" else _UNREADABLE_TYPES.get(kind)
        )
        if reason:
            self.warnings.append(f"attachment {name} {reason} and was not read")
            return
        try:
            content = _decode_payload(part)
        except _LIBRARY_ERRORS as error:
            self.warnings.append(f"attachment {name} is damaged and was not read: {error}")
            return
        self._warn_of_damage(part, f"attachment {name}")
        is_inline = part.get_content_maintype() == "image" and part.get_content_disposition() != "attachment"
        self.attachments.append(Attachment(name, content, is_inline))

    def _warn_of_damage(self, part: MIMEPart, subject: str) -> None:
        if any(isinstance(defect, _DAMAGED_CODE) for defect in part.defects):
            self.warnings.append(f"{subject} is damaged: some of its bytes (base64) are missing")


def _read_parameter(part: MIMEPart, name: str) -> str:
    """Return a parameter of the content type in lower case; empty without it."""
    try:
        value = part.get_param(name)
    except _LIBRARY_ERRORS:
        return ""
    return value.strip().lower() if isinstance(value, str) else ""


def _is_attached(part: MIMEPart) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_read_name(part))


def _read_name(part: MIMEPart) -> str:
    try:
        name = part.get_filename() or ""
    except _LIBRARY_ERRORS:
        return ""
    return PurePosixPath(" ".join(normalize_text(decode_words(name)).replace("\\", "/").split())).name


def _choose_name(part: MIMEPart, kind: str) -> str:
    """Return the name of an attachment, or one made of its subject or type."""
    stored = _read_name(part)
    if stored:
        return stored
    if kind == "message/rfc822":
        subject = next((read_header(inner, "Subject") for inner in _inner_messages(part)), "")
        return f"{subject.replace('/', '-') or 'message'}.eml"
    guessed = ".txt" if part.get_content_maintype() == "message" else mimetypes.guess_extension(kind) or ""
    return f"{part.get_content_subtype()}{guessed}"


def _decode_payload(part: MIMEPart) -> bytes:
    if part.get_content_maintype() == "message" and part.is_multipart():
        return b"\n".join(message.as_bytes(policy=_AS_WRITTEN) for message in _inner_messages(part))
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _inner_messages(part: MIMEPart) -> list[MIMEPart]:
    inner = part.get_payload()
    return [message for message in inner if isinstance(message, MIMEPart)] if isinstance(inner, list) else []
