"""Which sequence of the model serves a request, and what of its prompt is there already.

Decides; what it decides is done by a `SequenceStore`. What was read of a prompt stays when its answer is complete:
another prompt that begins with the same tokens goes on from there, or from a copy while it is in use.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rag.engines.serving.sequence import common_prefix

COPIED_SHARE = 4
"""A copy takes over a whole sequence, so at least one part in so many of it must be of use."""


class SequenceStore(Protocol):
    """What a model has read in each of its sequences."""

    def can_keep(self, sequence: int, count: int) -> bool:
        """Return whether the first `count` tokens of a sequence are still there by themselves.

        A recurrent state has no points to go back to, and a sliding window has forgotten what left it long ago.
        """
        ...

    def can_copy(self, sequence: int, count: int) -> bool:
        """Return whether a copy of the first `count` tokens of a sequence would have all that they need.

        A copy of a sliding window has what its source looks back to from its end, not from `count`.
        """
        ...

    def keep(self, sequence: int, count: int) -> None:
        """Keep the first `count` tokens of a sequence and forget the others."""
        ...

    def copy(self, source: int, target: int, count: int) -> None:
        """Make `target` have read just the first `count` tokens of `source`."""
        ...

    def state(self, sequence: int) -> memoryview:
        """Return all that a sequence has read, as the model holds it."""
        ...

    def restore(self, sequence: int, state: bytes) -> bool:
        """Make a sequence have read what `state` holds, whatever it had read; False where that cannot be used."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request is served: its sequence, and how many tokens of its prompt that has read already."""

    sequence: int
    known_tokens: int


@dataclass(slots=True)
class _Held:
    """What one sequence has read.

    Only what was read as a prompt is `known`. An answer is read one token at a time, which gives other last bits; so
    the same prompt has the same answer whatever came before it.
    """

    id: int
    known: list[int] = field(default_factory=list[int])
    is_busy: bool = False
    last_used: int = 0


@dataclass(frozen=True, slots=True)
class _Option:
    """Serve a request in `target`, which goes on after the first `common` tokens of `source`."""

    target: _Held
    source: _Held
    common: int


class Memory:
    """Gives sequences to requests. `reusable` rounds what two prompts share down to what may be kept of it."""

    def __init__(self, store: SequenceStore, *, sequences: int, reusable: Callable[[int, int], int]) -> None:
        self._store = store
        self._held = [_Held(id_) for id_ in range(sequences)]
        self._reusable = reusable
        self._uses = 0

    def begin(self, prompt: Sequence[int]) -> Place | None:
        """Return where to read `prompt`; None while every sequence is in use."""
        options = self._options(prompt)
        if not options:
            return None
        chosen = max(options, key=self._value)
        target, common = chosen.target, chosen.common
        if chosen.source is target:
            self._keep(target, common)
        else:
            self._store.copy(chosen.source.id, target.id, common)
            target.known = chosen.source.known[:common]
        target.is_busy = True
        return Place(target.id, common)

    def read(self, sequence: int, tokens: Sequence[int]) -> None:
        """Note that `tokens` of a prompt were read."""
        self._held[sequence].known += tokens

    def restore(self, sequence: int, state: bytes, tokens: Sequence[int], count: int) -> int:
        """Make a sequence go on after the first `count` of the `tokens` that `state` holds; return how many it has."""
        held = self._held[sequence]
        held.known[:] = tokens if self._store.restore(sequence, state) else []
        self._keep(held, count if held.known and self._store.can_keep(sequence, count) else 0)
        return len(held.known)

    def undo(self, sequence: int) -> int:
        """Forget what was read and not noted: an answer, or a step that ended in the middle; return what is left.

        A model that cannot go back so far forgets everything.
        """
        held = self._held[sequence]
        self._keep(held, len(held.known) if self._store.can_keep(sequence, len(held.known)) else 0)
        return len(held.known)

    def end(self, sequence: int) -> None:
        """Take a sequence back; what is known of a prompt stays, the answer is forgotten."""
        held = self._held[sequence]
        self._uses += 1
        held.is_busy, held.last_used = False, self._uses
        self.undo(sequence)
        for other in self._held:
            if other is not held and not other.is_busy and self._has_all_of(held, other):
                self._keep(other, 0)

    def _has_all_of(self, held: _Held, other: _Held) -> bool:
        count = len(other.known)
        return held.known[:count] == other.known and self._store.can_keep(held.id, count)

    def _options(self, prompt: Sequence[int]) -> list[_Option]:
        idle = [held for held in self._held if not held.is_busy]
        options = [_Option(target, target, 0) for target in idle]
        for source in self._held if idle else ():  # whoever waits asks again in every turn
            common = self._reusable(common_prefix(source.known, prompt), len(prompt))
            if common and self._store.can_keep(source.id, common):
                is_worth_a_copy = common * COPIED_SHARE >= len(source.known) and self._store.can_copy(source.id, common)
                options += [_Option(target, source, common) for target in idle if target is source or is_worth_a_copy]
        return options

    def _value(self, option: _Option) -> tuple[float, bool, int]:
        """Return what an option saves, less what it loses: tokens, each the less worth the longer it was not used.

        Of equal ones, a sequence beside busy ones is better, because llama.cpp computes neighbours in one go.
        """
        target, is_copy = option.target, option.source is not option.target
        kept = 0 if is_copy else option.common
        lost = (len(target.known) - kept) / (1 + self._uses - target.last_used)
        neighbours = self._held[max(target.id - 1, 0) : target.id + 2]
        return option.common - lost - 0.5 * is_copy, any(held.is_busy for held in neighbours), -target.id

    def _keep(self, held: _Held, count: int) -> None:
        self._store.keep(held.id, count)
        del held.known[count:]
