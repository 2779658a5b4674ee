"""How many questions in other words than the documents' are refused, beside questions that should be refused.

usage: python -m tests.benchmarks.paraphrase_refusals FOLDER FOLDER... [--questions 100] [--keep FOLDER]

Each FOLDER is an evaluation set (see `pincite eval`). Of each: the share of refused answerable questions, of the same
ones in other words (`paraphrases.py`), of its unanswerable ones, and of the other sets' questions. The last row is the
sample documents, whose paraphrases were written by hand (`sample_paraphrases.jsonl`). `--keep` is a folder for
libraries that the next run reuses.
"""

import argparse
import json
import logging
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from api.commands.bench import SAMPLE_QUESTIONS, SAMPLES
from api.commands.evaluate import ingest_corpus, open_home
from api.commands.ingest import ingest_files
from api.commands.resources import open_services
from api.services import Services
from api.settings import AllSettings, load_settings
from ingest.jobs.sources import find_files
from rag.context.answer_policy import AnswerPolicy
from rag.context.gathering import EvidenceGatherer
from rag.engines.types import Message
from rag.evaluation.sets import load_set
from rag.evaluation.types import EvalQuery, EvalSet, Item
from rag.grounding.evidence import EvidenceFinder
from rag.questions.follow_up import read_follow_up
from rag.types import Question
from tests.benchmarks.paraphrases import load_synonyms, paraphrase
from tests.fakes import ScriptedEngine

SEED = 7
SAMPLE_PARAPHRASES = Path(__file__).with_name("sample_paraphrases.jsonl")


def main() -> int:
    """Print the shares of refused questions, a row for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--questions", type=int, default=100, help="of each kind and set")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    settings = load_settings()
    sets = [load_set(folder, folder.name) for folder in arguments.folders]
    logging.info("%-12s %-24s %9s %7s", "documents", "questions", "number", "refused")
    for evaluated in sets:
        with open_evaluated(settings, evaluated, arguments.keep) as judge:
            others = [other for other in sets if other is not evaluated]
            for kind, questions in list_questions(evaluated, others, arguments.questions):
                report(evaluated.name, kind, [judge.refuses(question) for question in questions])
    with open_samples(settings) as judge:
        for kind, questions in list_sample_questions():
            report("samples", kind, [judge.refuses(question) for question in questions])
    return 0


class Judge:
    """Says whether a question is refused, by the parts that serve users."""

    def __init__(self, services: Services, collection_id: str) -> None:
        rag = services.settings.rag
        policy = AnswerPolicy(rag.top_k, rag.min_score, rag.max_answer_tokens)
        finder = EvidenceFinder(services.library, services.embedder)
        self._gatherer = EvidenceGatherer(services.library, services.retriever, finder, policy)
        self._collection_id = collection_id

    def refuses(self, messages: Sequence[Message]) -> bool:
        """Return whether the last message has no answer in the collection."""
        question = Question(tuple(messages), (self._collection_id,))
        follow_up = read_follow_up(messages)
        searched = self._gatherer.read(question, follow_up, messages[-1].content, ScriptedEngine())
        return not self._gatherer.gather(question, searched, with_omitted=False).hits


@contextmanager
def open_evaluated(settings: AllSettings, evaluated: EvalSet, keep: Path | None) -> Iterator[Judge]:
    """Open the documents of a set."""
    with (
        open_home(evaluated, settings, keep) as home,
        open_services(settings.in_home(home, model="")) as services,
    ):
        yield Judge(services, ingest_corpus(services, evaluated, _silently).id)


@contextmanager
def open_samples(settings: AllSettings) -> Iterator[Judge]:
    """Open the sample documents."""
    with (
        tempfile.TemporaryDirectory() as home,
        open_services(settings.in_home(Path(home), model="")) as services,
    ):
        collection = services.create_collection("samples")
        ingest_files(services, collection, list(find_files([SAMPLES])))
        yield Judge(services, collection.id)


def list_questions(
    evaluated: EvalSet, others: Sequence[EvalSet], limit: int
) -> Iterator[tuple[str, list[tuple[Message, ...]]]]:
    """Yield the questions for a set's documents by kind, `limit` of each at most, chosen at random."""
    rng = random.Random(SEED)  # noqa: S311 (a sample)
    answerable, unanswerable = evaluated.split_questions(None)
    synonyms = load_synonyms()
    pairs = [(query, text) for query in answerable if (text := paraphrase(query.text, synonyms, rng)) is not None]
    pairs = rng.sample(pairs, min(limit, len(pairs)))
    yield "answerable", [_messages(query) for query, _ in pairs]
    yield "in other words", [(*query.history, Message("user", text)) for query, text in pairs]
    yield "unanswerable", [_messages(query) for query in rng.sample(unanswerable, min(limit, len(unanswerable)))]
    for other in others:
        foreign, _ = other.split_questions(None)
        yield f"of {other.name}", [_messages(query) for query in rng.sample(foreign, min(limit, len(foreign)))]


def list_sample_questions() -> Iterator[tuple[str, list[tuple[Message, ...]]]]:
    """Yield the questions about the sample documents by kind."""
    questions = [json.loads(line) for line in SAMPLE_QUESTIONS.read_text(encoding="utf-8").splitlines()]
    reworded = [json.loads(line) for line in SAMPLE_PARAPHRASES.read_text(encoding="utf-8").splitlines()]
    kinds = {
        "answerable": [row for row in questions if row["source"]],
        "in other words": [row for row in reworded if row["source"]],
        "unanswerable": [row for row in (*questions, *reworded) if not row["source"]],
    }
    for kind, rows in kinds.items():
        yield kind, [(Message("user", row["question"]),) for row in rows]


def report(documents: str, kind: str, refused: Sequence[bool]) -> None:
    """Print one row, unless there are no such questions."""
    if refused:
        logging.info("%-12s %-24s %9d %7.3f", documents, kind, len(refused), sum(refused) / len(refused))


def _messages(query: EvalQuery) -> tuple[Message, ...]:
    return (*query.history, Message("user", query.text))


def _silently(items: Sequence[Item], doing: str) -> Iterable[Item]:
    del doing
    return items


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger().setLevel(logging.INFO)
    sys.exit(main())
