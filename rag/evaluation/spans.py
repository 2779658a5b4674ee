"""How much of what was asked for a budget of text holds, and how much else it holds. Pure.

What counts are the characters that are not white space, each of them once: between two chunks there may be
white space that belongs to none, and nobody misses it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.evaluation.types import Span
from rag.types import ScoredChunk


@dataclass(frozen=True, slots=True)
class SpanScores:
    """Shares in [0, 1]: of what was wanted, what is found; of what is found, what was wanted; of either, both."""

    recall: float
    precision: float
    iou: float


def cut_to_budget(hits: Iterable[ScoredChunk], budget_chars: int) -> list[Span]:
    """Return the spans of the chunks in their order until the budget is full; the last one is cut."""
    spans: list[Span] = []
    left = budget_chars
    for hit in hits:
        if left <= 0:
            break
        chunk = hit.chunk.chunk
        end = min(chunk.end, chunk.start + left)
        spans.append(Span(hit.chunk.source, chunk.start, end))
        left -= end - chunk.start
    return spans


def score_spans(found: Sequence[Span], wanted: Sequence[Span], texts: Mapping[str, str]) -> SpanScores:
    """Compare what was found with what was wanted (at least one span that is not blank); `texts` are by document."""
    merged_found, merged_wanted = _merged(found), _merged(wanted)
    both = [overlap for one in merged_found for other in merged_wanted if (overlap := _overlap(one, other))]
    found_chars, wanted_chars, both_chars = (_count(spans, texts) for spans in (merged_found, merged_wanted, both))
    return SpanScores(
        recall=both_chars / wanted_chars,
        precision=both_chars / found_chars if found_chars else 0.0,
        iou=both_chars / (found_chars + wanted_chars - both_chars),
    )


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans that cover the same characters, none of them twice."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.document, span.start)):
        last = merged[-1] if merged else None
        if last is not None and last.document == span.document and span.start <= last.end:
            merged[-1] = Span(last.document, last.start, max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def _overlap(one: Span, other: Span) -> Span | None:
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Span(one.document, start, end) if one.document == other.document and start < end else None


def _count(spans: Iterable[Span], texts: Mapping[str, str]) -> int:
    return sum(len("".join(texts[span.document][span.start : span.end].split())) for span in spans)
