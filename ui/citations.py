"""From an answer and its annotations to what is shown: text with numbered marks, and the list they point to. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ui.api_types import Basis, Citation, SentenceVerdict, Verdict
from ui.safe_markdown import escape_markdown, sanitize_markdown

# Marks travel through the Markdown parser as single private-use characters, which no answer may bring along.
MARK_OPEN, MARK_CLOSE, NO_SOURCE = "\ue000", "\ue001", "\ue002"
PRIVATE = re.compile(f"[{MARK_OPEN}{MARK_CLOSE}{NO_SOURCE}]")
MARK = re.compile(f"{MARK_OPEN}([a-z]+)-(\\d+){MARK_CLOSE}|{NO_SOURCE}")
MODEL_MARK = re.compile(r"[ \t]*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?![(\[])")
END_MARK = re.compile(rf"{MODEL_MARK.pattern}\s*\Z")
UNFINISHED_MARK = re.compile(r"[ \t]*\[[\d\s,;]*\Z")
CODE_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*")
NO_BREAK_SPACE = "\u00a0"
REMOVED = "\u2588"
"""The API writes it for every character that went with its document."""
FULL_LINE = 0.6
REMOVED_WORDS = "*removed with its document*"

NO_SOURCE_BADGE = f"{NO_BREAK_SPACE}:orange-badge[no source]"
QUOTE = "quote"

SEVERITY: dict[Verdict, int] = {"supported": 0, "partly": 1, "unsupported": 2}


@dataclass(frozen=True, slots=True)
class VerdictBadge:
    """How a verdict is shown: always in words, never by colour alone."""

    words: str
    color: Literal["green", "orange", "red"]
    icon: str


VERDICTS: dict[Verdict, VerdictBadge] = {
    "supported": VerdictBadge("supported", "green", ":material/check_circle:"),
    "partly": VerdictBadge("partly supported", "orange", ":material/contrast:"),
    "unsupported": VerdictBadge("unsupported", "red", ":material/help:"),
}

WORD_FOR_WORD = VerdictBadge("word for word", "green", ":material/format_quote:")


@dataclass(frozen=True, slots=True)
class NumberedSource:
    """An entry of the list below an answer: the span that the mark `number` stands for, and its worst verdict."""

    number: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class QuotePart:
    """A part of an answer that is a quote: its words as safe Markdown, empty where they went with their document."""

    markdown: str
    source: NumberedSource


@dataclass(frozen=True, slots=True)
class CitedAnswer:
    """An answer ready to be shown: its parts, and the sources that its marks point to."""

    parts: tuple[str | QuotePart, ...]
    sources: tuple[NumberedSource, ...]

    @property
    def markdown(self) -> str:
        """All that is no quote."""
        return "\n\n".join(part for part in self.parts if isinstance(part, str))


def cite(
    text: str, citations: Sequence[Citation], sentences: Sequence[SentenceVerdict], passage_numbers: Collection[int]
) -> CitedAnswer:
    """Return `text` as safe Markdown whose marks count from 1 in reading order, one number for each span quoted.

    Marks that the model wrote itself are taken out; sentences that nothing supports are marked as such. Sentences that
    are quotes are parts of their own, word for word, with all brackets that are theirs.
    """
    ordered = sorted(citations, key=lambda citation: (citation.answer_end, citation.start))
    sources = {_span(source.citation): source for source in _number(ordered)}
    cited_ends = {citation.answer_end for citation in ordered}
    pinned = [citation for citation in ordered if citation.origin != QUOTE]
    inserts = [
        (citation.answer_end, _mark(VERDICTS[citation.verdict].color, sources[_span(citation)].number))
        for citation in pinned
    ]
    inserts += [
        (sentence.end, NO_SOURCE)
        for sentence in sentences
        if sentence.verdict == "unsupported" and sentence.end not in cited_ends
    ]
    quotes = {
        (citation.answer_start, citation.answer_end): sources[_span(citation)]
        for citation in ordered
        if citation.origin == QUOTE
    }
    listed = dict.fromkeys(sources[_span(citation)] for citation in pinned)
    return CitedAnswer(tuple(_parts(text, quotes, inserts, passage_numbers)), tuple(listed))


def render_draft(
    text: str,
    passage_numbers: Collection[int],
    citations: Sequence[Citation] = (),
    sentences: Sequence[SentenceVerdict] = (),
) -> str:
    """Return an answer that is still being written as safe Markdown, with the marks of what is checked already."""
    return cite(UNFINISHED_MARK.sub("", text), citations, sentences, passage_numbers).markdown


def render_quoted_draft(text: str, passage_numbers: Collection[int]) -> str:
    """Return the beginning of an answer that is made of quotes, each a paragraph with a mark at its end."""
    paragraphs = (_strip_end_mark(paragraph, passage_numbers) for paragraph in text.split("\n\n"))
    return "\n\n".join(_render_quote(paragraph) for paragraph in paragraphs if paragraph.strip())


def describe_basis(basis: Basis) -> str:
    """Return in a few words what an answer rests on."""
    documents = len({passage.file_id for passage in basis.passages})
    passages = len(basis.passages)
    match basis.mode:
        case "whole":
            return f"Based on {_count(documents, 'whole document')}"
        case "overview":
            return "Overview of everything"
        case "retrieval" if basis.style == "quoted":
            return f"Word for word, from {_count(passages, 'passage')} of {_count(documents, 'document')}"
        case "retrieval":
            return f"Based on {_count(passages, 'passage')} from {_count(documents, 'document')}"
        case _:
            return "Nearest places" if basis.evidence else "Nothing in the documents matches the question"


def _parts(
    text: str,
    quotes: Mapping[tuple[int, int], NumberedSource],
    inserts: Sequence[tuple[int, str]],
    passage_numbers: Collection[int],
) -> Iterator[str | QuotePart]:
    position = 0
    for (start, end), source in sorted(quotes.items(), key=lambda quote: quote[0]):
        if start < position:
            continue
        between = _written(text, (position, start), inserts, passage_numbers)
        if between:
            yield between
        yield QuotePart(_render_quote(text[start:end]), source)
        position = end
    rest = _written(text, (position, len(text)), inserts, passage_numbers)
    if rest:
        yield rest


def _written(
    text: str, part: tuple[int, int], inserts: Sequence[tuple[int, str]], passage_numbers: Collection[int]
) -> str:
    """Return a part of an answer that is no quote; nothing where it has no words."""
    start, end = part
    inside = [(place - start, mark) for place, mark in inserts if start < place <= end]
    marked = _insert_marks(text[start:end], inside, passage_numbers)
    return _render(marked) if re.search(r"\w", marked) or part == (0, len(text)) else ""


def _render_quote(text: str) -> str:
    """Return words of a document as safe Markdown; nothing where they were removed.

    Line breaks that a page's width has made become spaces: those after lines that are about as long as the longest.
    """
    if text.strip(REMOVED) == "":
        return ""
    lines = [line.strip() for line in PRIVATE.sub("", text).splitlines() if line.strip()]
    full_chars = FULL_LINE * max(map(len, lines), default=0)
    breaks = ["", *(" " if len(line) >= full_chars else "\\\n" for line in lines[:-1])]
    return "".join(gap + escape_markdown(line) for gap, line in zip(breaks, lines, strict=False))


def _strip_end_mark(paragraph: str, passage_numbers: Collection[int]) -> str:
    mark = END_MARK.search(paragraph)
    is_ours = mark is not None and _are_passage_numbers(mark[1], passage_numbers)
    return paragraph[: mark.start()] if mark is not None and is_ours else UNFINISHED_MARK.sub("", paragraph)


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


def _insert_marks(text: str, inserts: Sequence[tuple[int, str]], passage_numbers: Collection[int]) -> str:
    """Return `text` with the inserts at their places and without the model's marks, in one pass over offsets."""
    removals = [match.span() for match in MODEL_MARK.finditer(text) if _are_passage_numbers(match[1], passage_numbers)]
    places = dict.fromkeys(_place_mark(text, end, mark) for end, mark in inserts)
    pieces: list[str] = []
    position = 0
    for start, end, mark in _edits(places, removals):
        pieces += [PRIVATE.sub("", text[position : max(start, position)]), mark]
        position = max(position, end)
    return "".join([*pieces, PRIVATE.sub("", text[position:])])


def _edits(places: Iterable[tuple[int, str]], removals: Iterable[tuple[int, int]]) -> list[tuple[int, int, str]]:
    edits = [*((place, place, mark) for place, mark in places), *((start, end, "") for start, end in removals)]
    return sorted(edits, key=lambda edit: edit[:2])


def _are_passage_numbers(numbers: str, passage_numbers: Collection[int]) -> bool:
    return all(int(number) in passage_numbers for number in re.findall(r"\d+", numbers))


def _place_mark(text: str, end: int, mark: str) -> tuple[int, str]:
    """Return where a mark goes: after the last word before `end`, inside a row of a table, below a code fence."""
    before = text[:end].rstrip(" \t\n|")
    is_after_fence = CODE_FENCE.fullmatch(before[before.rfind("\n") + 1 :]) is not None
    return len(before), f"\n\n{mark}" if is_after_fence else mark


def _render(marked: str) -> str:
    return sanitize_markdown(marked, _render_text, keep_in_code=lambda text: MARK.sub("", text))


def _render_text(text: str) -> str:
    parts: list[str] = []
    end = 0
    for mark in MARK.finditer(text):
        is_number = mark[0] != NO_SOURCE
        parts += [
            escape_markdown(text[end : mark.start()]),
            _badge(mark[1], int(mark[2])) if is_number else NO_SOURCE_BADGE,
        ]
        end = mark.end()
    return "".join([*parts, escape_markdown(text[end:])])


def _badge(color: str, number: int) -> str:
    return f"{NO_BREAK_SPACE}:{color}-badge[\\[{number}\\]]"
