"""Span recall, precision and IoU of retrieved text within a budget of characters. Pure.

Each character counts once, white space never: the white space between two chunks belongs to none of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.evaluation.types import Span
from rag.types import ScoredChunk


@dataclass(frozen=True, slots=True)
class SpanScores:
    """Recall, precision and intersection over union of characters, in [0, 1]."""

    recall: float
    precision: float
    iou: float


def cut_to_budget(hits: Iterable[ScoredChunk], budget_chars: int) -> list[Span]:
    """Return the spans of the chunks in order until the budget is full; the last one is truncated."""
    spans: list[Span] = []
    remaining = budget_chars
    for hit in hits:
        if remaining <= 0:
            break
        chunk = hit.chunk.chunk
        end = min(chunk.end, chunk.start + remaining)
        spans.append(Span(hit.chunk.source, chunk.start, end))
        remaining -= end - chunk.start
    return spans


def score_spans(retrieved: Sequence[Span], gold: Sequence[Span], texts: Mapping[str, str]) -> SpanScores:
    """Compare retrieved spans with gold ones (at least one is not blank); `texts` has the text of each document."""
    merged, merged_gold = _merge(retrieved), _merge(gold)
    both = [overlap for one in merged for other in merged_gold if (overlap := _overlap(one, other))]
    retrieved_chars, gold_chars, both_chars = (_count_chars(spans, texts) for spans in (merged, merged_gold, both))
    return SpanScores(
        recall=both_chars / gold_chars,
        precision=both_chars / retrieved_chars if retrieved_chars else 0.0,
        iou=both_chars / (retrieved_chars + gold_chars - both_chars),
    )


def _merge(spans: Iterable[Span]) -> list[Span]:
    """Return disjoint spans that cover the same characters."""
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


def _count_chars(spans: Iterable[Span], texts: Mapping[str, str]) -> int:
    return sum(len("".join(texts[span.document][span.start : span.end].split())) for span in spans)
