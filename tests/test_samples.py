"""The sample library: its generator repeats itself, and its questions can be answered from it."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import docx
import pytest
from pypdf import PdfReader

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
GENERATOR = SAMPLES.with_name("make_samples")
QUESTIONS = [json.loads(line) for line in (GENERATOR / "questions.jsonl").read_text("utf-8").splitlines()]
DOCUMENTS = {
    "customer-faq.html",
    "firmware-4-2-note.md",
    "operations-handbook.pdf",
    "porter-2-manual.docx",
    "price-list-2026.csv",
}


@pytest.fixture
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", GENERATOR / "make_samples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_the_documents_are_visible_so_that_ingesting_the_folder_takes_in_nothing_else() -> None:
    assert {path.name for path in SAMPLES.iterdir() if not path.name.startswith(".")} == DOCUMENTS
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 500_000


def test_the_generator_reproduces_the_text_of_the_committed_files(generator: ModuleType, tmp_path: Path) -> None:
    generator.main(tmp_path)
    assert _pdf_pages(tmp_path / generator.HANDBOOK) == _pdf_pages(SAMPLES / generator.HANDBOOK)
    assert _docx_text(tmp_path / generator.MANUAL) == _docx_text(SAMPLES / generator.MANUAL)


def test_two_runs_of_the_generator_give_the_same_bytes(generator: ModuleType, tmp_path: Path) -> None:
    runs: list[dict[str, bytes]] = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        generator.main(folder)
        runs.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert runs[0] == runs[1]


def test_the_handbook_has_fifteen_numbered_pages_and_an_outline() -> None:
    reader = PdfReader(SAMPLES / "operations-handbook.pdf")
    outline = {
        item.title: reader.get_destination_page_number(item) for item in reader.outline if not isinstance(item, list)
    }
    assert len(reader.pages) == 15
    assert outline["6 Workshop safety and batteries"] == 7
    assert all(
        f"Operations Handbook, edition 7 {number}" in _squeeze(page.extract_text())
        for number, page in enumerate(reader.pages, 1)
    )


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q["source"]], ids=lambda q: q["question"])
def test_an_answer_stands_on_the_page_that_its_question_names(question: dict[str, Any]) -> None:
    assert _squeeze(question["answer_contains"]) in _squeeze(_page_text(question["source"], question["page"]))


def test_some_questions_have_no_answer_in_the_library() -> None:
    assert len([q for q in QUESTIONS if q["source"] is None]) == 2
    assert len(QUESTIONS) == 14


def _page_text(source: str, page: int) -> str:
    path = SAMPLES / source
    if path.suffix == ".pdf":
        return _pdf_pages(path)[page - 1]
    assert page == 1, "only a PDF has more than one page"
    return _docx_text(path) if path.suffix == ".docx" else path.read_text("utf-8")


def _pdf_pages(path: Path) -> list[str]:
    return [page.extract_text() for page in PdfReader(path).pages]


def _docx_text(path: Path) -> str:
    document = docx.Document(str(path))
    cells: list[str] = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text)
