"""The KV slots of a model: which slot serves a request, and how much of its prompt is cached there.

Decides; a `KvCache` does it. The prompt stays cached in its slot when its completion ends: another prompt with the same
prefix resumes there, or from a copy while the slot is busy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rag.engines.serving.sequence import count_common_prefix

MAX_COPY_RATIO = 4
"""A copy takes a whole slot, so at least one token in so many of it must be shared."""


class KvCache(Protocol):
    """The KV cache of a model, with one token sequence in each slot."""

    def can_truncate(self, slot: int, length: int) -> bool:
        """Return whether a slot can be cut back to its first `length` tokens.

        A recurrent state has no earlier points, and a sliding window has evicted what left it.
        """
        ...

    def can_copy(self, slot: int, length: int) -> bool:
        """Return whether a copy of the first `length` tokens of a slot would be complete.

        A copy of a sliding window has what the end of its source attends to, not what `length` does.
        """
        ...

    def truncate(self, slot: int, length: int) -> None:
        """Keep the first `length` tokens of a slot and evict the others."""
        ...

    def copy(self, source: int, target: int, length: int) -> None:
        """Make `target` hold exactly the first `length` tokens of `source`."""
        ...

    def save_state(self, slot: int) -> memoryview:
        """Return the state of a slot as bytes, in the library's own format."""
        ...

    def restore_state(self, slot: int, state: bytes) -> bool:
        """Replace a slot by a saved state; return False, the slot empty, if the state cannot be used."""
        ...


@dataclass(frozen=True, slots=True)
class SlotAssignment:
    """The slot that serves a request, and how many tokens of its prompt are cached there."""

    slot: int
    cached_tokens: int


@dataclass(slots=True)
class _Slot:
    """One slot and its cached `tokens`, which are prompt tokens only, and the domain of the requests that use them.

    Decoding computes one token at a time, which gives other last bits than prefill; without completion tokens the same
    prompt gives the same completion whatever came before it.
    """

    id: int
    tokens: list[int] = field(default_factory=list[int])
    domain: str = ""
    is_busy: bool = False
    last_used: int = 0


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Serve a request in `target`, which resumes after the first `shared_tokens` tokens of `source`."""

    target: _Slot
    source: _Slot
    shared_tokens: int


class KvSlots:
    """Assigns slots to requests. `align_reuse(shared, prompt)` rounds the shared tokens of a prompt down."""

    def __init__(self, cache: KvCache, *, slots: int, align_reuse: Callable[[int, int], int]) -> None:
        self._cache = cache
        self._slots = [_Slot(id_) for id_ in range(slots)]
        self._align_reuse = align_reuse
        self._releases = 0

    def assign(self, prompt: Sequence[int], domain: str = "") -> SlotAssignment | None:
        """Return the slot for a prompt, which is busy until `release`; None while every slot is busy.

        It resumes from tokens of its own `domain` alone: what another one has asked cannot be told from the time.
        """
        candidates = self._find_candidates(prompt, domain)
        if not candidates:
            return None
        best = max(candidates, key=self._rate)
        target, shared = best.target, best.shared_tokens
        if best.source is target:
            self._truncate(target, shared)
        else:
            self._cache.copy(best.source.id, target.id, shared)
            target.tokens = best.source.tokens[:shared]
        target.is_busy, target.domain = True, domain
        return SlotAssignment(target.id, shared)

    def record_prefill(self, slot: int, tokens: Sequence[int]) -> None:
        """Record that more tokens of a prompt are cached in a slot."""
        self._slots[slot].tokens += tokens

    def restore_state(self, slot: int, state: bytes, tokens: Sequence[int], length: int) -> int:
        """Resume a slot after the first `length` of the `tokens` of a saved state; return how many are cached."""
        target = self._slots[slot]
        target.tokens[:] = tokens if self._cache.restore_state(slot, state) else []
        self._truncate(target, length if target.tokens and self._cache.can_truncate(slot, length) else 0)
        return len(target.tokens)

    def roll_back(self, slot: int) -> int:
        """Evict what was computed and not recorded: a completion, or an aborted step; return the cached tokens.

        A model that cannot truncate its cache so far loses all of the slot.
        """
        target = self._slots[slot]
        length = len(target.tokens)
        self._truncate(target, length if self._cache.can_truncate(slot, length) else 0)
        return len(target.tokens)

    def release(self, slot: int) -> None:
        """Take a slot back; its prompt stays cached, its completion is evicted."""
        released = self._slots[slot]
        self._releases += 1
        released.is_busy, released.last_used = False, self._releases
        self.roll_back(slot)
        for other in self._slots:
            if other is not released and not other.is_busy and self._contains(released, other):
                self._truncate(other, 0)

    def _contains(self, slot: _Slot, other: _Slot) -> bool:
        """Return whether the tokens of `slot` begin with all those of `other`, in the same domain."""
        length = len(other.tokens)
        is_prefix = slot.domain == other.domain and slot.tokens[:length] == other.tokens
        return is_prefix and self._cache.can_truncate(slot.id, length)

    def _find_candidates(self, prompt: Sequence[int], domain: str) -> list[_Candidate]:
        idle = [slot for slot in self._slots if not slot.is_busy]
        candidates = [_Candidate(target, target, 0) for target in idle]
        # Without an idle slot nothing is compared: requests in the queue come here again at every step.
        for source in [slot for slot in self._slots if slot.domain == domain] if idle else []:
            shared = self._align_reuse(count_common_prefix(source.tokens, prompt), len(prompt))
            if shared and self._cache.can_truncate(source.id, shared):
                can_copy = shared * MAX_COPY_RATIO >= len(source.tokens) and self._cache.can_copy(source.id, shared)
                candidates += [_Candidate(target, source, shared) for target in idle if target is source or can_copy]
        return candidates

    def _rate(self, candidate: _Candidate) -> tuple[float, bool, int]:
        """Return the tokens that a candidate saves, less those that it evicts, which weigh less the older they are.

        Among equal ones a slot beside busy ones is better, because llama.cpp computes neighbours in one go.
        """
        target, is_copy = candidate.target, candidate.source is not candidate.target
        kept_tokens = 0 if is_copy else candidate.shared_tokens
        eviction_cost = (len(target.tokens) - kept_tokens) / (1 + self._releases - target.last_used)
        neighbours = self._slots[max(target.id - 1, 0) : target.id + 2]
        saved = candidate.shared_tokens - eviction_cost - 0.5 * is_copy
        return saved, any(slot.is_busy for slot in neighbours), -target.id

    def _truncate(self, slot: _Slot, length: int) -> None:
        self._cache.truncate(slot.id, length)
        del slot.tokens[length:]
