"""How `pincite eval` shows what it measured: as JSON, and as tables for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from api.commands.output import add_row, messages, printable, results, table
from api.objects import JsonObject
from rag.evaluation.types import AnswersReport, Estimate, SearchMethodReport, SetReport

DIGITS = 4
BEHIND = "ndcg@10 below served"
SHOWN_PROBLEMS = 20
MEASURES = {
    "em": "exact match",
    "f1": "words in common (F1)",
    "answer_contains": "answer contains a right one",
    "evidence_hit@1": "first evidence has the answer",
    "evidence_hit@3": "first three have the answer",
    "citation_validity": "citations as they are stored",
    "citation_precision": "citations of a relevant document",
    "citation_recall": "relevant documents that are cited",
    "citation_span_precision": "citations of the right place",
    "citation_span_recall": "answers that cite the right place",
    "supported": "sentences supported",
    "partly": "sentences partly supported",
    "unsupported": "sentences unsupported",
    "false_refusal_rate": "refused, with an answer there",
    "refusal_rate": "refused, with no answer there",
    "checking_share": "time for pinning and checking",
}
"""What each measure of answers is called for people, in the order shown."""


def report_object(report: SetReport, *, with_ways: bool) -> JsonObject:
    """Return what was measured on one set as one object."""
    shown: JsonObject = {
        "set": report.name,
        "documents": report.documents,
        "chunks": report.chunks,
        "queries": report.queries,
        **_way_object(report.served),
    }
    if report.abstention is not None:
        found = asdict(report.abstention)
        curve = _rounded(found.pop("curve"))
        shown["abstention"] = {**_rounded(found), "curve": curve}
    if report.answers is not None:
        shown |= _answers_object(report.answers)
    if with_ways:
        shown["ways"] = {
            way.name: {**_way_object(way), **_estimate_object("ndcg@10_below_served", way.below_served)}
            for way in report.methods
        }
    return shown


def _way_object(way: SearchMethodReport) -> JsonObject:
    shown: JsonObject = {}
    for name, estimate in way.estimates.items():
        shown |= _estimate_object(name, estimate)
    return shown | _rounded({"latency_p50_ms": way.latency_p50_ms, "latency_p95_ms": way.latency_p95_ms})


def _answers_object(report: AnswersReport) -> JsonObject:
    shown: JsonObject = {
        "model": report.model,
        "answerable": report.answerable,
        "unanswerable": report.unanswerable,
        "quoted": report.quoted,
        "citations": report.citations,
        "sentences": report.sentences,
    }
    for name, estimate in report.estimates.items():
        shown |= _estimate_object(name, estimate)
    for name, latency in report.latencies.items():
        shown |= _rounded({f"{name}_p50_ms": latency.p50_ms, f"{name}_p95_ms": latency.p95_ms})
    return shown | {"foreign_chars": report.foreign_chars, "invalid_citations": list(report.invalid_citations)}


def _estimate_object(name: str, estimate: Estimate) -> JsonObject:
    interval = [round(estimate.low, DIGITS), round(estimate.high, DIGITS)]
    return {name: round(estimate.mean, DIGITS), f"{name}_ci": interval}


def _rounded(values: Mapping[str, float]) -> JsonObject:
    return {name: round(value, DIGITS) for name, value in values.items()}


def print_ways(reports: Sequence[SetReport]) -> None:
    """Show how good the search is."""
    measures = list(dict.fromkeys(name for report in reports for name in report.served.estimates))
    columns = ("set", "way", "queries", *(name.replace("_", " ") for name in measures), "p50 ms", "p95 ms")
    is_compared = any(len(report.methods) > 1 for report in reports)
    shown = table(*columns, BEHIND) if is_compared else table(*columns)
    for report in reports:
        for way in report.methods:
            cells = [_cell(way.estimates.get(name)) for name in measures]
            times = (f"{way.latency_p50_ms:.1f}", f"{way.latency_p95_ms:.1f}")
            behind = (_cell(way.below_served),) if is_compared else ()
            add_row(shown, (report.name, way.name, report.queries, *cells, *times, *behind))
    results().print(shown)


def _cell(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{estimate.mean:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"


def print_abstention(reports: Sequence[SetReport]) -> None:
    """Show how well questions without an answer are told by the search alone; nothing where there are none."""
    columns = ("set", "answerable", "unanswerable", "AUC", "false refusals", "false answers", "refused of them at")
    shown = table(*columns)
    for report in reports:
        if (found := report.abstention) is not None:
            rates = (f"{found.auc:.3f}", f"{found.false_refusal_rate:.1%}", f"{found.false_answer_rate:.1%}")
            curve = ", ".join(f"{refused:.0%} at {rate}" for rate, refused in found.curve.items())
            add_row(shown, (report.name, found.answerable, found.unanswerable, *rates, curve))
    if shown.row_count:
        results().print()
        results().print(shown)


def print_answers(reports: Sequence[SetReport]) -> None:
    """Show what the answers to each set were worth, and what is wrong with their citations."""
    for report in reports:
        if report.answers is not None:
            _print_answers(report.name, report.answers)


def _print_answers(name: str, report: AnswersReport) -> None:
    shown = table(f"answers to {name}", "value", "95% interval")
    add_row(shown, ("model", report.model, ""))
    add_row(shown, ("questions with and without an answer", f"{report.answerable} and {report.unanswerable}", ""))
    for measure, called in MEASURES.items():
        if (found := report.estimates.get(measure)) is not None:
            add_row(shown, (called, f"{found.mean:.3f}", f"{found.low:.3f}-{found.high:.3f}"))
    for step, latency in report.latencies.items():
        called = f"{step.replace('_', ' ')}, half and 95%"
        add_row(shown, (called, f"{latency.p50_ms:,.0f} ms", f"{latency.p95_ms:,.0f} ms"))
    if report.quoted:
        called = f"foreign characters in {report.quoted} quoted answers"
        add_row(shown, (called, report.foreign_chars, ""))
    results().print()
    results().print(shown)
    for problem in report.invalid_citations[:SHOWN_PROBLEMS]:
        messages().print(printable(f"wrong citation: {problem}"))
    if len(report.invalid_citations) > SHOWN_PROBLEMS:
        messages().print(f"… and {len(report.invalid_citations) - SHOWN_PROBLEMS} more; --json lists them all")
