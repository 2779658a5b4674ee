"""What is only a request for an answer is no part of a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.questions.request_phrases import strip_request


@pytest.mark.parametrize(
    ("question", "core"),
    [
        ("Could you please tell me how many days of leave we get?", "how many days of leave we get?"),
        ("Hi, I'd like to know who pays for the lift.", "who pays for the lift."),
        ("Do you know when the gate opens?", "when the gate opens?"),
        ("What is the fee, please?", "What is the fee?"),
        ("Können Sie mir bitte sagen, wie viele Tage es gibt?", "wie viele Tage es gibt?"),
        ("Guten Tag, ich möchte wissen, wer zahlt.", "wer zahlt."),
        ("Pouvez-vous me dire combien de jours il y a ?", "combien de jours il y a ?"),
        ("Bonjour, j’aimerais savoir qui paie.", "qui paie."),
        ("¿Puedes decirme cuántos días hay?", "cuántos días hay?"),
        ("Por favor, dime quién paga.", "quién paga."),
        ("Potrebbe dirmi quanti giorni ci sono?", "quanti giorni ci sono?"),
        ("Vorrei sapere chi paga, per favore.", "chi paga."),
        ("Você pode me dizer quantos dias há?", "quantos dias há?"),
        ("Gostaria de saber quem paga.", "quem paga."),
        ("Kunt u mij vertellen hoeveel dagen er zijn?", "hoeveel dagen er zijn?"),
        ("Ik wil graag weten wie betaalt, alstublieft", "wie betaalt"),
    ],
)
def test_greetings_and_requests_are_removed(question: str, core: str) -> None:
    assert strip_request(question) == core


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave do we get?",
        "Who may tell me to leave the hall?",
        "Where is Hello Street?",
        "Wer sagt mir, wann es brennt?",
        "What does “please” mean in form S-2?",
        "please",
        "Tell me!",
        "",
    ],
)
def test_other_words_stay(question: str) -> None:
    assert strip_request(question) == question


@given(text=st.text(max_size=80))
def test_what_is_left_is_a_part_of_the_question_and_says_something_if_the_question_does(text: str) -> None:
    core = strip_request(text)
    assert core in text or core == text
    assert any(map(str.isalnum, core)) == any(map(str.isalnum, text)) or "_" in text


@given(core=st.sampled_from(["when does the gate open?", "wer zahlt die Miete?"]))
def test_what_has_been_stripped_once_stays_as_it_is(core: str) -> None:
    assert strip_request(strip_request(f"Please tell me {core}")) == core
