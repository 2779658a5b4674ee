"""What an answer says of quotes that a later statement replaces."""

import pytest

from rag.answers.supersession_marks import build_conflict, complete_conflicts, key_of_quote, mark_superseded
from rag.grounding.supersession import Change
from rag.grounding.supersession.values import find_values
from rag.types import (
    Citation,
    CitationOrigin,
    Conflict,
    Dating,
    PinnedSentence,
    Quote,
    SentenceVerdict,
    StatedValue,
    Supersession,
    Verdict,
)

OLD, NEW = "The fee is EUR 50.", "In clause 3.1 the amount is replaced by EUR 60."


def quote(text: str, start: int = 0, file: str = "a") -> Quote:
    return Quote("c", file, f"{file}.txt", f"{file}.txt", 1, start, start + len(text), text, 1.0)


def pin(*quotes: Quote, origin: CitationOrigin = "marker", verdict: Verdict = "supported") -> PinnedSentence:
    citations = tuple(Citation(1, cited, 0, 10, origin, verdict) for cited in quotes)
    return PinnedSentence(SentenceVerdict(0, 10, verdict), citations)


SUPERSESSIONS = {key_of_quote(quote(OLD)): Supersession(quote(NEW, 90), "amendment")}


def test_a_sentence_that_only_a_superseded_quote_supports_is_partly_supported() -> None:
    (marked,) = mark_superseded([pin(quote(OLD))], SUPERSESSIONS)
    assert marked.sentence.verdict == marked.citations[0].verdict == "partly"
    assert marked.sentence.reasons == ("an amendment changes the clause of the quote",)
    assert marked.citations[0].superseded_by == Supersession(quote(NEW, 90), "amendment")


def test_a_quote_stays_supported_and_says_what_supersedes_it() -> None:
    (marked,) = mark_superseded([pin(quote(OLD), origin="quote")], SUPERSESSIONS)
    assert marked.sentence.verdict == marked.citations[0].verdict == "supported"
    assert marked.citations[0].superseded_by is not None


def test_a_sentence_with_a_quote_that_holds_stays_supported() -> None:
    (marked,) = mark_superseded([pin(quote(OLD), quote(NEW, 90))], SUPERSESSIONS)
    assert marked.sentence.verdict == "supported"
    assert [citation.verdict for citation in marked.citations] == ["partly", "supported"]


@pytest.mark.parametrize("verdict", ["partly", "unsupported"])
def test_no_verdict_gets_better(verdict: Verdict) -> None:
    (marked,) = mark_superseded([pin(quote(OLD), verdict=verdict)], SUPERSESSIONS)
    assert marked.sentence.verdict == marked.citations[0].verdict == verdict


def test_sentences_without_superseded_quotes_stay_as_they_are() -> None:
    sentences = [pin(quote(NEW, 90)), pin(quote("Lunch is at noon.", 300), origin="quote")]
    assert mark_superseded(sentences, SUPERSESSIONS) == sentences


def test_a_conflict_has_the_value_that_holds_first() -> None:
    (earlier,), (later,) = find_values(OLD), find_values(NEW)
    conflict = build_conflict(quote(OLD), quote(NEW, 90), Change(earlier, later))
    assert conflict is not None
    assert [(value.value, value.is_superseded) for value in conflict.values] == [("EUR 60", False), ("EUR 50", True)]
    assert build_conflict(quote(OLD), quote("Clause 3.1 is deleted.", 90), Change()) is None


def test_values_are_dated_and_the_newest_is_first() -> None:
    days = {"a": "2024-01-05", "b": "2026", "c": ""}
    values = tuple(StatedValue(quote(OLD, file=file), 11, 17) for file in days)
    (conflict,) = complete_conflicts(
        [Conflict(values)],
        [],
        lambda stated: Dating(days[stated.file_id], "document") if days[stated.file_id] else None,
    )
    assert [value.quote.file_id for value in conflict.values] == ["b", "a", "c"]
    assert [value.dating and value.dating.day for value in conflict.values] == ["2026", "2024-01-05", None]


def test_what_is_settled_is_told_once_and_last_comes_what_is_superseded() -> None:
    old, new = StatedValue(quote(OLD), 11, 17, is_superseded=True), StatedValue(quote(NEW, 90), 40, 46)
    unsettled = Conflict((StatedValue(quote(OLD), 11, 17), StatedValue(quote(NEW, 90), 40, 46)))
    (conflict,) = complete_conflicts([unsettled], [Conflict((old, new))], lambda _: None)
    assert conflict.values == (new, old)
