"""Models other than the bundled one: their prompts, windows and poolings, with tiny random ones."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from ingest.chunking.chunker import ChunkSpec, contextualize, split
from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from ingest.embedders.model_config import Prompts, read_prompts
from ingest.embedders.tokenizer import WordPieceTokenizer
from ingest.embedders.torch_worker import TorchEmbedder, embed, load
from ingest.embedders.vocabulary_fit import VocabularyFit
from ingest.errors import EmbedderNotFoundError, TextTooLongError
from ingest.types import Page, ParsedDocument
from tests.tiny_embedders import WINDOW, write_tiny_embedder

E5 = Prompts("query: ", "passage: ")
BGE = Prompts(query="Represent this sentence for searching relevant passages: ")
TEXTS = ["The pump is old.", "where is the pump?", "x", "ポンプはどこにありますか", "the pump " * 12]


@pytest.fixture(scope="module")
def e5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An XLM-R that is called as an E5 is and says no more of itself than those do."""
    return write_tiny_embedder(tmp_path_factory.mktemp("e5") / "multilingual-e5-base", "xlm-roberta", pooling="mean")


@pytest.fixture(scope="module")
def bge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT that is called as a BGE is, without a word on how it is pooled."""
    return write_tiny_embedder(tmp_path_factory.mktemp("bge") / "bge-small-en-v1.5", "bert")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache."""
    folder_of_hub = tmp_path / "hub"
    folder_of_hub.mkdir()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder_of_hub))
    return folder_of_hub


def embed_by_library(folder: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return what sentence-transformers says, one text after the other, the padding at the end left to nobody."""
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return np.concatenate([model.encode([text], prompt="", normalize_embeddings=True) for text in texts])


def load_embedder(folder: Path) -> TorchEmbedder:
    model_info = find_embedder(str(folder))
    model = load(str(folder), window=model_info.window, pooling=model_info.pooling)
    return TorchEmbedder(model, lambda texts: embed(model, texts), model_info.prompts)


@pytest.mark.parametrize(
    ("name", "prompts"),
    [
        ("intfloat/multilingual-e5-small", E5),
        ("e5-large-v2", E5),
        ("BAAI/bge-base-en-v1.5", BGE),
        ("BAAI/bge-m3", Prompts()),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", Prompts()),
    ],
)
def test_a_family_is_known_by_its_name(tmp_path: Path, name: str, prompts: Prompts) -> None:
    assert read_prompts(tmp_path, name) == prompts


def test_an_instructed_e5_has_its_task_before_questions_and_nothing_before_passages(tmp_path: Path) -> None:
    prompts = read_prompts(tmp_path, "multilingual-e5-large-instruct")
    assert prompts.query.startswith("Instruct: ")
    assert prompts.query.endswith("\nQuery: ")
    assert prompts.passage == ""


@pytest.mark.parametrize(
    ("declared", "prompts"),
    [
        ({"prompts": {"query": "q: ", "document": "d: "}}, Prompts("q: ", "d: ")),
        ({"prompts": {"query": "q: ", "passage": "p: "}}, Prompts("q: ", "p: ")),
        ({"prompts": {"query": "q: "}}, Prompts(query="q: ")),
        ({"prompts": {"retrieval": "r: "}, "default_prompt_name": "retrieval"}, Prompts("r: ", "r: ")),
        ({"prompts": {"query": "", "document": ""}, "default_prompt_name": None}, E5),
        ({"prompts": {}}, E5),
        ({}, E5),
    ],
)
def test_what_a_model_declares_counts_before_what_its_family_needs(
    tmp_path: Path, declared: dict[str, object], prompts: Prompts
) -> None:
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(declared))
    assert read_prompts(tmp_path, "e5-small") == prompts


def test_a_passport_says_what_the_passages_were_embedded_with(e5: Path, tmp_path: Path) -> None:
    other = shutil.copytree(e5, tmp_path / e5.name)
    file = other / "config_sentence_transformers.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "prompts": {"document": "text: "}}))
    declared, changed = find_embedder(str(e5)).passport(), find_embedder(str(other)).passport()
    assert (declared.prefix, changed.prefix, find_embedder("bundled").passport().prefix) == ("passage: ", "text: ", "")
    assert declared.revision == changed.revision
    assert declared != changed


def test_the_window_is_what_positions_settings_and_tokenizer_allow(e5: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(e5, tmp_path / e5.name)
    assert json.loads((copy / "config.json").read_text())["max_position_embeddings"] == WINDOW + 2
    assert find_embedder(str(copy)).window == WINDOW
    for file, key, limit in (
        ("tokenizer_config.json", "model_max_length", 50),
        ("sentence_bert_config.json", "max_seq_length", 40),
    ):
        facts = json.loads((copy / file).read_text()) | {key: limit}
        (copy / file).write_text(json.dumps(facts))
        assert find_embedder(str(copy)).window == limit


def test_vectors_are_as_long_as_the_last_dense_layer_makes_them(e5: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(e5, tmp_path / e5.name)
    modules = json.loads((copy / "modules.json").read_text())
    modules.append({"idx": 3, "name": "3", "path": "3_Dense", "type": "sentence_transformers.models.Dense"})
    (copy / "modules.json").write_text(json.dumps(modules))
    (copy / "3_Dense").mkdir()
    (copy / "3_Dense" / "config.json").write_text(json.dumps({"in_features": 32, "out_features": 12}))
    assert (find_embedder(str(e5)).dimension, find_embedder(str(copy)).dimension) == (32, 12)


def test_a_model_is_found_by_its_name_in_the_cache_of_the_hub(e5: Path, cache: Path) -> None:
    name = "intfloat/multilingual-e5-base"
    with pytest.raises(EmbedderNotFoundError, match=name):
        find_embedder(name)
    stored = cache / "models--intfloat--multilingual-e5-base"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text("0123abcd")
    shutil.copytree(e5, stored / "snapshots" / "0123abcd")
    model_info = find_embedder(name)
    assert (model_info.name, model_info.prompts) == (name, E5)
    assert model_info.path == stored / "snapshots" / "0123abcd"


@pytest.mark.parametrize("name", ["/nowhere/at/all", "no such model", ""])
def test_what_is_neither_a_folder_nor_a_name_is_refused(cache: Path, name: str) -> None:
    with pytest.raises(EmbedderNotFoundError):
        find_embedder(name)


@pytest.fixture(scope="module")
def worker(e5: Path) -> Iterator[WorkerEmbedder]:
    with closing(WorkerEmbedder(find_embedder(str(e5)), batch_size=2)) as embedder:
        yield embedder


@pytest.mark.slow
def test_the_worker_puts_the_prompts_before_passages_and_questions(worker: WorkerEmbedder, e5: Path) -> None:
    passages, questions, bare = (
        embed_by_library(e5, [prompt + text for text in TEXTS]) for prompt in ("passage: ", "query: ", "")
    )
    vectors = worker.embed(TEXTS)
    asked = np.stack([worker.embed_query(text) for text in TEXTS])
    assert np.sum(vectors * passages, axis=1).min() > 0.995
    assert np.sum(asked * questions, axis=1).min() > 0.995
    assert np.sum(bare * passages, axis=1).min() < 0.98


@pytest.mark.slow
def test_the_longest_text_that_is_promised_fits_and_one_piece_more_does_not(worker: WorkerEmbedder, e5: Path) -> None:
    room = find_embedder(str(e5)).max_tokens
    assert worker.embed([" ".join(["pump"] * room)]).shape == (1, 32)
    with pytest.raises(TextTooLongError) as caught:
        worker.embed([" ".join(["pump"] * (room + 2))])
    assert (caught.value.tokens, caught.value.limit) == (WINDOW + 1, WINDOW)


def test_a_folder_that_does_not_say_how_it_is_pooled_is_pooled_as_its_family_is(bge: Path, tmp_path: Path) -> None:
    first_token = write_tiny_embedder(tmp_path / "cls", "bert", pooling="cls")
    mean = write_tiny_embedder(tmp_path / "mean", "bert", pooling="mean")
    vectors = load_embedder(bge).embed(TEXTS[:3])
    assert np.allclose(vectors, embed_by_library(first_token, TEXTS[:3]), atol=1e-5)
    assert not np.allclose(vectors, embed_by_library(mean, TEXTS[:3]), atol=1e-2)


def test_a_folder_of_no_known_family_is_pooled_as_the_library_does(tmp_path: Path) -> None:
    plain = write_tiny_embedder(tmp_path / "plain", "bert")
    mean = write_tiny_embedder(tmp_path / "mean", "bert", pooling="mean")
    assert np.allclose(load_embedder(plain).embed(TEXTS[:3]), embed_by_library(mean, TEXTS[:3]), atol=1e-5)


def test_a_prompt_that_a_model_uses_by_default_is_put_before_a_text_once(tmp_path: Path) -> None:
    folder = write_tiny_embedder(tmp_path / "m", "bert", pooling="mean", prompts={"all": "about: "})
    file = folder / "config_sentence_transformers.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "default_prompt_name": "all"}))
    once = embed_by_library(folder, ["about: the pump"])
    assert np.allclose(load_embedder(folder).embed(["the pump"]), once, atol=1e-5)
    assert np.allclose(load_embedder(folder).embed_query("the pump"), once, atol=1e-5)


def test_every_part_of_a_long_question_has_its_prompt_and_fits(e5: Path) -> None:
    seen: list[str] = []

    def note(texts: list[str]) -> NDArray[np.float32]:
        seen.extend(texts)
        return np.eye(len(texts), 32, dtype=np.float32)

    model_info = find_embedder(str(e5))
    model = load(str(e5), window=model_info.window, pooling=model_info.pooling)
    TorchEmbedder(model, note, model_info.prompts).embed_query("the pump is old " * 60)
    assert len(seen) == -(-240 // (WINDOW - 4))
    assert all(text.startswith("query: the") for text in seen)
    assert max(len(model.tokenizer(text)["input_ids"]) for text in seen) <= WINDOW


def test_chunks_of_a_script_without_spaces_fit_behind_the_prompt(e5: Path) -> None:
    model_info = find_embedder(str(e5))
    tokenizer = WordPieceTokenizer(model_info.tokenizer_path)
    text = "は。" * 119  # as many as fill chunks to the last piece, were none set aside for the mark before them
    document = ParsedDocument("", "text/plain", text, pages=(Page(1, 0, len(text)),))
    chunks = split(document, ChunkSpec(model_info.max_tokens), tokenizer)
    tokens = [len(tokenizer.token_spans("passage: " + contextualize(chunk))) for chunk in chunks]
    assert WINDOW // 2 < max(tokens) <= WINDOW - 2


def test_a_multilingual_embedder_is_fluent_where_the_bundled_one_is_not(e5: Path) -> None:
    question = "ポンプはどこにありますか"
    assert VocabularyFit(find_embedder(str(e5)).tokenizer_path).score(question) > 0.8
    assert VocabularyFit(find_embedder("bundled").tokenizer_path).score(question) < 0.2
