"""Sentences over a page break are one sentence, quoted with both pages; other pages stay apart."""

from pathlib import Path

import pytest

from ingest.chunking.chunker import ChunkSpec
from ingest.chunking.streaming import split_pieces
from ingest.library.library import Library
from ingest.library.pages import locate
from ingest.parsers.pdf import parser as pdf
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.text.sentences import split_sentences
from ingest.text.word_boxes import find_boxes
from ingest.types import ParsedDocument
from tests.fakes import WordTokenizer, passport
from tests.files import Line, draw_lines, new_canvas
from tests.ingest.library_world import add

FIRST = ["Every shift begins with a round of the quay, and it is entered", "in the book of the office. A ship may"]
SECOND = [
    "discharge at night if the wind is below six Beaufort and the",
    "crane driver agrees in writing. Barges wait.",
]
SENTENCE = "A ship may\ndischarge at night if the wind is below six Beaufort and the\ncrane driver agrees in writing."


def write_pages(path: Path, *pages: list[str], header: str = "", footer: str = "") -> Path:
    canvas = new_canvas(path)
    for number, lines in enumerate(pages, 1):
        if header:
            draw_lines(canvas, [header.format(number)], x=72, y=805)
        draw_lines(canvas, lines, x=72, y=700)
        if footer:
            draw_lines(canvas, [footer.format(number)], x=280, y=30)
        canvas.showPage()
    canvas.save()
    return path


def read(path: Path) -> ParsedDocument:
    return join_pieces(pdf.parse(Source(path, "a.pdf", with_ocr=False)))


def sentences_of(document: ParsedDocument) -> list[str]:
    return [document.text[start:end] for start, end in split_sentences(document.text)]


@pytest.mark.parametrize("header", ["", "Harbour rules", "Harbour rules {} of 2", "{}"])
@pytest.mark.parametrize("footer", ["", "{}", "Page {} of 2", "- {} -", "Confidential", "Seite {}"])
def test_no_running_line_stands_between_the_halves_of_a_sentence(tmp_path: Path, header: str, footer: str) -> None:
    document = read(write_pages(tmp_path / "a.pdf", FIRST, SECOND, header=header, footer=footer))
    assert SENTENCE in sentences_of(document)
    for number, page in enumerate(document.pages, 1):
        text = document.text[page.start : page.end]
        assert all(line.format(number) in text for line in (header, footer))
    start = document.text.index(SENTENCE)
    boxes = [box for page in document.pages for box in find_boxes(page, start, start + len(SENTENCE))]
    assert [box.page for box in boxes] == [1, 2, 2]


@pytest.mark.parametrize(
    ("last", "following"),
    [
        ("the words of this long line end without a full stop but", "then go on on the next page of this file."),
        (
            "The owner lets to the tenant, in the house at the quay, the",
            "Harbour Office on the second floor of it all.",
        ),
        ("Der Mieter zahlt die Miete bis zum dritten Werktag an den", "Vermieter, ohne dass es einer Mahnung bedarf."),
        ("Le locataire paie le loyer au plus tard le cinq du mois,", "Sauf accord contraire des deux parties au bail."),
    ],
)
def test_a_sentence_that_goes_on_is_one(tmp_path: Path, last: str, following: str) -> None:
    before = "This is the first sentence of the page, and it is a long one."
    document = read(write_pages(tmp_path / "a.pdf", [before, last], [following, "The end."], footer="{}"))
    assert f"{last}\n{following}" in sentences_of(document)


@pytest.mark.parametrize(
    ("last", "following"),
    [
        ("This is the last sentence of the first page of all.", "then comes what is no sentence of its own here"),
        ("These are the goods that the store keeps for all:", "rope and chain and anchors and lamps and oil"),
        ("A long line at the end of a page that has no full stop", "- an item of a list that begins on the page"),
        ("A long line at the end of a page that has no full stop", "(b) an item of a list that begins on the page"),
        ("Annex", "then comes a page that has another text than this"),
        ("Short words of a heading at the end", "The next page begins with a sentence that is its own."),
    ],
)
def test_pages_that_do_not_share_a_sentence_stay_apart(tmp_path: Path, last: str, following: str) -> None:
    before = "This is the first sentence of the page, and it is a long one, longer than others."
    document = read(write_pages(tmp_path / "a.pdf", [before, last], [following], footer="{}"))
    first, second = document.pages
    assert document.text[first.end : second.start] == "\n\n"
    assert document.text[first.start : first.end].endswith("1")


@pytest.mark.parametrize(
    ("broken", "text"), [("ordi-|nary", "ordinary"), ("long-|term", "long-term"), ("self-|help", "self-help")]
)
def test_a_word_that_is_broken_by_a_page_break_is_one_word(tmp_path: Path, broken: str, text: str) -> None:
    head, tail = broken.split("|")
    pages = ([f"The plan of the harbour office is an {head}"], [f"{tail} plan that nobody can read."])
    document = read(write_pages(tmp_path / "a.pdf", *pages, header="Plan", footer="{}"))
    assert f"is an {text} plan" in document.text
    start = document.text.index(text)
    boxes = [box for page in document.pages for box in find_boxes(page, start, start + len(text))]
    assert [box.page for box in boxes] == [1, 2]


@pytest.mark.parametrize("footer", ["", "- {} -"])
@pytest.mark.parametrize(
    "notes",
    [
        ["1 See annex B."],
        ["* Siehe Anhang B.", "** Nur auf Antrag."],
        ["2 Voir l'annexe B, qui donne la liste complète", "des quais du port."],
        ["[3] Véase el anexo B."],
    ],
)
@pytest.mark.parametrize(
    ("last", "following", "sentence"),
    [
        ("in the book of the office. A ship may", "moor at night.", "A ship may\nmoor at night."),
        ("im Buch des Amtes steht. Die Frist be-", "trägt zwölf Tage.", "Die Frist beträgt zwölf Tage."),
        ("dans le livre du port. Un navire peut", "accoster la nuit.", "Un navire peut\naccoster la nuit."),
    ],
)
def test_no_footnote_stands_between_the_halves_of_a_sentence(
    tmp_path: Path, last: str, following: str, sentence: str, notes: list[str], footer: str
) -> None:
    canvas = new_canvas(tmp_path / "a.pdf")
    small: list[Line] = [(note, 8.0) for note in notes]
    for number, lines in enumerate(([*FIRST[:1], last], [following, *SECOND[1:]]), 1):
        draw_lines(canvas, lines, x=72, y=700)
        draw_lines(canvas, small if number == 1 else [], x=72, y=80)
        draw_lines(canvas, [footer.format(number)], x=280, y=30)
        canvas.showPage()
    canvas.save()
    document = read(tmp_path / "a.pdf")
    assert sentence in sentences_of(document)
    first_page = document.text[document.pages[0].start : document.pages[0].end]
    assert all(note in first_page for note in notes)


def test_sentences_over_every_page_break_of_a_long_file_are_whole(tmp_path: Path) -> None:
    pages = [
        ["of the office that has its seat on the quay of the harbour.", "", "", f"Rule {n} is the most important rule"]
        for n in range(30)
    ]
    path = write_pages(tmp_path / "a.pdf", *pages, header="Harbour Handbook", footer="Page {} of 30")
    pieces = list(pdf.parse(Source(path, "a.pdf", with_ocr=False)))
    document = join_pieces(pieces)
    assert sum("important rule\nof the office" in sentence for sentence in sentences_of(document)) >= 29 - len(pieces)
    assert all(document.text[page.start : page.end] for page in document.pages)


def test_a_chunk_has_the_whole_sentence_and_both_pages(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.pdf", FIRST, SECOND, header="Harbour rules {}", footer="Page {} of 2")
    chunks = [
        chunk
        for part in split_pieces(pdf.parse(Source(path, "a.pdf", with_ocr=False)), ChunkSpec(), WordTokenizer())
        for chunk in part.chunks
    ]
    (chunk,) = [chunk for chunk in chunks if SENTENCE in chunk.text]
    assert (chunk.first_page, chunk.last_page) == (1, 2)


def test_the_place_of_a_sentence_over_a_page_break_names_both_pages(tmp_path: Path, library: Library) -> None:
    path = write_pages(tmp_path / "a.pdf", FIRST, SECOND, footer="Page {} of 2")
    (content,) = split_pieces(pdf.parse(Source(path, "a.pdf", with_ocr=False)), ChunkSpec(), WordTokenizer())
    collection = library.create_collection("c", passport())
    document = add(library, collection.id, "a.pdf", content)
    start = content.document.text.index(SENTENCE)
    location = locate(library, collection.id, document.file_id, start, start + len(SENTENCE))
    assert (location.page, location.place) == (1, "page 1 to 2")
    assert [box.page for box in location.boxes] == [1, 2, 2]
    assert locate(library, collection.id, document.file_id, start, start + 10).place == "page 1"
