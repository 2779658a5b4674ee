"""Loading sentences that people compared with a document."""

import json
from pathlib import Path
from typing import Any

import pytest

from rag.evaluation.errors import EvalSetError
from rag.evaluation.groundedness_sets import load_groundedness_sets
from tests.rag.evaluation_world import write_rows

WICE: list[dict[str, Any]] = [
    {
        "claim": "The pump is oiled every 3 months.",
        "label": "supported",
        "evidence": ["It is red.", "The pump is oiled every 3 months.", "So says the plan."],
        "supporting_sentences": [[1], [1, 2]],
    },
    {
        "claim": "The pump is oiled and painted.",
        "label": "partially_supported",
        "evidence": ["It is red."],
        "supporting_sentences": [[]],
    },
]


def answer(*responses: str) -> list[dict[str, str]]:
    return [{"response": response} for response in responses]


QAGS: list[dict[str, Any]] = [
    {
        "article": "The pump is oiled every 3 months.",
        "summary_sentences": [
            {"sentence": "The pump is oiled.", "responses": answer("yes", "no", "yes")},
            {"sentence": "The pump leaks.", "responses": answer("yes", "no", "no")},
        ],
    }
]


def test_a_claim_of_wice_has_the_spans_of_all_sentences_that_support_it(tmp_path: Path) -> None:
    write_rows(tmp_path / "wice.jsonl", WICE)
    (loaded,) = load_groundedness_sets(tmp_path)
    supported, partial = loaded.claims
    assert (loaded.name, supported.text, supported.is_supported) == ("wice", WICE[0]["claim"], True)
    assert [supported.document[start:end] for start, end in supported.gold] == WICE[0]["evidence"][1:]
    assert (partial.is_supported, partial.gold) == (False, ())


def test_the_majority_of_qags_decides(tmp_path: Path) -> None:
    write_rows(tmp_path / "qags.jsonl", QAGS)
    (loaded,) = load_groundedness_sets(tmp_path / "qags.jsonl")
    assert [claim.is_supported for claim in loaded.claims] == [True, False]
    assert {claim.document for claim in loaded.claims} == {QAGS[0]["article"]}
    assert len({claim.id for claim in loaded.claims}) == 2


def test_the_sets_of_a_folder_are_in_the_order_of_their_names(tmp_path: Path) -> None:
    write_rows(tmp_path / "wice.jsonl", WICE)
    write_rows(tmp_path / "qags.jsonl", QAGS)
    assert [loaded.name for loaded in load_groundedness_sets(tmp_path)] == ["qags", "wice"]


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ('{"claim"', "truncated"),
        ('{"text": "neither"}', "neither a `claim` nor an `article`"),
        (json.dumps({**WICE[0], "label": "true"}), "label"),
        (json.dumps({**WICE[0], "supporting_sentences": [[3]]}), "no sentence 3"),
        (json.dumps({"article": "It is red."}), "summary_sentences"),
    ],
)
def test_an_invalid_line_is_refused_with_its_number(tmp_path: Path, line: str, detail: str) -> None:
    path = tmp_path / "wice.jsonl"
    path.write_text(f"{json.dumps(WICE[1])}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(EvalSetError, match=detail) as error:
        load_groundedness_sets(tmp_path)
    assert (error.value.path, error.value.line) == (path, 3)


def test_a_set_without_both_labels_and_a_folder_without_a_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvalSetError, match=r"no \.jsonl"):
        load_groundedness_sets(tmp_path)
    write_rows(tmp_path / "wice.jsonl", WICE[:1])
    with pytest.raises(EvalSetError, match="not"):
        load_groundedness_sets(tmp_path)
    with pytest.raises(EvalSetError, match="missing"):
        load_groundedness_sets(tmp_path / "nowhere.jsonl")
