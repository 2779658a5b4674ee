"""Ranking again: a real (if tiny) cross-encoder in its worker process, and what it makes of results."""

import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import huggingface_hub
import pytest
import torch
from sentence_transformers import CrossEncoder

from ingest.errors import WorkerCrashedError
from ingest.types import BlockKind, Chunk, StoredChunk
from rag.errors import RerankerNotFoundError, RerankerUnfitError
from rag.retrieval.query_variants import QueryVariant
from rag.retrieval.reranker_worker import load_cross_encoder
from rag.retrieval.reranking import PAIRS, CrossEncoderReranker, find_reranker, rerank
from rag.types import ScoreBreakdown, ScoredChunk
from tests.tiny_cross_encoder import WINDOW, write_tiny_cross_encoder

HUB_NAME = "cross-encoder/tiny"
QUESTION = "how often is the pump oiled?"
TEXTS = ["The pump is oiled every month.", "lunch", "", "Order part xj-450.", "a b c d", "The pump is old."] * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def reranker(folder: Path) -> Iterator[CrossEncoderReranker]:
    made = CrossEncoderReranker(find_reranker(str(folder)))
    yield made
    made.close()


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """The model in a folder that a test may change."""
    return shutil.copytree(folder, tmp_path / "copy")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache."""
    made = tmp_path / "hub"
    made.mkdir()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(made))
    return made


def expected(folder: Path, question: str, texts: Sequence[str]) -> list[float]:
    """Return what sentence-transformers says, one pair after the other."""
    model = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    predicted = [model.predict([(question, text)], activation_fn=torch.nn.Sigmoid())[0] for text in texts]
    return [float(score) for score in predicted]


@pytest.mark.slow
def test_scores_are_those_of_sentence_transformers_in_the_order_given(
    reranker: CrossEncoderReranker, folder: Path
) -> None:
    scores = reranker.scores(QUESTION, TEXTS)
    assert scores == pytest.approx(expected(folder, QUESTION, TEXTS), abs=1e-6)
    assert len({round(score, 4) for score in scores}) == 6


@pytest.mark.slow
def test_no_texts_have_no_scores(reranker: CrossEncoderReranker) -> None:
    assert reranker.scores(QUESTION, []) == []


@pytest.mark.slow
def test_of_a_long_text_the_beginning_is_read_and_the_question_stays_whole(reranker: CrossEncoderReranker) -> None:
    room = WINDOW - 3 - 10  # [CLS], two [SEP], the question; a sign is a token
    full = "b " * (room - 1) + "c "
    cut, whole, shorter = reranker.scores("a " * 10, [full + "d " * 900, full, "b " * (room - 1)])
    assert cut == pytest.approx(whole, abs=1e-6)
    assert whole != pytest.approx(shorter, abs=1e-4)


@pytest.mark.slow
def test_a_question_that_is_longer_than_the_window_has_scores_too(reranker: CrossEncoderReranker, folder: Path) -> None:
    question = f"{'pump ' * 500}{QUESTION}"
    assert reranker.scores(question, TEXTS[:2]) == pytest.approx(expected(folder, question, TEXTS[:2]), abs=1e-6)


@pytest.mark.slow
def test_questions_from_many_threads_get_their_own_scores(reranker: CrossEncoderReranker) -> None:
    questions = [f"{QUESTION} {number}" for number in range(12)]
    singly = [reranker.scores(question, TEXTS[:3]) for question in questions]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda question: reranker.scores(question, TEXTS[:3]), questions))
    assert together == singly


@pytest.mark.slow
def test_a_reranker_that_was_closed_says_so(folder: Path) -> None:
    closed = CrossEncoderReranker(folder)
    closed.close()
    with pytest.raises(WorkerCrashedError, match="closed"):
        closed.scores(QUESTION, TEXTS)


def test_a_model_in_the_hugging_face_cache_is_found_by_its_name(folder: Path, cache: Path) -> None:
    home = cache / "models--cross-encoder--tiny"
    snapshot = shutil.copytree(folder, home / "snapshots" / "0123abc")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0123abc")
    assert find_reranker(HUB_NAME) == snapshot


@pytest.mark.parametrize("name", [HUB_NAME, "not/a/model's name", "/no/such/folder", ""])
def test_a_model_that_is_not_there_is_refused_with_how_to_get_it(cache: Path, name: str) -> None:
    with pytest.raises(RerankerNotFoundError, match=r"hf download .* --local-dir") as caught:
        find_reranker(name)
    assert caught.value.name == name


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RerankerNotFoundError):
        find_reranker(str(tmp_path))


def test_a_pickle_is_refused_and_never_loaded(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    torch.save({}, copy / "pytorch_model.bin")
    with pytest.raises(RerankerUnfitError, match="safetensors"):
        find_reranker(str(copy))
    with pytest.raises(OSError, match="safetensors"):
        load_cross_encoder(str(copy))


def test_code_that_comes_with_a_model_is_not_run(copy: Path) -> None:
    ran = copy / "ran"
    (copy / "foreign.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    config = copy / "config.json"
    foreign = {"AutoConfig": "foreign.Config", "AutoModelForSequenceClassification": "foreign.Model"}
    config.write_text(json.dumps({**json.loads(config.read_text()), "auto_map": foreign, "model_type": "foreign"}))
    with pytest.raises(ValueError, match="trust_remote_code"):
        load_cross_encoder(str(copy))
    assert not ran.exists()


def test_a_model_with_two_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RerankerUnfitError, match="2 numbers"):
        find_reranker(str(write_tiny_cross_encoder(tmp_path, labels=2)))


def test_an_embedder_is_no_cross_encoder(copy: Path) -> None:
    config = copy / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "architectures": ["BertModel"]}))
    with pytest.raises(RerankerUnfitError, match="BertModel"):
        find_reranker(str(copy))


class LengthReranker:
    """A `Reranker` that likes long texts for a long question, and short ones for a short one."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str]]] = []

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        self.calls.append((question, list(texts)))
        shares = [min(len(text) / 100, 1.0) for text in texts]
        return shares if question == "long" else [1.0 - share for share in shares]


def hits(count: int, *, context: str = "") -> list[ScoredChunk]:
    """Return results whose scores fall and whose texts become longer."""
    breakdown = ScoreBreakdown(1, 2, relevance=0.4)
    return [ScoredChunk(stored(number, context), 1.0 - number / 100, 0.5, 3.0, breakdown) for number in range(count)]


def stored(number: int, context: str) -> StoredChunk:
    chunk = Chunk(0, number, "x" * number, 1, 1, BlockKind.PROSE, (), context)
    return StoredChunk(number, "collection", "file", "a.txt", "a.txt", chunk)


def test_the_best_results_are_ranked_again_and_keep_what_else_is_known_of_them() -> None:
    reranked = rerank(LengthReranker(), [QueryVariant("long", 1.0)], hits(3))
    assert [hit.chunk.id for hit in reranked] == [2, 1, 0]
    assert (
        [hit.score for hit in reranked]
        == [hit.breakdown.rerank_score for hit in reranked]
        == pytest.approx([0.02, 0.01, 0.0])
    )
    assert {
        (hit.dense_score, hit.lexical_score, hit.breakdown.dense_rank, hit.breakdown.relevance) for hit in reranked
    } == {(0.5, 3.0, 1, 0.4)}


def test_what_is_embedded_of_a_chunk_is_read() -> None:
    reader = LengthReranker()
    rerank(reader, [QueryVariant("long", 1.0)], hits(3, context="Title"))
    assert reader.calls == [("long", ["Title\n", "Title\nx", "Title\nxx"])]


def test_results_that_were_not_read_follow_in_their_order_and_scores_never_rise() -> None:
    reranked = rerank(LengthReranker(), [QueryVariant("long", 1.0)], hits(PAIRS + 5))
    assert [hit.chunk.id for hit in reranked] == [*range(PAIRS - 1, -1, -1), *range(PAIRS, PAIRS + 5)]
    scores = [hit.score for hit in reranked]
    assert scores == sorted(scores, reverse=True)
    assert [hit.breakdown.rerank_score for hit in reranked[PAIRS:]] == [None] * 5


def test_two_variants_of_a_question_share_the_pairs_and_mix_their_scores() -> None:
    reader = LengthReranker()
    reranked = rerank(reader, [QueryVariant("short", 0.7), QueryVariant("long", 0.3)], hits(PAIRS))
    assert [len(texts) for _, texts in reader.calls] == [PAIRS // 2] * 2
    assert reranked[0].chunk.id == 0
    assert reranked[1].score == pytest.approx(0.7 * 0.99 + 0.3 * 0.01)


def test_nothing_found_is_nothing_read() -> None:
    reader = LengthReranker()
    assert rerank(reader, [], []) == []
    assert reader.calls == []
