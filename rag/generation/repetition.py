"""Notice a small model that has got stuck and says the same sentence over and over. Pure."""

from ingest.text.sentences import split_sentences

SAME_SENTENCES = 3
LONG_SENTENCE_WORDS = 4
"""A sentence of so many words is not said three times by chance, whatever stands between."""
_ENDINGS = (".", "!", "?", "\n", "。")


def is_stuck(answer: str) -> bool:
    """Whether the last sentence of an answer, complete, has been said too often: in a row, or at all if it is long."""
    if not answer.rstrip(" ").endswith(_ENDINGS):
        return False
    sentences = [answer[start:end] for start, end in split_sentences(answer)]
    if not sentences or not any(map(str.isalpha, sentences[-1])):
        return False
    is_long = len(sentences[-1].split()) >= LONG_SENTENCE_WORDS
    compared = sentences if is_long else sentences[-SAME_SENTENCES:]
    return compared.count(sentences[-1]) >= SAME_SENTENCES
