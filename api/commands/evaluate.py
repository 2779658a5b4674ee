"""`pincite eval`: how well this machine's search finds what is known to be there."""

import hashlib
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.progress import track

from api.cli_output import add_row, messages, results, table, write_json
from api.commands.opening import open_services
from api.objects import JsonObject
from api.settings import AllSettings
from ingest.chunking import ChunkSpec, split
from ingest.embedding import find_embedder
from ingest.tokens import measure_of
from rag.evaluation.corpus import CorpusIntake
from rag.evaluation.sets import find_sets, load_set
from rag.evaluation.trials import TrialPolicy, report_on
from rag.evaluation.types import Estimate, EvalSet, Item, SetReport, WayReport
from rag.evaluation.ways import SearchParts, compared_ways, served_way

DIGITS = 4
BEHIND = "ndcg@10 below served"


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What is measured. `keep` is where the libraries that are made stay for the next run."""

    compare: bool = False
    max_queries: int | None = None
    budget_chars: int = 4_000
    keep: Path | None = None


def run(settings: AllSettings, folder: Path, options: EvalOptions, *, as_json: bool) -> int:
    """Measure on the set in `folder`, or on each one below it; raises `EvalSetError` before anything is measured."""
    folder = folder.absolute()
    sets = [load_set(found, _name(found, folder)) for found in find_sets(folder)]
    reports = [_measure(settings, each, options) for each in sets]
    if as_json:
        shown = [_as_json(report, with_ways=options.compare) for report in reports]
        write_json(shown[0] if len(shown) == 1 else shown)
    else:
        _print_ways(reports)
        _print_abstention(reports)
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
    # Nothing is answered, so no model is looked for.
    with (
        _home(evaluated, settings, options.keep) as home,
        open_services(settings.in_home(home, model="")) as services,
    ):
        intake = CorpusIntake(
            services.library,
            services.embedder,
            passport=found.passport(),
            cut=partial(
                split,
                spec=ChunkSpec(settings.ingest.chunk_tokens),
                measure=measure_of(found.tokenizer_path),
            ),
        )
        collection = intake.take(evaluated.documents, _Bars(evaluated.name))
        parts = SearchParts(services.library, services.index, services.embedder, services.retriever, collection.id)
        ways_of = compared_ways if options.compare else served_way
        ways = ways_of(parts, has_history=any(query.history for query in evaluated.queries))
        chunks = services.library.size([collection.id]).chunks
        return report_on(evaluated, ways, policy, chunks=chunks, track=_Bars(evaluated.name))


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


def _as_json(report: SetReport, *, with_ways: bool) -> JsonObject:
    shown: JsonObject = {
        "set": report.name,
        "documents": report.documents,
        "chunks": report.chunks,
        "queries": report.queries,
        **_way_object(report.served),
    }
    if report.abstention is not None:
        shown["abstention"] = _rounded(asdict(report.abstention))
    if with_ways:
        shown["ways"] = {
            way.name: {**_way_object(way), **_estimate_object("ndcg@10_below_served", way.below_served)}
            for way in report.ways
        }
    return shown


def _way_object(way: WayReport) -> JsonObject:
    shown: JsonObject = {}
    for name, estimate in way.estimates.items():
        shown |= _estimate_object(name, estimate)
    return shown | _rounded({"latency_p50_ms": way.latency_p50_ms, "latency_p95_ms": way.latency_p95_ms})


def _estimate_object(name: str, estimate: Estimate) -> JsonObject:
    interval = [round(estimate.low, DIGITS), round(estimate.high, DIGITS)]
    return {name: round(estimate.mean, DIGITS), f"{name}_ci": interval}


def _rounded(values: Mapping[str, float]) -> JsonObject:
    return {name: round(value, DIGITS) for name, value in values.items()}


def _print_ways(reports: Sequence[SetReport]) -> None:
    measures = list(dict.fromkeys(name for report in reports for name in report.served.estimates))
    columns = ("set", "way", "queries", *(name.replace("_", " ") for name in measures), "p50 ms", "p95 ms")
    is_compared = any(len(report.ways) > 1 for report in reports)
    shown = table(*columns, BEHIND) if is_compared else table(*columns)
    for report in reports:
        for way in report.ways:
            cells = [_cell(way.estimates.get(name)) for name in measures]
            times = (f"{way.latency_p50_ms:.1f}", f"{way.latency_p95_ms:.1f}")
            behind = (_cell(way.below_served),) if is_compared else ()
            add_row(shown, (report.name, way.name, report.queries, *cells, *times, *behind))
    results().print(shown)


def _cell(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{estimate.mean:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"


def _print_abstention(reports: Sequence[SetReport]) -> None:
    shown = table("set", "answerable", "unanswerable", "AUC", "false refusals", "false answers")
    for report in reports:
        if (found := report.abstention) is not None:
            rates = (f"{found.auc:.3f}", f"{found.false_refusal_rate:.1%}", f"{found.false_answer_rate:.1%}")
            add_row(shown, (report.name, found.answerable, found.unanswerable, *rates))
    if shown.row_count:
        results().print()
        results().print(shown)
