"""Comparisons and extremes in the words of questions, in seven languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.questions.comparison_words import Comparison, Direction
from rag.questions.row_conditions import MAX_CHARS, read_row_question


@pytest.mark.parametrize(
    ("question", "conditions"),
    [
        ("Which results are below the reference range?", [("below", "the reference range")]),
        ("Which departments are more than 10% over plan?", [("above", "10%"), ("above", "plan")]),
        ("Who earns at most 3,000 euros?", [("at most", "3,000 euros")]),
        ("Which depots have no more than 12 staff?", [("at most", "12 staff")]),
        ("Which depots have between 10 and 20 staff?", [("between", "10 and 20 staff")]),
        ("Which depots have 18 or more staff?", [("at least", "have 18")]),
        ("Which results are not within the normal range?", [("outside", "the normal range")]),
        ("Which values aren't above the limit?", [("at most", "the limit")]),
        ("Which invoices are dated before 1 March 2026?", [("below", "1 March 2026")]),
        ("Welche Werte liegen unter dem Grenzwert?", [("below", "dem Grenzwert")]),
        ("Welche Depots haben mindestens 12 Betten?", [("at least", "12 Betten")]),
        ("Welche Werte liegen zwischen 3,5 und 5,1?", [("between", "3,5 und 5,1")]),
        ("Quels résultats sont inférieurs à 5 mg ?", [("below", "5 mg")]),
        ("Quels dépôts ont plus de 12 lits ?", [("above", "12 lits")]),
        ("¿Qué artículos cuestan menos de 20 euros?", [("below", "20 euros")]),
        ("¿Qué resultados están por encima del límite?", [("above", "límite")]),
        ("Quali articoli costano più di 20 euro?", [("above", "20 euro")]),
        ("Quali valori sono fuori dall'intervallo?", [("outside", "'intervallo")]),
        ("Quais artigos custam mais de 20 euros?", [("above", "20 euros")]),
        ("Quais valores estão abaixo do limite?", [("below", "limite")]),
        ("Welke artikelen kosten minder dan 20 euro?", [("below", "20 euro")]),
        ("Welke waarden liggen buiten het bereik?", [("outside", "het bereik")]),
    ],
)
def test_a_question_compares(question: str, conditions: list[tuple[Comparison, str]]) -> None:
    asked = read_row_question(question)
    assert [(condition.comparison, condition.operand) for condition in asked.conditions] == conditions


@pytest.mark.parametrize(
    ("question", "direction"),
    [
        ("Which depot has the highest rent?", "highest"),
        ("What is the cheapest bicycle?", "lowest"),
        ("Welches Depot hat die niedrigste Miete?", "lowest"),
        ("Wer hat das höchste Gehalt?", "highest"),
        ("Quel service a le plan le plus élevé ?", "highest"),
        ("Quel est l'article le moins cher ?", "lowest"),
        ("¿Qué artículo es el más caro?", "highest"),
        ("¿Qué depósito tiene la renta más baja?", "lowest"),
        ("Qual è l'articolo più caro?", "highest"),
        ("Qual é o artigo mais barato?", "lowest"),
        ("Welke afdeling heeft het hoogste budget?", "highest"),
        ("Welk artikel is het goedkoopst?", None),
    ],
)
def test_a_question_asks_for_an_extreme(question: str, direction: Direction | None) -> None:
    extreme = read_row_question(question).extreme
    assert (extreme.direction if extreme else None) == direction


@pytest.mark.parametrize(
    ("question", "is_set"),
    [
        ("Which results are low?", True),
        ("What results are low?", True),
        ("How many rows have flag H?", True),
        ("In the lab report, which results are low?", True),
        ("Are there any results below 5?", True),
        ("Welche Werte sind niedrig?", True),
        ("Combien de résultats sont bas ?", True),
        ("What is the surcharge for parcels over 20 kg?", False),
        ("What happens if the pressure is above 5 bar?", False),
        ("When may a ship discharge at night?", False),
        ("Is the pump oiled?", False),
    ],
)
def test_a_question_for_some_of_many_things_begins_like_one(question: str, is_set: bool) -> None:
    assert read_row_question(question).is_set == is_set


@pytest.mark.parametrize(
    "question", ["When is lunch?", "Who wrote the report?", "Wie oft wird die Pumpe geölt?", "Où se trouve le dépôt ?"]
)
def test_other_questions_compare_nothing(question: str) -> None:
    asked = read_row_question(question)
    assert (asked.conditions, asked.extreme) == ((), None)


def test_a_long_text_is_no_question_for_rows() -> None:
    assert read_row_question("Which rows are below 5? " + "word " * MAX_CHARS).conditions == ()


@given(st.text(max_size=200))
def test_conditions_are_made_of_the_words_of_the_question(text: str) -> None:
    asked = read_row_question(text)
    assert all(condition.words in asked.text for condition in asked.conditions)
