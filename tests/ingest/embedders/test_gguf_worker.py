"""GGUF embedding models: the same vectors as the models that they were converted from, with tiny random ones."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from ingest.embedders.gguf_worker import GgufEmbedder, GgufPool
from ingest.embedders.llama_model import LlamaEncoder, LlamaModel
from ingest.errors import EmbedderNotFoundError, TextTooLongError, WorkerError
from tests.tiny_embedders import SIZE, WINDOW, write_tiny_embedder
from tests.tiny_gguf_embedder import write_gguf_of

TEXTS = ["The pump is old.", "where is the pump?", "x", "q" * 60]
JAPANESE = ["ポンプはどこにありますか", "the pump " * 12, "毎月点検する。"]
NOMIC = "nomic-embed-text-v1.5.Q8_0.gguf"


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_embedder(tmp_path_factory.mktemp("bert") / "bert", "bert", pooling="mean")


@pytest.fixture(scope="module")
def nomic(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is called as a model is that wants a prompt before passages and another before questions."""
    return write_gguf_of(bert, tmp_path_factory.mktemp("nomic") / NOMIC, pooling="mean")


@pytest.fixture(scope="module")
def worker(nomic: Path) -> Iterator[WorkerEmbedder]:
    with closing(WorkerEmbedder(find_embedder(str(nomic)), batch_size=2)) as embedder:
        yield embedder


def embed_by_library(folder: Path, texts: list[str]) -> NDArray[np.float32]:
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return np.concatenate([model.encode([text], prompt="", normalize_embeddings=True) for text in texts])


def load(path: Path) -> GgufEmbedder:
    model_info, model = find_embedder(str(path)), LlamaModel(path, vocabulary_only=False)
    encoder = LlamaEncoder(model, window=model_info.window, pooling=model_info.pooling, threads=1)
    return GgufEmbedder(model, encoder.embed_batch, model_info.prompts, window=model_info.window)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_bert_says_the_same_as_a_gguf_and_as_a_folder(tmp_path: Path, pooling: str) -> None:
    folder = write_tiny_embedder(tmp_path / "folder", "bert", pooling=pooling)
    vectors = load(write_gguf_of(folder, tmp_path / "m.gguf", pooling=pooling)).embed(TEXTS)
    assert np.allclose(vectors, embed_by_library(folder, TEXTS), atol=1e-3)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_an_xlm_r_says_the_same_as_a_gguf_and_as_a_folder(tmp_path: Path) -> None:
    folder = write_tiny_embedder(tmp_path / "folder", "xlm-roberta", pooling="mean")
    vectors = load(write_gguf_of(folder, tmp_path / "m.gguf", pooling="mean")).embed(JAPANESE)
    assert np.allclose(vectors, embed_by_library(folder, JAPANESE), atol=1e-3)


def test_a_file_that_does_not_say_how_it_is_pooled_is_pooled_as_its_family_is(tmp_path: Path) -> None:
    folder = write_tiny_embedder(tmp_path / "folder", "bert", pooling="cls")
    bge = write_gguf_of(folder, tmp_path / "bge-small-en-v1.5-f16.gguf")
    assert np.allclose(load(bge).embed(TEXTS), embed_by_library(folder, TEXTS), atol=1e-3)


def test_a_text_has_the_same_vector_whatever_it_is_embedded_with(nomic: Path) -> None:
    model_info, model = find_embedder(str(nomic)), LlamaModel(nomic, vocabulary_only=False)
    encoders = [
        LlamaEncoder(model, window=model_info.window, pooling=model_info.pooling, threads=threads) for threads in (1, 2)
    ]
    tokens = [model.tokenize(text, special=True) for text in TEXTS * 4]
    together = GgufPool(encoders, niceness=0).embed_batch(tokens)
    alone = np.stack([encoders[1].embed(text) for text in tokens])
    assert np.abs(together - alone).max() < 1e-5


def test_a_long_question_is_embedded_in_parts_that_fit_and_each_have_the_prompt(nomic: Path) -> None:
    model = LlamaModel(nomic, vocabulary_only=False)
    seen: list[Sequence[int]] = []

    def note(texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        seen.extend(texts)
        return np.eye(len(texts), SIZE, dtype=np.float32)

    model_info = find_embedder(str(nomic))
    question = "the pump is old " * 20
    (vector,) = GgufEmbedder(model, note, model_info.prompts, window=WINDOW).embed_query(question)
    framed = [model.tokenize(model_info.prompts.query, special=True)[:-1] for _ in seen]
    assert [part[: len(head)] for part, head in zip(seen, framed, strict=True)] == framed
    assert max(map(len, seen)) <= WINDOW
    read = [token for part, head in zip(seen, framed, strict=True) for token in part[len(head) : -1]]
    assert read == model.tokenize(question)
    assert np.allclose(vector[: len(seen)], 1 / np.sqrt(len(seen)))


@pytest.mark.slow
def test_the_worker_puts_the_prompts_before_passages_and_questions(worker: WorkerEmbedder, bert: Path) -> None:
    passages, questions, bare = (
        embed_by_library(bert, [prompt + text for text in TEXTS[:3]])
        for prompt in ("search_document: ", "search_query: ", "")
    )
    vectors = worker.embed(TEXTS[:3])
    assert vectors.shape == (3, worker.dimension) == (3, SIZE)
    assert np.allclose(vectors, passages, atol=1e-3)
    assert np.allclose(np.stack([worker.embed_query(text) for text in TEXTS[:3]]), questions, atol=1e-3)
    assert not np.allclose(bare, passages, atol=1e-2)
    assert worker.embed([]).shape == (0, SIZE)


@pytest.mark.slow
def test_the_longest_text_that_is_promised_fits_and_what_would_be_cut_off_is_refused(
    worker: WorkerEmbedder, nomic: Path
) -> None:
    room = find_embedder(str(nomic)).max_tokens
    assert worker.embed(["q" * room]).shape == (1, SIZE)
    with pytest.raises(TextTooLongError) as caught:
        worker.embed(["q" * WINDOW])
    assert (caught.value.tokens, caught.value.limit) == (WINDOW + len("search_document:") + 2, WINDOW)


@pytest.mark.slow
def test_a_file_whose_weights_are_missing_is_reported_by_the_worker(nomic: Path, tmp_path: Path) -> None:
    other = shutil.copy(nomic, tmp_path / NOMIC)
    model_info = find_embedder(str(other))
    Path(other).write_bytes(b"GGUF")
    with closing(WorkerEmbedder(model_info, batch_size=2)) as embedder, pytest.raises(WorkerError, match=r"llama\.cpp"):
        embedder.embed(TEXTS)


def test_a_file_is_found_by_its_path_in_its_folder_and_in_the_cache_of_the_hub(
    nomic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    stored = tmp_path / "models--nomic-ai--nomic-embed-text-v1.5-GGUF"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text("0123abcd")
    (stored / "snapshots" / "0123abcd").mkdir(parents=True)
    name = "nomic-ai/nomic-embed-text-v1.5-GGUF"
    with pytest.raises(EmbedderNotFoundError, match="GGUF"):
        find_embedder(name)
    cached = shutil.copy(nomic, stored / "snapshots" / "0123abcd" / NOMIC)
    by_path, by_folder, by_name = find_embedder(str(nomic)), find_embedder(str(nomic.parent)), find_embedder(name)
    assert by_path == by_folder
    assert (by_path.name, by_path.path) == (nomic.stem, nomic)
    assert (by_name.name, by_name.path, by_name.revision) == (name, cached, by_path.revision)


def test_of_two_files_in_a_folder_none_is_chosen(nomic: Path, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        shutil.copy(nomic, tmp_path / name)
    with pytest.raises(EmbedderNotFoundError):
        find_embedder(str(tmp_path))


def test_a_passport_tells_files_with_other_weights_or_other_prompts_apart(
    bert: Path, nomic: Path, tmp_path: Path
) -> None:
    renamed = find_embedder(str(shutil.copy(nomic, tmp_path / "plain.gguf"))).passport()
    changed = find_embedder(str(write_gguf_of(bert, tmp_path / NOMIC, pooling="cls"))).passport()
    first = find_embedder(str(nomic)).passport()
    assert (first.prefix, renamed.prefix, first.dimension) == ("search_document: ", "", SIZE)
    assert first.revision == renamed.revision != changed.revision
    assert first.normalized
