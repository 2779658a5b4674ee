"""`pincite eval --groundedness`: measure attribution and verification on sentences that people judged."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from api.commands.evaluate import ProgressReporter
from api.commands.evaluate_output import DIGITS
from api.commands.output import add_row, results, table, write_json
from api.commands.resources import open_services
from api.settings import AllSettings
from api.wire.base import JsonObject
from ingest.chunking.chunker import ChunkSpec, split
from ingest.embedders.embedder import find_embedder
from ingest.embedders.tokenizer import load_tokenizer
from rag.evaluation.groundedness import evaluate_groundedness
from rag.evaluation.groundedness_sets import load_groundedness_sets
from rag.evaluation.types import Estimate, GroundednessReport
from rag.grounding.evidence import EvidenceFinder


def run(settings: AllSettings, path: Path, *, max_claims: int | None, as_json: bool) -> int:
    """Measure on each set in the folder `path`; an invalid set raises `EvalSetError` first."""
    sets = load_groundedness_sets(path.absolute())
    embedder = find_embedder(settings.ingest.embedder)
    chunker = partial(
        split, spec=ChunkSpec(settings.ingest.chunk_tokens), tokenizer=load_tokenizer(embedder.tokenizer_path)
    )
    with (
        tempfile.TemporaryDirectory(prefix="pincite-eval-") as home,
        open_services(settings.in_home(Path(home), model="")) as services,
    ):
        reports = [
            evaluate_groundedness(
                judged,
                EvidenceFinder(services.library, services.embedder),
                chunker,
                max_claims=max_claims,
                track=ProgressReporter(judged.name),
            )
            for judged in sets
        ]
    if as_json:
        write_json([_report_object(report) for report in reports])
    else:
        _print(reports)
    return 0


def _report_object(report: GroundednessReport) -> JsonObject:
    shares = {
        "called_supported": report.called_supported,
        "called_unsupported": report.called_unsupported,
        **{f"gold@{depth}": estimate for depth, estimate in report.gold.items()},
    }
    shown: JsonObject = {"set": report.name, "supported": report.supported, "others": report.others}
    for name, value in (
        ("auc", report.auc),
        ("cosine_auc", report.cosine_auc),
        ("overlap_auc", report.overlap_auc),
        ("balanced_accuracy", report.balanced_accuracy),
    ):
        shown[name] = round(value, DIGITS)
    for name, estimate in shares.items():
        shown[name] = round(estimate.mean, DIGITS)
        shown[f"{name}_ci"] = [round(estimate.low, DIGITS), round(estimate.high, DIGITS)]
    latency = report.latency
    return shown | {"latency_p50_ms": round(latency.p50_ms, DIGITS), "latency_p95_ms": round(latency.p95_ms, DIGITS)}


def _print(reports: Sequence[GroundednessReport]) -> None:
    rows = table("measure", *(report.name for report in reports))
    add_row(
        rows, ("sentences, supported and others", *(f"{report.supported} and {report.others}" for report in reports))
    )
    for label, values in (
        ("AUC", [report.auc for report in reports]),
        ("AUC of the cosine alone", [report.cosine_auc for report in reports]),
        ("AUC of word overlap alone", [report.overlap_auc for report in reports]),
        ("balanced accuracy", [report.balanced_accuracy for report in reports]),
    ):
        add_row(rows, (label, *(f"{value:.3f}" for value in values)))
    add_row(rows, ("supported, and called so", *(_cell(report.called_supported) for report in reports)))
    add_row(rows, ("not supported, and not called so", *(_cell(report.called_unsupported) for report in reports)))
    for depth in sorted({depth for report in reports for depth in report.gold}):
        label = "best pin is a gold sentence" if depth == 1 else f"one of {depth} pins is"
        add_row(rows, (label, *(_cell(report.gold.get(depth)) for report in reports)))
    times = [f"{report.latency.p50_ms:.1f}, {report.latency.p95_ms:.1f} ms" for report in reports]
    add_row(rows, ("time a sentence, p50 and p95", *times))
    results().print(rows)


def _cell(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{estimate.mean:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"
