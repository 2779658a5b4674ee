"""Which chunks and sentences stand for a long text: shares, sections and central, different members. Pure."""

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

RELEVANCE_SHARE = 0.6
"""How much being central counts against being unlike what was taken already (maximal marginal relevance)."""

Vectors = NDArray[np.float32]


def shares(sizes: Sequence[int], total: int) -> list[int]:
    """Return how many of `total` places each size gets: one at least while there are enough, the largest first.

    The rest goes by the square root of the sizes, so that a long document does not take all. None gets more than its
    size.
    """
    given = [0] * len(sizes)
    for place in sorted(range(len(sizes)), key=lambda place: (-sizes[place], place))[:total]:
        given[place] = min(1, sizes[place])
    for _ in range(total - sum(given)):
        open_ = [place for place, size in enumerate(sizes) if 0 < given[place] < size]
        if not open_:
            break
        given[max(open_, key=lambda place: (sizes[place] ** 0.5 / given[place], -place))] += 1
    return given


def sections(paths: Sequence[tuple[str, ...]], many: int) -> list[range]:
    """Return at most `many` stretches that cover chunks with these heading paths, in order.

    They follow the headings as deep as there are places for all headings of that rank; within them, they are of about
    the same length.
    """
    stretches = [range(len(paths))]
    for depth in range(1, max(map(len, paths), default=0) + 1):
        finer = _by_heading(paths, depth)
        if len(finer) > many:
            break
        stretches = finer
    places = shares([len(stretch) for stretch in stretches], many)
    return [part for stretch, place in zip(stretches, places, strict=True) for part in _cut(stretch, place)]


def _by_heading(paths: Sequence[tuple[str, ...]], depth: int) -> list[range]:
    runs = [list(run) for _, run in groupby(range(len(paths)), key=lambda index: paths[index][:depth])]
    return [range(run[0], run[-1] + 1) for run in runs]


def _cut(stretch: range, many: int) -> list[range]:
    bounds = [stretch.start + len(stretch) * place // many for place in range(many + 1)] if many else []
    return [range(start, end) for start, end in pairwise(bounds) if start < end]


def central(vectors: Vectors) -> Vectors:
    """Return the direction that unit vectors have in common."""
    mean = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return np.asarray(mean / length if length else mean, dtype=np.float32)


def most_telling(vectors: Vectors, centre: Vectors, taken: Sequence[Vectors]) -> int:
    """Return which of some unit vectors is near to the centre and unlike those that were taken before."""
    return by_telling(vectors, centre, taken)[0]


def by_telling(vectors: Vectors, centre: Vectors, taken: Sequence[Vectors]) -> list[int]:
    """Return the places of some unit vectors, the most telling first; see `most_telling`."""
    gain = RELEVANCE_SHARE * (vectors @ centre)
    if taken:
        gain = gain - (1 - RELEVANCE_SHARE) * (vectors @ np.stack(taken).T).max(axis=1)
    return [int(place) for place in np.argsort(-gain, kind="stable")]
