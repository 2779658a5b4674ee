"""One contract for every embedder, and the promises of the bundled one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from ingest.errors import EmbedderNotFoundError, TextTooLongError
from ingest.types import Embedder
from tests.fakes import HashEmbedder


@pytest.fixture(params=["hash", pytest.param("bundled", marks=pytest.mark.real)])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "hash":
        return HashEmbedder()
    real: WorkerEmbedder = request.getfixturevalue("real_embedder")
    return real


def test_vectors_are_unit_rows_of_float32_in_the_order_given(embedder: Embedder) -> None:
    texts = ["The pump is old.", "x", "Lunch is served at noon in the large canteen on the second floor."]
    vectors = embedder.embed(texts)
    assert vectors.shape == (3, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)
    singly = np.stack([embedder.embed([text])[0] for text in texts])
    assert np.sum(vectors * singly, axis=1).min() > 0.999


def test_the_same_text_has_the_same_vector(embedder: Embedder) -> None:
    assert np.array_equal(embedder.embed(["The pump is old."]), embedder.embed(["The pump is old."]))


def test_no_texts_are_an_empty_matrix(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_a_question_is_near_the_text_that_answers_it(embedder: Embedder) -> None:
    texts = ["The pump is oiled every month.", "Lunch is served at noon."]
    scores = embedder.embed(texts) @ embedder.embed_query("how often is the pump oiled")
    assert scores[0] > scores[1]


@pytest.mark.real
def test_a_text_that_the_model_would_cut_off_is_refused(real_embedder: WorkerEmbedder) -> None:
    with pytest.raises(TextTooLongError) as caught:
        real_embedder.embed(["pump " * 400])
    assert (caught.value.tokens, caught.value.limit) == (402, 256)


@pytest.mark.real
def test_the_end_of_a_long_question_counts(real_embedder: WorkerEmbedder) -> None:
    filler = "the weather was fine and nothing happened on that day " * 60
    target = real_embedder.embed(["How often is the hydraulic pump oiled?"])[0]
    plain, asked = (real_embedder.embed_query(filler + end) for end in ("", "hydraulic pump oil " * 60))
    assert float(target @ asked) > float(target @ plain) + 0.2


@pytest.mark.real
def test_many_texts_are_embedded_in_batches_sorted_by_length(real_embedder: WorkerEmbedder) -> None:
    texts = [f"pump {number} " * (number % 9 + 1) for number in range(40)]
    vectors = real_embedder.embed(texts)
    assert float(vectors[17] @ real_embedder.embed([texts[17]])[0]) > 0.999


def test_the_bundled_model_is_the_one_that_is_known() -> None:
    folder = find_embedder("bundled")
    assert (folder.name, folder.dimension, folder.max_tokens) == ("all-MiniLM-L6-v2", 384, 254)
    assert folder.revision == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_a_folder_without_a_model_is_refused_with_what_it_must_hold(tmp_path: Path) -> None:
    with pytest.raises(EmbedderNotFoundError, match=r"model\.safetensors"):
        find_embedder(str(tmp_path))


def test_questions_are_answered_while_a_batch_is_embedded_and_both_are_right(real_embedder: WorkerEmbedder) -> None:
    texts = [f"Pump {number} stands in hall {number % 7} and is oiled every spring. " * 6 for number in range(96)]
    questions = [f"Where does pump {number} stand?" for number in range(24)]
    alone = [real_embedder.embed_query(question) for question in questions], real_embedder.embed(texts)
    with ThreadPoolExecutor(2) as pool:
        batch = pool.submit(real_embedder.embed, texts)
        asked = [real_embedder.embed_query(question) for question in questions]
        was_running = not batch.done()
        vectors = batch.result()
    assert was_running  # 24 questions take a fraction of what 96 texts take, unless they wait for them
    assert np.array_equal(asked, alone[0])
    assert np.array_equal(vectors, alone[1])
