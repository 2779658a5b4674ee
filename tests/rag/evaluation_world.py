"""A tiny evaluation set whose right values can be computed by hand."""

import json
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]

CORPUS: Rows = [
    {"id": "pump", "title": "Pump", "text": "The pump is oiled every 3 months. It stands in the cellar."},
    {"id": "lunch", "title": "Canteen", "text": "Lunch is served at noon. The canteen closes at two."},
    {"id": "drill", "title": None, "text": "The fire drill takes place in March."},
]
QUERIES: Rows = [
    {"id": "q1", "text": "How often is the pump oiled?"},
    {"id": "q2", "text": "When is lunch served?"},
    {"id": "q3", "text": "Did somebody paint ceilings?"},
]
QRELS = "query-id\tdoc-id\trelevance\nq1\tpump\t2\nq1\tdrill\t0\nq2\tlunch\t1\n"
SPANS: Rows = [
    {"id": "q1", "spans": [{"doc": "pump", "start": 0, "end": 33, "text": "The pump is oiled every 3 months."}]},
    {"id": "q2", "spans": [{"doc": "lunch", "start": 0, "end": 24}]},
]
ANSWERS: Rows = [{"id": "q1", "answers": ["every 3 months"]}, {"id": "q3", "answers": []}]
HISTORY: Rows = [{"id": "q2", "history": [{"role": "user", "text": "Is there a canteen?"}]}]
LABELS = "query-id\tlabel\nq2\tanswerable\nq3\tunanswerable-near-miss\n"


def write_set(folder: Path) -> Path:
    """Write the whole set into `folder` and return it."""
    folder.mkdir(parents=True)
    write_rows(folder / "corpus.jsonl", CORPUS)
    write_rows(folder / "queries.jsonl", QUERIES)
    write_rows(folder / "spans.jsonl", SPANS)
    write_rows(folder / "answers.jsonl", ANSWERS)
    write_rows(folder / "history.jsonl", HISTORY)
    (folder / "qrels.tsv").write_text(QRELS, encoding="utf-8")
    (folder / "labels.tsv").write_text(LABELS, encoding="utf-8")
    return folder


def write_rows(path: Path, rows: Rows) -> None:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
