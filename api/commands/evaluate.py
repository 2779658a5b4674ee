"""`pincite eval`: measure retrieval and answers on an evaluation set."""

import hashlib
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.progress import track

from api.commands.evaluate_output import print_abstention, print_answers, print_methods, report_object
from api.commands.output import messages, write_json
from api.commands.resources import default_model, open_services
from api.services import Services
from api.settings import AllSettings
from ingest.chunking.chunker import ChunkSpec, split
from ingest.embedders.embedder import find_embedder
from ingest.embedders.tokenizer import load_tokenizer
from ingest.types import Collection
from rag.evaluation.answer_trials import AskingPolicy, evaluate_answers
from rag.evaluation.corpus import CorpusIngester
from rag.evaluation.search_trials import TrialPolicy, evaluate_search
from rag.evaluation.search_variants import SearchParts, list_compared_methods, select_served_method
from rag.evaluation.sets import find_sets, load_set
from rag.evaluation.types import EvalSet, Item, ProgressTracker, SetReport
from rag.grounding.evidence import EvidenceFinder
from rag.types import AnswerStyle


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What to measure. `keep` is a folder for libraries that the next run reuses.

    If `answer` is set, the questions are also answered, in `style`.
    """

    compare: bool = False
    max_queries: int | None = None
    budget_chars: int = 4_000
    keep: Path | None = None
    answer: bool = False
    style: AnswerStyle = "auto"


def run(settings: AllSettings, folder: Path, options: EvalOptions, *, as_json: bool) -> int:
    """Measure on the set in `folder`, or on each set below it; an invalid set raises `EvalSetError` first."""
    folder = folder.absolute()
    sets = [load_set(path, _set_name(path, folder)) for path in find_sets(folder)]
    reports = [_measure(settings, eval_set, options) for eval_set in sets]
    if as_json:
        objects = [report_object(report, with_methods=options.compare) for report in reports]
        write_json(objects[0] if len(objects) == 1 else objects)
    else:
        print_methods(reports)
        print_abstention(reports)
        print_answers(reports)
    return 0


def _set_name(path: Path, folder: Path) -> str:
    return folder.name if path == folder else path.relative_to(folder).as_posix()


def _measure(settings: AllSettings, evaluated: EvalSet, options: EvalOptions) -> SetReport:
    policy = TrialPolicy(
        budget_chars=options.budget_chars,
        top_k=settings.rag.top_k,
        min_score=settings.rag.min_score,
        max_queries=options.max_queries,
    )
    # Without answers no language model is needed.
    model = str(default_model(settings).path) if options.answer else ""
    with (
        open_home(evaluated, settings, options.keep) as home,
        open_services(settings.in_home(home, model=model)) as services,
    ):
        progress = ProgressReporter(evaluated.name)
        collection = ingest_corpus(services, evaluated, progress)
        parts = SearchParts(services.library, services.index, services.embedder, services.retriever, collection.id)
        select_methods = list_compared_methods if options.compare else select_served_method
        methods = select_methods(parts, has_history=any(query.history for query in evaluated.queries))
        chunks = services.library.size([collection.id]).chunks
        finder = EvidenceFinder(services.library, services.embedder, services.retriever.sentences)
        report = evaluate_search(evaluated, methods, policy, finder=finder, chunks=chunks, track=progress)
        return _measure_answers(report, evaluated, services, collection.id, options) if options.answer else report


def ingest_corpus(services: Services, evaluated: EvalSet, track: ProgressTracker) -> Collection:
    """Return the collection of a set's documents, chunked and embedded as the settings say."""
    ingest = services.settings.ingest
    embedder = find_embedder(ingest.embedder)
    tokenizer = load_tokenizer(embedder.tokenizer_path)
    chunker = partial(split, spec=ChunkSpec(ingest.chunk_tokens), tokenizer=tokenizer)
    ingester = CorpusIngester(services.library, services.embedder, passport=embedder.passport(), chunker=chunker)
    return ingester.ingest(evaluated.documents, track)


def _measure_answers(
    report: SetReport, evaluated: EvalSet, services: Services, collection_id: str, options: EvalOptions
) -> SetReport:
    asking = AskingPolicy(
        collection_id=collection_id,
        mode=services.settings.rag.context_mode,
        style=options.style,
        max_queries=options.max_queries,
    )
    answers = evaluate_answers(
        evaluated, services.answerer.answer, asking, library=services.library, track=ProgressReporter(evaluated.name)
    )
    return replace(report, answers=answers)


@contextmanager
def open_home(evaluated: EvalSet, settings: AllSettings, keep: Path | None) -> Generator[Path, None, None]:
    """Open a home for one set: a temporary one, or one in `keep` that runs with the same corpus and settings share."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="pincite-eval-") as home:
            yield Path(home)
        return
    made_with = (evaluated.sha256, find_embedder(settings.ingest.embedder).passport(), settings.ingest.chunk_tokens)
    fingerprint = hashlib.sha256(repr(made_with).encode()).hexdigest()[:16]
    yield keep / f"{evaluated.name.replace('/', '-')}-{fingerprint}"


class ProgressReporter:
    """Reports progress on one set to stderr: as a bar on a terminal, as a line elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, items: Sequence[Item], doing: str) -> Iterable[Item]:
        """Yield the items while the bar shows how many are left."""
        console = messages()
        doing = f"{self._name}: {doing}"
        if not console.is_terminal:
            console.print(f"{doing} …")
        return track(items, doing, console=console, transient=True, disable=not console.is_terminal)
