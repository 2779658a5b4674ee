"""Who wrote a document, by the line under its title."""

import pytest

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.grounding.bylines import asks_for_author, find_byline, is_named_in


def store(text: str, *, title: str = "Staff guide", filename: str = "staff-guide.html") -> StoredChunk:
    chunk = Chunk(0, len(text), text, 1, 1, BlockKind.PROSE, (), f"{title} › Leave")
    return StoredChunk(1, "c", "f", filename, filename, chunk)


@pytest.mark.parametrize(
    ("text", "byline"),
    [
        ("Staff guide\n\nby Marit Solheim and Jonas Reck\n\nLeave\n", "by Marit Solheim and Jonas Reck"),
        (
            "Blue light and lettuce\nJana Vermeulen, Koen Maes and Els De Wit\nAbstract\n",
            "Jana Vermeulen, Koen Maes and Els De Wit",
        ),
        ("Handbuch\nVerfasser: Ilse Thomsen\n", "Verfasser: Ilse Thomsen"),
        ("Guide\npar Solène Garrec et Luc Roux\n", "par Solène Garrec et Luc Roux"),
        ("Site rules\nBy Monday all keys are returned.\n", None),
        ("Site rules\nThe gate closes at 20:00.\n", None),
        ("Laboratory\nVon 8 bis 12 Uhr\n", None),
    ],
)
def test_the_line_of_the_authors_has_names_alone(text: str, byline: str | None) -> None:
    match = find_byline(store(text))
    assert (match.text if match else None) == byline


@pytest.mark.parametrize(
    ("question", "is_asking"),
    [
        ("Who wrote the staff guide?", True),
        ("Who is the author of the staff guide?", True),
        ("Wer hat das Handbuch geschrieben?", True),
        ("Qui a écrit le guide ?", True),
        ("¿Quién escribió la guía?", True),
        ("Who approves overtime?", False),
        ("When was the staff guide printed?", False),
    ],
)
def test_a_question_for_the_author_is_known_by_its_verb(question: str, is_asking: bool) -> None:
    assert asks_for_author(question) == is_asking


def test_a_document_is_named_by_its_title_or_its_file_name() -> None:
    assert is_named_in("Who wrote the staff guide?", store("x"))
    assert is_named_in("Who wrote the pump manual?", store("x", title="P30", filename="pump_manual.pdf"))
    assert not is_named_in("Who wrote the pump manual?", store("x"))
