"""From an answer and its annotations to what is shown: text with numbered marks, and the list they point to. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ui.api_types import Basis, Citation, SentenceVerdict, Verdict
from ui.safe_markdown import plain, safe

# Marks travel through the Markdown parser as single private-use characters, which no answer may bring along.
MARK_OPEN, MARK_CLOSE, NO_SOURCE = "\ue000", "\ue001", "\ue002"
PRIVATE = re.compile(f"[{MARK_OPEN}{MARK_CLOSE}{NO_SOURCE}]")
MARK = re.compile(f"{MARK_OPEN}([a-z]+)-(\\d+){MARK_CLOSE}|{NO_SOURCE}")
MODEL_MARK = re.compile(r"[ \t]*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?![(\[])")
UNFINISHED_MARK = re.compile(r"[ \t]*\[[\d\s,;]*\Z")
CODE_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*")
NO_BREAK_SPACE = "\u00a0"

SEVERITY: dict[Verdict, int] = {"supported": 0, "partly": 1, "unsupported": 2}


@dataclass(frozen=True, slots=True)
class VerdictLook:
    """How a verdict is shown: always in words, never by colour alone."""

    words: str
    color: Literal["green", "orange", "red"]
    icon: str


VERDICTS: dict[Verdict, VerdictLook] = {
    "supported": VerdictLook("supported", "green", ":material/check_circle:"),
    "partly": VerdictLook("partly supported", "orange", ":material/contrast:"),
    "unsupported": VerdictLook("unsupported", "red", ":material/help:"),
}


@dataclass(frozen=True, slots=True)
class NumberedSource:
    """An entry of the list below an answer: the span that the mark `number` stands for, and its worst verdict."""

    number: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class CitedAnswer:
    """An answer ready to be shown."""

    markdown: str
    sources: tuple[NumberedSource, ...]


def cite(
    text: str, citations: Sequence[Citation], sentences: Sequence[SentenceVerdict], passage_numbers: Collection[int]
) -> CitedAnswer:
    """Return `text` as safe Markdown whose marks count from 1 in reading order, one number for each span quoted.

    Marks that the model wrote itself are taken out; sentences that nothing supports are marked as such.
    """
    ordered = sorted(citations, key=lambda citation: (citation.answer_end, citation.start))
    sources = _number(ordered)
    numbers = {_span(source.citation): source.number for source in sources}
    cited_ends = {citation.answer_end for citation in ordered}
    inserts = [
        (citation.answer_end, _mark(VERDICTS[citation.verdict].color, numbers[_span(citation)])) for citation in ordered
    ]
    inserts += [
        (sentence.end, NO_SOURCE)
        for sentence in sentences
        if sentence.verdict == "unsupported" and sentence.end not in cited_ends
    ]
    return CitedAnswer(_render(_with_marks(text, inserts, passage_numbers)), sources)


def draft(text: str, passage_numbers: Collection[int]) -> str:
    """Return an answer that is still being written as safe Markdown, without the model's own marks."""
    return _render(_with_marks(UNFINISHED_MARK.sub("", text), [], passage_numbers))


def basis_line(basis: Basis) -> str:
    """Return in a few words what an answer rests on."""
    documents = len({passage.file_id for passage in basis.passages})
    passages = len(basis.passages)
    match basis.mode:
        case "whole":
            return f"Based on {_count(documents, 'whole document')}"
        case "retrieval":
            return f"Based on {_count(passages, 'passage')} from {_count(documents, 'document')}"
        case _:
            return "Nothing in the documents matches the question"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _span(citation: Citation) -> tuple[str, int, int]:
    return citation.file_id, citation.start, citation.end


def _number(ordered: Sequence[Citation]) -> tuple[NumberedSource, ...]:
    """Return one entry for each span, in order of first use, with its worst verdict and all reasons."""
    spans: dict[tuple[str, int, int], Citation] = {}
    for citation in ordered:
        known = spans.setdefault(_span(citation), citation)
        worst = max(known, citation, key=lambda candidate: SEVERITY[candidate.verdict])
        reasons = tuple(dict.fromkeys((*known.reasons, *citation.reasons)))
        spans[_span(citation)] = replace(known, verdict=worst.verdict, reasons=reasons)
    return tuple(NumberedSource(number, citation) for number, citation in enumerate(spans.values(), 1))


def _mark(color: str, number: int) -> str:
    return f"{MARK_OPEN}{color}-{number}{MARK_CLOSE}"


def _with_marks(text: str, inserts: Sequence[tuple[int, str]], passage_numbers: Collection[int]) -> str:
    """Return `text` with the inserts at their places and without the model's marks, in one pass over offsets."""
    removals = [match.span() for match in MODEL_MARK.finditer(text) if _names_passages(match[1], passage_numbers)]
    places = dict.fromkeys(_placed(text, end, mark) for end, mark in inserts)
    pieces: list[str] = []
    position = 0
    for start, end, mark in _edits(places, removals):
        pieces += [PRIVATE.sub("", text[position : max(start, position)]), mark]
        position = max(position, end)
    return "".join([*pieces, PRIVATE.sub("", text[position:])])


def _edits(places: Iterable[tuple[int, str]], removals: Iterable[tuple[int, int]]) -> list[tuple[int, int, str]]:
    edits = [*((place, place, mark) for place, mark in places), *((start, end, "") for start, end in removals)]
    return sorted(edits, key=lambda edit: edit[:2])


def _names_passages(numbers: str, passage_numbers: Collection[int]) -> bool:
    return all(int(number) in passage_numbers for number in re.findall(r"\d+", numbers))


def _placed(text: str, end: int, mark: str) -> tuple[int, str]:
    """Return where a mark goes: after the last word before `end`, inside a row of a table, below a code fence."""
    before = text[:end].rstrip(" \t\n|")
    is_after_fence = CODE_FENCE.fullmatch(before[before.rfind("\n") + 1 :]) is not None
    return len(before), f"\n\n{mark}" if is_after_fence else mark


def _render(marked: str) -> str:
    return safe(marked, _render_text, keep_in_code=lambda text: MARK.sub("", text))


def _render_text(text: str) -> str:
    parts: list[str] = []
    end = 0
    for mark in MARK.finditer(text):
        parts += [plain(text[end : mark.start()]), _badge(mark)]
        end = mark.end()
    return "".join([*parts, plain(text[end:])])


def _badge(mark: re.Match[str]) -> str:
    if mark[0] == NO_SOURCE:
        return f"{NO_BREAK_SPACE}:orange-badge[no source]"
    return f"{NO_BREAK_SPACE}:{mark[1]}-badge[\\[{mark[2]}\\]]"
