"""What answers were worth, with the right values worked out by hand."""

import json
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.types import Collection, StoredChunk
from rag.engines.types import Message, Usage
from rag.evaluation.answer_trials import AskingPolicy, evaluate_answers
from rag.evaluation.audit import CitationAudit
from rag.evaluation.sets import load_set
from rag.evaluation.types import AnswersReport, Estimate, EvalSet, Item
from rag.types import (
    Answer,
    AnswerDelta,
    AnswerEvent,
    AnswerStarted,
    Citation,
    Passage,
    Question,
    Quote,
    ResolvedStyle,
    SentenceVerdict,
    Timings,
)
from tests.rag.evaluation.test_search_trials import ingester
from tests.rag.evaluation_world import write_set

REFUSAL = "Nobody says anything about that."


def desk_question(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


def silent(items: Sequence[Item], doing: str) -> Iterable[Item]:
    """A `ProgressTracker` that tells nobody."""
    return items


@dataclass
class Desk:
    """Answers questions about the tiny set with what stands in it, and remembers what was asked."""

    library: Library
    collection: Collection
    asked: list[Question]
    change: Callable[[Answer], Answer] = lambda answer: answer
    style: ResolvedStyle = "written"

    def quote(self, source: str, text: str) -> Quote:
        """Return a sentence of a document as a quote."""
        [document] = [each for each in self.library.documents(self.collection.id) if each.source == source]
        whole = self.library.document_text(self.collection.id, document.file_id)
        start = whole.index(text)
        place = (start, start + len(text))
        return Quote(self.collection.id, document.file_id, source, source, 1, *place, text, 1.0)

    def answer(self, question: Question) -> Generator[AnswerEvent, None, None]:
        """Answer right, answer from the wrong document, or refuse."""
        self.asked.append(question)
        text = question.messages[-1].content
        if "pump" in text:
            said, quote = "Every 3 months [1].", self.quote("pump", "The pump is oiled every 3 months.")
        elif "lunch" in text:
            said, quote = "In March [1].", self.quote("drill", "The fire drill takes place in March.")
        else:
            yield AnswerStarted("none", REFUSAL, (), ())
            yield AnswerDelta(REFUSAL)
            yield self._finished(REFUSAL, (), ())
            return
        yield AnswerStarted("retrieval", "one passage", (Passage(1, self.chunk(quote)),), (quote,))
        yield AnswerDelta("")
        yield AnswerDelta(said)
        citation = Citation(1, quote, 0, len(said), "marker", "supported")
        verdicts = (SentenceVerdict(0, len(said), "supported"),)
        yield self.change(self._finished(said, (citation,), verdicts))

    def chunk(self, quote: Quote) -> StoredChunk:
        """Return the chunk that a quote begins in."""
        chunks = self.library.document_chunks(quote.collection_id, quote.file_id)
        return next(each for each in chunks if each.chunk.start <= quote.start < each.chunk.end)

    def _finished(self, said: str, citations: tuple[Citation, ...], verdicts: tuple[SentenceVerdict, ...]) -> Answer:
        return Answer(
            text=said,
            citations=citations,
            sentences=verdicts,
            evidence=(),
            mode="retrieval" if citations else "none",
            reason="",
            model="desk",
            finish_reason="stop",
            usage=Usage(0, 0),
            timings=Timings(0.0, 0.0, 0.0),
            style=self.style,
        )


@pytest.fixture
def evaluated(tmp_path: Path) -> EvalSet:
    return load_set(write_set(tmp_path / "tiny"), "tiny")


@pytest.fixture
def desk(library: Library, evaluated: EvalSet) -> Desk:
    return Desk(library, ingester(library).ingest(evaluated.documents, silent), [])


def report(desk: Desk, evaluated: EvalSet, max_queries: int | None = None) -> AnswersReport:
    policy = AskingPolicy(desk.collection.id, style="written", max_queries=max_queries)
    return evaluate_answers(evaluated, desk.answer, policy, library=desk.library, track=silent)


def test_answers_are_judged_by_what_is_right_cited_and_refused(desk: Desk, evaluated: EvalSet) -> None:
    answers_report = report(desk, evaluated)
    means = {name: estimate.mean for name, estimate in answers_report.estimates.items() if name != "checking_share"}
    assert means == {
        "em": 1.0,
        "f1": 1.0,
        "answer_contains": 1.0,
        "evidence_hit@1": 1.0,
        "evidence_hit@3": 1.0,
        "citation_validity": 1.0,
        "citation_precision": 0.5,
        "citation_recall": 0.5,
        "citation_span_precision": 0.5,
        "citation_span_recall": 0.5,
        "supported": 1.0,
        "partly": 0.0,
        "unsupported": 0.0,
        "false_refusal_rate": 0.0,
        "refusal_rate": 1.0,
    }
    assert (
        answers_report.model,
        answers_report.answerable,
        answers_report.unanswerable,
        answers_report.citations,
        answers_report.sentences,
    ) == ("desk", 2, 1, 2, 2)
    assert (answers_report.quoted, answers_report.foreign_chars, answers_report.invalid_citations) == (0, 0, ())


def test_what_the_set_does_not_tell_is_not_reported(desk: Desk, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "other")
    for name in ("answers.jsonl", "spans.jsonl", "labels.tsv"):
        (folder / name).unlink()
    answers_report = report(desk, load_set(folder, "other"))
    missing = {"em", "f1", "evidence_hit@1", "citation_span_recall", "refusal_rate"}
    assert missing.isdisjoint(answers_report.estimates)
    assert answers_report.unanswerable == 0


def test_a_long_right_answer_is_compared_and_not_looked_for(desk: Desk, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "other")
    row = {"id": "q1", "answers": [" ".join(["months"] * 26)]}
    (folder / "answers.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    estimates = report(desk, load_set(folder, "other")).estimates
    assert estimates["f1"].mean == pytest.approx(2 / 29)
    assert {"answer_contains", "evidence_hit@1", "evidence_hit@3"}.isdisjoint(estimates)


def test_a_refusal_in_a_quoted_style_is_no_quoted_answer(desk: Desk, evaluated: EvalSet) -> None:
    desk.style = "quoted"
    answers_report = report(desk, evaluated)
    assert (answers_report.quoted, answers_report.foreign_chars) == (2, len("Every3months.") + len("InMarch."))


def test_evidence_sentences_are_right_places_too(desk: Desk, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "other")
    (folder / "spans.jsonl").unlink()
    row = '{"id": "q1", "doc": "pump", "sentences": ["The pump is oiled every 3 months."]}\n'
    (folder / "evidence.jsonl").write_text(row, encoding="utf-8")
    assert report(desk, load_set(folder, "other")).estimates["citation_span_recall"] == Estimate(1.0, 1.0, 1.0)


def test_questions_are_asked_one_after_the_other_with_what_came_before(desk: Desk, evaluated: EvalSet) -> None:
    report(desk, evaluated)
    texts = [[message.content for message in question.messages] for question in desk.asked]
    pump, lunch, ceilings = (query.text for query in evaluated.queries)
    assert texts == [[pump], [pump], ["Is there a canteen?", lunch], [ceilings]]
    assert {(question.style, question.sampling.temperature) for question in desk.asked} == {("written", 0.0)}


def test_the_number_of_questions_can_be_bounded(desk: Desk, evaluated: EvalSet) -> None:
    answers_report = report(desk, evaluated, max_queries=1)
    assert (answers_report.answerable, answers_report.unanswerable) == (1, 1)


def test_the_first_token_is_the_first_piece_with_text(desk: Desk, evaluated: EvalSet) -> None:
    latencies = report(desk, evaluated).latencies
    assert latencies["first_evidence"].p50_ms < latencies["first_token"].p50_ms < latencies["total"].p50_ms


def test_a_citation_that_is_not_what_is_stored_is_listed(desk: Desk, evaluated: EvalSet) -> None:
    def moved(answer: Answer) -> Answer:
        [citation] = answer.citations
        quote = replace(citation.quote, start=citation.quote.start + 1)
        return replace(answer, citations=(replace(citation, quote=quote),))

    desk.change = moved
    answers_report = report(desk, evaluated)
    assert answers_report.estimates["citation_validity"].mean == 0.5
    assert [problem.partition(":")[0] for problem in answers_report.invalid_citations] == ["q1", "q2"]
    assert "[1, 33) of pump is not" in answers_report.invalid_citations[0]


def test_an_audit_compares_document_place_and_page(desk: Desk) -> None:
    audit = CitationAudit(desk.library)
    quote = desk.quote("lunch", "The canteen closes at two.")
    assert audit.check_quote(quote) == ""
    assert "no document gone" in audit.check_quote(replace(quote, file_id="gone"))
    assert "page 2" in audit.check_quote(replace(quote, page=2))
    assert "is not 'Lunch'" in audit.check_quote(replace(quote, quote="Lunch"))
    assert "is not ''" in audit.check_quote(replace(quote, quote="", end=quote.start))
    assert "[-26, 0)" in audit.check_quote(replace(quote, start=-26, end=0))


def test_an_audit_compares_passage_and_sentence(desk: Desk) -> None:
    audit = CitationAudit(desk.library)
    [*_, answer] = desk.answer(Question(desk_question("How often is the pump oiled?"), (desk.collection.id,)))
    assert isinstance(answer, Answer)
    [citation] = answer.citations
    assert audit.check_citation(citation, answer, {1}) == ""
    assert audit.check_citation(citation, answer, {2}) == "there is no passage 1"
    assert "the answer has no" in audit.check_citation(replace(citation, answer_end=99), answer, {1})


def test_what_a_quoted_answer_adds_to_the_documents_is_counted(desk: Desk) -> None:
    audit = CitationAudit(desk.library)
    quote = desk.quote("pump", "The pump is oiled every 3 months.")
    [*_, answer] = desk.answer(Question(desk_question("pump"), (desk.collection.id,)))
    assert isinstance(answer, Answer)

    def said(text: str, start: int, end: int) -> int:
        citation = Citation(1, quote, start, end, "marker", "supported")
        return audit.count_foreign_chars(replace(answer, text=text, citations=(citation,)))

    exact = quote.quote
    assert said(exact, 0, len(exact)) == 0
    assert said(f"{exact} [1]\n", 0, len(exact) + 4) == 0
    assert said(exact.replace("pump ", "pump\n"), 0, len(exact)) == 0
    assert said(f"Sure: {exact}", 6, len(exact) + 6) == len("Sure:")
    assert said("The pump is red.", 0, 16) == len("Thepumpisred.")
