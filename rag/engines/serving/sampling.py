# pyright: basic
"""Sample the next token from a model's logits. The same logits and seed give the same token."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.engines.types import Sampling

Floats = NDArray[np.float32]
"""Logits or weights over the vocabulary: shape (vocabulary,), float32."""

GREEDY_BELOW = 1e-6
BLOCK = 512
REPEAT_WINDOW_TOKENS = 64
SEED_MASK = (1 << 64) - 1  # NumPy takes no negative seed, the OpenAI API does


class Constraint(Protocol):
    """Constrained decoding: which tokens a completion may go on with."""

    def forbidden_tokens(self) -> NDArray[np.bool_] | NDArray[np.intp] | None:
        """Return the ids of the forbidden tokens, or a mask of shape (vocabulary,); None if all are allowed."""
        ...

    def accept(self, token: int) -> None:
        """Append a token, which was not forbidden, to the completion."""
        ...


class Sampler:
    """Samples the tokens of one completion of `prompt`.

    `logit_bias` and penalties (see `Sampling`) come first, then the constraints. The filters work in llama.cpp's order:
    top-k, top-p (nucleus sampling, Holtzman et al. 2020) and min-p on the probabilities that this leaves, then the
    temperature, then the draw. Each filter is a floor under the probabilities, so equal tokens stay or go together.
    """

    def __init__(self, sampling: Sampling, prompt: Sequence[int] = (), constraints: Sequence[Constraint] = ()) -> None:
        self._sampling = sampling
        self._constraints = constraints
        self._counts: Counter[int] = Counter()
        self._recent = deque(prompt, maxlen=REPEAT_WINDOW_TOKENS)
        seed = None if sampling.seed is None else sampling.seed & SEED_MASK
        self._random = np.random.Generator(np.random.PCG64(seed))

    def sample(self, logits: Floats) -> int:
        """Return the next token; temperature 0 takes the most likely one, the first of equals."""
        token = self._choose(self._apply_constraints(self._apply_penalties(self._apply_bias(logits))))
        self._counts[token] += 1
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
        weights = np.exp(shifted)  # probabilities relative to the most likely token, which has 1
        tokens = np.flatnonzero(weights >= self._compute_floor(weights))
        return int(tokens[self._draw(shifted[tokens])])

    def _apply_bias(self, logits: Floats) -> Floats:
        if not self._sampling.logit_bias:
            return logits
        logits = logits.copy()
        for token, bias in self._sampling.logit_bias:
            if 0 <= token < len(logits):
                logits[token] += bias
        return logits

    def _apply_constraints(self, logits: Floats) -> Floats:
        for constraint in self._constraints:
            if (forbidden := constraint.forbidden_tokens()) is not None:
                logits = logits.copy()
                logits[forbidden] = -np.inf
        return logits

    def _apply_penalties(self, logits: Floats) -> Floats:
        """Return the logits after the penalties; the same array if there are none."""
        presence, frequency = self._sampling.presence_penalty, self._sampling.frequency_penalty
        repeat = self._sampling.repeat_penalty
        if (presence or frequency) and self._counts:
            logits = logits.copy()
            tokens, counts = map(np.array, zip(*self._counts.items(), strict=True))
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
        return _find_index(weights, self._random.random())

    def _compute_floor(self, weights: Floats) -> float:
        """Return the least weight that passes the filters; never more than that of the most likely token."""
        floor = 0.0
        if 0 < self._sampling.top_k < len(weights):
            floor = float(np.partition(weights, -self._sampling.top_k)[-self._sampling.top_k])
        if self._sampling.top_p < 1:
            floor = max(floor, _compute_nucleus_floor(weights[weights >= floor], self._sampling.top_p))
        return min(max(floor, self._sampling.min_p), 1.0)


def compute_logprobs(logits: Floats, token: int, top: int) -> tuple[float, list[tuple[int, float]]]:
    """Return the log-probability of `token`, and the `top` most likely tokens with theirs, before any sampling."""
    shifted = (logits - logits.max()).astype(np.float64)
    shifted -= np.log(np.exp(shifted).sum())
    likeliest = np.argsort(-shifted, kind="stable")[:top] if top else ()
    return float(shifted[token]), [(int(index), float(shifted[index])) for index in likeliest]


def _find_index(weights: Floats, fraction: float) -> int:
    """Return the index at which the running sum of `weights` passes `fraction` of the total.

    Sums blocks first, then walks through one: a running sum over a whole vocabulary costs five times as much.
    """
    sums = np.add.reduceat(weights, np.arange(0, len(weights), BLOCK)).cumsum(dtype=np.float64)
    target = fraction * sums[-1]
    block = min(int(np.searchsorted(sums, target, side="right")), len(sums) - 1)
    sums_in_block = weights[block * BLOCK : (block + 1) * BLOCK].cumsum(dtype=np.float64)
    rest = target - (sums[block - 1] if block else 0.0)
    return block * BLOCK + min(int(np.searchsorted(sums_in_block, rest, side="right")), len(sums_in_block) - 1)


def _compute_nucleus_floor(weights: Floats, top_p: float) -> float:
    """Return the least of the highest `weights` that together have a share of `top_p`."""
    total = weights.sum(dtype=np.float64)
    # All weights below this bound together are less than what may be left out: no need to sort them.
    bound = (1 - top_p) * total / len(weights)
    highest_first = -np.sort(-weights[weights >= bound])
    reached = np.searchsorted(highest_first.cumsum(dtype=np.float64), top_p * total)
    return float(highest_first[min(int(reached), len(highest_first) - 1)])
