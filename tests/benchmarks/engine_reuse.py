"""What the engine spares by what it knows: read before, kept on disk, or foreseen from the documents.

usage: python -m tests.benchmarks.engine_reuse [MODEL.gguf] [--rounds N]

Every figure is a ratio of medians in one run; texts are compared with those of an engine that knows nothing.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rag.context.prompt import RULES
from rag.engines.llama.engine import LlamaEngine
from rag.engines.types import Message
from rag.models.catalog import find_bundled_model
from rag.settings import RagSettings
from tests.benchmarks.engine_world import Run, ask, print_figures, show, text_of

DOCUMENT_WORDS = 1_500
"""About 2,000 tokens."""
QUOTED = Path(__file__).parents[2] / "data" / "samples" / "firmware-4-2-note.md"
QUOTED_CHARS = 600
WRITTEN_TOKENS = 192
TALES = ("a lighthouse keeper who finds a boat", "two brothers who build a mill", "a winter without any snow")


def about(document: str, question: str) -> list[Message]:
    """Return a chat about a document as Pincite makes it: the rules and the text, then the question."""
    return [Message("system", f"{RULES}\n\n{document}"), Message("user", question)]


def again(model: Path, home: Path, rounds: int) -> None:
    """Print the first token of a second question about the same text, and of a question after a restart."""
    firsts, seconds, restarted = [], [], []
    same = 0
    for round_ in range(rounds):
        document = text_of(DOCUMENT_WORDS, 50_000 + round_)
        with closing(LlamaEngine("measured", model, RagSettings(home=home))) as engine:
            engine.load()
            first, second = (ask(engine, about(document, question), 32) for question in ("Who?", "When?"))
            engine.prefill(about(document, "")[:1], documents=())
        with closing(LlamaEngine("restarted", model, RagSettings(home=home))) as engine:
            engine.load()
            third = ask(engine, about(document, "When?"), 32)
        with closing(LlamaEngine("fresh", model, RagSettings(home=home / "empty"))) as engine:
            engine.load()
            fresh = ask(engine, about(document, "When?"), 32)
        firsts.append(first.first)
        seconds.append(second.first)
        restarted.append(third.first)
        same += second.text == third.text == fresh.text
    show("first token in s, second question / first, the same 2,000 tokens", seconds, firsts)
    show("first token in s after a restart, with the state on disk / without", restarted, firsts)
    logging.info("texts of second questions that are those of an engine that knows nothing: %s of %s", same, rounds)


def drafted(model: Path, home: Path, rounds: int) -> None:
    """Print tokens a second with and without speculative decoding, for answers that quote and that do not."""
    engines = {
        is_on: LlamaEngine(f"{is_on}", model, RagSettings(home=home, lookup_drafts=is_on)) for is_on in (True, False)
    }
    with closing(engines[True]), closing(engines[False]):
        for name, prompts in (("quoting", _quoting(rounds)), ("free text", _free(rounds))):
            runs: dict[bool, list[Run]] = {True: [], False: []}
            for prompt in prompts:
                for is_on in (True, False):
                    ask(engines[is_on], prompt, 1)
                    runs[is_on].append(ask(engines[is_on], prompt, WRITTEN_TOKENS))
            fast, plain = ([run.tokens_per_second for run in runs[is_on]] for is_on in (True, False))
            same = sum(one.text == other.text for one, other in zip(runs[True], runs[False], strict=True))
            show(f"tokens/s on {name}, with drafts / without", fast, plain)
            logging.info("texts that are the same: %s of %s", same, len(prompts))


def _quoting(rounds: int) -> Sequence[list[Message]]:
    text = QUOTED.read_text()
    texts = [text[start : start + QUOTED_CHARS] for start in range(0, 200 * rounds, 200)]
    return [[Message("user", f"{text}\n\nRepeat the text above, word for word.")] for text in texts]


def _free(rounds: int) -> Sequence[list[Message]]:
    return [[Message("user", f"Write a long tale about {TALES[round_ % len(TALES)]}.")] for round_ in range(rounds)]


def main() -> int:
    """Print each figure with its ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", default=find_bundled_model())
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        again(arguments.model, Path(folder), arguments.rounds)
        drafted(arguments.model, Path(folder), arguments.rounds)
    return 0


if __name__ == "__main__":
    print_figures()
    sys.exit(main())
