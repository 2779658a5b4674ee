"""How often the right page is among the first five results for a question about a long document.

usage: python -m tests.benchmarks.page_recall PATH... [--questions 60] [--written FILE] [--failures] [--keep FOLDER]

PATH is a file or a folder of documents, the samples included in any case. The questions are made by rule
(`page_questions.py`), at most `--questions` of a kind. FILE has questions that people wrote, a JSON object a line:
`question`, `source` (file name), `pages` (each of them answers). `--keep` is a home that the next run reuses.
"""

import argparse
import json
import logging
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from api.commands.bench import SAMPLE_QUESTIONS, SAMPLES
from api.commands.ingest import ingest_files
from api.commands.resources import open_services
from api.services import Services
from api.settings import AllSettings, load_settings
from ingest.errors import CollectionNotFoundError
from ingest.jobs.sources import find_files
from ingest.types import Collection
from rag.types import ScoredChunk, Search
from tests.benchmarks.page_questions import PageQuestion, make_questions, select_questions
from tests.benchmarks.paraphrase_refusals import SAMPLE_PARAPHRASES

SEED = 7
COLLECTION = "pages"
DEPTHS = (1, 5, 10)


def main() -> int:
    """Print the share of questions whose page is among the first results, a row for each kind of question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--questions", type=int, default=60, help="of each kind")
    parser.add_argument("--written", type=Path)
    parser.add_argument(
        "--failures", action="store_true", help="list the questions whose page is not among the first 5"
    )
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    files = list(find_files([*arguments.paths, SAMPLES]))
    with _open_documents(load_settings(), files, arguments.keep) as (services, collection):
        questions = {
            **_make_by_rule(services, collection, arguments.questions),
            "samples, in other words": list(_read_questions(SAMPLE_PARAPHRASES)),
            "samples": list(_read_questions(SAMPLE_QUESTIONS)),
            "written": list(_read_questions(arguments.written)) if arguments.written else [],
        }
        ranks = {
            kind: [_find_rank(services, collection, question) for question in of] for kind, of in questions.items()
        }
    logging.info("%-26s %9s %s", "questions", "number", " ".join(f"{f'top {depth}':>7}" for depth in DEPTHS))
    for kind, of_kind in ranks.items():
        _report(kind, of_kind)
    _report("all", [rank for of_kind in ranks.values() for rank in of_kind])
    if arguments.failures:
        _list_failures(questions, ranks)
    return 0


@contextmanager
def _open_documents(
    settings: AllSettings, files: Sequence[Path], keep: Path | None
) -> Iterator[tuple[Services, Collection]]:
    """Open a collection of the files, which are ingested unless `keep` has them."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        open_services(settings.in_home(keep or Path(temporary), model="")) as services,
    ):
        try:
            collection = services.library.collection(COLLECTION)
        except CollectionNotFoundError:
            collection = services.create_collection(COLLECTION)
        ingest_files(services, collection, files)
        yield services, collection


def _make_by_rule(services: Services, collection: Collection, for_each_kind: int) -> dict[str, list[PageQuestion]]:
    """Return the questions by kind, from all documents in turn, so that no long one supplies them all."""
    rng = random.Random(SEED)  # noqa: S311 (a sample)
    of_documents: list[list[PageQuestion]] = []
    for document in sorted(services.library.documents(collection.id), key=lambda document: document.filename):
        chunks = services.library.document_chunks(collection.id, document.file_id)
        of_documents.append(make_questions(chunks, document.filename, rng))
    selected = select_questions(of_documents, for_each_kind)
    kinds = sorted({question.kind for question in selected})
    return {kind: [question for question in selected if question.kind == kind] for kind in kinds}


def _read_questions(path: Path) -> Iterator[PageQuestion]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["source"]:
            yield PageQuestion(row["question"], row["source"], frozenset(row.get("pages") or [row["page"]]), "written")


def _find_rank(services: Services, collection: Collection, question: PageQuestion) -> float:
    """Return the rank of the first result on a page that answers the question; infinite if there is none."""
    hits = services.retriever.retrieve(Search(question.question, (collection.id,)), max(DEPTHS))
    return next((rank for rank, hit in enumerate(hits, start=1) if _answers(hit, question)), float("inf"))


def _answers(hit: ScoredChunk, question: PageQuestion) -> bool:
    pages = range(hit.chunk.chunk.first_page, hit.chunk.chunk.last_page + 1)
    return hit.chunk.filename == question.source and not question.pages.isdisjoint(pages)


def _report(kind: str, ranks: Sequence[float]) -> None:
    """Print a row, unless there are no such questions."""
    if ranks:
        shares = [sum(rank <= depth for rank in ranks) / len(ranks) for depth in DEPTHS]
        logging.info("%-26s %9d %s", kind, len(ranks), " ".join(f"{share:7.3f}" for share in shares))


def _list_failures(questions: dict[str, list[PageQuestion]], ranks: dict[str, list[float]]) -> None:
    for kind, of_kind in questions.items():
        for question, rank in zip(of_kind, ranks[kind], strict=True):
            if rank > DEPTHS[1]:
                pages = ", ".join(map(str, sorted(question.pages)))
                logging.info("%s: %s, page %s: %s (rank %s)", kind, question.source, pages, question.question, rank)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger().setLevel(logging.INFO)
    sys.exit(main())
