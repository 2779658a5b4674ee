"""Speculative decoding without a draft model: prompt lookup decoding (A. Saxena, 2023). Pure.

A grounded answer repeats whole phrases of its passages. The tokens that followed the last tokens before are a draft;
the model verifies the draft in one step and keeps the tokens that it would have chosen itself. The length of each draft
is chosen from the measured time of wider steps and from how often drafts were accepted.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STEP_WIDTHS = (1, 2, 4, 8, 16)
"""Tokens of one step: the last token of the completion and a draft."""
NGRAM_TOKENS = 2
MAX_MATCH_TOKENS = 16
MAX_CANDIDATES = 16
MIN_SPEEDUP = 1.05
"""A draft must promise so much more tokens a second: lookup and truncation take time too."""
DECAY = 0.9
"""Every outcome weighs so much less than the next one."""
PRIORS = ((2, 0.3), (4, 0.5), (8, 0.7), (MAX_MATCH_TOKENS, 0.85))
"""The assumed acceptance rate of a draft's next token before any outcome, by the length of the match."""
PRIOR_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Draft:
    """Tokens that may come next, because they followed an earlier match of the last `match_tokens` tokens."""

    tokens: Sequence[int] = ()
    match_tokens: int = 0


class PromptLookup:
    """The prompt and completion of one request, with an index of their bigrams."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._ends_of: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        self.extend(tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Append tokens."""
        for token in tokens:
            self._tokens.append(token)
            if len(self._tokens) >= NGRAM_TOKENS:
                self._ends_of[self._tokens[-2], token].append(len(self._tokens))

    def find_draft(self) -> Draft:
        """Return what followed the longest earlier match, the latest of equal ones; an empty draft without a match."""
        if len(self._tokens) < NGRAM_TOKENS:
            return Draft()
        *ends, _ = self._ends_of[self._tokens[-2], self._tokens[-1]]  # the last one is the end of all tokens
        if not ends:
            return Draft()
        match_tokens, end = max((self._count_matching(end), end) for end in ends[-MAX_CANDIDATES:])
        return Draft(self._tokens[end : end + STEP_WIDTHS[-1] - 1], match_tokens)

    def _count_matching(self, end: int) -> int:
        """Return how many tokens before `end` equal the last tokens."""
        tokens, last = self._tokens, len(self._tokens)
        most = min(MAX_MATCH_TOKENS, end)
        return next((back for back in range(most) if tokens[end - 1 - back] != tokens[last - 1 - back]), most)


@dataclass(slots=True)
class _AcceptanceRate:
    """The share of accepted draft tokens, an exponentially weighted mean that begins with a prior."""

    accepted: float
    drafted: float = PRIOR_WEIGHT

    def record(self, accepted: int, rejected: int) -> None:
        self.accepted = DECAY * self.accepted + accepted
        self.drafted = DECAY * self.drafted + accepted + rejected


@dataclass(slots=True)
class DraftPolicy:
    """Chooses the length of each draft of one completion: a function of its tokens and of `step_seconds` alone.

    So the drafts of an answer are the same if it is generated again.
    """

    step_seconds: Mapping[int, float]
    _rates: list[_AcceptanceRate] = field(
        default_factory=lambda: [_AcceptanceRate(PRIOR_WEIGHT * rate) for _, rate in PRIORS]
    )

    def choose_tokens(self, draft: Draft) -> Sequence[int]:
        """Return as many tokens of `draft` as promise the most tokens a second; none if that is no speedup."""
        rate = self._find_rate(draft)
        probability = rate.accepted / rate.drafted

        def estimate_speed(width: int) -> float:
            expected_tokens = sum(probability**step for step in range(width))
            return expected_tokens / self.step_seconds[width]

        widths = [width for width in STEP_WIDTHS if width in self.step_seconds and width <= len(draft.tokens) + 1]
        if not draft.tokens or not widths:
            return ()
        best = max(widths, key=estimate_speed)
        is_faster = estimate_speed(best) >= MIN_SPEEDUP * estimate_speed(STEP_WIDTHS[0])
        return draft.tokens[: best - 1] if is_faster else ()

    def record_outcome(self, draft: Draft, verified: int, completion: Sequence[int]) -> None:
        """Record which tokens came after `draft`, of which the first `verified` tokens were in the step.

        A draft that was not verified is judged by its first token, so that drafts that begin to pay are noticed.
        """
        if not draft.tokens:
            return
        judged = max(verified, 1)
        accepted = next(
            (index for index in range(judged) if index >= len(completion) or completion[index] != draft.tokens[index]),
            judged,
        )
        is_cut_short = accepted == len(completion)
        self._find_rate(draft).record(accepted, int(accepted < judged and not is_cut_short))

    def _find_rate(self, draft: Draft) -> _AcceptanceRate:
        return next(rate for rate, (length, _) in zip(self._rates, PRIORS, strict=True) if draft.match_tokens <= length)
