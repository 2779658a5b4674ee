"""The citation markers of an answer and the sentences they belong to. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.sentences import sentence_spans

_MARKERS = re.compile(r"\[\s*(\d{1,4}(?:\s*[,;]\s*\d{1,4})*)\s*\]")
_LEADING_MARKERS = re.compile(r"(?:\s*\[\s*\d{1,4}(?:\s*[,;]\s*\d{1,4})*\s*\][.,;]?)+\s*")
_UNFINISHED_MARKER = re.compile(r"\[[\s\d,;]{0,32}$")


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence of an answer, `answer[start:end]`, what it says without markers, and the passages it names."""

    start: int
    end: int
    text: str
    numbers: tuple[int, ...]


class MarkerFilter:
    """Lets an answer through as it streams, without the numbers of passages that do not exist.

    A marker that is split over deltas is held back until it is complete.
    """

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self._held = ""

    def feed(self, delta: str) -> str:
        """Return what may be shown so far; it can be empty."""
        text = self._held + delta
        unfinished = _UNFINISHED_MARKER.search(text)
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return self._keep_known(text[:cut])

    def flush(self) -> str:
        """Return what was held back when the answer has ended."""
        held, self._held = self._held, ""
        return held

    def _keep_known(self, text: str) -> str:
        return _MARKERS.sub(lambda match: self._marker(_numbers(match.group(1))), text)

    def _marker(self, numbers: Sequence[int]) -> str:
        known = [number for number in numbers if 1 <= number <= self._passages]
        return f"[{', '.join(map(str, known))}]" if known else ""


def answer_sentences(answer: str) -> list[AnswerSentence]:
    """Return the sentences of an answer in order; a marker after the full stop belongs to the sentence before it."""
    sentences: list[AnswerSentence] = []
    for start, end in sentence_spans(answer):
        leading = _LEADING_MARKERS.match(answer, start, end)
        if leading and sentences:
            sentences[-1] = _extended(answer, sentences[-1], leading.end())
            start = leading.end()
        if start < end:
            sentences.append(_sentence(answer, start, end))
    return [sentence for sentence in sentences if any(character.isalnum() for character in sentence.text)]


def _sentence(answer: str, start: int, end: int) -> AnswerSentence:
    raw = answer[start:end]
    numbers = [number for match in _MARKERS.finditer(raw) for number in _numbers(match.group(1))]
    text = re.sub(r"\s+([.,;:!?])", r"\1", _MARKERS.sub("", raw)).strip()
    return AnswerSentence(start, end, text, tuple(dict.fromkeys(numbers)))


def _extended(answer: str, sentence: AnswerSentence, end: int) -> AnswerSentence:
    while end > sentence.end and answer[end - 1].isspace():
        end -= 1
    return _sentence(answer, sentence.start, end)


def _numbers(group: str) -> list[int]:
    return [int(number) for number in re.split(r"[,;]", group)]
