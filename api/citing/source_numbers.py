"""Number the sources of an answer 1, 2, 3 in the order of their first use, while the answer is streamed. Pure.

The markers that a model writes have the numbers of the passages in its chat: an answer may name the first and the
fourth alone. A reader who sees the text and nothing else expects numbers without gaps.
"""

from bisect import bisect_right
from dataclasses import replace
from operator import itemgetter

from rag.grounding.markers import MARKER, parse_numbers, split_unfinished
from rag.types import Answer, Citation, PinnedSentence, SentenceVerdict


class SourceNumbers:
    """The numbers of one answer's sources, and where its offsets have moved because its markers changed their length.

    A marker that is split over pieces is held back until it is complete.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._held = ""
        self._read = 0
        self._shifts = [(0, 0)]
        """Offsets in the text as it came, each with the shift of what stands behind it."""

    def feed(self, text: str) -> str:
        """Return the text that is ready to be shown, with its markers renumbered."""
        ready, self._held = split_unfinished(self._held + text)
        return self._renumber(ready)

    def flush(self) -> str:
        """Return the text that was held back; call it at the end of the answer."""
        held, self._held = self._held, ""
        self._read += len(held)
        return held

    def number(self, passage: int) -> int:
        """Return the number of a passage as the answer shows it; the next one if it was not named before."""
        return self._numbers.setdefault(passage, len(self._numbers) + 1)

    def move(self, offset: int) -> int:
        """Return an offset of the text as it came as one of the text that is shown."""
        return offset + self._shifts[bisect_right(self._shifts, offset, key=itemgetter(0)) - 1][1]

    def move_sentence(self, pinned: PinnedSentence) -> PinnedSentence:
        """Return a sentence with its pins as they are in the text that is shown."""
        return PinnedSentence(self._verdict(pinned.sentence), tuple(map(self._citation, pinned.citations)))

    def move_answer(self, answer: Answer) -> Answer:
        """Return the answer with its pins as they are in the text that is shown, and without its text."""
        return replace(
            answer,
            text="",
            citations=tuple(map(self._citation, answer.citations)),
            sentences=tuple(map(self._verdict, answer.sentences)),
        )

    def _verdict(self, sentence: SentenceVerdict) -> SentenceVerdict:
        return replace(sentence, start=self.move(sentence.start), end=self.move(sentence.end))

    def _citation(self, citation: Citation) -> Citation:
        return replace(
            citation,
            number=self.number(citation.number),
            answer_start=self.move(citation.answer_start),
            answer_end=self.move(citation.answer_end),
        )

    def _renumber(self, text: str) -> str:
        shown, end = "", 0
        for match in MARKER.finditer(text):
            marker = f"[{', '.join(str(self.number(passage)) for passage in parse_numbers(match[1]))}]"
            shown += text[end : match.start()] + marker
            end = match.end()
            shift = self._shifts[-1][1] + len(marker) - len(match[0])
            self._shifts.append((self._read + end, shift))
        self._read += len(text)
        return shown + text[end:]
