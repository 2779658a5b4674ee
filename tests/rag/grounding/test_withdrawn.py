"""What is struck out answers a question that names it, and no other."""

import pytest

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.grounding.evidence import split_chunk
from rag.grounding.withdrawn import find_withdrawn

SUPPLIERS = (
    "Approved suppliers\n- Tallis Paper GmbH, office paper\n- [struck out: Norrland Supply AB, printer toner]\n"
    "- Quentin & Daughters, coffee\n- [comment: Norrland has new owners]\n"
)


def find(question: str, kind: BlockKind = BlockKind.PROSE) -> list[str]:
    chunk = Chunk(0, len(SUPPLIERS), SUPPLIERS, 1, 1, kind, (), "Suppliers")
    stored = StoredChunk(1, "c", "f", "a.md", "a.md", chunk)
    matches = [match for match in split_chunk(stored) if "comment" not in match.text]
    return [match.text for match in find_withdrawn(question, [stored], matches)]


@pytest.mark.parametrize(
    ("question", "withdrawn"),
    [
        ("Is Norrland Supply still our supplier?", ["[struck out: Norrland Supply AB, printer toner]"]),
        ("Who sells printer toner?", ["[struck out: Norrland Supply AB, printer toner]"]),
        ("Who supplies our coffee?", []),
        ("Which suppliers are approved?", []),
    ],
)
def test_a_struck_entry_is_found_by_what_stands_nowhere_else(question: str, withdrawn: list[str]) -> None:
    assert find(question) == withdrawn


def test_rows_of_tables_say_themselves_what_is_struck_out() -> None:
    assert find("Is Norrland Supply still our supplier?", BlockKind.TABLE) == []
