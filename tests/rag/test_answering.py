"""Answers from question to pins, with a scripted engine and a real library."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from ingest.errors import CollectionNotFoundError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import Collection, CollectionChanges, Progress
from rag.answering import Answerer
from rag.answers.route import NO_DOCUMENTS
from rag.context.answer_policy import AnswerPolicy
from rag.context.planner import NOT_IN_DOCUMENTS
from rag.context.prompt import RULES
from rag.engines.types import Message, Sampling
from rag.errors import EngineCrashedError, PromptTooLongError, QuestionError
from rag.grounding.evidence import EvidenceFinder
from rag.retrieval.hybrid import Retriever
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerStarted, AnswerStyle, Citation, Question, Supersession
from tests.fakes import HashEmbedder, ScriptedEngine, chunked, passport
from tests.ingest.library_world import claimed, complete

EMBEDDER = HashEmbedder()
PUMP = "The pump is oiled every 3 months. It stands in the cellar. Nobody may open it."
LUNCH = "Lunch is served at noon. The canteen closes at two."
DRILL = "The fire drill takes place in March. Everybody leaves by the stairs."


@dataclass
class World:
    """A library with one collection, and an answerer over it."""

    library: Library
    collection: Collection
    engine: ScriptedEngine
    style: AnswerStyle = "written"

    @property
    def answerer(self) -> Answerer:
        """One that knows no conversation yet."""
        return self._build_answerer()

    @cached_property
    def answerer_of_chat(self) -> Answerer:
        """One that remembers what it has shown."""
        return self._build_answerer()

    def _build_answerer(self) -> Answerer:
        index = SearchIndex(self.library)
        return Answerer(
            self.library,
            Retriever(self.library, index, EMBEDDER, fusion_weight=0.5),
            EvidenceFinder(self.library, EMBEDDER),
            lambda _: self.engine,
            AnswerPolicy(top_k=4, min_score=0.2, max_answer_tokens=64, style=self.style),
        )

    def add(self, source: str, *pages: str) -> None:
        content = chunked(*pages)
        file = self.library.add_file(source=source, filename=source, content=io.BytesIO("".join(pages).encode()))
        vectors = EMBEDDER.embed([chunk.text for chunk in content.chunks])
        complete(self.library, self.library.enqueue(self.collection.id, file.id), content, vectors)

    def events(self, *texts: str, mode: str = "auto", sampling: Sampling | None = None) -> list[AnswerEvent]:
        return list(self.answerer.answer(self.question(*texts, mode=mode, sampling=sampling)))

    def question(self, *texts: str, mode: str = "auto", sampling: Sampling | None = None) -> Question:
        roles = ("user", "assistant")
        messages = tuple(Message(roles[turn % 2], text) for turn, text in enumerate(texts))  # type: ignore[arg-type]
        return Question(messages, (self.collection.id,), sampling or Sampling(), mode)  # type: ignore[arg-type]

    def answer(self, *texts: str, mode: str = "auto") -> Answer:
        last = self.events(*texts, mode=mode)[-1]
        assert isinstance(last, Answer)
        return last


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    library = Library(tmp_path / "home")
    new = World(library, library.create_collection("c", passport()), ScriptedEngine())
    new.add("pump.txt", PUMP)
    new.add("house.txt", LUNCH, DRILL)
    yield new
    library.close()


def assert_pins_are_exact(world: World, citations: tuple[Citation, ...]) -> None:
    for citation in citations:
        quote = citation.quote
        text = world.library.document_text(world.collection.id, quote.file_id)
        assert text[quote.start : quote.end] == quote.quote


def test_an_answer_starts_with_its_basis_streams_and_ends_with_its_pins(world: World) -> None:
    world.engine = ScriptedEngine(["It is oiled ", "every 3 months [", "1]", "."])
    started, *deltas, answer = world.events("How often is the pump oiled?")
    assert isinstance(started, AnswerStarted)
    assert isinstance(answer, Answer)
    assert started.evidence[0].quote == "The pump is oiled every 3 months."
    assert "".join(delta.text for delta in deltas if isinstance(delta, AnswerDelta)) == answer.text
    assert answer.text == "It is oiled every 3 months [1]."
    assert (answer.finish_reason, answer.usage.completion_tokens, answer.model) == ("stop", 4, "scripted")
    assert 0 < answer.timings.retrieval_seconds <= answer.timings.first_token_seconds <= answer.timings.total_seconds


def test_documents_that_fit_are_shown_whole_in_reading_order(world: World) -> None:
    answer = world.answer("How often is the pump oiled?")
    assert answer.mode == "whole"
    assert answer.reason.startswith("all 2 documents, whole: ")
    prompt = world.engine.requests[0][0][0].content
    assert [prompt.index(text) for text in (LUNCH, DRILL, PUMP)] == sorted(
        prompt.index(text) for text in (LUNCH, DRILL, PUMP)
    )


def test_the_prefix_is_what_the_prompt_of_a_question_about_whole_documents_begins_with(world: World) -> None:
    prefix = world.answerer.build_prefix(world.collection.id)
    assert prefix is not None
    world.answer("How often is the pump oiled?")
    prompt, _ = world.engine.requests[0]
    assert prompt[: len(prefix.messages)] == prefix.messages
    documents = world.library.documents(world.collection.id)
    assert set(prefix.documents) == {f"{world.collection.id}/{document.file_id}" for document in documents}


def test_there_is_no_prefix_if_the_documents_do_not_fit(world: World) -> None:
    world.engine = ScriptedEngine(context_window=130)
    assert world.answerer.build_prefix(world.collection.id) is None


def test_documents_that_do_not_fit_are_searched(world: World) -> None:
    world.engine = ScriptedEngine(context_window=130)
    answer = world.answer("How often is the pump oiled?")
    assert answer.mode == "retrieval"
    assert PUMP in world.engine.requests[0][0][-1].content


def test_retrieval_can_be_forced(world: World) -> None:
    assert world.answer("How often is the pump oiled?", mode="retrieval").mode == "retrieval"


def test_a_marker_is_narrowed_to_the_sentence_that_supports_it(world: World) -> None:
    world.engine = ScriptedEngine(["The pump stands in the cellar [1]."])
    (citation,) = world.answer("Where does the pump stand?", mode="retrieval").citations
    assert (citation.origin, citation.number, citation.verdict) == ("marker", 1, "supported")
    assert citation.quote.quote == "It stands in the cellar."
    assert_pins_are_exact(world, (citation,))


def test_a_sentence_without_a_marker_is_pinned_to_the_nearest_sentence(world: World) -> None:
    world.engine = ScriptedEngine(["The pump is oiled every 3 months."])
    (citation,) = world.answer("How often is the pump oiled?").citations
    assert (citation.origin, citation.quote.quote) == ("alignment", "The pump is oiled every 3 months.")
    assert_pins_are_exact(world, (citation,))


def test_a_passage_that_supports_the_sentence_outranks_a_wrong_marker(world: World) -> None:
    world.engine = ScriptedEngine(["The fire drill takes place in March [1]."])
    answer = world.answer("How often is the pump oiled?")
    wrong, right = answer.citations
    assert (wrong.origin, wrong.verdict) == ("marker", "unsupported")
    assert (right.origin, right.verdict, right.quote.page) == ("alignment", "supported", 2)
    assert answer.sentences[0].verdict == "supported"


def test_a_sentence_that_no_document_supports_is_marked_unsupported(world: World) -> None:
    world.engine = ScriptedEngine(["Zeppelins float above quartz mountains."])
    answer = world.answer("How often is the pump oiled?")
    assert answer.citations == ()
    assert [(s.verdict, s.reasons) for s in answer.sentences] == [
        ("unsupported", ("no passage says anything like it",))
    ]


def test_numbers_of_passages_that_do_not_exist_never_reach_the_reader(world: World) -> None:
    world.engine = ScriptedEngine(["Oiled every 3 months [", "77", "]."])
    answer = world.answer("How often is the pump oiled?")
    assert "77" not in answer.text
    assert {citation.number for citation in answer.citations} <= {1, 2, 3}


def test_without_a_relevant_passage_pincite_says_so_and_asks_no_model(world: World) -> None:
    world.engine = ScriptedEngine(context_window=100)
    answer = world.answer("Zeppelin quartz mountains?")
    assert (answer.mode, answer.text, answer.citations) == ("none", NOT_IN_DOCUMENTS, ())
    assert world.engine.requests == []


def test_an_answer_from_an_empty_collection_says_that_it_is_empty(world: World) -> None:
    world.collection = world.library.create_collection("empty", passport())
    assert world.answer("Anything?").text == NO_DOCUMENTS


def test_old_turns_give_way_to_passages_and_the_reason_says_so(world: World) -> None:
    world.engine = ScriptedEngine(context_window=400)
    long = "word " * 100
    answer = world.answer(long, long, "short", "short", "How often is the pump oiled?")
    assert answer.reason.endswith("; 2 earlier messages left out")
    assert [message.content for message in world.engine.requests[0][0]][1:] == [
        "short",
        "short",
        "How often is the pump oiled?",
    ]


def test_a_truncated_history_begins_with_the_user_and_keeps_the_system_message(world: World) -> None:
    world.engine = ScriptedEngine(context_window=400)
    long = "word " * 100
    messages = (
        Message("system", "Be brief."),
        Message("user", long),
        Message("assistant", long),
        Message("user", "And?"),
        Message("assistant", "Yes."),
        Message("user", "How often is the pump oiled?"),
    )
    list(world.answerer.answer(Question(messages, (world.collection.id,))))
    sent = world.engine.requests[0][0][1:]
    assert [(m.role, m.content) for m in sent[:2]] == [("system", "Be brief."), ("user", "And?")]


def test_whole_documents_fit_a_long_chat_as_well_as_a_new_one(world: World) -> None:
    world.engine = ScriptedEngine(context_window=1200)
    talk = "word " * 100
    assert world.answer(talk, talk, "How often is the pump oiled?").mode == "whole"


def test_a_document_that_is_only_half_read_is_not_shown_as_a_whole_one(world: World) -> None:
    file = world.library.add_file(source="new.txt", filename="new.txt", content=io.BytesIO(b"new"))
    document = claimed(world.library, world.library.enqueue(world.collection.id, file.id))
    text = "The pump is oiled again in May."
    world.library.append(document, chunked(text), EMBEDDER.embed([text]), Progress("reading", 1, 9))
    answer = world.answer("How often is the pump oiled?")
    assert answer.mode == "retrieval"


def test_documents_that_are_wanted_whole_but_do_not_fit_say_so(world: World) -> None:
    world.engine = ScriptedEngine(context_window=130)
    answer = world.answer("How often is the pump oiled?", mode="whole")
    assert answer.reason.startswith("the documents do not fit the model's window whole; retrieval: ")


def test_a_request_for_one_token_is_answered(world: World) -> None:
    for window in range(120, 200):
        world.engine = ScriptedEngine(context_window=window)
        assert world.events("How often is the pump oiled?", sampling=Sampling(max_tokens=1))


def test_a_question_far_too_long_is_refused_before_any_search(world: World) -> None:
    EMBEDDER.calls.clear()
    with pytest.raises(PromptTooLongError):
        world.events("word " * 10_000)
    assert EMBEDDER.calls == []


def test_a_document_deleted_during_the_answer_is_still_quoted(world: World) -> None:
    world.engine = ScriptedEngine(["The pump is oiled ", "every 3 months."])
    events = world.answerer.answer(world.question("How often is the pump oiled?"))
    next(events)
    for document in world.library.documents():
        world.library.delete_file(document.file_id)
    *_, answer = events
    assert isinstance(answer, Answer)
    assert answer.citations[0].quote.quote == "The pump is oiled every 3 months."


def test_a_question_longer_than_the_window_is_refused_before_the_first_event(world: World) -> None:
    world.engine = ScriptedEngine(context_window=200)
    events = world.answerer.answer(world.question("How often is the pump oiled? " * 100))
    with pytest.raises(PromptTooLongError):
        next(events)


@pytest.mark.parametrize("messages", [(), ("Hello.", "Hello."), ("   ",)])
def test_a_chat_without_a_question_is_refused(world: World, messages: tuple[str, ...]) -> None:
    with pytest.raises(QuestionError, match="last message"):
        world.events(*messages)


def test_an_unknown_collection_is_refused(world: World) -> None:
    question = Question((Message("user", "Why is it so?"),), ("vs_unknown",))
    with pytest.raises(CollectionNotFoundError):
        next(world.answerer.answer(question))


def test_closing_the_answer_stops_the_model(world: World) -> None:
    world.engine = ScriptedEngine(["word "] * 50)
    events = world.answerer.answer(world.question("How often is the pump oiled?"))
    next(events)
    next(events)
    events.close()
    assert world.engine.closed_early == 1


def test_a_crash_in_the_middle_reaches_the_caller(world: World) -> None:
    world.engine = ScriptedEngine(["It is ", EngineCrashedError(model="m", how="signal SIGSEGV")])
    with pytest.raises(EngineCrashedError):
        world.events("How often is the pump oiled?")


def test_the_answer_is_no_longer_than_what_the_request_or_the_policy_says(world: World) -> None:
    world.engine = ScriptedEngine(["word "] * 200)
    world.events("How often is the pump oiled?")
    world.events("How often is the pump oiled?", sampling=Sampling(max_tokens=5))
    assert [sampling.max_tokens for _, sampling in world.engine.requests] == [64, 5]


def test_the_model_can_cite_only_what_it_was_shown(world: World) -> None:
    world.answer("How often is the pump oiled?")
    started, *_ = world.events("How often is the pump oiled?")
    assert isinstance(started, AnswerStarted)
    assert [sampling.cite_up_to for _, sampling in world.engine.requests] == [len(started.passages)] * 2


def test_an_answer_in_json_keeps_its_brackets_and_its_repetitions(world: World) -> None:
    statement = "The pump is oiled every 3 months.\\n"
    pieces = ['{"numbers": [99], "rule": "', statement, statement, statement, statement, '"}']
    world.engine = ScriptedEngine(pieces)
    *_, answer = world.events("How often is the pump oiled?", sampling=Sampling(json_schema="{}"))
    assert isinstance(answer, Answer)
    assert answer.text == "".join(pieces)
    assert {citation.quote.quote for citation in answer.citations} == {"The pump is oiled every 3 months."}
    assert all(answer.text[sentence.start : sentence.end].startswith("The pump") for sentence in answer.sentences)
    assert world.engine.requests[0][1].cite_up_to is None


def test_a_model_that_repeats_itself_is_stopped(world: World) -> None:
    world.engine = ScriptedEngine(["The pump is oiled every 3 months. "] * 50)
    answer = world.answer("How often is the pump oiled?")
    assert (answer.text.count("oiled"), answer.finish_reason, answer.usage.completion_tokens) == (3, "stop", 3)
    assert world.engine.closed_early == 1


def test_a_chunk_is_embedded_once_for_all_questions_about_it(world: World) -> None:
    answerer = world.answerer
    list(answerer.answer(world.question("How often is the pump oiled?")))
    EMBEDDER.calls.clear()
    list(answerer.answer(world.question("How often is the pump oiled?")))
    assert not any("The pump is oiled every 3 months." in call for call in EMBEDDER.calls)


def test_a_collection_has_rules_of_its_own_for_its_answers(world: World) -> None:
    world.library.update_collection(world.collection.id, CollectionChanges(rules="Answer in verse."))
    world.answer("How often is the pump oiled?")
    assert world.engine.requests[0][0][0].content.startswith("Answer in verse.\n\n[1] ")
    prefix = world.answerer.build_prefix(world.collection.id)
    assert prefix is not None
    assert prefix.messages[0] == world.engine.requests[0][0][0]
    world.library.update_collection(world.collection.id, CollectionChanges(rules=""))
    world.answer("How often is the pump oiled?")
    assert world.engine.requests[1][0][0].content.startswith(RULES)


SCOPED = {
    "handbook.txt": "The rent is not in here. Battery packs are charged in the shed.",
    "lease-agreement.txt": "The rent is 900 euros a month. The notice period is three months.",
    "minutes.txt": "The committee spoke about the rent of the hall. The notice period was criticised.",
}


@pytest.fixture
def scoped(tmp_path: Path) -> Iterator[World]:
    """A library whose documents share their words, so that only their names tell where to look."""
    library = Library(tmp_path / "scoped")
    new = World(library, library.create_collection("c", passport()), ScriptedEngine(), style="quoted")
    for name, text in SCOPED.items():
        new.add(name, text)
    yield new
    library.close()


@pytest.mark.parametrize(
    ("question", "filename"),
    [
        ("What is the rent in minutes.txt?", "minutes.txt"),
        ("What is the notice period according to the lease agreement?", "lease-agreement.txt"),
        ("What does the lease agreement say about the rent?", "lease-agreement.txt"),
        ("The rent is, laut lease-agreement.txt, what?", "lease-agreement.txt"),
        ("Summarise the handbook", "handbook.txt"),
        ("Fasse minutes.txt zusammen", "minutes.txt"),
        ("What is in the minutes?", "minutes.txt"),
        ("Résume lease-agreement.txt", "lease-agreement.txt"),
    ],
)
def test_an_answer_is_from_the_document_that_the_question_names(scoped: World, question: str, filename: str) -> None:
    answer = scoped.answer(question)
    assert {citation.quote.filename for citation in answer.citations} == {filename}
    assert answer.reason.endswith(f"in {filename}, which the question names")
    assert_pins_are_exact(scoped, answer.citations)


def test_a_model_reads_the_named_document_alone_and_the_question_as_it_was_asked(scoped: World) -> None:
    scoped.style = "written"
    scoped.answer("What is the rent in minutes.txt?")
    system, *_, asked = scoped.engine.requests[0][0]
    assert SCOPED["minutes.txt"] in system.content
    assert SCOPED["handbook.txt"] not in system.content
    assert "What is the rent in minutes.txt?" in asked.content


def test_the_one_document_of_a_kind_does_not_hide_an_answer_in_another(scoped: World) -> None:
    scoped.add("tariff.txt", "Zeppelin fares are 12 crowns.")
    answer = scoped.answer("Zeppelin fares in the handbook?", mode="retrieval")
    assert {citation.quote.filename for citation in answer.citations} == {"tariff.txt"}
    assert "which the question names" not in answer.reason


def test_a_document_that_is_named_by_its_file_name_answers_alone_or_not_at_all(scoped: World) -> None:
    scoped.add("tariff.txt", "Zeppelin fares are 12 crowns.")
    answer = scoped.answer("Zeppelin fares in handbook.txt?", mode="retrieval")
    assert (answer.mode, answer.citations) == ("none", ())


def test_a_scope_leaves_the_passages_of_the_chat_their_numbers(scoped: World) -> None:
    answerer = scoped.answerer_of_chat
    first = list(answerer.answer(scoped.question("What is the rent in minutes.txt?")))[-1]
    assert isinstance(first, Answer)
    later = scoped.question("What is the rent in minutes.txt?", first.text, "And the notice period in minutes.txt?")
    second = list(answerer.answer(later))[-1]
    assert isinstance(second, Answer)
    assert {citation.number for citation in second.citations} <= {1}


def test_a_quoted_answer_has_what_holds_first_and_marks_what_it_supersedes(world: World) -> None:
    world.style = "quoted"
    world.add("policy v1.txt", "The visitor badge is valid for 14 days in the plant.")
    world.add("policy v2.txt", "The visitor badge is valid for 21 days in the plant.")
    answer = world.answer("How long is the visitor badge valid?")
    old, new = (f"The visitor badge is valid for {days} days in the plant." for days in (14, 21))
    assert answer.text.index(new) < answer.text.index(f"[superseded: {old}]")
    first, second = answer.citations[:2]
    assert first.superseded_by is None
    assert second.superseded_by == Supersession(replace(first.quote, score=0.0), "version")
    assert answer.text[second.answer_start : second.answer_end] == f"[superseded: {old}]"
    assert answer.evidence[0].quote == new
    (conflict,) = answer.disagreements
    assert [(value.value, value.is_superseded) for value in conflict.values] == [("21 days", False), ("14 days", True)]
    assert_pins_are_exact(world, answer.citations)


def test_a_written_answer_from_a_superseded_quote_is_partly_supported(world: World) -> None:
    world.add("policy v1.txt", "The visitor badge is valid for 14 days in the plant.")
    world.add("policy v2.txt", "The visitor badge is valid for 21 days in the plant.")
    world.engine = ScriptedEngine(["The visitor badge is valid for 14 days in the plant."])
    answer = world.answer("How long is the visitor badge valid?")
    assert [sentence.verdict for sentence in answer.sentences] == ["partly"]
    assert answer.sentences[0].reasons == ("a later version of the document says otherwise",)


def test_an_answer_is_from_the_sheet_or_heading_that_the_question_names(scoped: World) -> None:
    texts = ("The total is 40 crowns.", "The total is 55 crowns.")
    content = chunked(*texts)
    headed = zip(content.chunks, ("Budget", "Actual costs"), strict=True)
    content = replace(content, chunks=tuple(replace(chunk, heading_path=(title,)) for chunk, title in headed))
    file = scoped.library.add_file(source="costs.xlsx", filename="costs.xlsx", content=io.BytesIO(b"costs"))
    vectors = EMBEDDER.embed([chunk.text for chunk in content.chunks])
    complete(scoped.library, scoped.library.enqueue(scoped.collection.id, file.id), content, vectors)
    for question, text in (
        ("What is the total in sheet Budget?", texts[0]),
        ("The total under Actual costs?", texts[1]),
    ):
        assert {citation.quote.quote for citation in scoped.answer(question).citations} == {text}
