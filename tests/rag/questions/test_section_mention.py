"""Sheets, chapters and headings that a question names, in seven languages."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.questions.section_mention import find_section_keys, select_section
from rag.types import ScoredChunk

TITLES = [
    "Budget",
    "Travel costs",
    "4. Termination",
    "§ 3 Mietzins",
    "Kündigung",
    "A. Scope and purpose",
    "Résiliation",
    "Actual costs",
]
EMPTY = Chunk(0, 1, "x", 1, 1, BlockKind.PROSE, (), "")


def hit(number: int, *path: str) -> ScoredChunk:
    chunk = replace(EMPTY, heading_path=path)
    return ScoredChunk(StoredChunk(number, "vs_1", "file-1", "a", "a", chunk), 0.5, 0.5, 0.5)


HITS = [hit(number, "Contract", title) for number, title in enumerate(TITLES)]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is the total in sheet Budget?", "Budget"),
        ("What is the total on the budget sheet?", "Budget"),
        ("What is planned for May in the worksheet “Travel costs”?", "Travel costs"),
        ("How much is it in the travel costs tab?", "Travel costs"),
        ("What notice is needed under Termination?", "4. Termination"),
        ("What does the section Termination say about notice?", "4. Termination"),
        ("What is said under “Scope and purpose”?", "A. Scope and purpose"),
        ("What is the total under Actual costs?", "Actual costs"),
        ("Wie hoch ist er laut Abschnitt Mietzins?", "§ 3 Mietzins"),
        ("Welche Frist steht unter Kündigung?", "Kündigung"),
        ("Quel délai est prévu sous Résiliation ?", "Résiliation"),
        ("¿Cuál es el total en la hoja Budget?", "Budget"),
        ("Qual è il totale nel foglio Budget?", "Budget"),
        ("Qual é o total na folha Budget?", "Budget"),
        ("Wat is het totaal op het tabblad Budget?", "Budget"),
    ],
)
def test_what_stands_under_the_heading_is_kept(question: str, title: str) -> None:
    assert [kept.chunk.chunk.heading_path[-1] for kept in select_section(question, HITS)] == [title]


@pytest.mark.parametrize(
    "question",
    [
        "What is the budget?",
        "What is under the table?",
        "How much is it under these circumstances?",
        "What does section 4 say?",
        "Which sheet has the total?",
        "Is the termination in writing?",
        "Was liegt unter dem Tisch?",
        "Qu'est-ce qui est sous la table ?",
    ],
)
def test_other_words_keep_everything(question: str) -> None:
    assert select_section(question, HITS) == HITS


@given(st.text(max_size=80))
def test_a_question_keeps_some_hits_in_their_order(question: str) -> None:
    kept = select_section(question, HITS)
    assert kept
    assert kept == [one for one in HITS if one in kept]
    assert all(key == key.casefold() for key in find_section_keys(question))
