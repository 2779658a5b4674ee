"""Difficult real documents, if a folder of them is beside the checkout: read, or refused with the reason."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ingest.errors import (
    DamagedFileError,
    EmptyFileError,
    EncryptedFileError,
    NoTextError,
)
from ingest.parsers.registry import parse
from ingest.text.word_boxes import unpack_words
from ingest.types import ParsedDocument

DOCUMENTS = Path(__file__).parents[3] / "../shared/docs"
REFUSALS = {
    "encrypted": EncryptedFileError,
    "empty": EmptyFileError,
    "damaged": DamagedFileError,
    "no text": NoTextError,
    "no usable text": NoTextError,
}
READ_ALL_THE_SAME = {
    "broken-pagecount.pdf": "TestString123",
    "font-type3-no-map.pdf": "ua",
    "scan-rotated-90.pdf": "Docling bundles PDF document conversion to JSON and Markdown",
}
"""Files that may be refused or read: what is on their page is there."""
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
NOT_COMPARED = re.compile("[\\s|,\\-\u2010-\u2015]")


@dataclass(frozen=True)
class Case:
    """One row of the manifest."""

    name: str
    expect: str
    notes: str

    @property
    def snippets(self) -> list[str]:
        return self.expect.split(" ||| ")

    @property
    def page(self) -> int | None:
        """The page that the snippets are on, where the manifest knows it."""
        place = re.search(r"on (?:PDF )?page (\d+)", self.notes)
        return int(place[1]) if place else None


def manifest() -> list[Case]:
    path = DOCUMENTS / "MANIFEST.tsv"
    if not path.is_file():
        return []
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]
    return [Case(row[0], row[4], row[5] if len(row) > 5 else "") for row in rows]


CASES = manifest()
READ = [case for case in CASES if "must be" not in case.expect]
REFUSED = [case for case in CASES if case.expect.startswith("must be refused") and case.name not in READ_ALL_THE_SAME]
needs_documents = pytest.mark.skipif(not CASES, reason=f"{DOCUMENTS} is not there")


@cache
def read(name: str) -> ParsedDocument:
    return parse(DOCUMENTS / name, name)


def by_name(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def comparable(text: str) -> str:
    return NOT_COMPARED.sub("", INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))


@needs_documents
@by_name(READ)
def test_what_the_file_says_is_in_its_text_on_the_right_page(case: Case) -> None:
    document = read(case.name)
    text = document.text
    if case.page:
        page = document.pages[case.page - 1]
        assert page.number == case.page
        text = text[page.start : page.end]
    assert [snippet for snippet in case.snippets if comparable(snippet) not in comparable(text)] == []


@needs_documents
@by_name(READ)
def test_every_offset_of_the_document_is_sound(case: Case) -> None:
    document = read(case.name)
    borders = [place for page in document.pages for place in (page.start, page.end)]
    assert borders == sorted(borders)
    assert borders[-1] == len(document.text)
    assert [page.number for page in document.pages] == list(range(1, len(document.pages) + 1))
    assert all(0 <= heading.start < len(document.text) for heading in document.headings)
    for page in document.pages:
        words = unpack_words(page.words)
        assert all(page.start <= start < end <= page.end for start, end, _, _ in words.tolist())
        assert (words["box"][:, 0] <= words["box"][:, 2]).all()
        assert (words["box"][:, 1] <= words["box"][:, 3]).all()
    document.text.encode("utf-8")


@needs_documents
@by_name(REFUSED)
def test_what_cannot_be_read_is_refused_with_the_right_reason(case: Case) -> None:
    expected_error = next(error for reason, error in REFUSALS.items() if reason in case.expect)
    with pytest.raises(expected_error):
        parse(DOCUMENTS / case.name, case.name)


@needs_documents
def test_every_file_of_the_manifest_is_tested() -> None:
    tested = {case.name for case in (*READ, *REFUSED)} | set(READ_ALL_THE_SAME)
    assert tested == {case.name for case in CASES}
    assert len(tested) == 55


@needs_documents
@pytest.mark.parametrize(("name", "text"), READ_ALL_THE_SAME.items())
def test_damage_that_costs_nothing_is_read_over(name: str, text: str) -> None:
    assert comparable(text) in comparable(parse(DOCUMENTS / name, name).text)


@needs_documents
@pytest.mark.parametrize(
    ("name", "password", "snippet"),
    [
        ("pw-open.pdf", "openpassword", "Lorem ipsum dolor sit amet"),
        ("pw-abc.pdf", "abc", "Issue 6010"),
        ("docx-protected.docx", "tika", "This is an encrypted Word 2007 File."),
    ],
)
def test_encrypted_files_are_read_with_their_password(name: str, password: str, snippet: str) -> None:
    assert snippet in parse(DOCUMENTS / name, name, password).text
