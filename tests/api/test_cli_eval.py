"""`pincite eval` from end to end, on a tiny set."""

from pathlib import Path

import pytest

from api import services
from api.services import Services
from api.settings import AllSettings
from tests.api.shell import Shell
from tests.api.world import LoadedEmbedder, OneModel
from tests.fakes import ScriptedEngine
from tests.rag.evaluation_world import write_rows, write_set

KEYS = {"set", "documents", "chunks", "queries", "abstention", "latency_p50_ms", "latency_p95_ms"} | {
    f"{name}{suffix}"
    for name in ("ndcg@10", "recall@5", "mrr", "span_recall", "span_precision", "span_iou")
    for suffix in ("", "_ci")
}


ANSWER_ESTIMATES = (
    "em",
    "f1",
    "answer_contains",
    "evidence_hit@1",
    "evidence_hit@3",
    "citation_validity",
    "citation_precision",
    "citation_recall",
    "citation_span_precision",
    "citation_span_recall",
    "supported",
    "partly",
    "unsupported",
    "false_refusal_rate",
    "refusal_rate",
    "checking_share",
)
ANSWER_KEYS = (
    {"model", "answerable", "unanswerable", "quoted", "citations", "sentences", "foreign_chars", "invalid_citations"}
    | {f"{name}{suffix}" for name in ANSWER_ESTIMATES for suffix in ("", "_ci")}
    | {f"{step}_{share}_ms" for step in ("first_evidence", "first_token", "total") for share in ("p50", "p95")}
)


class Embedders:
    """Stands in for the embedder of each evaluation and remembers what was embedded; the model is a scripted one."""

    def __init__(self) -> None:
        self.made: list[LoadedEmbedder] = []
        self.models = OneModel(ScriptedEngine(("The pump is oiled every 3 months [1].",)))

    def services(self, settings: AllSettings) -> Services:
        """Return the parts of one evaluation, with an embedder of its own."""
        self.made.append(LoadedEmbedder())
        return Services(settings, embedder=self.made[-1], models=self.models)


@pytest.fixture
def embedders(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Embedders:
    made = Embedders()
    monkeypatch.setattr(services, "Services", made.services)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_set(tmp_path / "sets" / "tiny")


def test_one_set_is_one_object(shell: Shell, embedders: Embedders, folder: Path) -> None:
    found = shell.json("eval", str(folder))
    assert set(found) == KEYS
    assert (found["set"], found["documents"], found["queries"]) == ("tiny", 3, 2)
    assert (found["ndcg@10"], found["ndcg@10_ci"], found["span_recall"]) == (1.0, [1.0, 1.0], 1.0)
    assert found["abstention"]["unanswerable"] == 1
    assert found["abstention"]["curve"] == dict.fromkeys(("1%", "2%", "5%", "10%"), 1.0)


def test_the_ways_are_compared_side_by_side(shell: Shell, embedders: Embedders, folder: Path) -> None:
    found = shell.json("eval", str(folder), "--compare")
    assert set(found) == KEYS | {"ways"}
    assert list(found["ways"]) == ["lexical", "dense", "fused", "reranked", "with history"]
    assert found["ways"]["with history"]["ndcg@10"] == found["ndcg@10"]
    assert all("ndcg@10_below_served" in way for way in found["ways"].values())


def test_answers_are_judged_in_the_same_object(shell: Shell, embedders: Embedders, folder: Path) -> None:
    found = shell.json("eval", str(folder), "--answer", "--style", "written")
    assert set(found) == KEYS | ANSWER_KEYS
    assert (found["model"], found["answerable"], found["unanswerable"]) == ("scripted", 2, 1)
    assert (found["citation_validity"], found["invalid_citations"], found["foreign_chars"]) == (1.0, [], 0)
    assert (found["answer_contains"], found["f1"]) == (1.0, 0.6667)  # 3 words of 6 and of 3
    assert found["citation_recall"] == 0.5


def test_quoted_answers_have_nothing_of_their_own(shell: Shell, embedders: Embedders, folder: Path) -> None:
    found = shell.json("eval", str(folder), "--answer", "--style", "quoted", "--queries", "1")
    assert (found["answerable"], found["quoted"] > 0, found["foreign_chars"]) == (1, True, 0)
    assert found["citation_validity"] == 1.0


def test_people_get_a_table_of_answers_in_100_columns(shell: Shell, embedders: Embedders, folder: Path) -> None:
    code, out, _ = shell.run("eval", str(folder), "--answer")
    assert code == 0
    answers = out[out.index("answers to tiny") :].splitlines()
    assert max(map(len, answers)) <= 100
    assert any(line.startswith("exact match") for line in answers)
    assert any(line.startswith("first token, p50 and p95") for line in answers)


def test_several_sets_are_an_array(shell: Shell, embedders: Embedders, folder: Path) -> None:
    write_set(folder.parent / "languages" / "en")
    assert [each["set"] for each in shell.json("eval", str(folder.parent))] == ["languages/en", "tiny"]


def test_people_get_a_table(shell: Shell, embedders: Embedders, folder: Path) -> None:
    code, out, err = shell.run("eval", str(folder), "--compare", "--queries", "1", "--budget", "20")
    assert code == 0
    header, *rows = out.splitlines()
    assert header.split()[:3] == ["set", "way", "queries"]
    assert [row.split()[:3] for row in rows[:3]] == [["tiny", way, "1"] for way in ("lexical", "dense", "fused")]
    assert "false answers" in out
    assert "tiny: reading" in err


def test_a_library_that_is_kept_is_used_again_for_the_same_corpus(
    shell: Shell, embedders: Embedders, folder: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    first = shell.json("eval", str(folder), "--keep", str(kept))
    second = shell.json("eval", str(folder), "--keep", str(kept))
    assert [bool(embedder.calls) for embedder in embedders.made] == [True, True]
    texts = [sum(len(call) for call in embedder.calls) for embedder in embedders.made]
    assert texts[0] - texts[1] == first["chunks"] == second["chunks"]
    assert len(list(kept.iterdir())) == 1
    (folder / "corpus.jsonl").write_text(
        (folder / "corpus.jsonl").read_text(encoding="utf-8").replace("March", "April"), encoding="utf-8"
    )
    shell.json("eval", str(folder), "--keep", str(kept))
    assert len(list(kept.iterdir())) == 2


def test_the_library_of_the_user_stays_as_it_is(shell: Shell, embedders: Embedders, folder: Path) -> None:
    before = shell.json("documents", "ls")
    shell.json("eval", str(folder))
    assert shell.json("documents", "ls") == before


def test_a_set_that_is_wrong_exits_with_2_and_names_the_line(shell: Shell, embedders: Embedders, folder: Path) -> None:
    (folder / "corpus.jsonl").write_text('{"id": "a", "text": "b"}\n{"id"\n', encoding="utf-8")
    code, out, err = shell.run("eval", str(folder))
    assert (code, out) == (2, "")
    assert f"{folder / 'corpus.jsonl'}, line 2: " in err
    assert embedders.made == []


def test_a_folder_without_a_set_exits_with_2(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nope"):
        code, out, err = shell.run("eval", str(path))
        assert (code, out) == (2, "")
        assert str(path) in err


@pytest.mark.real
def test_the_bundled_embedder_finds_what_is_meant(shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "Services", Services)
    found = shell.json("eval", str(folder), "--compare")
    assert found["ways"]["dense"]["ndcg@10"] == 1.0
    assert found["ndcg@10"] == 1.0


JUDGED = [
    {"claim": "The pump is oiled.", "label": "supported", "evidence": ["The pump is oiled."]},
    {"claim": "Nobody swims.", "label": "not_supported", "evidence": ["The pump is oiled."]},
]


def test_verdicts_are_compared_with_those_of_people(shell: Shell, embedders: Embedders, tmp_path: Path) -> None:
    write_rows(tmp_path / "judged.jsonl", JUDGED)
    (report,) = shell.json("eval", "--groundedness", str(tmp_path))
    assert (report["set"], report["supported"], report["others"]) == ("judged", 1, 1)
    assert (report["auc"], report["cosine_auc"], report["overlap_auc"], report["balanced_accuracy"]) == (1, 1, 1, 1)
    code, out, _ = shell.run("eval", "--groundedness", str(tmp_path))
    assert code == 0
    assert ["AUC", "1.000"] in [line.split() for line in out.splitlines()]


def test_judged_sentences_that_are_wrong_exit_with_2(shell: Shell, embedders: Embedders, tmp_path: Path) -> None:
    (tmp_path / "judged.jsonl").write_text("{}\n", encoding="utf-8")
    code, out, err = shell.run("eval", "--groundedness", str(tmp_path))
    assert (code, out) == (2, "")
    assert f"{tmp_path / 'judged.jsonl'}, line 1: " in err
    assert embedders.made == []
