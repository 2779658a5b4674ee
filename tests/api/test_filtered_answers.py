"""Filters on questions, over HTTP and on the command line, and attributes that files are taken in with."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.commands.ingest import parse_attributes
from api.commands.output import CommandError
from ingest.jobs.intake import Intake
from rag.answers.route import NO_DOCUMENTS, NO_MATCH
from rag.context.planner import NOT_IN_DOCUMENTS
from tests.api.shell import Shell
from tests.api.world import DRILL, LUNCH, PUMP, World
from tests.fakes import ScriptedEngine, chunked
from tests.ingest.library_world import add

ONLY_PUMP = {"type": "eq", "key": "filename", "value": "pump.txt"}
NO_FILE = {"type": "eq", "key": "filename", "value": "none.txt"}


def ask(client: TestClient, text: str, *, model: str = "docs/docs", **options: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return client.post("/v1/chat/completions", json={"model": model, "messages": messages, "pincite": options}).json()


@pytest.mark.parametrize("mode", ["auto", "whole", "retrieval"])
def test_the_model_is_shown_only_what_the_filter_lets_through(world: World, client: TestClient, mode: str) -> None:
    world.models.scripted = engine = ScriptedEngine(["Yes."])
    body = ask(client, "When is the pump oiled, and when is the fire drill?", mode=mode, filters=ONLY_PUMP)
    assert {passage["filename"] for passage in body["pincite"]["passages"]} == {"pump.txt"}
    prompt = "".join(message.content for message in engine.requests[-1][0])
    assert PUMP in prompt
    assert DRILL not in prompt
    assert LUNCH not in prompt


def test_a_filter_that_makes_documents_fit_has_them_shown_whole(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["Yes."])
    for number in range(60):
        world.add(
            f"{number}.txt", *(f"The fire drill number {number} takes place on day {page}." for page in range(20))
        )
    assert ask(client, PUMP)["pincite"]["mode"] == "retrieval"
    assert ask(client, PUMP, filters=ONLY_PUMP)["pincite"]["mode"] == "whole"


def test_why_there_is_no_answer_is_said(world: World, client: TestClient) -> None:
    world.services.ingestor.collection_for("empty")
    assert ask(client, "pump", filters=NO_FILE)["pincite"]["reason"] == NO_MATCH
    abstained = ask(client, "zeppelin", mode="retrieval", filters=ONLY_PUMP)
    assert abstained["choices"][0]["message"]["content"] == NOT_IN_DOCUMENTS
    assert abstained["pincite"]["reason"].endswith("; no passage has “zeppelin”")
    assert ask(client, "pump", model="docs/empty", filters=NO_FILE)["pincite"]["reason"] == NO_DOCUMENTS


def test_a_filter_that_would_be_lost_is_refused(client: TestClient) -> None:
    refused = ask(client, "pump", model="scripted", filters=ONLY_PUMP)["error"]
    assert (refused["code"], refused["param"]) == ("invalid_value", "pincite.filters")
    assert ask(client, "pump", filters={"type": "eq"})["error"]["param"] == "pincite.filters"


def test_the_command_line_filters_a_question(shell: Shell) -> None:
    answer = shell.json("ask", "pump oiled, fire drill", "-c", "docs", "--filter", "source~pump*")
    assert {quote["filename"] for quote in answer["evidence"]} == {"pump.txt"}
    code, out, err = shell.run("ask", "pump", "-c", "docs", "--filter", "pump")
    assert (code, out) == (2, "")
    assert "--filter: 'pump' is not a filter" in err


def test_files_are_taken_in_with_attributes_and_keep_them(world: World, tmp_path: Path) -> None:
    library, collection = world.services.library, world.services.library.collection("docs")
    path = tmp_path / "valve.txt"
    path.write_text("The valve.")

    def take(**attributes: str) -> dict[str, Any]:
        taken = Intake(library, collection, attributes=attributes or None).ingest(path)
        return taken.document.attributes

    assert take(team="blue") == {"team": "blue"}
    assert take() == {"team": "blue"}
    add(library, collection.id, path.as_posix(), chunked(path.read_text()))
    assert Intake(library, collection).ingest(path).is_unchanged
    assert take(team="red") == {"team": "red"}
    path.write_text("The other valve.")
    assert take() == {"team": "red"}


@pytest.mark.slow
def test_the_command_line_gives_attributes(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "valve.txt").write_text("The valve is red.")
    shell.json("ingest", str(tmp_path / "in"), "-c", "docs", "--attribute", "team=blue", "--attribute", "year=2026")
    found = shell.json("search", "red", "-c", "docs", "--filter", "team=blue", "--filter", "year>2025")
    assert [row["text"] for row in found] == ["The valve is red."]
    assert shell.json("search", "red", "-c", "docs", "--filter", "team=red") == []


def test_attributes_that_cannot_be_are_misuse_of_the_command_line() -> None:
    assert parse_attributes(None) is None
    for wrong in ("team", "source=x", f"team={'x' * 513}"):
        with pytest.raises(CommandError, match="--attribute: ") as refused:
            parse_attributes([wrong])
        assert refused.value.exit_code == 2
