"""The results of `pincite eval` as JSON and as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from api.commands.output import add_row, messages, results, strip_control_chars, table
from api.wire.base import JsonObject
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
"""Labels of the answer measures, in display order."""


def report_object(report: SetReport, *, with_methods: bool) -> JsonObject:
    """Return the results on one set as one object."""
    shown: JsonObject = {
        "set": report.name,
        "documents": report.documents,
        "chunks": report.chunks,
        "queries": report.queries,
        **_method_object(report.served),
    }
    if report.abstention is not None:
        abstention = asdict(report.abstention)
        curve = _round_values(abstention.pop("curve"))
        shown["abstention"] = {**_round_values(abstention), "curve": curve}
    if report.answers is not None:
        shown |= _answers_object(report.answers)
    if with_methods:
        shown["ways"] = {
            method.name: {**_method_object(method), **_estimate_object("ndcg@10_below_served", method.below_served)}
            for method in report.methods
        }
    return shown


def _method_object(method: SearchMethodReport) -> JsonObject:
    shown: JsonObject = {}
    for name, estimate in method.estimates.items():
        shown |= _estimate_object(name, estimate)
    return shown | _round_values({"latency_p50_ms": method.latency_p50_ms, "latency_p95_ms": method.latency_p95_ms})


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
        shown |= _round_values({f"{name}_p50_ms": latency.p50_ms, f"{name}_p95_ms": latency.p95_ms})
    return shown | {"foreign_chars": report.foreign_chars, "invalid_citations": list(report.invalid_citations)}


def _estimate_object(name: str, estimate: Estimate) -> JsonObject:
    interval = [round(estimate.low, DIGITS), round(estimate.high, DIGITS)]
    return {name: round(estimate.mean, DIGITS), f"{name}_ci": interval}


def _round_values(values: Mapping[str, float]) -> JsonObject:
    return {name: round(value, DIGITS) for name, value in values.items()}


def print_methods(reports: Sequence[SetReport]) -> None:
    """Print a table of the retrieval measures."""
    measures = list(dict.fromkeys(name for report in reports for name in report.served.estimates))
    columns = ("set", "way", "queries", *(name.replace("_", " ") for name in measures), "p50 ms", "p95 ms")
    is_compared = any(len(report.methods) > 1 for report in reports)
    rows = table(*columns, BEHIND) if is_compared else table(*columns)
    for report in reports:
        for method in report.methods:
            cells = [_cell(method.estimates.get(name)) for name in measures]
            times = (f"{method.latency_p50_ms:.1f}", f"{method.latency_p95_ms:.1f}")
            behind = (_cell(method.below_served),) if is_compared else ()
            add_row(rows, (report.name, method.name, report.queries, *cells, *times, *behind))
    results().print(rows)


def _cell(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{estimate.mean:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"


def print_abstention(reports: Sequence[SetReport]) -> None:
    """Print how well retrieval alone tells unanswerable questions; nothing if the set has none."""
    columns = ("set", "answerable", "unanswerable", "AUC", "false refusals", "false answers", "refused of them at")
    rows = table(*columns)
    for report in reports:
        if (abstention := report.abstention) is not None:
            rates = (
                f"{abstention.auc:.3f}",
                f"{abstention.false_refusal_rate:.1%}",
                f"{abstention.false_answer_rate:.1%}",
            )
            curve = ", ".join(f"{refused:.0%} at {rate}" for rate, refused in abstention.curve.items())
            add_row(rows, (report.name, abstention.answerable, abstention.unanswerable, *rates, curve))
    if rows.row_count:
        results().print()
        results().print(rows)


def print_answers(reports: Sequence[SetReport]) -> None:
    """Print the answer measures of each set, and the citations that are wrong."""
    for report in reports:
        if report.answers is not None:
            _print_answers(report.name, report.answers)


def _print_answers(name: str, report: AnswersReport) -> None:
    rows = table(f"answers to {name}", "value", "95% interval")
    add_row(rows, ("model", report.model, ""))
    add_row(rows, ("questions with and without an answer", f"{report.answerable} and {report.unanswerable}", ""))
    for measure, label in MEASURES.items():
        if (estimate := report.estimates.get(measure)) is not None:
            add_row(rows, (label, f"{estimate.mean:.3f}", f"{estimate.low:.3f}-{estimate.high:.3f}"))
    for step, latency in report.latencies.items():
        label = f"{step.replace('_', ' ')}, p50 and p95"
        add_row(rows, (label, f"{latency.p50_ms:,.0f} ms", f"{latency.p95_ms:,.0f} ms"))
    if report.quoted:
        label = f"foreign characters in {report.quoted} quoted answers"
        add_row(rows, (label, report.foreign_chars, ""))
    results().print()
    results().print(rows)
    for problem in report.invalid_citations[:SHOWN_PROBLEMS]:
        messages().print(strip_control_chars(f"wrong citation: {problem}"))
    if len(report.invalid_citations) > SHOWN_PROBLEMS:
        messages().print(f"… and {len(report.invalid_citations) - SHOWN_PROBLEMS} more; --json lists them all")
