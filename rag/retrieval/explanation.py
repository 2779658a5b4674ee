"""Say in words how a found chunk came to its place. Pure."""

from rag.types import ScoredChunk


def explain_score(found: ScoredChunk) -> str:
    """Return the ranks and scores of a chunk in each search, after their fusion, and after the closer look."""
    trail = found.trail
    parts = [
        f"meaning {found.dense_score:.3f} ({_rank(trail.dense_rank)})",
        f"words {found.lexical_score:.1f} ({_rank(trail.lexical_rank)})",
        f"both {trail.fused_score:.3f}",
    ]
    if trail.word_coverage is not None:
        parts.append(f"has {trail.word_coverage:.0%} of the question's words")
    if trail.rerank_score is not None:
        parts.append(f"read by the cross-encoder {trail.rerank_score:.3f}")
    return ", ".join(parts)


def explain_cut(found: ScoredChunk, threshold: float | None) -> str:
    """Return why a chunk that was looked at is not among the results."""
    if threshold is not None and found.score < threshold:
        return f"its score {found.score:.3f} is below the threshold {threshold:g}"
    return "there are as many better ones as were asked for"


def _rank(rank: int | None) -> str:
    return "not found by it" if rank is None else f"rank {rank}"
