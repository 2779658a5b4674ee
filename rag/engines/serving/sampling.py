# pyright: basic
"""Choose the next token from a model's logits. The same logits and seed give the same choice."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.engines.types import Sampling

Floats = NDArray[np.float32]

GREEDY_BELOW = 1e-6
BLOCK = 512
REPEAT_WINDOW = 64
SEED_MASK = (1 << 64) - 1  # numpy takes no negative seed, the OpenAI API does


class Constraint(Protocol):
    """What may be written next, told from what was written."""

    def forbidden(self) -> NDArray[np.bool_] | NDArray[np.intp] | None:
        """Return the tokens that must not come next, or a mask that is true for them; None where all may."""
        ...

    def accept(self, token: int) -> None:
        """Take in the token that was written: one that was not forbidden."""
        ...


class Sampler:
    """Picks one token after the other for one request, whose prompt is `prompt`.

    Biases and penalties come first (see `Sampling`), then what the constraints forbid. The filters work in llama.cpp's
    order: top-k, top-p and min-p on the chances that this leaves, then the temperature, then the draw. Each filter is a
    floor under the chances, so equal tokens stay or go together.
    """

    def __init__(self, sampling: Sampling, prompt: Sequence[int] = (), constraints: Sequence[Constraint] = ()) -> None:
        self._sampling = sampling
        self._constraints = constraints
        self._written: Counter[int] = Counter()
        self._recent = deque(prompt, maxlen=REPEAT_WINDOW)
        seed = None if sampling.seed is None else sampling.seed & SEED_MASK
        self._random = np.random.Generator(np.random.PCG64(seed))

    def pick(self, logits: Floats) -> int:
        """Return the token to write next; temperature 0 takes the likeliest, the first of equals."""
        token = self._choose(self._permitted(self._penalized(self._biased(logits))))
        self._written[token] += 1
        self._recent.append(token)
        for constraint in self._constraints:
            constraint.accept(token)
        return token

    def _choose(self, logits: Floats) -> int:
        if self._sampling.temperature < GREEDY_BELOW:
            return int(logits.argmax())
        shifted = logits - logits.max()
        if not self._has_filter:
            return self._draw(shifted)
        chances = np.exp(shifted)  # of the likeliest: 1
        tokens = np.flatnonzero(chances >= self._floor(chances))
        return int(tokens[self._draw(shifted[tokens])])

    def _biased(self, logits: Floats) -> Floats:
        if not self._sampling.logit_bias:
            return logits
        logits = logits.copy()
        for token, bias in self._sampling.logit_bias:
            if 0 <= token < len(logits):
                logits[token] += bias
        return logits

    def _permitted(self, logits: Floats) -> Floats:
        for constraint in self._constraints:
            if (forbidden := constraint.forbidden()) is not None:
                logits = logits.copy()
                logits[forbidden] = -np.inf
        return logits

    def _penalized(self, logits: Floats) -> Floats:
        """Return the logits less the penalties; the same array where there are none."""
        presence, frequency = self._sampling.presence_penalty, self._sampling.frequency_penalty
        repeat = self._sampling.repeat_penalty
        if (presence or frequency) and self._written:
            logits = logits.copy()
            tokens, counts = map(np.array, zip(*self._written.items(), strict=True))
            logits[tokens] -= presence + frequency * counts
        if repeat != 1 and self._recent:
            logits = logits.copy()
            recent = np.unique(self._recent)
            logits[recent] *= np.where(logits[recent] > 0, 1 / repeat, repeat)
        return logits

    @property
    def _has_filter(self) -> bool:
        return self._sampling.top_k > 0 or self._sampling.top_p < 1 or self._sampling.min_p > 0

    def _draw(self, shifted: Floats) -> int:
        weights = np.exp(shifted / np.float32(self._sampling.temperature))
        return _index_at(weights, self._random.random())

    def _floor(self, chances: Floats) -> float:
        """Return the least chance that passes the filters; never more than the likeliest token has."""
        floor = 0.0
        if 0 < self._sampling.top_k < len(chances):
            floor = float(np.partition(chances, -self._sampling.top_k)[-self._sampling.top_k])
        if self._sampling.top_p < 1:
            floor = max(floor, _nucleus_floor(chances[chances >= floor], self._sampling.top_p))
        return min(max(floor, self._sampling.min_p), 1.0)


def log_chances(logits: Floats, token: int, top: int) -> tuple[float, list[tuple[int, float]]]:
    """Return the log-probability of `token` and the `top` likeliest tokens with theirs, by the model alone."""
    shifted = (logits - logits.max()).astype(np.float64)
    shifted -= np.log(np.exp(shifted).sum())
    likeliest = np.argsort(-shifted, kind="stable")[:top] if top else ()
    return float(shifted[token]), [(int(index), float(shifted[index])) for index in likeliest]


def _index_at(weights: Floats, share: float) -> int:
    """Return the index at which the running sum of `weights` passes `share` of the whole.

    Sums blocks first, then walks through one: a running sum over a whole vocabulary costs five times as much.
    """
    sums = np.add.reduceat(weights, np.arange(0, len(weights), BLOCK)).cumsum(dtype=np.float64)
    wanted = share * sums[-1]
    block = min(int(np.searchsorted(sums, wanted, side="right")), len(sums) - 1)
    within = weights[block * BLOCK : (block + 1) * BLOCK].cumsum(dtype=np.float64)
    left = wanted - (sums[block - 1] if block else 0.0)
    return block * BLOCK + min(int(np.searchsorted(within, left, side="right")), len(within) - 1)


def _nucleus_floor(chances: Floats, top_p: float) -> float:
    """Return the least of the highest `chances` that together hold a share of `top_p`."""
    total = chances.sum(dtype=np.float64)
    # All chances below this bound together are less than what may be left out: no need to sort them.
    bound = (1 - top_p) * total / len(chances)
    highest_first = -np.sort(-chances[chances >= bound])
    reached = np.searchsorted(highest_first.cumsum(dtype=np.float64), top_p * total)
    return float(highest_first[min(int(reached), len(highest_first) - 1)])
