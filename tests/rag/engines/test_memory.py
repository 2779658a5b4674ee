"""Who may use which sequence, against a store that keeps the tokens themselves."""

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from rag.engines.llama.memory import Cells, Memory, Place
from rag.engines.llama.policy import GRAIN, Policy

CELLS = 400


class TokenStore:
    """A `SequenceStore` that keeps what was read; sequences that were copied from one another share their cells."""

    def __init__(self) -> None:
        self.tokens: dict[int, list[tuple[int, int]]] = defaultdict(list)  # (token, the step that read it)
        self._steps = 0

    @property
    def used(self) -> int:
        return len({cell for held in self.tokens.values() for cell in enumerate(held)})

    def read(self, sequence: int, tokens: Sequence[int]) -> None:
        self._steps += 1
        self.tokens[sequence] += [(token, self._steps) for token in tokens]

    def keep(self, sequence: int, count: int) -> None:
        assert count <= len(self.tokens[sequence])
        del self.tokens[sequence][count:]

    def copy(self, source: int, target: int, count: int) -> None:
        assert not self.tokens[target]
        self.tokens[target] = self.tokens[source][:count]


def memory(store: TokenStore, *, cells: int = CELLS, sequences: int = 4, can_rewind: bool = True) -> Memory:
    return Memory(store, cells=cells, sequences=sequences, can_rewind=can_rewind, reusable=Policy().reusable)


def serve(kept: Memory, store: TokenStore, prompt: list[int], answer: list[int]) -> Place:
    """Read a whole prompt and write its answer."""
    place = kept.begin(prompt, len(answer))
    assert place is not None
    for tokens, is_prompt in ((prompt[place.known_tokens :], True), (answer, False)):
        store.read(place.sequence, tokens)
        kept.read(place.sequence, tokens, is_prompt=is_prompt)
    return place


def test_the_next_turn_of_a_chat_reads_only_what_is_new() -> None:
    store = TokenStore()
    kept = memory(store)
    first = list(range(64))
    kept.end(serve(kept, store, first, [1, 2, 3]).sequence)
    again = serve(kept, store, [*first, *[7] * 30], [5])
    assert again.known_tokens == 64


def test_a_document_is_held_once_for_all_who_ask_about_it() -> None:
    store = TokenStore()
    kept = memory(store)
    document = list(range(160))
    for question in range(4):
        serve(kept, store, [*document, *[question] * GRAIN], [9])
    assert store.used == CELLS - kept.free_cells == 160 + 4 * (GRAIN + 1)


def test_what_costs_least_to_read_again_is_forgotten_first() -> None:
    store = TokenStore()
    kept = memory(store, cells=300, sequences=8)
    long, short = list(range(160)), [200] * 64
    for prompt in (long, short):
        kept.end(serve(kept, store, prompt, [1]).sequence)
    kept.end(serve(kept, store, [300] * 100, [1]).sequence)
    assert serve(kept, store, [*long, *[7] * 20], []).known_tokens == 160


def test_nobody_is_let_in_whose_answer_might_not_fit() -> None:
    store = TokenStore()
    kept = memory(store)
    first = kept.begin([1] * 100, 200)
    assert first is not None
    assert kept.begin([2] * 50, 51) is None
    assert kept.begin([2] * 50, 50) is not None


def test_a_model_that_cannot_go_back_remembers_nothing() -> None:
    store = TokenStore()
    kept = memory(store, can_rewind=False)
    kept.end(serve(kept, store, [1] * 64, [2]).sequence)
    assert kept.free_cells == CELLS
    assert serve(kept, store, [1] * 64, [2]).known_tokens == 0


def test_a_step_that_was_broken_off_leaves_no_trace() -> None:
    store = TokenStore()
    kept = memory(store)
    place = kept.begin([1] * 64, 10)
    assert place is not None
    store.read(place.sequence, [1] * 20)
    kept.undo(place.sequence)
    assert store.used == 0


@given(st.lists(st.integers(1, 20), max_size=10))
def test_cells_are_free_again_when_their_last_user_has_gone(counts: list[int]) -> None:
    cells = Cells(sum(counts))
    taken = [cells.take(count) for count in counts]
    assert cells.free == 0
    for some in taken:
        cells.share(some)
        cells.release(some)
    assert cells.free == 0
    for some in taken:
        cells.release(some)
    assert cells.free == cells.count


class Requests(RuleBasedStateMachine):
    """Requests that come, read, write and go in any order: what they hold is always what they were given."""

    running = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        self.store = TokenStore()
        self.kept = memory(self.store, cells=200, sequences=3)
        self.reserved: dict[int, int] = {}

    @rule(
        target=running,
        head=st.sampled_from([0, 1, 2]),
        length=st.integers(1, 80),
        tail=st.integers(1, 40),
        room=st.integers(1, 40),
    )
    def begin(self, head: int, length: int, tail: int, room: int) -> object:
        prompt = [*[head] * length, *[9] * tail]
        place = self.kept.begin(prompt, room)
        if place is None:
            return multiple()
        held = [token for token, _ in self.store.tokens[place.sequence]]
        assert held == prompt[: place.known_tokens]
        self.reserved[place.sequence] = len(prompt) + room - place.known_tokens
        return place.sequence, prompt, place.known_tokens

    @rule(request=consumes(running), share=st.floats(0, 1), answer=st.integers(0, 1))
    def read_and_end(self, request: tuple[int, list[int], int], share: float, answer: int) -> None:
        sequence, prompt, known = request
        unread = prompt[known:]
        some = unread[: int(share * len(unread))]
        self.store.read(sequence, some)
        self.kept.read(sequence, some, is_prompt=True)
        if len(some) == len(unread):
            self.store.read(sequence, [8] * answer)
            self.kept.read(sequence, [8] * answer, is_prompt=False)
        self.kept.end(sequence)
        del self.reserved[sequence]
        assert [token for token, _ in self.store.tokens[sequence]] == prompt[: known + len(some)]

    @invariant()
    def cells_are_counted_and_suffice(self) -> None:
        assert self.store.used == 200 - self.kept.free_cells
        assert self.kept.free_cells >= sum(self.reserved.values())


TestRequests = Requests.TestCase


def test_a_request_that_could_never_fit_is_not_begun() -> None:
    assert memory(TokenStore(), cells=50).begin([1] * 40, 20) is None


@pytest.mark.parametrize("busy", [1, 2])
def test_no_sequence_is_given_twice(busy: int) -> None:
    kept = memory(TokenStore(), sequences=busy)
    places = [kept.begin([number] * 20, 5) for number in range(busy)]
    assert len({place.sequence for place in places if place}) == busy
    assert kept.begin([7] * 20, 5) is None
