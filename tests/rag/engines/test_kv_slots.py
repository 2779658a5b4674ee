"""Which sequence serves a request, against a store that keeps the tokens themselves."""

from collections import defaultdict
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from rag.engines.serving.kv_slots import Memory, Place
from rag.engines.serving.scheduling_policy import GRAIN, Policy


class TokenStore:
    """A `SequenceStore` that keeps what was read; `copies` counts what was copied.

    One that looks back over a `window` has forgotten what left it, and cannot be cut back to where that would be seen.
    """

    def __init__(self, *, can_rewind: bool = True, window: int | None = None) -> None:
        self.tokens: dict[int, list[int]] = defaultdict(list)
        self.copies = 0
        self.can_rewind = can_rewind
        self.window = window

    def can_copy(self, sequence: int, count: int) -> bool:
        return self.can_keep(sequence, count)

    def can_keep(self, sequence: int, count: int) -> bool:
        length = len(self.tokens[sequence])
        if self.window is not None:
            return length - self.window <= max(count - self.window // 2, 0)
        return self.can_rewind or count in (0, length)

    def state(self, sequence: int) -> memoryview:
        return memoryview(bytes(self.tokens[sequence]))

    def restore(self, sequence: int, state: bytes) -> bool:
        self.tokens[sequence] = list(state)
        return bool(state)

    def read(self, sequence: int, tokens: Sequence[int]) -> None:
        self.tokens[sequence] += tokens

    def keep(self, sequence: int, count: int) -> None:
        assert count <= len(self.tokens[sequence])
        assert count == 0 or self.can_keep(sequence, count)
        del self.tokens[sequence][count:]

    def copy(self, source: int, target: int, count: int) -> None:
        assert self.can_keep(source, count)
        self.copies += 1
        self.tokens[target] = self.tokens[source][:count]


class World:
    """A memory, its store, and requests that are served from their beginning to their end."""

    def __init__(self, *, sequences: int = 3, can_rewind: bool = True, window: int | None = None) -> None:
        self.store = TokenStore(can_rewind=can_rewind, window=window)
        self.memory = Memory(self.store, sequences=sequences, reusable=Policy().reusable)

    def begin(self, prompt: list[int], answer: list[int]) -> Place:
        """Read a whole prompt and write its answer."""
        place = self.memory.begin(prompt)
        assert place is not None
        unread = prompt[place.known_tokens :]
        self.store.read(place.sequence, [*unread, *answer])
        self.memory.read(place.sequence, unread)
        assert self.store.tokens[place.sequence] == [*prompt, *answer]
        return place

    def serve(self, prompt: list[int], answer: list[int]) -> Place:
        place = self.begin(prompt, answer)
        self.memory.end(place.sequence)
        return place


def test_the_next_turn_of_a_chat_reads_only_what_is_new() -> None:
    world = World()
    first = list(range(64))
    before = world.serve(first, [1, 2, 3])
    assert world.serve([*first, *[7] * 30], [5]) == Place(before.sequence, 64)
    assert world.store.copies == 0


def test_a_document_that_is_in_use_is_copied_for_the_next_who_asks_about_it() -> None:
    world = World()
    document = list(range(160))
    places = [world.begin([*document, *[question] * GRAIN], [9]) for question in range(3)]
    assert [place.known_tokens for place in places] == [0, 160, 160]
    assert world.store.copies == 2
    assert world.memory.begin(document) is None


def test_a_few_common_words_are_not_worth_a_copy_of_a_long_text() -> None:
    world = World()
    world.begin([*[1] * 32, *range(100, 400)], [])
    assert world.begin([*[1] * 32, *[2] * 40], []).known_tokens == 0
    assert world.store.copies == 0


def test_a_long_text_is_not_given_up_for_a_short_beginning() -> None:
    world = World()
    long = [*[1] * 32, *range(1_000, 1_500)]
    world.serve(long, [])
    world.serve([*[1] * 32, *[2] * 40], [])
    assert world.serve([*long, *[3] * GRAIN], []).known_tokens == len(long) // GRAIN * GRAIN


def test_what_costs_least_to_read_again_is_forgotten_first() -> None:
    world = World(sequences=2)
    world.serve(list(range(160)), [])
    world.serve([200] * 64, [])
    world.serve([300] * 100, [])
    assert world.serve([*range(160), *[7] * GRAIN], []).known_tokens == 160


def test_what_another_sequence_has_too_is_not_kept_twice() -> None:
    world = World()
    document = list(range(160))
    for place in [world.begin([*document, *[question] * GRAIN], []) for question in (1, 1)]:
        world.memory.end(place.sequence)
    assert [len(tokens) for tokens in world.store.tokens.values() if tokens] == [160 + GRAIN]


def test_busy_sequences_stand_side_by_side_where_nothing_else_counts() -> None:
    world = World(sequences=8)
    assert [world.begin([number] * 20, []).sequence for number in range(4)] == [0, 1, 2, 3]


def test_a_model_that_cannot_go_back_remembers_nothing() -> None:
    world = World(can_rewind=False)
    world.serve([1] * 64, [2])
    assert not any(world.store.tokens.values())
    assert world.serve([1] * 64, [2]).known_tokens == 0


def test_a_step_that_was_broken_off_leaves_no_trace() -> None:
    world = World()
    place = world.memory.begin([1] * 64)
    assert place is not None
    world.store.read(place.sequence, [1] * 20)
    world.memory.undo(place.sequence)
    assert world.store.tokens[place.sequence] == []


def test_a_model_that_cannot_go_back_forgets_all_of_a_step_that_was_broken_off() -> None:
    world = World(can_rewind=False)
    place = world.memory.begin([1] * 64)
    assert place is not None
    world.store.read(place.sequence, [1] * 32)
    world.memory.read(place.sequence, [1] * 32)
    world.store.read(place.sequence, [1] * 20)
    world.memory.undo(place.sequence)
    world.memory.end(place.sequence)
    assert world.store.tokens[place.sequence] == []


class Requests(RuleBasedStateMachine):
    """Requests that come, read, write and go in any order: each finds in its sequence what it was told is there."""

    running = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.busy: set[int] = set()

    @rule(target=running, head=st.integers(0, 2), length=st.integers(1, 80), tail=st.integers(1, 40))
    def begin(self, head: int, length: int, tail: int) -> object:
        prompt = [*[head] * length, *[9] * tail]
        place = self.world.memory.begin(prompt)
        assert (place is None) == (len(self.busy) == 3)
        if place is None:
            return multiple()
        assert place.sequence not in self.busy
        assert place.known_tokens <= len(prompt) - GRAIN or place.known_tokens == 0
        assert self.world.store.tokens[place.sequence] == prompt[: place.known_tokens]
        self.busy.add(place.sequence)
        return place.sequence, prompt, place.known_tokens

    @rule(request=consumes(running), share=st.floats(0, 1), answer=st.integers(0, 9))
    def read_and_end(self, request: tuple[int, list[int], int], share: float, answer: int) -> None:
        sequence, prompt, known = request
        read = prompt[known : known + int(share * (len(prompt) - known))]
        is_complete = known + len(read) == len(prompt)
        self.world.store.read(sequence, [*read, *[8] * answer] if is_complete else read)
        self.world.memory.read(sequence, read)
        self.world.memory.end(sequence)
        self.busy.remove(sequence)
        assert self.world.store.tokens[sequence] == prompt[: known + len(read)]


TestRequests = Requests.TestCase
