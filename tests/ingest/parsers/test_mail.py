"""Messages and mailboxes: text, attachments, and warnings about what cannot be read."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.errors import DamagedFileError, EncryptedFileError, NoTextError
from ingest.parsers import registry
from ingest.parsers.mail import parser as mail
from ingest.parsers.mail.parser import MESSAGES_PER_PIECE, parse_eml, parse_mbox
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.types import Heading, Page, PageUnit, ParsedDocument
from tests.files import write_pdf

HEADLINE = "High tide — Ann <ann@example.org>, 1 October 2024"


def source_of(tmp_path: Path, content: bytes, name: str = "note.eml") -> Source:
    path = tmp_path / "content"
    path.write_bytes(content)
    return Source(path, name)


def read(tmp_path: Path, message: EmailMessage | bytes) -> ParsedDocument:
    content = message if isinstance(message, bytes) else message.as_bytes()
    return join_pieces(parse_eml(source_of(tmp_path, content)))


def letter(subject: str = "High tide", text: str = "Bring the ropes.") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann <ann@example.org>"
    message["To"] = "Bo <bo@example.org>"
    message["Subject"] = subject
    message["Date"] = "Tue, 01 Oct 2024 12:34:56 -0500"
    message.set_content(text)
    return message


def extract_page_texts(document: ParsedDocument) -> dict[str, str]:
    return {page.label: document.text[page.start : page.end] for page in document.pages}


def test_a_message_is_its_subject_its_headers_and_its_text(tmp_path: Path) -> None:
    document = read(tmp_path, letter("Höhe bei Flut"))
    assert document == ParsedDocument(
        title="Höhe bei Flut",
        media_type="message/rfc822",
        text=(
            "Höhe bei Flut\n\nFrom: Ann <ann@example.org>\nTo: Bo <bo@example.org>\n"
            "Date: Tue, 01 Oct 2024 12:34:56 -0500\n\nBring the ropes."
        ),
        pages=(Page(1, 0, 122, label="Höhe bei Flut — Ann <ann@example.org>, 1 October 2024"),),
        headings=(Heading(1, "Höhe bei Flut — Ann <ann@example.org>, 1 October 2024", 0),),
        metadata={"encoding": "utf-8"},
    )


def test_html_is_read_where_the_text_beside_it_is_a_stub(tmp_path: Path) -> None:
    message = letter(text="See the HTML.")
    message.add_alternative(f"<h1>Plan</h1><p>{'Meet at the pier at noon. ' * 5}</p>", subtype="html")
    document = read(tmp_path, message)
    assert "Meet at the pier" in document.text
    assert "See the HTML." not in document.text
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, HEADLINE), (2, "Plan")]


def test_the_text_is_read_where_the_html_says_the_same(tmp_path: Path) -> None:
    message = letter(text="Meet at the *pier* at noon.")
    message.add_alternative("<p>Meet at the <b>pier</b> at noon.</p>", subtype="html")
    assert read(tmp_path, message).text.endswith("\n\nMeet at the *pier* at noon.")


def test_attachments_are_pages_with_their_names(tmp_path: Path) -> None:
    message = letter()
    pdf = write_pdf(tmp_path / "a.pdf", ["Rope list"], ["Buoy list"]).read_bytes()
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename="lists.pdf")
    message.add_attachment("Fenders: 4", filename="more.txt")
    document = read(tmp_path, message)
    texts = extract_page_texts(document)
    assert list(texts) == [
        HEADLINE,
        "attachment lists.pdf, page 1",
        "attachment lists.pdf, page 2",
        "attachment more.txt",
    ]
    assert [page.number for page in document.pages] == [1, 2, 3, 4]
    assert all(page.width == 0 and not page.words for page in document.pages)
    assert texts["attachment lists.pdf, page 2"].strip() == "Buoy list"
    assert texts["attachment more.txt"].strip() == "Attachment more.txt\n\nFenders: 4"
    assert [heading.title for heading in document.headings if heading.level == 2] == [
        "Attachment lists.pdf",
        "Attachment more.txt",
    ]
    assert document.warnings == ()


def test_a_forwarded_message_is_read_with_what_is_attached_to_it(tmp_path: Path) -> None:
    inner = letter("Old plan", "The old plan.")
    inner.add_attachment("Deep text", filename="deep.txt")
    outer = letter("Fwd")
    outer.add_attachment(inner)
    texts = extract_page_texts(read(tmp_path, outer))
    assert list(texts) == [
        HEADLINE.replace("High tide", "Fwd"),
        f"attachment Old plan.eml, {HEADLINE.replace('High tide', 'Old plan')}",
        "attachment Old plan.eml, attachment deep.txt",
    ]
    assert "Deep text" in texts["attachment Old plan.eml, attachment deep.txt"]


def test_messages_inside_messages_end_at_the_third(tmp_path: Path) -> None:
    message = letter("level 4", "the lowest")
    for level in (3, 2, 1, 0):
        outer = letter(f"level {level}")
        outer.add_attachment(message)
        message = outer
    document = read(tmp_path, message)
    assert "level 3" in document.text
    assert "the lowest" not in document.text
    assert any(
        "level 4.eml was not read" in warning and "inside 3 other files" in warning for warning in document.warnings
    )


def test_an_attachment_that_cannot_be_read_is_a_warning_with_its_name_and_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_sealed(source: Source) -> None:
        raise EncryptedFileError(filename=source.filename)

    monkeypatch.setattr(registry, "parse_pieces", read_sealed)
    message = letter()
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="sealed.pdf")
    (warning,) = read(tmp_path, message).warnings
    assert warning.startswith("attachment sealed.pdf was not read: sealed.pdf is encrypted and needs a password")


def test_a_reader_that_fails_on_an_attachment_costs_only_the_attachment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_badly(_source: Source) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(registry, "parse_pieces", read_badly)
    message = letter()
    message.add_attachment("text", filename="a.txt")
    document = read(tmp_path, message)
    assert "Bring the ropes." in document.text
    assert "the reader failed on a.txt" in document.warnings[0]


def test_formats_of_mail_programs_are_told_and_signatures_are_not(tmp_path: Path) -> None:
    message = letter()
    message.add_attachment(b"x\x9f", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    message.add_attachment(b"s", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="zip", filename="a.bin")
    warnings = read(tmp_path, message).warnings
    assert warnings[0] == "attachment winmail.dat is in a format of Outlook's own (TNEF) and was not read"
    assert "a.bin" in warnings[1]
    assert len(warnings) == 2


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("iso-2022-jp", "日本語のテキスト".encode("iso2022_jp")),
        ("us-ascii", "日本語のテキスト".encode()),
        ("shift_jis", "日本語のテキスト".encode("cp932")),
    ],
)
def test_a_part_is_read_in_its_own_encoding_also_where_the_declared_one_is_wrong(
    tmp_path: Path, charset: str, body: bytes
) -> None:
    head = f"Subject: x\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    assert read(tmp_path, head.encode() + body).text.endswith("日本語のテキスト")


def test_raw_bytes_in_a_header_are_decoded(tmp_path: Path) -> None:
    document = read(tmp_path, "Subject: Höhe\nFrom: =?utf-8?q?J=C3=B6rg?= <j@x.org>\n\nText".encode())
    assert document.text == "Höhe\n\nFrom: Jörg <j@x.org>\n\nText"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("=?utf-8?q?H=C3=B6he_am?= =?utf-8?q?_Pier?= now", "Höhe am Pier now"),
        ("=?utf-8?b?5ryy5r2u5Zyo5g==?=\n =?utf-8?b?raM=?=", "漲潮在正"),
        ("Re: =?gb2312?B?1cezsQ==?= x", "Re: 涨潮 x"),
        ("=?x-none?q?Flut?= =?utf-8?b?a?=", "=?x-none?q?Flut?==?utf-8?b?a?="),
        ("(" * 5_000, "(" * 5_000),
    ],
)
def test_words_of_a_header_are_decoded_where_they_can_be(tmp_path: Path, written: str, shown: str) -> None:
    assert read(tmp_path, f"From: a@b.org\nSubject: {written}\n\nText".encode()).title == shown


def test_soft_line_breaks_are_joined_and_the_signature_stays(tmp_path: Path) -> None:
    content = b"Subject: x\nContent-Type: text/plain; format=flowed\n\nOne line \nof two.\n-- \nAnn"
    assert read(tmp_path, content).text == "x\n\nOne line of two.\n-- \nAnn"


def test_a_message_that_is_cut_short_is_told(tmp_path: Path) -> None:
    message = letter()
    message.add_attachment("a,b\n1,2", subtype="csv", filename="a.csv")
    document = read(tmp_path, message.as_bytes().rstrip().rsplit(b"\n", 1)[0])
    assert document.warnings == ("the message seems to be cut short: the end of its parts is missing",)
    assert "Bring the ropes." in document.text


def test_an_encrypted_message_says_so(tmp_path: Path) -> None:
    content = b'Subject: x\nContent-Type: multipart/encrypted; boundary="b"\n\n--b\n\nVersion: 1\n--b--\n'
    assert read(tmp_path, content).warnings == ("the message is encrypted (PGP); its content was not read",)


def test_a_file_without_headers_is_no_message(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError):
        read(tmp_path, b"just a line\n")


def mailbox_of(*messages: bytes) -> bytes:
    return b"".join(b"From ann@example.org Tue Oct  1 12:34:56 2024\n" + message + b"\n\n" for message in messages)


def test_a_mailbox_has_a_page_for_each_message(tmp_path: Path) -> None:
    second = letter("Ropes", "From here on, all is calm.\n\nFrom the pier 2024 you see the sea.\n")
    second.add_attachment("Fenders: 4", filename="more.txt")
    content = mailbox_of(letter().as_bytes(), second.as_bytes())
    (document,) = parse_mbox(source_of(tmp_path, content, "sea.mbox"))
    assert (document.title, document.unit) == ("sea", PageUnit.MESSAGE)
    assert [(page.number, page.label) for page in document.pages] == [
        (1, HEADLINE),
        (2, HEADLINE.replace("High tide", "Ropes")),
    ]
    last = document.text[document.pages[1].start : document.pages[1].end]
    assert "From the pier 2024 you see the sea." in last
    assert last.rstrip().endswith("Attachment more.txt\n\nFenders: 4")


def test_a_long_mailbox_comes_in_pieces_and_broken_messages_are_told(tmp_path: Path) -> None:
    messages = [letter(f"number {number}").as_bytes() for number in range(MESSAGES_PER_PIECE + 10)]
    messages[3] = b"Content-Type: text/plain\n\n\n"
    pieces = list(parse_mbox(source_of(tmp_path, mailbox_of(*messages), "sea.mbox")))
    assert [len(piece.pages) for piece in pieces] == [MESSAGES_PER_PIECE, 9]
    assert [page.number for piece in pieces for page in piece.pages] == [1, 2, 3, *range(5, MESSAGES_PER_PIECE + 11)]
    assert pieces[0].warnings[0].startswith("message 4 was not read: ")
    assert all(piece.title == "sea" and piece.pages[0].start == 0 for piece in pieces)


def test_a_mailbox_without_a_message_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(NoTextError):
        list(parse_mbox(source_of(tmp_path, b"From a@b Tue Oct  1 12:34:56 2024\n\n\n", "sea.mbox")))


def test_the_registry_reads_messages(tmp_path: Path) -> None:
    path = source_of(tmp_path, letter().as_bytes()).path
    assert registry.parse(path, "note.eml").media_type == mail.EML_MEDIA_TYPE
