"""How much of its prompt a follow-up question computes, how soon its answer begins, and what pinning costs.

usage: python -m tests.benchmarks.follow_up

Conversations about the samples, as served, with written answers of the bundled model: with the best passages and with
a whole document. What is new in a prompt is what it has more than the one before: the answer, the question, and
passages that were not shown yet. Up to 31 tokens more are read again
(docs/development/decisions/2026-11-24-exact-prefix-reuse.md).
"""

import logging
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from api.commands.ingest import ingest_files
from api.services import Services
from api.settings import load_settings
from rag.engines.types import Message, Sampling
from rag.types import Answer, AnswerMode, Question
from tests.benchmarks.engine_world import print_figures

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
ASKED = (
    "How long must a damaged battery stay in quarantine?",
    "Who has to be told about it?",
    "What is done with batteries that leak?",
    "When is the alarm tested?",
)
MAX_TOKENS = 24


def talk(services: Services, collection_id: str, mode: AnswerMode) -> None:
    """Ask all questions in one conversation and print what each took."""
    messages: list[Message] = []
    before = 0
    for asked in ASKED:
        messages.append(Message("user", asked))
        question = Question(tuple(messages), (collection_id,), Sampling(max_tokens=MAX_TOKENS), mode, style="written")
        *_, answer = services.answerer.answer(question)
        assert isinstance(answer, Answer)
        usage, timings = answer.usage, answer.timings
        computed = usage.prompt_tokens - usage.cached_tokens
        logging.info(
            "%s, turn %d: prompt %d tokens, %d new, %d computed; first token after %.2f s; pinning %.1f%% of %.2f s",
            answer.mode,
            len(messages) // 2 + 1,
            usage.prompt_tokens,
            usage.prompt_tokens - before,
            computed,
            timings.first_token_seconds,
            100 * timings.checking_seconds / timings.total_seconds,
            timings.total_seconds,
        )
        messages.append(Message("assistant", answer.text))
        before = usage.prompt_tokens


def main() -> int:
    """Print a line for every turn."""
    with tempfile.TemporaryDirectory() as home, closing(Services(load_settings(home=Path(home)))) as services:
        services.warm_up()
        everything = services.create_collection("everything")
        ingest_files(services, everything, sorted(path for path in SAMPLES.iterdir() if path.name[0] != "."))
        one = services.create_collection("one")
        ingest_files(services, one, [SAMPLES / "firmware-4-2-note.md"])
        talk(services, everything.id, "retrieval")
        talk(services, one.id, "auto")
    return 0


if __name__ == "__main__":
    print_figures()
    sys.exit(main())
