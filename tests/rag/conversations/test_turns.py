"""What is stored of an answer comes back as it was, and holds a document's words only where they can be taken out."""

import dataclasses
import typing
from dataclasses import replace
from typing import Any

import pytest

from ingest.library.library import Library
from ingest.types import Comparison, Compound
from rag.conversations.provenance import Provenance
from rag.conversations.store import Conversations
from rag.conversations.turns import REMARKS, AnswerRecord, basis_from, encode_answer
from rag.engines.types import Sampling
from rag.types import Answer, AnswerStarted, Passage, Question
from tests.rag.conversation_world import PUMP, REASON, ConversationWorld, make_conversation_world

WORDLESS = {
    "text",  # the model's own words; where it only quotes, they are taken out of the text itself
    "mode",
    "reason",
    "model",
    "finish_reason",
    "style",
    "verdict",
    "answer_verdict",
    "origin",
    "basis",
    "filename",
    "collection_id",
    "file_id",
    "source",
    "place",
    "quote",
}
"""Fields of an answer without words of documents, and those that are stored as a quote."""
NOT_STORED = {"heading_path", "context", "kind", "id", "name", "arguments"}
"""Fields of passages, of which only the places are stored, and of tool calls, which no stored answer has."""


@pytest.fixture
def world(library: Library) -> ConversationWorld:
    return make_conversation_world(library)


def texts_of(kind: Any) -> set[str]:
    """Return the names of all fields below a type that hold texts."""
    if not dataclasses.is_dataclass(kind):
        return set().union(*(texts_of(part) for part in typing.get_args(kind)), set())
    texts: set[str] = set()
    for name, hint in typing.get_type_hints(kind).items():
        parts = {hint, *typing.get_args(hint)}
        holds_text = str in parts or any(isinstance(value, str) for part in parts for value in typing.get_args(part))
        texts |= ({name} if holds_text or any(isinstance(part, str) for part in parts) else set()) | texts_of(hint)
    return texts


def test_every_text_of_an_answer_is_known_to_hold_words_of_documents_or_none() -> None:
    assert texts_of(Answer) <= WORDLESS | REMARKS | NOT_STORED
    assert texts_of(AnswerStarted) <= WORDLESS | REMARKS | NOT_STORED


def test_every_field_of_a_question_is_stored_or_left_out_on_purpose(world: ConversationWorld) -> None:
    filters = Compound("and", (Comparison("eq", "year", 2026), Comparison("in", "ward", ("a", "b"))))
    sampling = Sampling(0.5, seed=3, stop=("END",), logit_bias=((7, -100.0),), max_tokens=9)
    question = Question((), ("vs_1",), sampling, "retrieval", "big", filters, "", "quoted")
    # Who asks is nobody's business later, the words of the question give the scope, no stored answer calls a tool.
    left_out = {"client", "scope", "tools"}
    assert all(
        getattr(question, field.name) != field.default
        for field in dataclasses.fields(Question)
        if field.name not in left_out
    )
    record = AnswerRecord(question, None, None, Provenance(), "it fell over")
    id_ = world.library.create_conversation().id
    world.library.append_turns(id_, None, [encode_answer("half", "failed", record)])
    (turn,) = world.store.path(id_)
    assert (turn.text, turn.status, turn.record) == ("half", "failed", record)


def stored(world: ConversationWorld, answer: Answer) -> tuple[Conversations, str]:
    known = world.store.provenance.collect(world.question())
    record = AnswerRecord(replace(world.question(), client=""), basis_from(world.started()), answer, known)
    id_ = world.library.create_conversation().id
    world.library.append_turns(id_, None, [encode_answer(answer.text, "complete", record)])
    return world.store, id_


def test_an_answer_comes_back_as_it_was(world: ConversationWorld) -> None:
    store, id_ = stored(world, world.answer())
    (turn,) = store.path(id_)
    assert turn.record is not None
    assert turn.record.answer == world.answer()
    assert turn.record.basis == basis_from(world.started())
    assert turn.record.provenance == store.provenance.collect(world.question())
    assert turn.state_of(world.quote()) == "unchanged"


def test_nothing_but_quotes_and_remarks_has_words_of_the_document(world: ConversationWorld) -> None:
    _, id_ = stored(world, world.answer("It is."))
    (turn,) = world.library.conversation_path(id_)
    assert (turn.remarks, {quote.quote for quote in turn.quotes}) == ((REASON, REASON), {PUMP})
    assert not {word for word in ("pump", "oiled", "cellar", "months") if word in turn.details.replace("pump.txt", "")}


def test_an_answer_without_the_words_of_its_document_can_still_be_read(world: ConversationWorld) -> None:
    store, id_ = stored(world, world.answer())
    world.library.delete_file(world.document.file_id)
    (turn,) = store.path(id_)
    assert turn.record is not None
    assert turn.record.answer is not None
    (citation,) = turn.record.answer.citations
    assert (citation.quote.quote, citation.quote.filename, citation.reasons) == ("", "pump.txt", ())
    assert (citation.verdict, turn.record.answer.sentences[0].reasons) == ("partly", ())
    assert turn.state_of(citation.quote) == "removed"


def test_the_passages_of_an_overview_are_stored_by_their_places_alone(world: ConversationWorld) -> None:
    chunks = world.library.document_chunks(world.document.collection_id, world.document.file_id)
    answer = replace(world.answer("Yes."), passages=tuple(Passage(1, chunk) for chunk in chunks))
    turn = encode_answer("Yes.", "complete", AnswerRecord(world.question(), None, answer, Provenance()))
    assert PUMP not in turn.details
