"""What the model remembers: which sequence holds which tokens, who uses it, and how much room is left.

Decides; what it decides is done by a `SequenceStore`. A request is begun only where there is room for its whole prompt
and the longest answer that it may get, so that no answer ends for want of memory. What was read of a prompt stays when
its answer is complete: another prompt that begins with the same tokens continues it, or shares it while it is in use.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rag.engines.llama.requests import common_prefix


class SequenceStore(Protocol):
    """The memory of a model, in cells of one token each. Sequences that share tokens share their cells."""

    def keep(self, sequence: int, count: int) -> None:
        """Keep the first `count` tokens of a sequence and forget the others."""
        ...

    def copy(self, source: int, target: int, count: int) -> None:
        """Make `target`, which is empty, begin with the first `count` tokens of `source`."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request is served: its sequence, and how many tokens of its prompt are there already."""

    sequence: int
    known_tokens: int


class Cells:
    """Counts the users of each cell; a cell that nobody uses is free."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = list(range(count))
        self._users = [0] * count

    @property
    def free(self) -> int:
        return len(self._free)

    def take(self, count: int) -> list[int]:
        """Return `count` cells that were free."""
        taken = [self._free.pop() for _ in range(count)]
        self.share(taken)
        return taken

    def share(self, cells: Iterable[int]) -> None:
        """Count one more user of each cell."""
        for cell in cells:
            self._users[cell] += 1

    def release(self, cells: Iterable[int]) -> None:
        """Count one user less of each cell."""
        for cell in cells:
            self._users[cell] -= 1
            if not self._users[cell]:
                self._free.append(cell)


@dataclass(slots=True)
class _Held:
    """What one sequence holds.

    Only what was read as a prompt is `known`. An answer is read a few tokens at a time, which gives other last bits; so
    the same prompt has the same answer whatever came before it. `reserved` cells are still to be taken.
    """

    id: int
    cells: list[int] = field(default_factory=list[int])
    known: list[int] = field(default_factory=list[int])
    reserved: int = 0
    is_busy: bool = False
    last_used: int = 0


class Memory:
    """Gives sequences to requests. `reusable` rounds what two prompts share down to what may be kept of it."""

    def __init__(
        self,
        store: SequenceStore,
        *,
        cells: int,
        sequences: int,
        can_rewind: bool,
        reusable: Callable[[int, int], int],
    ) -> None:
        self._store = store
        self._cells = Cells(cells)
        self._held = [_Held(id_) for id_ in range(sequences)]
        self._can_rewind = can_rewind
        self._reusable = reusable
        self._uses = 0

    @property
    def free_cells(self) -> int:
        """Cells that hold nothing."""
        return self._cells.free

    def begin(self, prompt: Sequence[int], room: int) -> Place | None:
        """Return where to read `prompt` and write up to `room` tokens; None until another request has ended."""
        source, common = self._best_source(prompt)
        needed = len(prompt) + room - common
        if needed > self._available(source, common) or all(held.is_busy for held in self._held):
            return None
        target = self._make_room(source, common, needed)
        target.known, target.reserved, target.is_busy = list(prompt[:common]), needed, True
        return Place(target.id, common)

    def read(self, sequence: int, tokens: Sequence[int], *, is_prompt: bool) -> None:
        """Note that `tokens` were read."""
        held = self._held[sequence]
        held.cells += self._cells.take(len(tokens))
        held.reserved -= len(tokens)
        if is_prompt:
            held.known += tokens

    def undo(self, sequence: int) -> None:
        """Forget what was read, but not noted: a step that ended in the middle leaves it open how much that is."""
        self._store.keep(sequence, len(self._held[sequence].cells))

    def end(self, sequence: int) -> None:
        """Take a sequence back; what is known of a prompt stays, the answer is forgotten."""
        held = self._held[sequence]
        held.is_busy, held.reserved = False, 0
        self._keep(held, len(held.known) if self._can_rewind else 0)
        self._touch(held)
        for other in self._held:
            if other is not held and not other.is_busy and _begins_with(held.known, other.known):
                self._keep(other, 0)

    def _best_source(self, prompt: Sequence[int]) -> tuple[_Held | None, int]:
        """Return the sequence that has most of a prompt, and how many tokens of it may be kept."""
        if not self._can_rewind:
            return None, 0
        shared = {held.id: common_prefix(held.known, prompt) for held in self._held}
        best = max(self._held, key=lambda held: (shared[held.id], not held.is_busy))
        common = self._reusable(shared[best.id], len(prompt))
        return (best, common) if common else (None, 0)

    def _available(self, source: _Held | None, common: int) -> int:
        """Return the cells that a request can have once everything is forgotten that may be."""
        busy = [held for held in self._held if held.is_busy]
        used = {cell for held in busy for cell in held.cells}
        used.update(source.cells[:common] if source else ())
        return self._cells.count - len(used) - sum(held.reserved for held in busy)

    def _make_room(self, source: _Held | None, common: int, needed: int) -> _Held:
        """Return a sequence that holds the first `common` tokens, with `needed` cells free for more."""
        idle = [held for held in self._held if not held.is_busy and held is not source]
        idle.sort(key=self._worth)
        if not idle:  # all but the source are busy
            assert source is not None  # noqa: S101 (`begin` has looked)
            self._keep(source, common)
            return source
        target = idle.pop(0)
        self._keep(target, 0)
        if source is not None:
            self._share(source, target, common)
            self._touch(source)
        if source is not None and not source.is_busy:
            idle.append(source)
        reserved = sum(held.reserved for held in self._held)
        for held in idle:
            if self._cells.free - reserved >= needed:
                break
            self._keep(held, 0)
        return target

    def _worth(self, held: _Held) -> float:
        """Return what forgetting a sequence would cost: its tokens would be read again, the less likely the older."""
        return len(held.known) / (1 + self._uses - held.last_used)

    def _share(self, source: _Held, target: _Held, count: int) -> None:
        self._store.copy(source.id, target.id, count)
        target.cells = source.cells[:count]
        self._cells.share(target.cells)

    def _keep(self, held: _Held, count: int) -> None:
        if len(held.cells) > count:
            self._store.keep(held.id, count)
            self._cells.release(held.cells[count:])
            del held.cells[count:]
        del held.known[count:]

    def _touch(self, held: _Held) -> None:
        self._uses += 1
        held.last_used = self._uses


def _begins_with(tokens: Sequence[int], beginning: Sequence[int]) -> bool:
    return bool(beginning) and tokens[: len(beginning)] == beginning
