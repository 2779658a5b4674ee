"""The models that LM Studio's SDKs see: their lists, their specifiers, loading, and embedding."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from api.settings import load_settings
from tests.api.lmstudio.sdk_socket import connect
from tests.api.world import BASE_URL, LoadedEmbedder, World, make_world
from tests.tiny_gguf import write_tiny_gguf

EMBEDDER = "all-MiniLM-L6-v2"


def test_the_default_model_comes_first_and_the_collections_after_it(client: TestClient) -> None:
    with connect(client, "llm") as sdk:
        loaded = sdk.call("listLoaded")
        assert [each["identifier"] for each in loaded] == ["scripted", "docs/docs"]
        assert (
            sdk.call("getModelInfo", {"specifier": {"type": "query", "query": {}}, "throwIfNotFound": True})
            == loaded[0]
        )
    with connect(client, "system") as sdk:
        assert [each["modelKey"] for each in sdk.call("listDownloadedModels")] == ["scripted", EMBEDDER, "docs/docs"]


def test_every_field_that_the_typescript_sdk_checks_is_there(client: TestClient) -> None:
    with connect(client, "llm") as sdk:
        for info in sdk.call("listLoaded"):
            assert {
                "type", "modelKey", "format", "displayName", "publisher", "path", "sizeBytes", "indexedModelIdentifier",
                "deviceIdentifier", "vision", "trainedForToolUse", "maxContextLength", "identifier",
                "instanceReference", "ttlMs", "lastUsedTime", "contextLength",
            } <= set(info)  # fmt: skip
            assert not Path(info["path"]).is_absolute()


@pytest.mark.parametrize(("namespace", "key"), [("llm", EMBEDDER), ("embedding", "scripted"), ("llm", "no-such-model")])
def test_an_unknown_model_has_the_code_that_both_sdks_know(client: TestClient, namespace: str, key: str) -> None:
    asked = {"specifier": {"type": "query", "query": {"identifier": key}}, "throwIfNotFound": True}
    with connect(client, namespace) as sdk:
        assert sdk.fail("getModelInfo", asked)["displayData"] == {
            "code": "generic.noModelMatchingQuery",
            "query": {"domain": namespace, "identifier": key},
            "loadedModelsSample": [EMBEDDER] if namespace == "embedding" else ["scripted", "docs/docs"],
            "totalLoadedModels": 1 if namespace == "embedding" else 2,
        }
        assert sdk.call("getModelInfo", {**asked, "throwIfNotFound": False}) is None
        (failed,) = sdk.run("getOrLoad", {"identifier": key, "loadConfigStack": {"layers": []}})
        assert failed["error"]["displayData"]["code"] == "generic.noModelMatchingQuery"


def test_what_is_loaded_already_says_so(client: TestClient) -> None:
    for namespace, key in (("llm", "scripted"), ("llm", "docs/docs"), ("embedding", EMBEDDER)):
        with connect(client, namespace) as sdk:
            (message,) = sdk.run("getOrLoad", {"identifier": key})
            assert (message["type"], message["info"]["identifier"]) == ("alreadyLoaded", key)
            assert sdk.call("unloadModel", {"identifier": key}) is None


@pytest.mark.slow
def test_a_model_is_loaded_with_progress_and_unloaded(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    write_tiny_gguf(tmp_path / "models" / "Tiny-A.gguf", seed=1)
    write_tiny_gguf(tmp_path / "models" / "Tiny-B.gguf", seed=2)
    settings = load_settings(home=tmp_path, threads=1, parser_workers=1)
    services = Services(settings, embedder=LoadedEmbedder())
    with TestClient(create_app(services, settings.api), base_url=BASE_URL) as client, connect(client, "llm") as sdk:
        first = sdk.run("getOrLoad", {"identifier": "tiny-b"})
        assert [first[0]["type"], first[-1]["type"]] == ["startLoading", "loadSuccess"]
        assert first[-2] == {"type": "loadProgress", "progress": 1.0}
        info = first[-1]["info"]
        assert (info["path"], info["architecture"], info["format"]) == ("Tiny-B.gguf", "llama", "gguf")
        assert sdk.run("getOrLoad", {"identifier": "tiny-b"})[0]["type"] == "alreadyLoaded"
        assert "tiny-b" in [each["identifier"] for each in sdk.call("listLoaded")]
        sdk.call("unloadModel", {"identifier": "tiny-b"})
        assert "tiny-b" not in [each["identifier"] for each in sdk.call("listLoaded")]
        again = sdk.run("loadModel", {"modelKey": "tiny-b"})
        assert [again[0]["type"], again[-1]["type"]] == ["resolved", "success"]


def test_a_text_has_the_vector_and_the_tokens_of_the_embedder(world: World, client: TestClient) -> None:
    specifier = {"type": "query", "query": {}}
    with connect(client, "embedding") as sdk:
        vector = sdk.call("embedString", {"modelSpecifier": specifier, "inputString": "pump"})["embedding"]
        assert vector == pytest.approx(LoadedEmbedder().embed(["pump"])[0].tolist())
        text = {"specifier": specifier, "inputString": "The pump is oiled."}
        assert sdk.call("countTokens", text) == {"tokenCount": 6}
        assert len(sdk.call("tokenize", text)["tokens"]) == 6


def test_models_on_disk_can_be_searched_and_others_cannot_be_had(client: TestClient) -> None:
    with connect(client, "repository") as sdk:
        found = sdk.call("searchModels", {"opts": {"searchTerm": "SCRIPT", "limit": 3}})["results"]
        identifier = found[0]["identifier"]
        assert [each["name"] for each in found] == ["scripted"]
        option = sdk.call("getModelDownloadOptions", {"modelSearchResultIdentifier": identifier})["results"][0]
        assert sdk.run("downloadModel", option)[-1] == {"type": "success", "defaultIdentifier": "scripted"}
        (failed,) = sdk.run("downloadModel", {"downloadIdentifier": "maker/other"})
        assert "fetches no models" in failed["error"]["title"]


def test_a_home_without_models_lists_its_collections_alone(tmp_path: Path) -> None:
    with make_world(tmp_path / "home") as world:
        world.models.list_models = lambda: []  # type: ignore[method-assign]
        world.add("pump.txt", "The pump is oiled.")
        with world.client() as client, connect(client, "llm") as sdk:
            assert [each["identifier"] for each in sdk.call("listLoaded")] == ["docs/docs"]
