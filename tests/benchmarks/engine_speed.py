"""Tokens a second of the engine against a bare `llama_decode` loop, and what one request feels of others.

usage: python -m tests.benchmarks.engine_speed [MODEL.gguf] [--rounds N] [--llama-server PROGRAM] [--flash-attention …]

Both run in turn with prompts of about 512 tokens and greedy answers, several rounds; ratios are those of medians.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from rag.engines.llama.engine import LlamaEngine
from rag.engines.llama.native.backend import LlamaBackend
from rag.engines.llama.native.context import LlamaContext
from rag.engines.llama.native.model import LlamaModel
from rag.engines.llama.placement_types import Placement
from rag.engines.machine import count_usable_cores
from rag.engines.serving.language_model import BatchRow
from rag.models.catalog import find_bundled_model
from rag.settings import RagSettings
from tests.benchmarks.engine_world import Run, ask, print_figures, shared_rate, show, text_of, together
from tests.benchmarks.llama_server import complete, llama_server

PROMPT_TOKENS, NEW_TOKENS, STEP = 512, 64, 256
WINDOW = 8_192
QUESTIONS = 5


def run_bare_loop(path: Path, slots: int) -> float:
    """Return tokens a second over all slots of a loop that only decodes greedily."""
    model = LlamaModel(LlamaBackend(), path, gpu_layers=0)
    placement = Placement(0, WINDOW, slots, count_usable_cores(), "")
    context = LlamaContext(model, placement, max_batch_tokens=STEP)
    prompt = [1_000 + index % 5_000 for index in range(PROMPT_TOKENS)]
    for slot in range(slots):
        for start in range(0, PROMPT_TOKENS, STEP):
            context.forward([BatchRow(slot, prompt[start : start + STEP], start)], bool)
    tokens = [5] * slots
    started = time.perf_counter()
    for step in range(NEW_TOKENS):
        context.forward([BatchRow(id_, [token], PROMPT_TOKENS + step) for id_, token in enumerate(tokens)], bool)
        tokens = [int(context.read_logits(row).argmax()) for row in range(slots)]
    seconds = time.perf_counter() - started
    context.close()
    model.close()
    return slots * NEW_TOKENS / seconds


def find_end_tokens(path: Path) -> list[int]:
    """Return the end tokens of a model; here it must go on."""
    model = LlamaModel(LlamaBackend(), path, gpu_layers=0)
    ends = [token for token in range(model.vocabulary_size) if model.is_end_token(token)]
    model.close()
    return ends


def service(engine: LlamaEngine, clients: int, seed: int, ends: Sequence[int]) -> float:
    """Return tokens a second over all clients, from when the last one has begun until the first one has ended."""
    prompts = [text_of(PROMPT_TOKENS * 3 // 4, seed + client) for client in range(clients)]
    for prompt in prompts:
        ask(engine, prompt, 1)  # so that all of them begin to write at nearly the same time
    return shared_rate(together([partial(ask, engine, prompt, 3 * NEW_TOKENS, never=ends) for prompt in prompts]))


def server(port: int, clients: int, seed: int) -> float:
    """Return the same of llama-server."""
    prompts = [text_of(PROMPT_TOKENS * 3 // 4, seed + client) for client in range(clients)]
    for prompt in prompts:
        complete(port, prompt, 1)
    return shared_rate(together([partial(complete, port, prompt, 3 * NEW_TOKENS) for prompt in prompts]))


def mixed(engine: LlamaEngine, seed: int, ends: Sequence[int]) -> tuple[float, float, float, float]:
    """Return the first token of a short question alone and in a crowd, and the median and worst gap of a stream there.

    The crowd: three long answers and one prompt of about 4,000 tokens.
    """
    alone = statistics.median(ask(engine, text_of(60, seed + index), 8).first for index in range(QUESTIONS))
    streams = [partial(ask, engine, text_of(60, seed + 100 + index), 6 * NEW_TOKENS, never=ends) for index in range(3)]
    long = partial(ask, engine, text_of(3_000, seed + 200), 8)

    def questions() -> Run:
        time.sleep(6 * alone)  # the answers have begun
        return Run([ask(engine, text_of(60, seed + 300 + index), 8).first for index in range(QUESTIONS)])

    *runs, _, asked = together([*streams, long, questions])
    gaps = sorted(gap for run in runs for gap in run.gaps)
    return alone, float(np.percentile(asked.times, 95)), statistics.median(gaps), gaps[-1]


def main() -> int:
    """Print each figure with its ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", default=find_bundled_model())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--llama-server", type=Path, help="the program to compare with")
    parser.add_argument("--flash-attention", choices=["auto", "on", "off"], default="auto")
    arguments = parser.parse_args()
    # Drafts are the business of `engine_reuse`: here every token is a step.
    engine = LlamaEngine(
        "measured", arguments.model, RagSettings(lookup_drafts=False, flash_attention=arguments.flash_attention)
    )
    ends = find_end_tokens(arguments.model)
    with closing(engine):
        for sequences in (1, 8):
            against_run_bare_loop(engine, arguments.model, sequences, arguments.rounds, ends)
        if arguments.llama_server:
            with llama_server(arguments.llama_server, arguments.model, parallel=8, window=WINDOW) as port:
                against_server(engine, port, arguments.rounds, ends)
        alone, crowd, median, worst = zip(
            *(mixed(engine, 70_000 + 1_000 * round_, ends) for round_ in range(arguments.rounds)), strict=True
        )
        show("first token in s of a short question, p95 in a crowd / alone", crowd, alone)
        show("gap in s of a stream in a crowd, worst / median", worst, median)
    return 0


def against_run_bare_loop(engine: LlamaEngine, model: Path, sequences: int, rounds: int, ends: Sequence[int]) -> None:
    """Print tokens a second with so many together."""
    bare, served = [], []
    for round_ in range(rounds):
        bare.append(run_bare_loop(model, sequences))
        served.append(service(engine, sequences, 1_000 * round_ + 10 * sequences, ends))
    show(f"tokens/s with {sequences} together, served / bare loop", served, bare)


def against_server(engine: LlamaEngine, port: int, rounds: int, ends: Sequence[int]) -> None:
    """Print tokens a second with 8 together."""
    theirs, ours = [], []
    for round_ in range(rounds):
        theirs.append(server(port, 8, 200_000 + 1_000 * round_))
        ours.append(service(engine, 8, 300_000 + 1_000 * round_, ends))
    show("tokens/s with 8 together, served / llama-server", ours, theirs)


if __name__ == "__main__":
    print_figures()
    sys.exit(main())
