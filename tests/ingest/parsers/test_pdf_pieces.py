"""Long PDFs: their pieces, running headers and attached files."""

from itertools import pairwise
from pathlib import Path

import pypdf
import pytest
from pypdf.annotations import AnnotationDictionary
from pypdf.generic import DictionaryObject, NameObject, RectangleObject, StreamObject, TextStringObject

from ingest.errors import EncryptedFileError, NoTextError
from ingest.parsers.pdf import parser as pdf
from ingest.parsers.pdf.piece_builder import FIRST_PIECE_PAGES, PIECE_PAGES
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.text.word_boxes import find_boxes
from ingest.types import Heading, ParsedDocument
from tests.files import Line, draw_lines, encrypt_pdf, new_canvas, write_pdf, write_picture_pdf


def pieces_of(path: Path, password: str | None = None) -> list[ParsedDocument]:
    return list(pdf.parse(Source(path, path.name, password, with_ocr=False)))


def long_pages(count: int) -> list[list[Line]]:
    return [
        [(f"Part {number}", 18), f"This is what page {number} says.", "It says no more."] for number in range(count)
    ]


def write_book(path: Path, pages: int) -> Path:
    """Write a book with a running title, a page number at the foot, and a table that goes on at the top of pages."""
    canvas = new_canvas(path)
    for number in range(1, pages + 1):
        draw_lines(canvas, [f"{number}   Harbour Handbook"], x=72, y=805)
        draw_lines(
            canvas,
            [f"Berth {number * 7} costs {number * 30} EUR", f"Only page {number * number} is like this"],
            x=72,
            y=700,
        )
        draw_lines(canvas, [f"Page {number} of {pages}"], x=280, y=30)
        canvas.showPage()
    canvas.save()
    return path


def attach(path: Path, **files: bytes) -> Path:
    writer = pypdf.PdfWriter(clone_from=path)
    for name, content in files.items():
        writer.add_attachment(name.replace("_", "."), content)
    writer.write(path)
    return path


def test_a_long_file_comes_in_pieces_and_the_first_is_small(tmp_path: Path) -> None:
    pieces = pieces_of(write_pdf(tmp_path / "a.pdf", *long_pages(80), title="Parts"))
    assert [len(piece.pages) for piece in pieces] == [FIRST_PIECE_PAGES, PIECE_PAGES, PIECE_PAGES, 8]
    assert {(piece.title, piece.total_pages) for piece in pieces} == {("Parts", 80)}
    assert [page.number for piece in pieces for page in piece.pages] == list(range(1, 81))
    for piece in pieces:
        assert [before.end + 2 for before in piece.pages[:-1]] == [after.start for after in piece.pages[1:]]
        assert (piece.pages[0].start, piece.pages[-1].end) == (0, len(piece.text))


def test_words_of_a_later_piece_are_where_they_say(tmp_path: Path) -> None:
    piece = pieces_of(write_pdf(tmp_path / "a.pdf", *long_pages(20)))[1]
    start = piece.text.index("page 12")
    (box,) = find_boxes(piece.pages[12 - FIRST_PIECE_PAGES], start, start + 7)
    assert box.page == 13
    assert box.x0 > 100


def test_headings_keep_their_rank_from_piece_to_piece(tmp_path: Path) -> None:
    pages = long_pages(40)
    pages[30] = [("Volume II", 30), *pages[30]]
    document = join_pieces(pieces_of(write_pdf(tmp_path / "a.pdf", *pages)))
    levels = {heading.level for heading in document.headings if heading.title.startswith("Part")}
    assert levels == {1}
    assert [heading.level for heading in document.headings if heading.title == "Volume II"] == [1]
    assert all(document.text.startswith(heading.title, heading.start) for heading in document.headings)


def test_an_outline_is_shared_out_among_the_pieces(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", *long_pages(20), outline=[("Part 2", 3), ("Part 12", 13)])
    first, second = pieces_of(path)
    assert first.headings == (Heading(1, "Part 2", first.pages[2].start),)
    assert second.headings == (Heading(1, "Part 12", second.pages[4].start),)


def test_warnings_of_the_whole_file_come_with_the_last_piece(tmp_path: Path) -> None:
    pages = long_pages(20)
    pages[3] = pages[15] = []
    first, last = pieces_of(write_pdf(tmp_path / "a.pdf", *pages))
    assert first.warnings == ()
    assert last.warnings == ("pages 4, 16 without text (blank or scanned; OCR is off)",)


def test_pages_without_text_wait_for_one_with_text(tmp_path: Path) -> None:
    blank: list[list[Line]] = [[] for _ in range(50)]
    pieces = pieces_of(write_pdf(tmp_path / "a.pdf", *blank, ["At last."]))
    assert [len(piece.pages) for piece in pieces] == [51]
    assert pieces[0].pages[50].number == 51


def test_running_titles_and_page_numbers_are_marked_from_the_second_time_on(tmp_path: Path) -> None:
    document = join_pieces(pieces_of(write_book(tmp_path / "a.pdf", 20)))
    marked = [document.text[start:end] for start, end in document.skipped]
    expected = [line for n in range(2, 21) for line in (f"{n} Harbour Handbook", f"Page {n} of 20")]
    assert marked == expected
    assert all(before[1] <= after[0] for before, after in pairwise(document.skipped))


def test_short_files_have_no_running_lines(tmp_path: Path) -> None:
    assert join_pieces(pieces_of(write_book(tmp_path / "a.pdf", 3))).skipped == ()


def test_files_inside_a_pdf_are_read_and_stand_behind_its_pages(tmp_path: Path) -> None:
    path = attach(write_pdf(tmp_path / "a.pdf", ["See the list."]), list_txt=b"Rope, chain, anchor.")
    document = join_pieces(pieces_of(path))
    assert document.text == "See the list.\n\nRope, chain, anchor."
    assert [(page.number, page.label) for page in document.pages] == [(1, ""), (2, "attachment list.txt")]
    assert document.headings[-1] == Heading(1, "list.txt", 15)
    assert document.media_type == "application/pdf"
    assert document.warnings == ()


def test_a_file_pinned_to_a_page_is_read(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=write_pdf(tmp_path / "a.pdf", ["See the pin."]))
    content = StreamObject()
    content.set_data(b"Rope, chain, anchor.")
    kinds = {"/Type": NameObject("/Filespec"), "/F": TextStringObject("list.txt"), "/UF": TextStringObject("list.txt")}
    file = DictionaryObject({NameObject(key): value for key, value in kinds.items()})
    file[NameObject("/EF")] = DictionaryObject({NameObject("/F"): writer._add_object(content)})
    pin = AnnotationDictionary()
    pin[NameObject("/Subtype")] = NameObject("/FileAttachment")
    pin[NameObject("/Rect")] = RectangleObject((100, 100, 120, 120))
    pin[NameObject("/FS")] = writer._add_object(file)
    writer.add_annotation(0, pin)
    writer.write(tmp_path / "pinned.pdf")
    document = join_pieces(pieces_of(tmp_path / "pinned.pdf"))
    assert document.text == "See the pin.\n\nRope, chain, anchor."


def test_a_pdf_that_is_only_a_cover_for_the_files_inside_is_read(tmp_path: Path) -> None:
    path = attach(write_picture_pdf(tmp_path / "a.pdf"), list_txt=b"Rope, chain, anchor.")
    document = join_pieces(pieces_of(path))
    assert "Rope, chain, anchor." in document.text
    assert document.warnings == ("page 1 without text (blank or scanned; OCR is off)",)


def test_a_file_inside_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = attach(
        write_pdf(tmp_path / "a.pdf", ["See the list."]), empty_txt=b"", list_txt=b"Rope.", sound_mp3=b"ID3\x03"
    )
    document = join_pieces(pieces_of(path))
    assert document.text == "See the list.\n\nRope."
    empty, sound = document.warnings
    assert empty == "attachment empty.txt was not read: it is empty or damaged"
    assert sound.startswith("attachment sound.mp3 was not read: sound.mp3: sound recording is not supported")


def test_files_are_read_three_deep_and_no_deeper(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "0.pdf", ["Depth 0."])
    for depth in range(1, 6):
        outer = write_pdf(tmp_path / f"{depth}.pdf", [f"Depth {depth}."])
        path = attach(outer, inner_pdf=path.read_bytes())
    document = join_pieces(pieces_of(path))
    assert document.text == "Depth 5.\n\nDepth 4.\n\nDepth 3.\n\nDepth 2."
    assert any("inside 3 other files" in warning for warning in document.warnings)


def test_a_pdf_with_nothing_in_it_and_inside_it_is_refused(tmp_path: Path) -> None:
    path = attach(write_pdf(tmp_path / "a.pdf", []), empty_txt=b"")
    with pytest.raises(NoTextError):
        pieces_of(path)


def test_a_password_opens_a_file_and_a_wrong_one_is_told_from_none(tmp_path: Path) -> None:
    plain = write_pdf(tmp_path / "plain.pdf", ["secret tide"])
    path = encrypt_pdf(plain, tmp_path / "locked.pdf", user_password="moon", owner_password="sun")
    assert join_pieces(pieces_of(path, "moon")).text == "secret tide"
    with pytest.raises(EncryptedFileError):
        pieces_of(path, "mars")
