"""Share a model among those who send requests: queue places, slots, decode steps and prefill time.

A principal is who a request counts for, as the server knows it: the holder of a key, else an address, not what the
request says. The client of a request is its principal, or `principal/user` with a user that the request names. Shares
are those of principals while several are about, else those of the users of the only one: naming many users gains
nothing against another principal. One sharer alone gets everything. Beside others, one that sends little waits little,
however much the others send.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence, Set

KEY_HOLDER = "key:"
MAX_USER_QUEUES = 2
"""So many users can fill their queues before the queue of their principal is full."""
MAX_PRINCIPAL_QUEUES = 4
"""So many principals can fill theirs before the whole queue is full: a bound on memory."""
MAX_ROWS_RATIO = 1.4
"""Decode steps that several sharers share may take so many times as long as a step of one row."""
MAX_PREFILL_SHARE = 0.4
"""Prefill may take so much of the decode time of other sharers."""
RECENT_SECONDS = 600.0
"""A client that was silent for so long has no slot kept for it."""


def name_client(principal: str, user: str | None) -> str:
    """Return the client of a request."""
    return f"{principal}/{user}" if user else principal


def name_key_holder(name: str) -> str:
    """Return the principal of a request with somebody's own key, which no address looks like."""
    return KEY_HOLDER + name


def cache_domain_of(client: str) -> str:
    """Return within which clients share cached prompts with one: its key holder, empty for all who have no own key.

    How fast the first token comes, and how many tokens were cached, would otherwise tell one what another has asked.
    """
    principal = principal_of(client)
    return principal if principal.startswith(KEY_HOLDER) else ""


def principal_of(client: str) -> str:
    """Return the principal of a client."""
    return client.partition("/")[0]


def is_queue_full(waiting: Sequence[str], client: str, *, queue_size: int) -> bool:
    """Whether the queue is full for a client; each has `queue_size` places, and so has each of its principal's users.

    `waiting` has the clients of the waiting requests.
    """
    of_principal = sum(principal_of(other) == principal_of(client) for other in waiting)
    return (
        waiting.count(client) >= queue_size
        or of_principal >= MAX_USER_QUEUES * queue_size
        or len(waiting) >= MAX_PRINCIPAL_QUEUES * MAX_USER_QUEUES * queue_size
    )


def choose_waiting(waiting: Sequence[str], running: Sequence[str], *, free_slots: int, sharers: Set[str]) -> int | None:
    """Return the index of the request to admit: the first of those whose sharer has the fewest running ones.

    None if the last free slot is kept for one of the `sharers` that has none. `waiting`, not empty and in order of
    arrival, and `running` have the sharer of each request.
    """
    running_of = Counter(running)
    index = min(range(len(waiting)), key=lambda index: running_of[waiting[index]])
    is_served = running_of[waiting[index]] > 0
    return None if free_slots == 1 and is_served and sharers - running_of.keys() else index


def choose_decoding(
    decoding: Sequence[str], last_steps: Sequence[int], *, active: Collection[str], step_seconds: Mapping[int, float]
) -> list[int]:
    """Return the indices of the completions that the next step decodes, in ascending order.

    All of them if one sharer is `active`, or if the step is hardly longer for it; else the same number of each sharer,
    those first whose last step is longest ago. `decoding` has the sharer of each completion, `step_seconds` the time of
    a step by its number of tokens; without it, one row costs as much as another.
    """
    affordable = [width for width, seconds in step_seconds.items() if seconds <= MAX_ROWS_RATIO * step_seconds[1]]
    rows = max(affordable, default=1)
    if len(active) < 2 or len(decoding) <= rows:
        return list(range(len(decoding)))
    share = max(rows // len(active), 1)
    taken: Counter[str] = Counter()
    chosen: list[int] = []
    for index in sorted(range(len(decoding)), key=lambda index: (last_steps[index], index)):
        if taken[decoding[index]] < share:
            taken[decoding[index]] += 1
            chosen.append(index)
    return sorted(chosen)


class Sharers:
    """Who shares the model: the clients that were seen of late, and how much prefill time they owe each other."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen_at: dict[str, float] = {}
        self._has_principals = False  # asked for every request in every step, and changes only when one comes
        self._owed_seconds = 0.0

    def see(self, client: str) -> None:
        """Record that a request of a client has come."""
        now = self._clock()
        self._seen_at = {name: seen for name, seen in self._seen_at.items() if now - seen < RECENT_SECONDS}
        self._seen_at[client] = now
        self._has_principals = len(set(map(principal_of, self._seen_at))) > 1

    def name(self, client: str) -> str:
        """Return the sharer of a client: its principal, or the client if no other principal was seen of late."""
        return principal_of(client) if self._has_principals else client

    def list_recent(self) -> set[str]:
        """Return the sharers that were seen of late."""
        return {self.name(client) for client in self._seen_at}

    @property
    def may_delay_others(self) -> bool:
        """Whether a prompt may be prefilled while a completion of another sharer is decoded."""
        return self._owed_seconds <= 0.0

    def record_decoding(self, seconds: float) -> None:
        """Record a decode step, 0 seconds if nothing is decoded; it pays for a share of its time of prefill."""
        paid = MAX_PREFILL_SHARE * seconds if seconds else self._owed_seconds
        self._owed_seconds = max(self._owed_seconds - paid, 0.0)

    def record_delay(self, seconds: float) -> None:
        """Record prefill that completions of other sharers waited for."""
        self._owed_seconds += seconds
