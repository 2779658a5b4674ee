"""Split an answer into sentences and their citation markers, and filter markers from a stream. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.text.sentences import split_sentences
from rag.grounding.markers import MARKER, parse_numbers, split_unfinished

_LEADING_MARKERS = re.compile(rf"(?:\s*{MARKER.pattern}[.,;]?)+\s*")
_LINE_OF_MARKER = re.compile(rf"\n\s*(?={MARKER.pattern})")
_LIST_MARK = re.compile(r"^(?:[-*•]|\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence of an answer, `answer[start:end]`: its text without markers, and the passages that it cites."""

    start: int
    end: int
    text: str
    numbers: tuple[int, ...]


class MarkerFilter:
    """Removes from a streamed answer the markers of passages that are not in the prompt.

    A marker that is split over deltas is held back until it is complete.
    """

    def __init__(self, passages: Iterable[int]) -> None:
        self._passages = frozenset(passages)
        self._held = ""

    def feed(self, delta: str) -> str:
        """Return the text that is ready to be shown; it can be empty."""
        ready, self._held = split_unfinished(self._held + delta)
        return MARKER.sub(lambda match: self._keep_shown(parse_numbers(match.group(1))), ready)

    def flush(self) -> str:
        """Return the text that was held back; call it at the end of the answer."""
        held, self._held = self._held, ""
        return held

    def _keep_shown(self, numbers: Sequence[int]) -> str:
        shown = [number for number in numbers if number in self._passages]
        return f"[{', '.join(map(str, shown))}]" if shown else ""


def split_answer(answer: str) -> list[AnswerSentence]:
    """Return the sentences of an answer in order, each with the passages that it cites.

    A marker after a full stop belongs to the sentence before it, unless it begins a line or the answer puts its markers
    first.
    """
    sentences: list[AnswerSentence] = []
    has_leading_markers = _LEADING_MARKERS.match(answer) is not None
    carried: int | None = None
    for begin, end in _split_at_markers(answer):
        start = begin if carried is None else carried
        carried = None
        leading = _LEADING_MARKERS.match(answer, start, end)
        if leading:
            belongs_to_next = has_leading_markers or not sentences or "\n" in answer[sentences[-1].end : start]
            if belongs_to_next and leading.end() == end:
                carried = start
                continue
            if not belongs_to_next:
                sentences[-1] = _extend(answer, sentences[-1], leading.end())
                start = leading.end()
        if start < end:
            sentences.append(_parse_sentence(answer, start, end))
    if carried is not None and sentences:
        sentences[-1] = _extend(answer, sentences[-1], len(answer))
    return [sentence for sentence in sentences if any(character.isalnum() for character in sentence.text)]


def _split_at_markers(answer: str) -> list[tuple[int, int]]:
    """Return the sentence spans, split before markers that begin a line."""
    spans: list[tuple[int, int]] = []
    for start, end in split_sentences(answer):
        cuts = [match.end() for match in _LINE_OF_MARKER.finditer(answer, start, end)]
        spans.extend(pairwise([start, *cuts, end]))
    return spans


def _parse_sentence(answer: str, start: int, end: int) -> AnswerSentence:
    raw = answer[start:end].rstrip()
    end = start + len(raw)
    numbers = [number for match in MARKER.finditer(raw) for number in parse_numbers(match.group(1))]
    text = re.sub(r"\s+([.,;:!?])", r"\1", MARKER.sub("", raw)).strip()
    # The number of a list item is no statement that a quote could support.
    return AnswerSentence(start, end, _LIST_MARK.sub("", text), tuple(dict.fromkeys(numbers)))


def _extend(answer: str, sentence: AnswerSentence, end: int) -> AnswerSentence:
    while end > sentence.end and answer[end - 1].isspace():
        end -= 1
    return _parse_sentence(answer, sentence.start, end)
