"""`pincite eval` from end to end, on a tiny set."""

from pathlib import Path

import pytest

from api.commands import opening
from api.services import Services
from api.settings import AllSettings
from tests.api.shell import Shell
from tests.api.world import LoadedEmbedder
from tests.rag.evaluation_world import write_set

KEYS = {"set", "documents", "chunks", "queries", "abstention", "latency_p50_ms", "latency_p95_ms"} | {
    f"{name}{suffix}"
    for name in ("ndcg@10", "recall@5", "mrr", "span_recall", "span_precision", "span_iou")
    for suffix in ("", "_ci")
}


class Embedders:
    """Stands in for the embedder of each evaluation and remembers what was embedded."""

    def __init__(self) -> None:
        self.made: list[LoadedEmbedder] = []

    def services(self, settings: AllSettings) -> Services:
        """Return the parts of one evaluation, with an embedder of its own."""
        self.made.append(LoadedEmbedder())
        return Services(settings, embedder=self.made[-1])


@pytest.fixture
def embedders(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Embedders:
    made = Embedders()
    monkeypatch.setattr(opening, "Services", made.services)
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


def test_the_ways_are_compared_side_by_side(shell: Shell, embedders: Embedders, folder: Path) -> None:
    found = shell.json("eval", str(folder), "--compare")
    assert set(found) == KEYS | {"ways"}
    assert list(found["ways"]) == ["lexical", "dense", "fused", "reranked", "with history"]
    assert found["ways"]["with history"]["ndcg@10"] == found["ndcg@10"]
    assert all("ndcg@10_below_served" in way for way in found["ways"].values())


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
    monkeypatch.setattr(opening, "Services", Services)
    found = shell.json("eval", str(folder), "--compare")
    assert found["ways"]["dense"]["ndcg@10"] == 1.0
    assert found["ndcg@10"] == 1.0
