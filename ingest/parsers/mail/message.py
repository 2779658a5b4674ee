# pyright: basic
"""One e-mail message: its headers, its text and what is attached (the adapter of the standard library's `email`)."""

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import errors, policy
from email.message import MIMEPart
from email.parser import BytesParser
from itertools import chain
from pathlib import PurePosixPath

from ingest.errors import DamagedFileError, ParserLimitError
from ingest.parsers.document_builder import DocumentBuilder, normalize_text
from ingest.parsers.encoding import decode, find_markup_charset
from ingest.parsers.mail.headers import decode_words, read_header
from ingest.parsers.web.html import write_fragment

_SHOWN_HEADERS = ("From", "To", "Cc", "Date")
_NO_SUBJECT = "(no subject)"
_AS_WRITTEN = policy.default.clone(refold_source="none")
_SLIPS = (AttributeError, IndexError, KeyError, LookupError, TypeError, ValueError, errors.MessageError)
"""What the standard library is known to raise over broken headers and parts."""
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
_SEALED = {
    "application/ms-tnef": "is in a format of Outlook's own (TNEF)",
    "application/pkcs7-mime": "is a sealed message (S/MIME)",
    "application/x-pkcs7-mime": "is a sealed message (S/MIME)",
}
_CUT_SHORT = (errors.CloseBoundaryNotFoundDefect, errors.StartBoundaryNotFoundDefect)
_DAMAGED_CODE = (errors.InvalidBase64CharactersDefect, errors.InvalidBase64LengthDefect)
_SOFT_BREAK = re.compile(r"(?<!\n--) \n(?=[^>\s])")
_STUB_SHARE = 1 / 3
"""A text part with less of the words of the HTML beside it only says that there is HTML."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a message. Pictures that its HTML shows are `is_inline`: most are decoration."""

    name: str
    content: bytes
    is_inline: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says, ready to be built, and what is attached to it."""

    subject: str
    builder: DocumentBuilder
    attachments: Sequence[Attachment]
    warnings: Sequence[str]
    encoding: str


@dataclass(frozen=True, slots=True)
class _Text:
    """A part of the body."""

    text: str
    is_html: bool


def read_message(content: bytes, filename: str) -> Message:
    """Return what is in a message; raises `DamagedFileError` where it has no header, and `ParserLimitError`."""
    try:
        message = BytesParser(policy=policy.default).parsebytes(content)
        if not message.keys():
            raise DamagedFileError(filename=filename, detail="it has no mail headers")
        parts = _Parts()
        body = parts.texts(message)
    except RecursionError as error:
        raise ParserLimitError(filename=filename, detail="its parts are nested too deeply") from error
    subject = read_header(message, "Subject")
    builder = DocumentBuilder()
    builder.add_heading(1, subject or (_NO_SUBJECT if body or parts.attachments else ""))
    headers = ((name, read_header(message, name)) for name in _SHOWN_HEADERS)
    builder.add_paragraph("\n".join(f"{name}: {value}" for name, value in headers if value))
    for text in body:
        _write(text, builder)
    return Message(subject, builder, parts.attachments, tuple(dict.fromkeys(parts.warnings)), parts.encoding)


class _Parts:
    """Sorts the parts of a message into text and attachments."""

    def __init__(self) -> None:
        self.attachments: list[Attachment] = []
        self.warnings: list[str] = []
        self.encoding = ""

    def texts(self, part: MIMEPart) -> list[_Text]:
        """Return the texts of the body in order, of alternatives the best one; keep the attachments."""
        kind = part.get_content_type()
        if any(isinstance(defect, _CUT_SHORT) for defect in part.defects):
            self.warnings.append("the message seems to be cut short: the end of its parts is missing")
        if kind == "multipart/encrypted":
            self.warnings.append("the message is encrypted (PGP); what it says was not read")
            return []
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            found = [self.texts(inner) for inner in part.iter_parts()]
            return _best([texts for texts in found if texts]) if kind == "multipart/alternative" else [*chain(*found)]
        is_text = kind in ("text/plain", "text/html") and not _is_attached(part)
        if is_text or part.get_content_maintype() == "multipart":  # the latter has no parts: they are broken
            return self._text(part, is_html=kind == "text/html")
        self._attach(part, kind)
        return []

    def _text(self, part: MIMEPart, *, is_html: bool) -> list[_Text]:
        data = _payload(part)
        self._note_damage(part, "the message")
        declared = part.get_content_charset() or (find_markup_charset(data) if is_html else None)
        decoded = decode(data, declared)
        self.warnings.extend(decoded.warnings)
        self.encoding = self.encoding or decoded.encoding
        text = normalize_text(decoded.text)
        if not is_html and part.get_param("format") == "flowed":
            text = _SOFT_BREAK.sub(" ", text)
        return [_Text(text, is_html)] if text.strip() else []

    def _attach(self, part: MIMEPart, kind: str) -> None:
        if kind in _SIGNATURES:  # they hold no text
            return
        name = _name(part, kind)
        sealed = _SEALED["application/ms-tnef"] if name.lower() == "winmail.dat" else _SEALED.get(kind)
        if sealed:
            self.warnings.append(f"attachment {name} {sealed} and was not read")
            return
        try:
            content = _payload(part)
        except _SLIPS as error:
            self.warnings.append(f"attachment {name} is damaged and was not read: {error}")
            return
        self._note_damage(part, f"attachment {name}")
        is_inline = part.get_content_maintype() == "image" and part.get_content_disposition() != "attachment"
        self.attachments.append(Attachment(name, content, is_inline))

    def _note_damage(self, part: MIMEPart, what: str) -> None:
        if any(isinstance(defect, _DAMAGED_CODE) for defect in part.defects):
            self.warnings.append(f"{what} is damaged: some of its bytes (base64) are missing")


def _best(alternatives: Sequence[list[_Text]]) -> list[_Text]:
    """Return the plain text unless it is a stub beside the HTML."""
    plain = next((texts for texts in alternatives if not any(text.is_html for text in texts)), [])
    html = next((texts for texts in reversed(alternatives) if any(text.is_html for text in texts)), [])
    return html if html and _words(plain) < _STUB_SHARE * _words(html) else plain or html


def _words(texts: Sequence[_Text]) -> int:
    builder = DocumentBuilder()
    for text in texts:
        _write(text, builder)
    if not builder.has_text:
        return 0
    return len(builder.build(title="", media_type="", filename="").text.split())


def _write(text: _Text, builder: DocumentBuilder) -> None:
    if text.is_html:
        write_fragment(text.text, builder)
    else:
        builder.add_paragraph(text.text)


def _is_attached(part: MIMEPart) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_stored_name(part))


def _stored_name(part: MIMEPart) -> str:
    try:
        name = part.get_filename() or ""
    except _SLIPS:
        return ""
    return PurePosixPath(" ".join(normalize_text(decode_words(name)).replace("\\", "/").split())).name


def _name(part: MIMEPart, kind: str) -> str:
    """Return the name of an attachment, or one that says what it is."""
    stored = _stored_name(part)
    if stored:
        return stored
    if kind == "message/rfc822":
        subject = next((read_header(inner, "Subject") for inner in _messages_in(part)), "")
        return f"{subject.replace('/', '-') or 'message'}.eml"
    guessed = ".txt" if part.get_content_maintype() == "message" else mimetypes.guess_extension(kind) or ""
    return f"{part.get_content_subtype()}{guessed}"


def _payload(part: MIMEPart) -> bytes:
    if part.get_content_maintype() == "message" and part.is_multipart():
        return b"\n".join(message.as_bytes(policy=_AS_WRITTEN) for message in _messages_in(part))
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _messages_in(part: MIMEPart) -> list[MIMEPart]:
    inner = part.get_payload()
    return [message for message in inner if isinstance(message, MIMEPart)] if isinstance(inner, list) else []
