"""Guess the next tokens of an answer from what was read before it. Pure.

An answer from documents repeats whole phrases of them. What followed the same tokens before is a draft; the model
reads all of it in one step and keeps as much as it would have written itself. Prompt lookup decoding (A. Saxena, 2023),
with the width of the draft chosen by what a wider step costs here and how often drafts were right.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTHS = (1, 2, 4, 8, 16)
"""So many tokens a step may have: the last one that was written, and a draft."""
SHORTEST_MATCH = 2
LONGEST_MATCH = 16
CANDIDATES = 16
WORTH_IT = 1.05
"""A draft must promise so much more speed: looking it up and forgetting it takes time too."""
MEMORY = 0.9
"""By so much every outcome counts less than the one after it."""
PRIOR = ((2, 0.3), (4, 0.5), (8, 0.7), (LONGEST_MATCH, 0.85))
"""How often the next token of a draft is taken to be right at first, by the length of what matched."""
PRIOR_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Draft:
    """Tokens that may come next, because they followed the last `matched` tokens before."""

    tokens: Sequence[int] = ()
    matched: int = 0


class Lookup:
    """Everything that was read and written for one request, and where each pair of tokens stands in it."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        self.extend(tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Take in what comes next."""
        for token in tokens:
            self._tokens.append(token)
            if len(self._tokens) >= SHORTEST_MATCH:
                self._after[self._tokens[-2], token].append(len(self._tokens))

    def draft(self) -> Draft:
        """Return what followed the longest match of the last tokens, of equal ones the latest; empty without one."""
        if len(self._tokens) < SHORTEST_MATCH:
            return Draft()
        *places, _ = self._after[self._tokens[-2], self._tokens[-1]]  # the last one is where we are
        if not places:
            return Draft()
        matched, place = max((self._matched(place), place) for place in places[-CANDIDATES:])
        return Draft(self._tokens[place : place + WIDTHS[-1] - 1], matched)

    def _matched(self, place: int) -> int:
        """Return how many tokens before `place` are the same as the last ones."""
        tokens, end = self._tokens, len(self._tokens)
        most = min(LONGEST_MATCH, place)
        return next((back for back in range(most) if tokens[place - 1 - back] != tokens[end - 1 - back]), most)


@dataclass(slots=True)
class _Rate:
    """How often drafts were right lately, beginning with a guess."""

    right: float
    all: float = PRIOR_WEIGHT

    def learn(self, right: int, wrong: int) -> None:
        self.right = MEMORY * self.right + right
        self.all = MEMORY * self.all + right + wrong


@dataclass(slots=True)
class Speculation:
    """Chooses the width of each draft of one answer: a function of what was written and of `step_seconds` alone.

    So an answer that is asked for again is drafted in the same way.
    """

    step_seconds: Mapping[int, float]
    _rates: list[_Rate] = field(default_factory=lambda: [_Rate(PRIOR_WEIGHT * chance) for _, chance in PRIOR])

    def chosen(self, draft: Draft) -> Sequence[int]:
        """Return as much of `draft` as promises the most tokens a second; nothing where that does not pay."""
        rate = self._rate(draft)
        chance = rate.right / rate.all

        def speed(width: int) -> float:
            tokens = sum(chance**step for step in range(width))
            return tokens / self.step_seconds[width]

        widths = [width for width in WIDTHS if width in self.step_seconds and width <= len(draft.tokens) + 1]
        if not draft.tokens or not widths:
            return ()
        best = max(widths, key=speed)
        return draft.tokens[: best - 1] if speed(best) >= WORTH_IT * speed(WIDTHS[0]) else ()

    def learn(self, draft: Draft, read: int, written: Sequence[int]) -> None:
        """Take in what was written, where the first `read` tokens of `draft` were read beforehand.

        A draft that was not read is judged by its first token, so that one that begins to pay is noticed.
        """
        if not draft.tokens:
            return
        judged = max(read, 1)
        right = next(
            (index for index in range(judged) if index >= len(written) or written[index] != draft.tokens[index]), judged
        )
        is_cut_short = right == len(written)
        self._rate(draft).learn(right, int(right < judged and not is_cut_short))

    def _rate(self, draft: Draft) -> _Rate:
        return next(rate for rate, (length, _) in zip(self._rates, PRIOR, strict=True) if draft.matched <= length)
