"""Files over LM Studio's websockets: uploads, their text, and the passages that fit a query."""

import base64
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.lmstudio.sdk_socket import SdkSocket, connect, prediction
from tests.api.world import World
from tests.fakes import ScriptedEngine

PUMP = "The pump in hall seven is oiled every 19 weeks."
LUNCH = "Lunch is served at noon in the canteen."

pytestmark = pytest.mark.slow


def upload(sdk: SdkSocket, name: str, text: str) -> Any:
    return sdk.call("uploadFileBase64", {"name": name, "contentBase64": base64.b64encode(text.encode()).decode()})


def test_a_file_is_uploaded_and_its_text_read(client: TestClient) -> None:
    with connect(client, "files") as sdk:
        file = upload(sdk, "C:\\notes\\pump.txt", PUMP)
        assert (file["fileType"], file["sizeBytes"]) == ("text/plain", len(PUMP))
        messages = sdk.run("parseDocument", {"fileIdentifier": file["identifier"], "parseOpts": {}})
        assert messages[0]["parser"]["library"] == "pincite"
        assert messages[-2] == {"type": "progress", "progress": 1.0}
        assert messages[-1]["content"] == PUMP
        assert sdk.call("getDocumentParsingLibrary", {"fileIdentifier": file["identifier"]})["library"] == "pincite"


def test_passages_come_with_their_place_from_the_named_files_alone(client: TestClient) -> None:
    with connect(client, "files") as sdk:
        ids = [upload(sdk, name, text)["identifier"] for name, text in (("lunch.txt", LUNCH), ("pump.txt", PUMP))]
        fields = [{"key": "retrieval.limit", "value": 1}]
        asked = {"query": "How often is the pump oiled?", "fileIdentifiers": ids, "config": {"fields": fields}}
        messages = sdk.run("retrieve", asked)
        kinds = [message["type"] for message in messages]
        assert kinds[:3] == ["onFileProcessList", "onFileProcessingStart", "onFileProcessingStepStart"]
        assert kinds[-3:] == ["onSearchingStart", "onSearchingEnd", "result"]
        (entry,) = messages[-1]["result"]["entries"]
        assert entry["content"] == f"[pump.txt, line 1]\n{PUMP}"
        assert entry["sourceIndex"] == 1
        only = sdk.run("retrieve", {**asked, "fileIdentifiers": ids[:1]})[-1]["result"]["entries"]
        assert [each["content"].splitlines()[-1] for each in only] == [LUNCH]


def test_a_chat_about_a_file_is_answered_from_it(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["It is oiled every 19 weeks. [1]"])
    with connect(client, "files") as sdk:
        file = upload(sdk, "pump.txt", PUMP)
    asked = prediction("How often is the pump in hall seven oiled?")
    part = {"type": "file", "name": "pump.txt", **file}
    asked["history"]["messages"][0]["content"].append(part)
    with connect(client, "llm") as sdk:
        messages = sdk.run("predict", asked)
        assert [citation["file_id"] for citation in messages[-1]["pincite"]["citations"]] == [file["identifier"]]
        documents = {"type": "query", "query": {"identifier": "docs/docs"}}
        (refused,) = sdk.run("predict", {**asked, "modelSpecifier": documents})
        assert "name a plain model" in refused["error"]["title"]


@pytest.mark.parametrize(
    ("endpoint", "parameter", "words"),
    [
        ("uploadFileBase64", {"name": "a.txt", "contentBase64": "*"}, "no base64"),
        ("uploadFileBase64", {"name": "..", "contentBase64": ""}, "no name"),
        ("getLocalFileAbsolutePath", {"fileName": "a.txt"}, "upload the file"),
        ("getDocumentParsingLibrary", {"fileIdentifier": "file-0"}, "there is no file"),
    ],
)
def test_what_cannot_be_is_refused_in_words(client: TestClient, endpoint: str, parameter: Any, words: str) -> None:
    with connect(client, "files") as sdk:
        assert words in sdk.fail(endpoint, parameter)["title"]


def test_a_file_that_cannot_be_read_says_why(client: TestClient) -> None:
    with connect(client, "files") as sdk:
        file = upload(sdk, "broken.pdf", "no PDF at all")
        *_, failed = sdk.run("parseDocument", {"fileIdentifier": file["identifier"], "parseOpts": {}})
        assert failed["type"] == "channelError"
        assert "failed" in failed["error"]["title"]
