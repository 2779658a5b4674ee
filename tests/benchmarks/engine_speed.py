"""Tokens a second of the engine against a bare `llama_decode` loop, and what one request feels of others.

usage: python -m tests.benchmarks.engine_speed [MODEL.gguf] [--rounds N]

Both run in turn with prompts of about 512 tokens and greedy answers, several rounds; ratios are those of medians.
"""

import argparse
import logging
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from rag.engines.llama.compute import LlamaContext, LlamaModel, Runtime
from rag.engines.llama.engine import LlamaEngine
from rag.engines.llama.machine import usable_cores
from rag.engines.llama.placement import Placement
from rag.engines.llama.serving import Row
from rag.models.catalog import bundled_path
from rag.settings import RagSettings
from rag.types import Message, Sampling

PROMPT_TOKENS, NEW_TOKENS, STEP = 512, 64, 256
WINDOW = 8_192
QUESTIONS = 5
WORDS = (
    "The valve of the pump is checked every spring and again in the autumn by the workshop . Its filter".split()  # noqa: SIM905
)


@dataclass
class Run:
    """When the tokens of one answer came, in seconds since it was asked for."""

    times: list[float] = field(default_factory=list[float])

    @property
    def first(self) -> float:
        return self.times[0]

    @property
    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]


def bare_loop(path: Path, sequences: int) -> float:
    """Return tokens a second over all sequences of a loop that only decodes and takes the likeliest token."""
    runtime = Runtime()
    model = LlamaModel(runtime, path, gpu_layers=0)
    placement = Placement(0, WINDOW, sequences, usable_cores(), "")
    context = LlamaContext(model, placement, step_tokens=STEP)
    prompt = [1_000 + index % 5_000 for index in range(PROMPT_TOKENS)]
    for sequence in range(sequences):
        for start in range(0, PROMPT_TOKENS, STEP):
            context.read([Row(sequence, prompt[start : start + STEP], start)], bool)
    tokens = [5] * sequences
    started = time.perf_counter()
    for step in range(NEW_TOKENS):
        context.read([Row(id_, [token], PROMPT_TOKENS + step) for id_, token in enumerate(tokens)], bool)
        tokens = [int(context.logits(row).argmax()) for row in range(sequences)]
    seconds = time.perf_counter() - started
    context.close()
    model.close()
    return sequences * NEW_TOKENS / seconds


def text_of(words: int, seed: int) -> str:
    """Return a text that begins like no other and that a model goes on with for long."""
    return " ".join(
        [f"{seed}:", *(WORDS[(index * 7 + seed) % len(WORDS)] for index in range(words)), "Repeat all of it."]
    )


def ask(engine: LlamaEngine, prompt: str, max_tokens: int) -> Run:
    """Ask for an answer and note when its pieces came."""
    run, started = Run(), time.perf_counter()
    with closing(engine.generate([Message("user", prompt)], Sampling(max_tokens=max_tokens))) as deltas:
        for delta in deltas:
            if delta.text:
                run.times.append(time.perf_counter() - started)
    return run


def together(tasks: Sequence[Callable[[], Run]]) -> list[Run]:
    """Run all tasks at the same time, each in a thread."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def service(engine: LlamaEngine, clients: int, seed: int) -> float:
    """Return tokens a second over all clients, from when the last one has begun until the first one has ended."""
    prompts = [text_of(PROMPT_TOKENS * 3 // 4, seed + client) for client in range(clients)]
    for prompt in prompts:
        ask(engine, prompt, 1)  # so that all of them begin to write at nearly the same time
    runs = together([partial(ask, engine, prompt, 2 * NEW_TOKENS) for prompt in prompts])
    begun, ended = max(run.first for run in runs), min(run.times[-1] for run in runs)
    if begun >= ended:
        raise RuntimeError("an answer was complete before the last one began; the model ends its answers too soon")
    return sum(begun < at <= ended for run in runs for at in run.times) / (ended - begun)


def mixed(engine: LlamaEngine, seed: int) -> tuple[float, float, float, float]:
    """Return the first token of a short question alone and in a crowd, and the median and worst gap of a stream there.

    The crowd: three long answers and one prompt of about 4,000 tokens.
    """
    alone = statistics.median(ask(engine, text_of(60, seed + index), 8).first for index in range(QUESTIONS))
    streams = [partial(ask, engine, text_of(60, seed + 100 + index), 6 * NEW_TOKENS) for index in range(3)]
    long = partial(ask, engine, text_of(3_000, seed + 200), 8)

    def questions() -> Run:
        time.sleep(6 * alone)  # the answers have begun
        return Run([ask(engine, text_of(60, seed + 300 + index), 8).first for index in range(QUESTIONS)])

    *runs, _, asked = together([*streams, long, questions])
    gaps = sorted(gap for run in runs for gap in run.gaps)
    return alone, float(np.percentile(asked.times, 95)), statistics.median(gaps), gaps[-1]


def again(engine: LlamaEngine, seed: int) -> tuple[float, float]:
    """Return the first token of the first and of the second question about a text of about 2,000 tokens."""
    text = text_of(1_500, seed)
    first, second = (ask(engine, f"{text} {question}", 4).first for question in ("Who?", "When?"))
    return first, second


def main() -> int:
    """Print each figure with its ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", default=bundled_path())
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    engine = LlamaEngine("measured", arguments.model, RagSettings())
    with closing(engine):
        for sequences in (1, 8):
            bare, served = [], []
            for round_ in range(arguments.rounds):
                bare.append(bare_loop(arguments.model, sequences))
                served.append(service(engine, sequences, 1_000 * round_ + 10 * sequences))
            show(f"tokens/s with {sequences} together, served / bare loop", served, bare)
        firsts, seconds = zip(*(again(engine, 50_000 + round_) for round_ in range(arguments.rounds)), strict=True)
        show("first token in s, second question / first, the same 2,000 tokens", seconds, firsts)
        alone, crowd, median, worst = zip(
            *(mixed(engine, 70_000 + 1_000 * round_) for round_ in range(arguments.rounds)), strict=True
        )
        show("first token in s of a short question, p95 in a crowd / alone", crowd, alone)
        show("gap in s of a stream in a crowd, worst / median", worst, median)
    return 0


def show(name: str, over: Sequence[float], under: Sequence[float]) -> None:
    """Print the medians of two figures and their ratio."""
    one, other = statistics.median(over), statistics.median(under)
    logging.info("%s: %.4g / %.4g = %.3f", name, one, other, one / other)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger().setLevel(logging.INFO)
    sys.exit(main())
