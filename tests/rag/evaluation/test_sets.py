"""Evaluation sets: what is read, and what is refused with its file and line."""

import hashlib
import json
from pathlib import Path

import pytest

from rag.engines.types import Message
from rag.evaluation.errors import EvalSetError
from rag.evaluation.sets import find_sets, load_set
from rag.evaluation.types import EvalDocument, EvalQuery, EvalSet, Span
from tests.rag.evaluation_world import CORPUS, write_rows, write_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_set(tmp_path / "tiny")


def test_a_set_is_read_with_everything_that_stands_beside_it(folder: Path) -> None:
    assert load_set(folder, "tiny") == EvalSet(
        name="tiny",
        documents=tuple(EvalDocument(row["id"], row["title"] or "", row["text"]) for row in CORPUS),
        queries=(
            EvalQuery(
                "q1",
                "How often is the pump oiled?",
                {"pump": 2, "drill": 0},
                (Span("pump", 0, 33),),
                answers=("every 3 months",),
            ),
            EvalQuery(
                "q2",
                "When is lunch served?",
                {"lunch": 1},
                (Span("lunch", 0, 24),),
                history=(Message("user", "Is there a canteen?"),),
            ),
            EvalQuery("q3", "Did somebody paint ceilings?", is_unanswerable=True),
        ),
        sha256=hashlib.sha256((folder / "corpus.jsonl").read_bytes()).hexdigest(),
    )


def test_only_corpus_questions_and_grades_are_needed(folder: Path) -> None:
    for name in ("spans.jsonl", "answers.jsonl", "history.jsonl", "labels.tsv"):
        (folder / name).unlink()
    loaded = load_set(folder, "tiny")
    assert [query.is_judged for query in loaded.queries] == [True, True, False]
    assert not any(query.spans or query.history or query.is_unanswerable for query in loaded.queries)


@pytest.mark.parametrize("left", ["answers.jsonl", "labels.tsv"])
def test_an_empty_list_of_answers_or_a_label_marks_a_question_without_an_answer(folder: Path, left: str) -> None:
    (folder / {"answers.jsonl": "labels.tsv", "labels.tsv": "answers.jsonl"}[left]).unlink()
    assert [query.is_unanswerable for query in load_set(folder, "tiny").queries] == [False, False, True]


def test_a_line_separator_inside_a_text_ends_no_line(folder: Path) -> None:
    write_rows(
        folder / "queries.jsonl", [{"id": name, "text": f"one\u2028two\u0085{name}"} for name in ("q1", "q2", "q3")]
    )
    assert load_set(folder, "tiny").queries[0].text == "one\u2028two\u0085q1"


def test_lines_may_end_as_on_windows(folder: Path) -> None:
    before = load_set(folder, "tiny").queries
    for path in (*folder.glob("*.tsv"), folder / "queries.jsonl"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_set(folder, "tiny").queries == before


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(EvalSetError) as caught:
        load_set(folder, "tiny")
    assert (caught.value.path, caught.value.line) == (folder / name, 0)
    assert str(folder / name) in str(caught.value)


BAD_LINES = [
    ("corpus.jsonl", '{"id": "x", "text"', "truncated"),
    ("corpus.jsonl", '{"id": "x"}', "missing required field `text`"),
    ("corpus.jsonl", '{"id": "pump", "text": "Again."}', "'pump' occurs twice"),
    ("queries.jsonl", '{"id": 7, "text": "What?"}', "Expected `str`"),
    ("qrels.tsv", "q1\tpump", "2 values between tabs"),
    ("qrels.tsv", "q9\tpump\t1", "no question 'q9'"),
    ("qrels.tsv", "q1\tnope\t1", "no document 'nope'"),
    ("qrels.tsv", "q1\tpump\tvery", "'very' is not a whole number"),
    ("spans.jsonl", '{"id": "q9", "spans": []}', "no question 'q9'"),
    ("spans.jsonl", '{"id": "q3", "spans": [{"doc": "nope", "start": 0, "end": 1}]}', "no document 'nope'"),
    ("spans.jsonl", '{"id": "q3", "spans": [{"doc": "pump", "start": -3, "end": 1}]}', "no span of the text"),
    ("spans.jsonl", '{"id": "q3", "spans": [{"doc": "pump", "start": 5, "end": 999}]}', "no span of the text"),
    ("spans.jsonl", '{"id": "q3", "spans": [{"doc": "pump", "start": 3, "end": 4}]}', "no span of the text"),
    ("spans.jsonl", '{"id": "q3", "spans": [{"doc": "pump", "start": 0, "end": 3, "text": "the"}]}', "not the text"),
    ("answers.jsonl", '{"id": "q9", "answers": []}', "no question 'q9'"),
    ("history.jsonl", '{"id": "q1", "history": [{"role": "king", "text": "x"}]}', "Invalid enum value 'king'"),
    ("labels.tsv", "q9\tunanswerable", "no question 'q9'"),
]


@pytest.mark.parametrize(("name", "line", "words"), BAD_LINES, ids=[f"{name}: {words}" for name, _, words in BAD_LINES])
def test_a_line_that_is_wrong_is_named_with_what_is_wrong(folder: Path, name: str, line: str, words: str) -> None:
    path = folder / name
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}{line}\n", encoding="utf-8")
    with pytest.raises(EvalSetError, match=f"line {before.count(chr(10)) + 1}: ") as caught:
        load_set(folder, "tiny")
    assert caught.value.path == path
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["corpus.jsonl", "qrels.tsv", "labels.tsv"])
def test_bytes_that_are_no_text_are_named(folder: Path, name: str) -> None:
    path = folder / name
    before = path.read_bytes()
    path.write_bytes(before + b'{"id": "\xff", "text": "x"}\n')
    with pytest.raises(EvalSetError) as caught:
        load_set(folder, "tiny")
    assert (caught.value.path, caught.value.line) == (path, before.count(b"\n") + 1)


def test_grades_without_a_header_are_refused_rather_than_the_first_of_them_lost(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("q1\tpump\t1\nq2\tlunch\t1\n", encoding="utf-8")
    with pytest.raises(EvalSetError, match=r"line 1: .*header"):
        load_set(folder, "tiny")


def test_a_set_without_a_relevant_document_is_refused(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("query-id\tdoc-id\trelevance\nq1\tpump\t0\n", encoding="utf-8")
    with pytest.raises(EvalSetError, match="no question has a relevant document"):
        load_set(folder, "tiny")


def test_a_folder_is_a_set_or_holds_sets(folder: Path) -> None:
    deeper = write_set(folder.parent / "languages" / "en")
    assert find_sets(folder) == [folder]
    assert find_sets(folder.parent) == [deeper, folder]


def test_a_folder_without_a_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvalSetError, match="no such folder"):
        find_sets(tmp_path / "nope")
    (tmp_path / "notes.jsonl").write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(EvalSetError, match=r"no corpus\.jsonl"):
        find_sets(tmp_path)


def test_evidence_stands_where_its_document_has_it(folder: Path) -> None:
    rows = [{"id": "q2", "doc": "lunch", "sentences": ["Lunch is served at noon.", "The canteen closes at two."]}]
    write_rows(folder / "evidence.jsonl", rows)
    assert load_set(folder, "tiny").queries[1].evidence == (Span("lunch", 0, 24), Span("lunch", 25, 51))


@pytest.mark.parametrize("sentence", ["Lunch is served at one.", "", " "])
def test_evidence_that_is_not_in_its_document_is_refused(folder: Path, sentence: str) -> None:
    write_rows(folder / "evidence.jsonl", [{"id": "q2", "doc": "lunch", "sentences": [sentence]}])
    with pytest.raises(EvalSetError, match=r"evidence\.jsonl, line 1: a sentence is not in the text of"):
        load_set(folder, "tiny")
