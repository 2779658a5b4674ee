"""`pincite eval`: how well this machine's search finds what is known to be there, and how good its answers are."""

import hashlib
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.progress import track

from api.commands.evaluate_output import print_abstention, print_answers, print_ways, report_object
from api.commands.output import messages, write_json
from api.commands.resources import default_model, open_services
from api.services import Services
from api.settings import AllSettings
from ingest.chunking.chunker import ChunkSpec, split
from ingest.embedders.embedder import find_embedder
from ingest.embedders.tokenizer import load_tokenizer
from rag.evaluation.answers import AskingPolicy, evaluate_answers
from rag.evaluation.corpus import CorpusIngester
from rag.evaluation.search_variants import SearchParts, list_compared_methods, select_served_method
from rag.evaluation.sets import find_sets, load_set
from rag.evaluation.trials import TrialPolicy, evaluate_search
from rag.evaluation.types import EvalSet, Item, SetReport
from rag.grounding.evidence import EvidenceFinder
from rag.types import AnswerStyle


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What is measured. `keep` is where the libraries that are made stay for the next run.

    Where `answer` is set, the questions are also answered, in `style`.
    """

    compare: bool = False
    max_queries: int | None = None
    budget_chars: int = 4_000
    keep: Path | None = None
    answer: bool = False
    style: AnswerStyle = "auto"


def run(settings: AllSettings, folder: Path, options: EvalOptions, *, as_json: bool) -> int:
    """Measure on the set in `folder`, or on each one below it; raises `EvalSetError` before anything is measured."""
    folder = folder.absolute()
    sets = [load_set(found, _name(found, folder)) for found in find_sets(folder)]
    reports = [_measure(settings, each, options) for each in sets]
    if as_json:
        shown = [report_object(report, with_ways=options.compare) for report in reports]
        write_json(shown[0] if len(shown) == 1 else shown)
    else:
        print_ways(reports)
        print_abstention(reports)
        print_answers(reports)
    return 0


def _name(found: Path, folder: Path) -> str:
    return folder.name if found == folder else found.relative_to(folder).as_posix()


def _measure(settings: AllSettings, evaluated: EvalSet, options: EvalOptions) -> SetReport:
    found = find_embedder(settings.ingest.embedder)
    policy = TrialPolicy(
        budget_chars=options.budget_chars,
        top_k=settings.rag.top_k,
        min_score=settings.rag.min_score,
        max_queries=options.max_queries,
    )
    # Where nothing is answered, no model is looked for.
    model = str(default_model(settings).path) if options.answer else ""
    with (
        _home(evaluated, settings, options.keep) as home,
        open_services(settings.in_home(home, model=model)) as services,
    ):
        bars = _Bars(evaluated.name)
        ingester = CorpusIngester(
            services.library,
            services.embedder,
            passport=found.passport(),
            chunker=partial(
                split,
                spec=ChunkSpec(settings.ingest.chunk_tokens),
                tokenizer=load_tokenizer(found.tokenizer_path),
            ),
        )
        collection = ingester.ingest(evaluated.documents, bars)
        parts = SearchParts(services.library, services.index, services.embedder, services.retriever, collection.id)
        ways_of = list_compared_methods if options.compare else select_served_method
        ways = ways_of(parts, has_history=any(query.history for query in evaluated.queries))
        chunks = services.library.size([collection.id]).chunks
        finder = EvidenceFinder(services.library, services.embedder)
        report = evaluate_search(evaluated, ways, policy, finder=finder, chunks=chunks, track=bars)
        return _with_answers(report, evaluated, services, collection.id, options) if options.answer else report


def _with_answers(
    report: SetReport, evaluated: EvalSet, services: Services, collection_id: str, options: EvalOptions
) -> SetReport:
    asking = AskingPolicy(
        collection_id=collection_id,
        mode=services.settings.rag.context_mode,
        style=options.style,
        max_queries=options.max_queries,
    )
    answers = evaluate_answers(
        evaluated, services.answerer.answer, asking, library=services.library, track=_Bars(evaluated.name)
    )
    return replace(report, answers=answers)


@contextmanager
def _home(evaluated: EvalSet, settings: AllSettings, keep: Path | None) -> Generator[Path, None, None]:
    """Lend a home for one set: a new one, or in `keep` the one of a run with the same corpus, embedder and chunks."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="pincite-eval-") as home:
            yield Path(home)
        return
    made_with = (evaluated.sha256, find_embedder(settings.ingest.embedder).passport(), settings.ingest.chunk_tokens)
    fingerprint = hashlib.sha256(repr(made_with).encode()).hexdigest()[:16]
    yield keep / f"{evaluated.name.replace('/', '-')}-{fingerprint}"


class _Bars:
    """Tells on stderr what is done with one set: as a bar, or as a line where nobody looks."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, items: Sequence[Item], doing: str) -> Iterable[Item]:
        """Yield the items while the bar shows how many are left."""
        console = messages()
        doing = f"{self._name}: {doing}"
        if not console.is_terminal:
            console.print(f"{doing} …")
        return track(items, doing, console=console, transient=True, disable=not console.is_terminal)
