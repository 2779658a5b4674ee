"""`/v1/embeddings` with OpenAI's client."""

from collections.abc import Iterator

import numpy as np
import openai
import pytest
from starlette.testclient import TestClient
from tokenizers import Tokenizer

from api.embeddings import EmbeddingModel, shorten_vectors
from ingest.embedders.embedder import find_embedder
from ingest.errors import UnknownTokenError
from tests.api.world import LoadedEmbedder, make_world

MODEL = "all-MiniLM-L6-v2"
TEXTS = ["The pump is oiled.", "Lunch is served at noon."]


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    with (
        make_world(tmp_path_factory.mktemp("embeddings") / "home") as world,
        world.live() as server,
        openai.DefaultHttpxClient(trust_env=False) as http,
    ):
        yield openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, http_client=http)


def test_the_clients_default_and_lists_of_numbers_are_the_same_vectors(official: openai.OpenAI) -> None:
    by_default = official.embeddings.create(model=MODEL, input=TEXTS)
    as_numbers = official.embeddings.create(model=MODEL, input=TEXTS, encoding_format="float")
    expected = LoadedEmbedder().embed(TEXTS)
    for response in (by_default, as_numbers):
        assert [each.index for each in response.data] == [0, 1]
        assert np.allclose([each.embedding for each in response.data], expected, atol=1e-6)
    assert by_default.model == MODEL
    assert by_default.usage.prompt_tokens == by_default.usage.total_tokens == 12


def test_one_text_is_a_list_of_one(official: openai.OpenAI) -> None:
    response = official.embeddings.create(model=MODEL.lower(), input=TEXTS[0])
    assert len(response.data) == 1
    assert len(response.data[0].embedding) == 384


def test_fewer_dimensions_are_unit_vectors(official: openai.OpenAI) -> None:
    response = official.embeddings.create(model=MODEL, input=TEXTS, dimensions=8)
    vectors = np.array([each.embedding for each in response.data])
    assert vectors.shape == (2, 8)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_vector_of_zeros_stays_one_when_it_is_shortened() -> None:
    assert not np.isnan(shorten_vectors(np.zeros((1, 4), np.float32), 2)).any()


def test_tokens_of_the_embedder_are_its_text(official: openai.OpenAI) -> None:
    model = EmbeddingModel(find_embedder("bundled"), LoadedEmbedder())
    tokenizer = Tokenizer.from_file(str(find_embedder("bundled").tokenizer_path))
    tokens = [tokenizer.encode(text, add_special_tokens=False).ids for text in ("the pump is oiled", "lunch")]
    assert model.decode(tokens[0]) == "the pump is oiled"
    by_tokens = official.embeddings.create(model=MODEL, input=tokens)
    by_text = official.embeddings.create(model=MODEL, input=["the pump is oiled", "lunch"])
    assert [each.embedding for each in by_tokens.data] == [each.embedding for each in by_text.data]
    with pytest.raises(UnknownTokenError):
        model.decode([99_999_999])
    with pytest.raises(openai.BadRequestError) as refused:
        official.embeddings.create(model=MODEL, input=[99_999_999])
    assert refused.value.param == "input"


def test_a_text_is_cut_to_what_the_embedder_reads() -> None:
    model = EmbeddingModel(find_embedder("bundled"), LoadedEmbedder())
    assert model.truncate("short") == "short"
    assert model.truncate("pump " * 2_000).split() == ["pump"] * model.max_tokens


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"model": "scripted"}, 404),
        ({"dimensions": 385}, 400),
        ({"dimensions": 0}, 400),
        ({"input": ""}, 400),
        ({"input": []}, 400),
        ({"input": ["a", 1]}, 400),
        ({"encoding_format": "hex"}, 400),
        ({"dimensions": None, "user": None, "encoding_format": None}, 200),
    ],
)
def test_what_cannot_be_is_refused(client: TestClient, fields: dict[str, object], status: int) -> None:
    response = client.post("/v1/embeddings", json={"model": MODEL, "input": "text", **fields})
    assert response.status_code == status
