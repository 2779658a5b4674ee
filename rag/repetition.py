"""Notice a small model that has got stuck and says the same sentence over and over. Pure."""

from ingest.sentences import sentence_spans

SAME_SENTENCES = 3
_ENDINGS = (".", "!", "?", "\n", "。")


def is_stuck(answer: str) -> bool:
    """Whether the last sentences of an answer, each of them complete, are the same one."""
    if not answer.rstrip(" ").endswith(_ENDINGS):
        return False
    last = [answer[start:end] for start, end in sentence_spans(answer)][-SAME_SENTENCES:]
    return len(last) == SAME_SENTENCES and len(set(last)) == 1 and any(map(str.isalpha, last[0]))
