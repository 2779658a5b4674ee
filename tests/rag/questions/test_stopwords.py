"""Which words of a question say nothing of its topic."""

import pytest

from rag.questions.stopwords import select_empty_words
from rag.questions.words import fold_words


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("Wie schwer ist der Hubtisch?", ["schwer", "hubtisch"]),
        ("Wann wird das Gerät geprüft?", ["gerät", "geprüft"]),
        ("¿Cuál es el horario de la farmacia?", ["horario", "farmacia"]),
        ("Quel est le loyer de la maison ?", ["loyer", "maison"]),
        ("Quanto costa il biglietto per il museo?", ["costa", "biglietto", "museo"]),
        ("Qual é o preço do bilhete?", ["preço", "bilhete"]),
        ("Wat is de prijs van het kaartje?", ["prijs", "kaartje"]),
        ("When did Luther die?", ["luther", "die"]),
        ("Who was born at sea in an era of war?", ["was", "born", "at", "sea", "in", "an", "era", "of", "war"]),
    ],
)
def test_function_words_of_other_languages_than_english_count_nothing(question: str, left: list[str]) -> None:
    words = fold_words(question)
    empty = select_empty_words(words)
    assert [word for word in words if word not in empty] == left
