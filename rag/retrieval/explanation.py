"""Say in words how a found chunk came to its place. Pure."""

from rag.types import ScoredChunk


def explain_score(found: ScoredChunk) -> str:
    """Return the ranks and scores of a chunk in each search, after their fusion, and after the closer look."""
    breakdown = found.breakdown
    parts = [
        f"meaning {found.dense_score:.3f} ({_rank(breakdown.dense_rank)})",
        f"words {found.lexical_score:.1f} ({_rank(breakdown.lexical_rank)})",
        f"both {breakdown.fused_score:.3f}",
    ]
    if breakdown.word_coverage is not None:
        parts.append(f"has {breakdown.word_coverage:.0%} of the question's words")
    if breakdown.rerank_score is not None:
        parts.append(f"read by the cross-encoder {breakdown.rerank_score:.3f}")
    return ", ".join(parts)


def explain_cut(found: ScoredChunk, threshold: float | None) -> str:
    """Return why a chunk that was looked at is not among the results."""
    if threshold is not None and found.score < threshold:
        return f"its score {found.score:.3f} is below the threshold {threshold:g}"
    return "there are as many better ones as were asked for"


def _rank(rank: int | None) -> str:
    return "not found by it" if rank is None else f"rank {rank}"
