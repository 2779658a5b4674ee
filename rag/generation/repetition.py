"""Detect a small model that repeats the same sentence without end. Pure."""

from ingest.text.sentences import split_sentences

SAME_SENTENCES = 3
LONG_SENTENCE_WORDS = 4
"""A sentence of so many words is not repeated by chance, whatever comes between."""
_ENDINGS = (".", "!", "?", "\n", "。")


def is_repeating(answer: str) -> bool:
    """Whether an answer ends in a complete sentence that it has repeated: in a row, or anywhere if it is long."""
    if not answer.rstrip(" ").endswith(_ENDINGS):
        return False
    sentences = [answer[start:end] for start, end in split_sentences(answer)]
    if not sentences or not any(map(str.isalpha, sentences[-1])):
        return False
    is_long = len(sentences[-1].split()) >= LONG_SENTENCE_WORDS
    compared = sentences if is_long else sentences[-SAME_SENTENCES:]
    return compared.count(sentences[-1]) >= SAME_SENTENCES
