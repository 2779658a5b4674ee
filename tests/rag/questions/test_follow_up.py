"""Follow-up questions: what is an ellipsis, what it is completed to, and what is a question of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.types import Message
from rag.questions.follow_up import FollowUp, classify_dependence, read_follow_up


def understand(*questions: str) -> FollowUp:
    """Return how the last of some questions is understood; the assistant's answers in between say nothing."""
    return read_follow_up([Message("user", question) for question in questions])


def chat(*turns: str) -> list[Message]:
    """Return a chat of alternating turns, the user's first."""
    return [Message("assistant" if index % 2 else "user", turn) for index, turn in enumerate(turns)]


@pytest.mark.parametrize(
    ("questions", "completed"),
    [
        (
            ("What was the potassium on 12 January 2026?", "and creatinine?"),
            "What was the creatinine on 12 January 2026?",
        ),
        (("What was the potassium on 12 January 2026?", "in March?"), "What was the potassium in March 2026?"),
        (("What is the limit for hotels in Paris?", "What about London?"), "What is the limit for hotels in London?"),
        (("What is the limit for hotels in Paris?", "and for flights?"), "What is the limit for flights in Paris?"),
        (("What does E-1204 mean?", "and E-1205?"), "What does E-1205 mean?"),
        (("What is the price of the ticket?", "and the luggage?"), "What is the price of the luggage?"),
        (("Was the tender cancelled?", "Why?"), "Why was the tender cancelled?"),
        (("How long must the pump rest?", "How many days?"), "How many days must the pump rest?"),
        (("Wie hoch ist die Miete für die Garage?", "und für den Keller?"), "Wie hoch ist die Miete für den Keller?"),
        (("Was kostet die Karte im Januar?", "und im März?"), "Was kostet die Karte im März?"),
        (("Quel est le délai pour Paris ?", "et pour Lyon ?"), "Quel est le délai pour Lyon ?"),
        (("Quand ferme la piscine ?", "pourquoi ?"), "pourquoi ferme la piscine ?"),
        (("¿Cuánto cuesta la entrada en enero?", "¿y en marzo?"), "¿Cuánto cuesta la entrada en marzo?"),
        (("Quanto costa il biglietto per Roma?", "e l'abbonamento?"), "Quanto costa l'abbonamento per Roma?"),
        (("Qual é o preço do bilhete em janeiro?", "e em março?"), "Qual é o preço do bilhete em março?"),
        (("Wat kost het abonnement in januari?", "en de verzekering?"), "Wat kost de verzekering in januari?"),
    ],
)
def test_an_ellipsis_is_completed_from_the_question_before_it(questions: tuple[str, ...], completed: str) -> None:
    assert understand(*questions).text == completed


@pytest.mark.parametrize(
    ("questions", "completed"),
    [
        (
            ("What was the potassium on 12 January 2026?", "and creatinine?", "and in March?"),
            "What was the creatinine in March 2026?",
        ),
        (
            ("Wie hoch ist die Miete für die Garage im Jahr 2026?", "und für den Keller?", "und 2027?"),
            "Wie hoch ist die Miete für den Keller im Jahr 2027?",
        ),
        (
            ("¿Cuánto cuesta la entrada en enero?", "¿y en marzo?", "gracias", "¿y el aparcamiento?"),
            "¿Cuánto cuesta el aparcamiento en marzo?",
        ),
        (
            ("¿Cuál fue el potasio el 12 de enero de 2026?", "¿y la creatinina?", "¿y en marzo?"),
            "¿Cuál fue la creatinina en marzo 2026?",
        ),
        (
            ("Qual foi o potássio em 12 de janeiro de 2026?", "e a creatinina?", "e em março?"),
            "Qual foi a creatinina em março 2026?",
        ),
        (("Quanto costa il biglietto per Roma?", "e per Milano?", "e la bici?"), "Quanto costa la bici per Milano?"),
    ],
)
def test_a_topic_lasts_over_many_ellipses(questions: tuple[str, ...], completed: str) -> None:
    assert understand(*questions).text == completed


@pytest.mark.parametrize(
    "question",
    [
        "Who may approve a discount of more than 15 percent?",
        "And who may approve a discount of more than 15 percent?",
        "How many vacation days do employees get?",
        "Is it possible to bring a dog to work?",
        "What is the wifi password?",
        "Wer genehmigt einen Rabatt von mehr als 15 Prozent?",
        "Gibt es einen Rabatt für Studenten?",
        "Wer unterschreibt die Verträge?",
        "Qui approuve les remises ?",
        "Y a-t-il un parking ?",
        "Combien de temps dure le stage ?",
        "¿Cuál es el plazo de entrega?",
        "¿Quién firma los contratos?",
        "Il parcheggio è gratuito?",
        "Chi paga la multa?",
        "Quem assina os contratos?",
        "Wie tekent de contracten?",
        "Is er een kantine?",
        "Summarise the handbook",
        "Thank you!",
    ],
)
def test_a_full_question_takes_nothing_from_the_turns_before_it(question: str) -> None:
    asked = understand("How long must a damaged battery stay in quarantine?", "and a pump?", question)
    assert asked == FollowUp(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who has to be told about it?",
        "Are they insured?",
        "Wie lange dauert sie?",
        "Wer muss davon erfahren?",
        "Qui doit la signer ?",
        "¿Quién lo firma?",
        "Chi deve firmarlo?",
        "Quem o assina?",
        "Wie tekent deze?",
        "Who signed the second one?",
    ],
)
def test_a_question_with_a_reference_keeps_its_words_and_its_topic(question: str) -> None:
    topic = "How long must a damaged battery stay in quarantine?"
    assert understand(topic, question) == FollowUp(question.lstrip("¿"), topic)
    assert understand(topic, question, question) == FollowUp(question.lstrip("¿"), topic)


@pytest.mark.parametrize(
    ("offer", "assent", "text"),
    [
        (
            "There are three fees. Would you like me to list the cancellation fees?",
            "Yes, please",
            "list the cancellation fees?",
        ),
        ("Shall I summarise the handbook?", "ok", "summarise the handbook?"),
        ("Soll ich das Handbuch zusammenfassen?", "Ja, gerne!", "das Handbuch zusammenfassen?"),
        ("Voulez-vous que je compare les tarifs ?", "oui", "compare les tarifs ?"),
        ("¿Quiere que compare las tarifas?", "sí, por favor", "compare las tarifas?"),
        ("Vuole che confronti le tariffe?", "Sì", "confronti le tariffe?"),
        ("Quer que eu compare as tarifas?", "sim", "compare as tarifas?"),
        ("Zal ik de tarieven vergelijken?", "ja graag", "de tarieven vergelijken?"),
    ],
)
def test_an_assent_asks_for_what_the_assistant_offers(offer: str, assent: str, text: str) -> None:
    assert read_follow_up(chat("What are the fees?", offer, assent)) == FollowUp(text, "What are the fees?")


def test_an_assent_without_an_offer_asks_again() -> None:
    assert read_follow_up(chat("What are the fees?", "They are 5 euros.", "yes")).text == "What are the fees?"


def test_what_a_fragment_names_is_known_and_times_and_choices_name_nothing() -> None:
    topic = "How long must a damaged battery stay in quarantine?"
    assert understand(topic, "and a broken pump?").names == ("broken", "pump")
    assert understand(topic, "discount approval") == FollowUp("discount approval", topic, ("discount", "approval"))
    assert understand(topic, "and in winter 2026?").names == ("winter",)
    assert understand(topic, "and in March?").names == ()
    assert understand(topic, "what about the second one?").names == ()
    assert understand(topic, "since when?").names == ()


words = st.text(alphabet="abcdefgh ?.,'éß1-", max_size=60)


@given(first=words, question=words)
def test_the_first_question_is_as_it_was_asked_and_later_ones_are_never_empty(first: str, question: str) -> None:
    assert understand(first) == FollowUp(first)
    assert bool(understand(first, question).text.strip()) >= bool(question.strip())


@given(topic=words, question=words)
def test_a_question_that_depends_on_nothing_is_not_changed(topic: str, question: str) -> None:
    if classify_dependence(question) == "none":
        assert understand(topic, question) == FollowUp(question)
