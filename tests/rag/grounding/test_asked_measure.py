"""What a question for a quantity wants measured, and which sentences say it."""

import pytest

from rag.grounding.asked_measure import (
    ANY_MEASURE,
    LENGTH,
    MASS,
    MONEY,
    TEMPERATURE,
    TIME,
    Measure,
    fits_measure,
    read_measure,
)


@pytest.mark.parametrize(
    ("question", "measure"),
    [
        ("How many vacation days do employees get?", TIME),
        ("How many hours a week does she work?", TIME),
        ("Wie viele Urlaubstage haben Angestellte?", TIME),
        ("Combien de jours de congé ont-ils ?", TIME),
        ("¿Cuántas horas dura el curso?", TIME),
        ("How old is the building?", TIME),
        ("How long is the bridge?", TIME | LENGTH),
        ("How heavy is the lifting table?", MASS),
        ("Wie schwer ist der Hubtisch?", MASS),
        ("¿Cuánto pesa la máquina?", MASS),
        ("How far is the station?", LENGTH),
        ("How hot may the oil get?", TEMPERATURE),
        ("What does a late payment cost?", MONEY),
        ("Was kostet ein Ersatzschlüssel?", MONEY),
        ("Combien coûte le devis ?", MONEY),
        ("Quanto costa il biglietto?", MONEY),
        ("How many people work there?", ANY_MEASURE),
        ("How high is the fee?", ANY_MEASURE),
        ("How much is left?", ANY_MEASURE),
    ],
)
def test_a_question_says_what_it_wants_measured(question: str, measure: Measure) -> None:
    assert read_measure(question) == measure


@pytest.mark.parametrize(
    ("sentence", "measure", "fits"),
    [
        ("Everybody has 30 days of leave a year.", TIME, True),
        ("The company pays 22 euros a month.", TIME, False),
        ("A meal is paid up to 11 euros after 10 hours.", TIME, True),
        ("Leave: 30", TIME, True),
        ("It weighs 186 kg.", MASS, True),
        ("It carries loads for 12 years.", MASS, False),
        ("It is heavy.", MASS, False),
        ("It is heavy.", ANY_MEASURE, True),
    ],
)
def test_a_quantity_of_something_else_does_not_fit(sentence: str, measure: Measure, *, fits: bool) -> None:
    assert fits_measure(sentence, measure) == fits
