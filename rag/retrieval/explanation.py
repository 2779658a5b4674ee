"""Explain a chunk's score and rank in words. Pure."""

from rag.types import ScoredChunk


def explain_score(chunk: ScoredChunk) -> str:
    """Return the chunk's ranks and scores: dense, BM25, fused, term coverage and reranked."""
    breakdown = chunk.breakdown
    parts = [
        f"cosine {chunk.dense_score:.3f} ({_describe_rank(breakdown.dense_rank)})",
        f"BM25 {chunk.lexical_score:.1f} ({_describe_rank(breakdown.lexical_rank)})",
        f"fused {breakdown.fused_score:.3f}",
    ]
    if breakdown.word_coverage is not None:
        parts.append(f"has {breakdown.word_coverage:.0%} of the query's terms")
    if breakdown.rerank_score is not None:
        parts.append(f"cross-encoder {breakdown.rerank_score:.3f}")
    return ", ".join(parts)


def explain_cut(chunk: ScoredChunk, threshold: float | None) -> str:
    """Return why a candidate is not among the results."""
    if threshold is not None and chunk.score < threshold:
        return f"its score {chunk.score:.3f} is below the threshold {threshold:g}"
    return "better candidates fill top_k"


def _describe_rank(rank: int | None) -> str:
    return "not among its candidates" if rank is None else f"rank {rank}"
