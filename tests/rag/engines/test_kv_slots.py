"""Which slot serves a request, with a KV cache that holds the tokens themselves."""

from collections import defaultdict
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from rag.engines.serving.kv_slots import KvSlots, SlotAssignment
from rag.engines.serving.scheduling_policy import CHUNK_ALIGNMENT, SchedulingPolicy


class TokenCache:
    """A `KvCache` that holds the tokens; `copies` counts the copies.

    With a sliding `window` it has evicted what left it, and can only be truncated to what the window still covers.
    """

    def __init__(self, *, can_rewind: bool = True, window: int | None = None) -> None:
        self.tokens: dict[int, list[int]] = defaultdict(list)
        self.copies = 0
        self.can_rewind = can_rewind
        self.window = window

    def can_copy(self, slot: int, length: int) -> bool:
        return self.can_truncate(slot, length)

    def can_truncate(self, slot: int, length: int) -> bool:
        cached = len(self.tokens[slot])
        if self.window is not None:
            return cached - self.window <= max(length - self.window // 2, 0)
        return self.can_rewind or length in (0, cached)

    def save_state(self, slot: int) -> memoryview:
        return memoryview(bytes(self.tokens[slot]))

    def restore_state(self, slot: int, state: bytes) -> bool:
        self.tokens[slot] = list(state)
        return bool(state)

    def forward(self, slot: int, tokens: Sequence[int]) -> None:
        self.tokens[slot] += tokens

    def truncate(self, slot: int, length: int) -> None:
        assert length <= len(self.tokens[slot])
        assert length == 0 or self.can_truncate(slot, length)
        del self.tokens[slot][length:]

    def copy(self, source: int, target: int, length: int) -> None:
        assert self.can_truncate(source, length)
        self.copies += 1
        self.tokens[target] = self.tokens[source][:length]


class World:
    """KV slots, their cache, and requests that are prefilled and decoded."""

    def __init__(self, *, slots: int = 3, can_rewind: bool = True, window: int | None = None) -> None:
        self.cache = TokenCache(can_rewind=can_rewind, window=window)
        self.slots = KvSlots(self.cache, slots=slots, align_reuse=SchedulingPolicy().align_reuse)

    def begin(self, prompt: list[int], answer: list[int]) -> SlotAssignment:
        """Prefill a whole prompt and decode its completion."""
        assignment = self.slots.assign(prompt)
        assert assignment is not None
        pending = prompt[assignment.cached_tokens :]
        self.cache.forward(assignment.slot, [*pending, *answer])
        self.slots.record_prefill(assignment.slot, pending)
        assert self.cache.tokens[assignment.slot] == [*prompt, *answer]
        return assignment

    def serve(self, prompt: list[int], answer: list[int]) -> SlotAssignment:
        assignment = self.begin(prompt, answer)
        self.slots.release(assignment.slot)
        return assignment


def test_the_next_message_of_a_chat_prefills_only_new_tokens() -> None:
    world = World()
    first = list(range(64))
    before = world.serve(first, [1, 2, 3])
    assert world.serve([*first, *[7] * 30], [5]) == SlotAssignment(before.slot, 64)
    assert world.cache.copies == 0


def test_a_busy_slot_is_copied_for_another_prompt_with_the_same_document() -> None:
    world = World()
    document = list(range(160))
    assignments = [world.begin([*document, *[question] * CHUNK_ALIGNMENT], [9]) for question in range(3)]
    assert [assignment.cached_tokens for assignment in assignments] == [0, 160, 160]
    assert world.cache.copies == 2
    assert world.slots.assign(document) is None


def test_a_few_shared_tokens_are_not_worth_a_copy_of_a_long_slot() -> None:
    world = World()
    world.begin([*[1] * 32, *range(100, 400)], [])
    assert world.begin([*[1] * 32, *[2] * 40], []).cached_tokens == 0
    assert world.cache.copies == 0


def test_a_long_cached_text_is_not_evicted_for_a_short_shared_prefix() -> None:
    world = World()
    long = [*[1] * 32, *range(1_000, 1_500)]
    world.serve(long, [])
    world.serve([*[1] * 32, *[2] * 40], [])
    assert (
        world.serve([*long, *[3] * CHUNK_ALIGNMENT], []).cached_tokens == len(long) // CHUNK_ALIGNMENT * CHUNK_ALIGNMENT
    )


def test_the_slot_that_is_cheapest_to_prefill_again_is_evicted_first() -> None:
    world = World(slots=2)
    world.serve(list(range(160)), [])
    world.serve([200] * 64, [])
    world.serve([300] * 100, [])
    assert world.serve([*range(160), *[7] * CHUNK_ALIGNMENT], []).cached_tokens == 160


def test_a_prefix_that_another_slot_has_is_not_cached_twice() -> None:
    world = World()
    document = list(range(160))
    for assignment in [world.begin([*document, *[question] * CHUNK_ALIGNMENT], []) for question in (1, 1)]:
        world.slots.release(assignment.slot)
    assert [len(tokens) for tokens in world.cache.tokens.values() if tokens] == [160 + CHUNK_ALIGNMENT]


def test_what_one_key_holder_has_cached_is_nothing_to_another() -> None:
    cache = TokenCache()
    slots = KvSlots(cache, slots=3, align_reuse=lambda shared, _: shared)
    prompt = [*range(50)]
    for domain, cached in (("key:anna", 0), ("key:ben", 0), ("key:anna", 50), ("", 0)):
        assignment = slots.assign(prompt, domain)
        assert assignment is not None
        assert assignment.cached_tokens == cached, domain
        cache.forward(assignment.slot, prompt[cached:])
        slots.record_prefill(assignment.slot, prompt[cached:])
        slots.release(assignment.slot)


def test_busy_slots_are_neighbours_if_nothing_else_counts() -> None:
    world = World(slots=8)
    assert [world.begin([number] * 20, []).slot for number in range(4)] == [0, 1, 2, 3]


def test_a_cache_that_cannot_be_truncated_keeps_nothing() -> None:
    world = World(can_rewind=False)
    world.serve([1] * 64, [2])
    assert not any(world.cache.tokens.values())
    assert world.serve([1] * 64, [2]).cached_tokens == 0


def test_an_aborted_step_is_rolled_back() -> None:
    world = World()
    assignment = world.slots.assign([1] * 64)
    assert assignment is not None
    world.cache.forward(assignment.slot, [1] * 20)
    world.slots.roll_back(assignment.slot)
    assert world.cache.tokens[assignment.slot] == []


def test_an_aborted_step_empties_a_slot_that_cannot_be_truncated() -> None:
    world = World(can_rewind=False)
    assignment = world.slots.assign([1] * 64)
    assert assignment is not None
    world.cache.forward(assignment.slot, [1] * 32)
    world.slots.record_prefill(assignment.slot, [1] * 32)
    world.cache.forward(assignment.slot, [1] * 20)
    world.slots.roll_back(assignment.slot)
    world.slots.release(assignment.slot)
    assert world.cache.tokens[assignment.slot] == []


class Requests(RuleBasedStateMachine):
    """Requests that begin and end in any order: the slot of each has exactly the tokens that its assignment says."""

    running = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.busy: set[int] = set()

    @rule(target=running, shared=st.integers(0, 2), length=st.integers(1, 80), tail=st.integers(1, 40))
    def begin(self, shared: int, length: int, tail: int) -> object:
        prompt = [*[shared] * length, *[9] * tail]
        assignment = self.world.slots.assign(prompt)
        assert (assignment is None) == (len(self.busy) == 3)
        if assignment is None:
            return multiple()
        assert assignment.slot not in self.busy
        assert assignment.cached_tokens <= len(prompt) - CHUNK_ALIGNMENT or assignment.cached_tokens == 0
        assert self.world.cache.tokens[assignment.slot] == prompt[: assignment.cached_tokens]
        self.busy.add(assignment.slot)
        return assignment.slot, prompt, assignment.cached_tokens

    @rule(request=consumes(running), share=st.floats(0, 1), answer=st.integers(0, 9))
    def prefill_and_release(self, request: tuple[int, list[int], int], share: float, answer: int) -> None:
        slot, prompt, cached = request
        tokens = prompt[cached : cached + int(share * (len(prompt) - cached))]
        is_complete = cached + len(tokens) == len(prompt)
        self.world.cache.forward(slot, [*tokens, *[8] * answer] if is_complete else tokens)
        self.world.slots.record_prefill(slot, tokens)
        self.world.slots.release(slot)
        self.busy.remove(slot)
        assert self.world.cache.tokens[slot] == prompt[: cached + len(tokens)]


TestRequests = Requests.TestCase
