"""Choose chunks and sentences that represent a long text: quotas, sections, centroid, MMR. Pure.

Vectors are float32 arrays of unit vectors, of shape (n, dimension) or (dimension,).
"""

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

RELEVANCE_SHARE = 0.6
"""Weight of relevance against novelty: lambda of maximal marginal relevance (Carbonell and Goldstein, 1998)."""

Vectors = NDArray[np.float32]


def allocate_quotas(sizes: Sequence[int], total: int) -> list[int]:
    """Return how many of `total` sentences to take from texts of some sizes: at least one each, the largest first.

    The rest goes by the square root of the sizes, so that a long document does not take all. None gets more than its
    size.
    """
    quotas = [0] * len(sizes)
    for index in sorted(range(len(sizes)), key=lambda index: (-sizes[index], index))[:total]:
        quotas[index] = min(1, sizes[index])
    for _ in range(total - sum(quotas)):
        unfilled = [index for index, size in enumerate(sizes) if 0 < quotas[index] < size]
        if not unfilled:
            break
        quotas[max(unfilled, key=lambda index: (sizes[index] ** 0.5 / quotas[index], -index))] += 1
    return quotas


def split_sections(paths: Sequence[tuple[str, ...]], count: int) -> list[range]:
    """Return at most `count` ranges that cover chunks with these heading paths, in order.

    They follow the headings to the deepest level at which all headings get a range; within a heading, ranges have
    about the same length.
    """
    sections = [range(len(paths))]
    for depth in range(1, max(map(len, paths), default=0) + 1):
        finer = _group_by_heading(paths, depth)
        if len(finer) > count:
            break
        sections = finer
    quotas = allocate_quotas([len(section) for section in sections], count)
    return [part for section, quota in zip(sections, quotas, strict=True) for part in _cut(section, quota)]


def _group_by_heading(paths: Sequence[tuple[str, ...]], depth: int) -> list[range]:
    runs = [list(run) for _, run in groupby(range(len(paths)), key=lambda index: paths[index][:depth])]
    return [range(run[0], run[-1] + 1) for run in runs]


def _cut(section: range, count: int) -> list[range]:
    bounds = [section.start + len(section) * index // count for index in range(count + 1)] if count else []
    return [range(start, end) for start, end in pairwise(bounds) if start < end]


def compute_centroid(vectors: Vectors) -> Vectors:
    """Return the normalised mean of unit vectors, shape (dimension,); the zero vector if they cancel out."""
    mean = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return np.asarray(mean / length if length else mean, dtype=np.float32)


def rank_by_mmr(vectors: Vectors, topic: Vectors, selected: Sequence[Vectors]) -> list[int]:
    """Return the indices of unit vectors by maximal marginal relevance, the best first.

    Relevance is the cosine to `topic`, redundancy the highest cosine to a vector `selected` before.
    """
    gain = RELEVANCE_SHARE * (vectors @ topic)
    if selected:
        gain = gain - (1 - RELEVANCE_SHARE) * (vectors @ np.stack(selected).T).max(axis=1)
    return [int(index) for index in np.argsort(-gain, kind="stable")]
