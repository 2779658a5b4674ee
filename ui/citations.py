"""Turn an answer and its citations into Markdown with numbered marks and a list of sources. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ui.api_types import AnswerVerdict, Basis, Citation, SentenceVerdict, Verdict
from ui.safe_markdown import escape_markdown, sanitize_markdown

# Marks pass through the Markdown parser as private-use characters (Unicode), which are removed from every answer.
MARK_OPEN, MARK_CLOSE, NO_SOURCE = "\ue000", "\ue001", "\ue002"
PRIVATE = re.compile(f"[{MARK_OPEN}{MARK_CLOSE}{NO_SOURCE}]")
MARK = re.compile(f"{MARK_OPEN}([a-z]+)-(\\d+){MARK_CLOSE}|{NO_SOURCE}")
MODEL_MARK = re.compile(r"[ \t]*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?![(\[])")
END_MARK = re.compile(rf"{MODEL_MARK.pattern}\s*\Z")
UNFINISHED_MARK = re.compile(r"[ \t]*\[[\d\s,;]*\Z")
CODE_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*")
NO_BREAK_SPACE = "\u00a0"
REMOVED_CHARACTER = "\u2588"
"""The API writes it for every character of a document that was deleted."""
FULL_LINE_SHARE = 0.6
SUPERSEDED_MARK = "[superseded: "
"""How the text of an answer begins a quote that does not hold any more."""
REMOVED_TEXT = "*removed with its document*"

NO_SOURCE_BADGE = f"{NO_BREAK_SPACE}:orange-badge[no source]"
QUOTE = "quote"

SEVERITY: dict[Verdict, int] = {"supported": 0, "partly": 1, "unsupported": 2}


@dataclass(frozen=True, slots=True)
class VerdictBadge:
    """How the page shows a verdict: always in words, never by colour alone."""

    words: str
    color: Literal["green", "orange", "red"]
    icon: str


VERDICTS: dict[Verdict, VerdictBadge] = {
    "supported": VerdictBadge("supported", "green", ":material/check_circle:"),
    "partly": VerdictBadge("partly supported", "orange", ":material/contrast:"),
    "unsupported": VerdictBadge("unsupported", "red", ":material/help:"),
}

WORD_FOR_WORD = VerdictBadge("word for word", "green", ":material/format_quote:")
ANSWER_VERDICTS: dict[AnswerVerdict, VerdictBadge] = {
    "answers": VerdictBadge("answers the question", "green", ":material/check_circle:"),
    "may answer": VerdictBadge("may answer the question", "orange", ":material/contrast:"),
    "does not answer": VerdictBadge("does not answer the question", "red", ":material/help:"),
}


@dataclass(frozen=True, slots=True)
class NumberedSource:
    """An entry of the list of sources: the span that the mark `number` points to, with its worst verdict."""

    number: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class QuotePart:
    """A part of an answer that is a quote: its text as safe Markdown, empty if its document was deleted."""

    markdown: str
    source: NumberedSource


@dataclass(frozen=True, slots=True)
class CitedAnswer:
    """An answer as the page shows it: its parts, and the sources that its marks point to."""

    parts: tuple[str | QuotePart, ...]
    sources: tuple[NumberedSource, ...]

    @property
    def markdown(self) -> str:
        """All parts that are not quotes."""
        return "\n\n".join(part for part in self.parts if isinstance(part, str))


def cite(
    text: str, citations: Sequence[Citation], sentences: Sequence[SentenceVerdict], passage_numbers: Collection[int]
) -> CitedAnswer:
    """Return `text` as safe Markdown with marks numbered from 1 in reading order, one number for each quoted span.

    The model's own marks that name a passage are removed; unsupported sentences without a citation are marked as such.
    Sentences that are quotes are separate parts, word for word, and keep all of their brackets.
    """
    ordered = sorted(citations, key=lambda citation: (citation.answer_end, citation.start))
    sources = {_span_key(source.citation): source for source in _number_sources(ordered)}
    cited_ends = {citation.answer_end for citation in ordered}
    cited = [citation for citation in ordered if citation.origin != QUOTE]
    inserts = [
        (citation.answer_end, _make_mark(VERDICTS[citation.verdict].color, sources[_span_key(citation)].number))
        for citation in cited
    ]
    inserts += [
        (sentence.end, NO_SOURCE)
        for sentence in sentences
        if sentence.verdict == "unsupported" and sentence.end not in cited_ends
    ]
    quotes = {
        (citation.answer_start, citation.answer_end): sources[_span_key(citation)]
        for citation in ordered
        if citation.origin == QUOTE
    }
    listed = dict.fromkeys(sources[_span_key(citation)] for citation in cited)
    return CitedAnswer(tuple(_split_parts(text, quotes, inserts, passage_numbers)), tuple(listed))


def render_draft(
    text: str,
    passage_numbers: Collection[int],
    citations: Sequence[Citation] = (),
    sentences: Sequence[SentenceVerdict] = (),
) -> str:
    """Return an unfinished answer as safe Markdown, with marks at the sentences that are verified."""
    return cite(UNFINISHED_MARK.sub("", text), citations, sentences, passage_numbers).markdown


def render_quoted_draft(text: str, passage_numbers: Collection[int]) -> str:
    """Return an unfinished answer of quotes as safe Markdown: one paragraph for each quote, without its mark."""
    paragraphs = (_strip_end_mark(paragraph, passage_numbers) for paragraph in text.split("\n\n"))
    return "\n\n".join(render_quote(paragraph) for paragraph in paragraphs if paragraph.strip())


def describe_basis(basis: Basis) -> str:
    """Return in a few words what an answer is based on."""
    documents = len({passage.file_id for passage in basis.passages})
    passages = len(basis.passages)
    match basis.mode:
        case "whole":
            return f"Based on {_count_noun(documents, 'whole document')}"
        case "overview":
            return "Overview of everything"
        case "retrieval" if basis.style == "quoted":
            return f"Word for word, from {_count_noun(passages, 'passage')} of {_count_noun(documents, 'document')}"
        case "retrieval":
            return f"Based on {_count_noun(passages, 'passage')} from {_count_noun(documents, 'document')}"
        case _:
            return "Closest matches" if basis.evidence else "Nothing in the documents matches the question"


def _split_parts(
    text: str,
    quotes: Mapping[tuple[int, int], NumberedSource],
    inserts: Sequence[tuple[int, str]],
    passage_numbers: Collection[int],
) -> Iterator[str | QuotePart]:
    position = 0
    for (start, end), source in sorted(quotes.items(), key=lambda quote: quote[0]):
        if start < position:
            continue
        between = _render_between(text, (position, start), inserts, passage_numbers)
        if between:
            yield between
        quote = text[start:end]
        if source.citation.superseded_by is not None:  # the page shows a badge instead of the mark
            quote = quote.removeprefix(SUPERSEDED_MARK).removesuffix("]")
        yield QuotePart(render_quote(quote), source)
        position = end
    rest = _render_between(text, (position, len(text)), inserts, passage_numbers)
    if rest:
        yield rest


def _render_between(
    text: str, part: tuple[int, int], inserts: Sequence[tuple[int, str]], passage_numbers: Collection[int]
) -> str:
    """Return the text between two quotes as safe Markdown; empty if it has no words."""
    start, end = part
    inside = [(place - start, mark) for place, mark in inserts if start < place <= end]
    marked = _insert_marks(text[start:end], inside, passage_numbers)
    return _render(marked) if re.search(r"\w", marked) or part == (0, len(text)) else ""


def render_quote(text: str) -> str:
    """Return the text of a document as safe Markdown; empty if the document was deleted.

    A line break after a line of at least `FULL_LINE_SHARE` of the longest line, or before a small letter, was made by
    the page's width and becomes a space.
    """
    if text.strip(REMOVED_CHARACTER) == "":
        return ""
    lines = [line.strip() for line in PRIVATE.sub("", text).splitlines() if line.strip()]
    full_chars = FULL_LINE_SHARE * max(map(len, lines), default=0)
    breaks = [""]
    for line, following in pairwise(lines):
        breaks.append(" " if len(line) >= full_chars or following[0].islower() else "\\\n")
    return "".join(gap + escape_markdown(line) for gap, line in zip(breaks, lines, strict=False))


def _strip_end_mark(paragraph: str, passage_numbers: Collection[int]) -> str:
    mark = END_MARK.search(paragraph)
    is_ours = mark is not None and _are_passage_numbers(mark[1], passage_numbers)
    return paragraph[: mark.start()] if mark is not None and is_ours else UNFINISHED_MARK.sub("", paragraph)


def _count_noun(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _span_key(citation: Citation) -> tuple[str, int, int]:
    return citation.file_id, citation.start, citation.end


def _number_sources(ordered: Sequence[Citation]) -> tuple[NumberedSource, ...]:
    """Return one entry for each span, in order of first use, with its worst verdict and all reasons."""
    spans: dict[tuple[str, int, int], Citation] = {}
    for citation in ordered:
        first = spans.setdefault(_span_key(citation), citation)
        worst = max(first, citation, key=lambda candidate: SEVERITY[candidate.verdict])
        reasons = tuple(dict.fromkeys((*first.reasons, *citation.reasons)))
        spans[_span_key(citation)] = replace(first, verdict=worst.verdict, reasons=reasons)
    return tuple(NumberedSource(number, citation) for number, citation in enumerate(spans.values(), 1))


def _make_mark(color: str, number: int) -> str:
    return f"{MARK_OPEN}{color}-{number}{MARK_CLOSE}"


def _insert_marks(text: str, inserts: Sequence[tuple[int, str]], passage_numbers: Collection[int]) -> str:
    """Return `text` with the inserts at their offsets and without the model's marks."""
    removals = [match.span() for match in MODEL_MARK.finditer(text) if _are_passage_numbers(match[1], passage_numbers)]
    places = dict.fromkeys(_place_mark(text, end, mark) for end, mark in inserts)
    pieces: list[str] = []
    position = 0
    for start, end, mark in _sort_edits(places, removals):
        pieces += [PRIVATE.sub("", text[position : max(start, position)]), mark]
        position = max(position, end)
    return "".join([*pieces, PRIVATE.sub("", text[position:])])


def _sort_edits(places: Iterable[tuple[int, str]], removals: Iterable[tuple[int, int]]) -> list[tuple[int, int, str]]:
    edits = [*((place, place, mark) for place, mark in places), *((start, end, "") for start, end in removals)]
    return sorted(edits, key=lambda edit: edit[:2])


def _are_passage_numbers(numbers: str, passage_numbers: Collection[int]) -> bool:
    return all(int(number) in passage_numbers for number in re.findall(r"\d+", numbers))


def _place_mark(text: str, end: int, mark: str) -> tuple[int, str]:
    """Return the offset and text of a mark: after the last word before `end`, inside a table row, below a fence."""
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
            _render_badge(mark[1], int(mark[2])) if is_number else NO_SOURCE_BADGE,
        ]
        end = mark.end()
    return "".join([*parts, escape_markdown(text[end:])])


def _render_badge(color: str, number: int) -> str:
    return f"{NO_BREAK_SPACE}:{color}-badge[\\[{number}\\]]"
