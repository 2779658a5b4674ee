"""The tokenizer of the bundled embedder: token spans, and the fit of its vocabulary to a language."""

import pytest

from ingest.embedders.embedder import find_embedder
from ingest.embedders.tokenizer import WordPieceTokenizer
from ingest.embedders.vocabulary_fit import VocabularyFit


@pytest.fixture(scope="module")
def vocabulary_fit() -> VocabularyFit:
    return VocabularyFit(find_embedder("bundled").tokenizer_path)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("How often must the pump be inspected?", 0.9, 1.0),
        ("Wie oft muss die Pumpe gewartet werden?", 0.05, 0.8),
        ("Как часто нужно проверять насос?", 0.0, 0.0),
        ("多久检查一次泵？", 0.0, 0.1),
        ("ต้องตรวจสอบปั๊มบ่อยแค่ไหน", 0.0, 0.1),
        ("כמה פעמים צריך לבדוק את המשאבה", 0.0, 0.1),
        ("XJ-450", 0.0, 0.1),
        ("?!", 1.0, 1.0),
        ("", 1.0, 1.0),
    ],
)
def test_languages_are_told_by_how_they_are_spelled(
    vocabulary_fit: VocabularyFit, text: str, least: float, most: float
) -> None:
    assert least <= vocabulary_fit.score(text) <= most


def test_word_pieces_say_where_they_stand() -> None:
    tokenizer = WordPieceTokenizer(find_embedder("bundled").tokenizer_path)
    text = "The unbelievably old pump"
    assert "".join(text[start:end] for start, end in tokenizer.token_spans(text)) == text.replace(" ", "")
    assert tokenizer.count_spelled("pump ☃☃☃") >= 4
