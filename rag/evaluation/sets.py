"""Load and validate an evaluation set; errors name the file and the line."""

import hashlib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from rag.engines.types import Message, Role
from rag.evaluation.errors import EvalSetError
from rag.evaluation.types import EvalDocument, EvalQuery, EvalSet, Span

CORPUS, QUERIES, QRELS = "corpus.jsonl", "queries.jsonl", "qrels.tsv"
SPANS, ANSWERS, HISTORY, LABELS = "spans.jsonl", "answers.jsonl", "history.jsonl", "labels.tsv"
EVIDENCE = "evidence.jsonl"
UNANSWERABLE = "unanswerable"
"""Prefix of the labels of questions without an answer in the corpus."""


class _DocumentRow(msgspec.Struct):
    id: str
    text: str
    title: str | None = None


class _QueryRow(msgspec.Struct):
    id: str
    text: str


class _AnswersRow(msgspec.Struct):
    id: str
    answers: list[str]


class _EvidenceRow(msgspec.Struct):
    id: str
    doc: str
    sentences: list[str]


class _SpanRow(msgspec.Struct):
    doc: str
    start: int
    end: int
    text: str | None = None


class _SpansRow(msgspec.Struct):
    id: str
    spans: list[_SpanRow]


class _TurnRow(msgspec.Struct):
    role: Role
    text: str


class _HistoryRow(msgspec.Struct):
    id: str
    history: list[_TurnRow]


_Row = TypeVar("_Row", _DocumentRow, _QueryRow, _AnswersRow, _SpansRow, _HistoryRow, _EvidenceRow)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a line in a file, for error messages."""

    path: Path
    line: int

    def error(self, detail: str) -> EvalSetError:
        return EvalSetError(path=self.path, line=self.line, detail=detail)


def find_sets(folder: Path) -> list[Path]:
    """Return the folder if it is a set, else the sets below it by name. Raises `EvalSetError` if there is none."""
    if not folder.is_dir():
        raise EvalSetError(path=folder, line=0, detail="there is no such folder")
    if _is_set(folder):
        return [folder]
    folders = sorted({path.parent for path in folder.rglob("*.jsonl") if _is_set(path.parent)})
    if not folders:
        raise EvalSetError(path=folder, line=0, detail=f"there is no {CORPUS} in it or below it")
    return folders


def _is_set(folder: Path) -> bool:
    return (folder / CORPUS).is_file() or (folder / QUERIES).is_file()


def load_set(folder: Path, name: str) -> EvalSet:
    """Return a set. Raises `EvalSetError` for a missing file, an invalid line or an unknown id."""
    documents = {row.id: row for _, row in _table(folder / CORPUS, _DocumentRow)}
    texts = {row.id: row.text for _, row in _table(folder / QUERIES, _QueryRow)}
    query_ids = texts.keys()
    relevance = _relevance(folder / QRELS, query_ids, documents)
    spans = _optional(folder / SPANS, lambda path: _spans(path, query_ids, documents)) or {}
    history = _optional(folder / HISTORY, lambda path: _history(path, query_ids)) or {}
    answers = _optional(folder / ANSWERS, lambda path: _answers(path, query_ids)) or {}
    evidence = _optional(folder / EVIDENCE, lambda path: _evidence(path, query_ids, documents)) or {}
    unanswerable = _unanswerable(folder, query_ids, answers)
    queries = tuple(
        EvalQuery(
            id=id_,
            text=text,
            relevance=relevance.get(id_, {}),
            spans=spans.get(id_, ()),
            history=history.get(id_, ()),
            is_unanswerable=id_ in unanswerable,
            answers=answers.get(id_, ()),
            evidence=evidence.get(id_, ()),
        )
        for id_, text in texts.items()
    )
    if not any(query.is_judged for query in queries):
        raise EvalSetError(path=folder / QRELS, line=0, detail="no question has a relevant document")
    return EvalSet(
        name,
        tuple(EvalDocument(row.id, row.title or "", row.text) for row in documents.values()),
        queries,
        hashlib.sha256((folder / CORPUS).read_bytes()).hexdigest(),
    )


def _optional(path: Path, read: Callable[[Path], _Value]) -> _Value | None:
    return read(path) if path.is_file() else None


def read_lines(path: Path) -> Iterator[tuple[Position, bytes]]:
    """Yield the lines that are not blank. Only a line feed ends a line: JSON may contain other separators."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise EvalSetError(path=path, line=0, detail="the file is missing") from error
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield Position(path, number), line


def _table(path: Path, kind: type[_Row]) -> Iterator[tuple[Position, _Row]]:
    """Yield the rows of a JSON Lines file; ids are unique."""
    decoder = msgspec.json.Decoder(kind)
    seen: set[str] = set()
    for position, line in read_lines(path):
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise position.error(str(error)) from error
        if row.id in seen:
            raise position.error(f"the id {row.id!r} occurs twice")
        seen.add(row.id)
        yield position, row


def _tabbed(path: Path) -> Iterator[tuple[Position, list[str]]]:
    """Yield the rows of a TSV file, header first."""
    for position, line in read_lines(path):
        try:
            yield position, line.decode("utf-8").rstrip("\r").split("\t")
        except UnicodeDecodeError as error:
            raise position.error("the line is not valid UTF-8") from error


def _check(position: Position, what: str, id_: str, ids: Container[str]) -> None:
    if id_ not in ids:
        raise position.error(f"there is no {what} {id_!r}")


def _relevance(path: Path, query_ids: Container[str], documents: Container[str]) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    rows = _tabbed(path)
    for position, header in rows:
        if len(header) != 3 or header[2].strip().lstrip("-").isdigit():
            raise position.error("the first line must be the header: query-id, doc-id, relevance")
        break
    for position, row in rows:
        if len(row) != 3:
            raise position.error(f"{len(row)} values between tabs, not 3: query-id, doc-id, relevance")
        query, document, grade = row
        _check(position, "question", query, query_ids)
        _check(position, "document", document, documents)
        try:
            grades.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise position.error(f"the relevance {grade!r} is not a whole number") from error
    return grades


def _spans(path: Path, query_ids: Container[str], documents: dict[str, _DocumentRow]) -> dict[str, tuple[Span, ...]]:
    spans: dict[str, tuple[Span, ...]] = {}
    for position, row in _table(path, _SpansRow):
        _check(position, "question", row.id, query_ids)
        for span in row.spans:
            _check(position, "document", span.doc, documents)
            quoted = documents[span.doc].text[max(span.start, 0) : max(span.end, 0)]
            if span.start < 0 or len(quoted) != span.end - span.start or not quoted.strip():
                raise position.error(f"[{span.start}, {span.end}) is no span of the text of {span.doc!r}")
            if span.text not in (None, quoted):
                raise position.error(f"[{span.start}, {span.end}) of {span.doc!r} is not the text beside it")
        spans[row.id] = tuple(Span(span.doc, span.start, span.end) for span in row.spans)
    return spans


def _history(path: Path, query_ids: Container[str]) -> dict[str, tuple[Message, ...]]:
    history: dict[str, tuple[Message, ...]] = {}
    for position, row in _table(path, _HistoryRow):
        _check(position, "question", row.id, query_ids)
        history[row.id] = tuple(Message(turn.role, turn.text) for turn in row.history)
    return history


def _answers(path: Path, query_ids: Container[str]) -> dict[str, tuple[str, ...]]:
    answers: dict[str, tuple[str, ...]] = {}
    for position, row in _table(path, _AnswersRow):
        _check(position, "question", row.id, query_ids)
        answers[row.id] = tuple(row.answers)
    return answers


def _evidence(path: Path, query_ids: Container[str], documents: dict[str, _DocumentRow]) -> dict[str, tuple[Span, ...]]:
    """Return the spans of evidence sentences, each at its first occurrence in the document."""
    spans: dict[str, tuple[Span, ...]] = {}
    for position, row in _table(path, _EvidenceRow):
        _check(position, "question", row.id, query_ids)
        _check(position, "document", row.doc, documents)
        starts = [documents[row.doc].text.find(sentence) for sentence in row.sentences]
        if -1 in starts or not all(sentence.strip() for sentence in row.sentences):
            raise position.error(f"a sentence is not in the text of {row.doc!r}")
        pairs = zip(starts, row.sentences, strict=True)
        spans[row.id] = tuple(Span(row.doc, start, start + len(sentence)) for start, sentence in pairs)
    return spans


def _unanswerable(folder: Path, query_ids: Container[str], answers: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the questions with an empty list of answers or an `unanswerable…` label."""
    unanswerable = {id_ for id_, gold in answers.items() if not gold}
    if (folder / LABELS).is_file():
        rows = _tabbed(folder / LABELS)
        next(rows, None)
        for position, (id_, *labels) in rows:
            _check(position, "question", id_, query_ids)
            if any(label.startswith(UNANSWERABLE) for label in labels):
                unanswerable.add(id_)
    return unanswerable
