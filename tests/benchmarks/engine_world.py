"""What the benchmarks of the engine share: questions, answers with the time of each piece, and how they are shown."""

import logging
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from rag.engines.types import Engine, Message, Sampling

WORDS = (
    "The valve of the pump is checked every spring and again in the autumn by the workshop . Its filter".split()  # noqa: SIM905
)


@dataclass
class Run:
    """When the pieces of one answer came, in seconds since it was asked for, and what it said."""

    times: list[float] = field(default_factory=list[float])
    text: str = ""
    completion_tokens: int = 0

    @property
    def first(self) -> float:
        return self.times[0]

    @property
    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]

    @property
    def tokens_per_second(self) -> float:
        """How fast tokens came after the first."""
        return (self.completion_tokens - 1) / (self.times[-1] - self.first)


def text_of(words: int, seed: int) -> str:
    """Return a text that begins like no other and that a model goes on with for long."""
    return " ".join(
        [f"{seed}:", *(WORDS[(index * 7 + seed) % len(WORDS)] for index in range(words)), "Repeat all of it."]
    )


def ask(engine: Engine, prompt: str | Sequence[Message], max_tokens: int, *, never: Sequence[int] = ()) -> Run:
    """Ask for an answer without the tokens `never` and note when its pieces came."""
    messages = [Message("user", prompt)] if isinstance(prompt, str) else prompt
    run, started = Run(), time.perf_counter()
    sampling = Sampling(max_tokens=max_tokens, logit_bias=tuple((token, -1_000.0) for token in never))
    with closing(engine.generate(messages, sampling)) as deltas:
        for delta in deltas:
            if delta.text:
                run.times.append(time.perf_counter() - started)
                run.text += delta.text
            if delta.usage is not None:
                run.completion_tokens = delta.usage.completion_tokens
    return run


def together(tasks: Sequence[Callable[[], Run]]) -> list[Run]:
    """Run all tasks at the same time, each in a thread."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def shared_rate(runs: Sequence[Run]) -> float:
    """Return tokens a second over all runs, from when the last one has begun until the first one has ended."""
    begun, ended = max(run.first for run in runs), min(run.times[-1] for run in runs)
    if begun >= ended:
        raise RuntimeError("an answer was complete before the last one began; let them write more tokens")
    return sum(begun < at <= ended for run in runs for at in run.times) / (ended - begun)


def show(name: str, over: Sequence[float], under: Sequence[float]) -> None:
    """Print the medians of two figures and their ratio."""
    one, other = statistics.median(over), statistics.median(under)
    logging.info("%s: %.4g / %.4g = %.3f (1/%.1f)", name, one, other, one / other, other / one)


def print_figures() -> None:
    """Have `show` print to stdout, and nothing else but warnings."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger().setLevel(logging.INFO)
