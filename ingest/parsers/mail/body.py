"""The body of a message: the parts that are read, and what is the sender's own and what is quoted."""

import re
import unicodedata
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.mail.html_quotes import split_html
from ingest.parsers.mail.quotes import (
    Line,
    Passage,
    name_introduced,
    read_lines,
    split_quotes,
    take_attribution,
    take_introduction,
)
from ingest.parsers.web.html import write_fragment
from ingest.text.mail_headings import QUOTED_FROM, REPLY_FROM
from ingest.types import BlockKind, ParsedDocument

SECTION_LEVEL = 2
"""The level of the headings over what is quoted; the subject has level 1."""
_PARAGRAPH_BREAK = "\n\n"
_UNKNOWN_AUTHOR = "an earlier message"
_WORD = re.compile(r"[^\W_]+(?:[.,:]\d+)*")
_LINK = re.compile(r"(?:https?://|mailto:|www\.|cid:)\S+|\[(?:image|cid)[^\]]*\]", re.I)
_NEEDS_HTML = re.compile(r"\bhtml\b|browser|navigateur|navegador|浏览器|ブラウザ", re.I)
_MAX_STUB_WORDS = 60
_STUB_SHARE = 1 / 3
_MAX_MISSING_SHARE = 0.1
_MIN_MISSING_WORDS = 3
_REMEMBERED_MESSAGES = 500
_REMEMBERED_CHARS = 20_000
_MIN_WORDS_OF_AUTHOR = 4
_MIN_WORDS_UNMARKED = 6
_QUESTION_END = re.compile(r"[?？؟]\W*$")
_QUESTION = re.compile(r"(?:[^.!?？؟]|[.!](?!\s))+[?？؟]")
_MAX_QUESTION_LINES = 4
_MAX_QUESTION_CHARS = 150


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A text part of the body: the lines of a plain text with their quote depth, or a page: its source and its text."""

    lines: Sequence[Line] = ()
    html: str = ""
    document: ParsedDocument | None = None

    @property
    def is_html(self) -> bool:
        """Whether the part is HTML."""
        return bool(self.html)


@dataclass(frozen=True, slots=True)
class _Section:
    """A passage, with its headings and tables if it is HTML."""

    passage: Passage
    document: ParsedDocument | None = None


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What a message says, as words alone, with its author and the subject of its thread."""

    words: str
    author: str
    sender: str
    thread: str


class EarlierMessages:
    """Remembers what was written in the messages of a mailbox so far, as far as quotes may repeat it."""

    def __init__(self) -> None:
        self._messages: deque[_Earlier] = deque(maxlen=_REMEMBERED_MESSAGES)

    def add(self, text: str, envelope: "Envelope") -> None:
        """Remember a text of a message."""
        words = f" {_normalize_words(text[:_REMEMBERED_CHARS])} "
        self._messages.append(_Earlier(words, envelope.author, envelope.sender, envelope.thread))

    def find_repeated(self, paragraph: str, envelope: "Envelope") -> str | None:
        """Return the author of the earlier message by someone else in the thread that has a paragraph; None without.

        Without marks, only a paragraph of some length is a quote for sure.
        """
        words = _normalize_words(paragraph)
        if len(words.split()) < _MIN_WORDS_UNMARKED or not envelope.thread:
            return None
        for earlier in reversed(self._messages):
            if (
                earlier.thread == envelope.thread
                and earlier.sender != envelope.sender
                and f" {words} " in earlier.words
            ):
                return earlier.author
        return None

    def find_author(self, text: str) -> str | None:
        """Return the author of the last message that has every paragraph of `text`; None without one.

        The author is empty if the text is too short to tell.
        """
        paragraphs = [f" {words} " for words in map(_normalize_words, re.split(r"\n\s*\n", text)) if words]
        for earlier in reversed(self._messages):
            if paragraphs and all(paragraph in earlier.words for paragraph in paragraphs):
                return earlier.author if sum(map(len, map(str.split, paragraphs))) >= _MIN_WORDS_OF_AUTHOR else ""
        return None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Of whom a message is: its author with the date, the sender alone, its thread, and whether it answers in it."""

    author: str = ""
    sender: str = ""
    thread: str = ""
    is_reply: bool = False


class BodyWriter:
    """Adds the body of a message to a document: the sender's own text, and sections of quoted text.

    `section_starts` are the offsets of the headings over these sections; `repeated` are the spans of those that an
    earlier message of the same mailbox has word for word.
    """

    def __init__(self, builder: DocumentBuilder, envelope: Envelope, earlier: EarlierMessages) -> None:
        self._builder = builder
        self._envelope = envelope
        self._earlier = earlier
        self._own_texts: list[str] = []
        self.section_starts: list[int] = []
        self.repeated: list[tuple[int, int]] = []

    def write(self, parts: Sequence[BodyPart]) -> None:
        """Add parts in order. Own text comes before quoted text, unless it answers it piece by piece."""
        sections = [section for part in parts for section in _read_sections(part, is_reply=self._envelope.is_reply)]
        sections = _name_all([part for section in sections for part in self._part_repeated(section)])
        own = [section for section in sections if section.passage.depth == 0]
        if not _is_interleaved(sections):
            sections = [*own, *(section for section in sections if section.passage.depth)]
        question = ""
        for number, section in enumerate(sections):
            if section.passage.depth:
                self._write_quoted(section)
            else:
                self._write_own(section, question, needs_heading=bool(number and self.section_starts))
            question = _find_question(section.passage.text) if section.passage.depth else ""
        self._own_texts += [section.passage.text for section in own]

    def write_supplement(self, paragraphs: Sequence[str], *, is_html: bool) -> None:
        """Add the paragraphs that only the other form of the message has."""
        if paragraphs:
            self._add_heading(f"Only in the {'HTML' if is_html else 'plain text'} of this message")
            for paragraph in paragraphs:
                self._builder.add_paragraph(paragraph)
            self._own_texts += paragraphs

    def remember(self) -> None:
        """Let later messages know what the sender wrote."""
        self._earlier.add("\n\n".join(self._own_texts), self._envelope)

    def _part_repeated(self, section: _Section) -> list[_Section]:
        """Return a section; of own text without marks, what an earlier message of the thread has is quoted from it."""
        if section.passage.depth or section.document is not None:
            return [section]
        authors = [
            self._earlier.find_repeated(text, self._envelope) for text in _split_paragraphs(section.passage.text)
        ]
        if not any(author is not None for author in authors):
            return [section]
        parts: list[_Section] = []
        texts = zip(_split_paragraphs(section.passage.text), authors, strict=True)
        for author, group in groupby(texts, key=lambda text: text[1]):
            lines = "\n\n".join(text for text, _ in group).split("\n")
            if author is None:
                parts.append(_Section(Passage(0, "\n".join(lines))))
                continue
            before = parts.pop().passage.text.split("\n") if parts else []
            attribution = take_attribution(before)
            parts += [_Section(Passage(0, "\n".join(before).strip("\n")))] if any(map(str.strip, before)) else []
            parts.append(_Section(Passage(1, "\n".join(lines), author, attribution)))
        return parts

    def _write_own(self, section: _Section, question: str, *, needs_heading: bool) -> None:
        """Add the sender's text, under a heading with the question that it answers."""
        if needs_heading:
            answered = f", to “{question}”" if question else ""
            self._add_heading(f"{REPLY_FROM}{self._envelope.author or 'the sender'}{answered}")
        self._write_content(section)

    def _write_quoted(self, section: _Section) -> None:
        start = self._builder.length
        known = self._earlier.find_author(section.passage.text)
        self._add_heading(f"{QUOTED_FROM}{section.passage.author or known or _UNKNOWN_AUTHOR}")
        self._builder.add_paragraph(section.passage.attribution)
        self._write_content(section)
        if known is not None:
            self.repeated.append((start, self._builder.length))

    def _write_content(self, section: _Section) -> None:
        if section.document is not None:
            self._builder.add_document(section.document)
        else:
            self._builder.add_paragraph(section.passage.text)

    def _add_heading(self, title: str) -> None:
        start = self._builder.length + (len(_PARAGRAPH_BREAK) if self._builder.has_text else 0)
        self._builder.add_heading(SECTION_LEVEL, title)
        self.section_starts.append(start)


def choose_alternative(alternatives: Sequence[Sequence[BodyPart]]) -> tuple[list[BodyPart], list[str]]:
    """Return the alternative that says more, and the paragraphs that only the other one has.

    Of two that say the same, the plain text is chosen, unless the HTML has a table.
    """
    nothing: list[BodyPart] = []
    plain = next((list(parts) for parts in alternatives if not any(part.is_html for part in parts)), nothing)
    html = next((list(parts) for parts in reversed(alternatives) if any(part.is_html for part in parts)), nothing)
    if not plain or not html:
        return plain or html, []
    plain_text, html_text = (("\n\n".join(map(_get_text, parts))) for parts in (plain, html))
    if _is_stub(plain_text, html_text):
        return html, []
    if _lacks(plain_text, html_text) or _has_table(html):
        return html, _select_missing(plain_text, html_text)
    return plain, []


def read_html(html: str) -> ParsedDocument | None:
    """Return the text of a page with its headings and tables; None if it has no text."""
    builder = DocumentBuilder()
    write_fragment(html, builder)
    return builder.build(title="", media_type="", filename="") if builder.has_text else None


def _read_sections(part: BodyPart, *, is_reply: bool) -> list[_Section]:
    if not part.is_html:
        return [_Section(passage) for passage in split_quotes(part.lines, is_reply=is_reply)]
    fragments = split_html(part.html)
    sections: list[_Section] = []
    pending = ""
    for fragment in fragments:
        document = part.document if len(fragments) == 1 else read_html(fragment.html)
        if document is None:
            continue
        passages = split_quotes(read_lines(document.text), is_reply=is_reply) if fragment.depth == 0 else []
        if any(passage.depth for passage in passages):  # quoted in a way that the page's elements do not show
            sections += [_Section(passage) for passage in passages]
        elif fragment.depth:
            introduction, rest = take_introduction(document.text)
            author = name_introduced(introduction or pending)
            if rest:
                attribution = "" if introduction else pending
                sections.append(_Section(Passage(fragment.depth, rest, author, attribution), document))
            pending = "" if rest else introduction
        else:
            sections.append(_Section(Passage(0, document.text), document))
    return [*sections, _Section(Passage(1, pending))] if pending else sections


def _is_interleaved(sections: Sequence[_Section]) -> bool:
    """Return whether own text answers quoted text piece by piece: below two quotes, or below one between own texts."""
    kinds = [section.passage.depth > 0 for section in sections]
    answers = sum(is_quoted and not is_next for is_quoted, is_next in pairwise(kinds))
    return answers > 1 or (answers == 1 and not kinds[0])


def _name_all(sections: Sequence[_Section]) -> list[_Section]:
    """Return the sections with the author of all quotes of the message before, if only one of them is named."""
    authors = {section.passage.author for section in sections if section.passage.depth == 1} - {""}
    if len(authors) != 1:
        return list(sections)
    (author,) = authors
    return [
        replace(section, passage=replace(section.passage, author=author)) if section.passage.depth == 1 else section
        for section in sections
    ]


def _find_question(text: str) -> str:
    """Return the questions that a quoted text ends with; empty if it ends with none, or a long one."""
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    if not lines or not _QUESTION_END.search(lines[-1]):
        return ""
    questions = [question.strip() for question in _QUESTION.findall(" ".join(lines[-_MAX_QUESTION_LINES:]))]
    return next((text for text in (" ".join(questions), questions[-1]) if len(text) <= _MAX_QUESTION_CHARS), "")


def _split_paragraphs(text: str) -> list[str]:
    return [paragraph.strip("\n") for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def _get_text(part: BodyPart) -> str:
    if part.is_html:
        return part.document.text if part.document else ""
    return "\n".join(line.text for line in part.lines)


def _has_table(parts: Sequence[BodyPart]) -> bool:
    documents = (part.document for part in parts if part.document)
    return any(block.kind is BlockKind.TABLE for document in documents for block in document.blocks)


def _is_stub(plain: str, html: str) -> bool:
    """Return whether a plain text says no more than that the HTML is to be read."""
    words, html_words = _find_words(plain), _find_words(html)
    if len(words) < _STUB_SHARE * len(html_words) and not _lacks(html, plain):
        return True
    numbers = {word for word in words - html_words if _is_number(word)}
    return len(words) <= _MAX_STUB_WORDS and not numbers and bool(_NEEDS_HTML.search(plain)) and _lacks(plain, html)


def _lacks(text: str, other: str) -> bool:
    """Return whether `text` lacks words or numbers of `other` in a number that matters."""
    words, missing = _find_words(other), _find_words(other) - _find_words(text)
    if any(_is_number(word) for word in missing):
        return True
    return len(missing) >= max(_MIN_MISSING_WORDS, _MAX_MISSING_SHARE * len(words))


def _select_missing(text: str, other: str) -> list[str]:
    """Return the paragraphs of `text` with words or numbers in a number that matters that `other` lacks."""
    if not _lacks(other, text):
        return []
    paragraphs = [paragraph.strip("\n") for paragraph in re.split(r"\n\s*\n", text)]
    return [paragraph for paragraph in paragraphs if _lacks(other, paragraph)]


def _find_words(text: str) -> set[str]:
    folded = unicodedata.normalize("NFKC", _LINK.sub(" ", text)).casefold()
    return set(_WORD.findall(folded))


def _is_number(word: str) -> bool:
    return any(sign.isdecimal() for sign in word)


def _normalize_words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
