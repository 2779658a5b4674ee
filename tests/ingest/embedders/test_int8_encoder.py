"""The forward pass in 8-bit integers, with the bundled model and with tiny random ones of other kinds."""

import copy
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from ingest.embedders.embedder import find_embedder
from ingest.embedders.int8_encoder import Int8Encoder, Int8Pool, NotQuantizableError
from ingest.embedders.model_config import read_window
from ingest.embedders.torch_worker import PROBE_TEXTS, Precision, choose_precision, embed, load
from tests.tiny_embedders import Kind, write_tiny_embedder

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")]


@pytest.fixture(scope="module")
def model() -> SentenceTransformer:
    return SentenceTransformer(str(find_embedder("bundled").path), device="cpu")


@pytest.fixture(scope="module")
def pool(model: SentenceTransformer) -> Int8Pool:
    return Int8Pool(Int8Encoder(model))


def test_vectors_are_near_those_of_float32(model: SentenceTransformer, pool: Int8Pool) -> None:
    exact, rough = embed(model, PROBE_TEXTS), pool.embed(PROBE_TEXTS)
    assert rough.dtype == np.float32
    assert np.sum(exact * rough, axis=1).min() > 0.98


def test_a_text_has_the_same_vector_whatever_it_is_embedded_with(pool: Int8Pool) -> None:
    together = pool.embed(PROBE_TEXTS)
    alone = np.concatenate([pool.embed([text]) for text in PROBE_TEXTS])
    assert np.array_equal(together, alone)


def test_a_model_with_further_layers_is_left_as_it_is(model: SentenceTransformer) -> None:
    layers = list(model.children())
    with pytest.raises(NotQuantizableError, match="further layers"):
        Int8Encoder(SentenceTransformer(modules=[*layers, copy.deepcopy(layers[0])]))


def test_a_way_whose_vectors_are_wrong_is_never_taken(pool: Int8Pool) -> None:
    vectors = pool.embed(PROBE_TEXTS)
    right = Precision("slow", lambda texts: pool.embed(texts) if len(texts) else vectors, pool.embed, 1.0)
    wrong = Precision("wrong", lambda texts: vectors[: len(texts)][::-1].copy(), pool.embed, 0.98)
    assert choose_precision([right, wrong]).name == "slow"


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_other_encoders_have_the_vectors_of_the_library(tmp_path: Path, kind: Kind, pooling: str) -> None:
    folder = write_tiny_embedder(tmp_path / "model", kind, pooling=pooling)
    exact = load(str(folder), window=read_window(folder), pooling="")
    texts = ["where is the pump?", "x", "ポンプはどこ", *PROBE_TEXTS]
    expected, vectors = embed(exact, texts), Int8Pool(Int8Encoder(exact)).embed(texts)
    assert np.sum(expected * vectors, axis=1).min() > 0.995
    assert np.sum(expected * vectors[::-1], axis=1).min() < 0.95


def test_a_model_that_is_pooled_in_another_way_is_left_as_it_is(tmp_path: Path) -> None:
    folder = write_tiny_embedder(tmp_path / "model", "bert", pooling="max")
    with pytest.raises(NotQuantizableError, match="pooled neither by the mean"):
        Int8Encoder(SentenceTransformer(str(folder), device="cpu"))
