"""Extractive answers: sentences of the documents alone, so that no model can invent anything.

An able model chooses the sentences: constrained decoding by a JSON Schema lets it write nothing but a list of them.
Without such a model the best-ranked sentences are chosen.
"""

import json
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from ingest.text.analyzer import extract_terms
from ingest.text.annotations import AnnotationKind, annotate, annotate_hidden
from ingest.types import BlockKind
from rag.engines.types import Engine, Message, Sampling, Usage
from rag.grounding.answer_ranking import is_label
from rag.grounding.clause_text import CERTAIN_SCORE
from rag.grounding.conditions import NO_CONDITIONS, Conditions
from rag.grounding.evidence import SentenceMatch
from rag.grounding.foreign_markup import neutralize_markup
from rag.grounding.shown_quote import ShownQuote, show_prose
from rag.grounding.supersession import SpanKey, key_of
from rag.questions.answer_type import AnswerType
from rag.questions.words import list_content_words
from rag.tables.display import describe_row_of
from rag.tables.table import is_table
from rag.types import AnswerDelta

QUOTES = 3
CANDIDATES = 12
"""How many sentences a model chooses from."""
LEAST_SHARE = 0.6
"""Share of the best sentence's score. A sentence below it is about something else."""
ANSWERING_SHARE = 0.9
"""The same for a question that one value answers: a sentence below it is shown as a closest match only. Of such
questions of XQuAD/en, the sentences above it have the answer to .93 (all three to .97, the first alone to .86), and
there are 1.3 of them instead of 2.4."""
CLOSEST_MATCHES = "Closest matches:"
SINGLE_VALUES: frozenset[AnswerType | None] = frozenset({"time", "quantity", "person", "place"})
"""Types of questions that one value answers."""
MAX_TOKENS = 512
INSTRUCTION = (
    "Answer only with sentences copied from the passages, word for word, as a JSON list; "
    "the list is empty if none of them answers the question."
)


@dataclass(frozen=True, slots=True)
class QuotedSentence:
    """A sentence of the documents, shown as the span `text[start:end]` of an answer, with its passage's number."""

    match: SentenceMatch
    number: int
    start: int
    end: int


def select_sentences(
    matches: Sequence[SentenceMatch], question: str, conditions: Conditions = NO_CONDITIONS
) -> list[SentenceMatch]:
    """Return the sentences to quote without a model: the best-ranked ones, each text once; none for no matches.

    Of a clause whose text is asked for, all sentences are quoted. Neighbours of the answer are left out: if the
    question has words of some rows of a document's tables, the other rows; if it asks when, how much or how many,
    sentences without such a value. Labels are quoted only if there is nothing else.
    """
    distinct = list(_index_by_text([match for match in matches if not is_label(match)] or matches).values())
    limit = max(QUOTES, sum(match.score == CERTAIN_SCORE for match in distinct))
    near = [match for match in distinct[:limit] if match.score >= LEAST_SHARE * distinct[0].score]
    if conditions.answer_type in ("time", "quantity"):
        near = [match for match in near if conditions.is_value_in(match.text)] or near
    return _leave_out_other_rows(near, question)


def split_answering(
    matches: Sequence[SentenceMatch], conditions: Conditions
) -> tuple[list[SentenceMatch], list[SentenceMatch]]:
    """Return selected sentences as those that can be the answer, and those that are no more than near to it.

    All can be the answer, unless the question asks for one value.
    """
    if conditions.answer_type not in SINGLE_VALUES or not matches:
        return list(matches), []
    least = ANSWERING_SHARE * matches[0].score
    answering = [match for match in matches if match.score >= least]
    return answering, [match for match in matches if match not in answering]


def _leave_out_other_rows(matches: Sequence[SentenceMatch], question: str) -> list[SentenceMatch]:
    """Return the matches without the rows of a document that have fewer words of the question than another one."""
    terms = set(extract_terms(" ".join(list_content_words(question))))
    shared = {match: len(terms & set(extract_terms(match.text))) for match in matches if is_table(match.stored)}
    most: dict[str, int] = {}
    for match, count in shared.items():
        most[match.stored.file_id] = max(most.get(match.stored.file_id, 0), count)
    return [match for match in matches if match not in shared or shared[match] == most[match.stored.file_id]]


def choose_with_model(
    engine: Engine, messages: Sequence[Message], matches: Sequence[SentenceMatch], *, client: str
) -> Generator[AnswerDelta, None, tuple[list[SentenceMatch], Usage]]:
    """Have a model choose among the best-ranked sentences; it chooses none if none answers the question.

    Yields empty deltas meanwhile; returns the sentences and the usage. Raises what `Engine.generate` raises.
    """
    candidates = _index_by_text(matches[:CANDIDATES])
    *earlier, question = messages
    instruction = Message(question.role, f"{question.content}\n\n{INSTRUCTION}")
    sampling = Sampling(temperature=0.0, max_tokens=MAX_TOKENS, json_schema=_build_schema(list(candidates)))
    text, usage = "", Usage(0, 0)
    with closing(engine.generate((*earlier, instruction), sampling, client=client)) as deltas:
        for delta in deltas:
            text += delta.text
            usage = delta.usage or usage
            yield AnswerDelta("")
    chosen = dict.fromkeys(_parse_strings(text))
    return [candidates[sentence] for sentence in chosen if sentence in candidates], usage


def show_sentences(
    matches: Sequence[SentenceMatch], *, superseded: Collection[SpanKey] = frozenset()
) -> list[ShownQuote]:
    """Return sentences as an answer shows them: prose without its line breaks, rows with the names of the columns.

    Those that are `superseded` or hidden in their document are in brackets that say so.
    """
    shown = [_mark_hidden(_show(match)) for match in matches]
    return [_mark(quote) if key_of(quote.match) in superseded else quote for quote in shown]


def compose_quotes(
    quotes: Sequence[ShownQuote], numbers: Mapping[int, int], *, lead: str = "", closest: Sequence[ShownQuote] = ()
) -> tuple[str, list[QuotedSentence]]:
    """Return the answer made of `lead` and quotes, each with its passage number behind it, by chunk id in `numbers`.

    These numbers are the only citation markers, and nothing in a quote acts as markup. The `closest` matches, which are
    no answers, stand at the end under a heading that says so.
    """
    text = lead
    sentences: list[QuotedSentence] = []
    for index, quote in enumerate([*quotes, *closest]):
        if index == len(quotes):
            text += f"{CLOSEST_MATCHES}\n\n"
        start = len(text)
        text += neutralize_markup(quote.text)
        number = numbers[quote.match.stored.id]
        sentences.append(QuotedSentence(quote.match, number, start, len(text)))
        text += f" [{number}]\n\n"
    return text.rstrip(), sentences


def _mark_hidden(quote: ShownQuote) -> ShownQuote:
    """Return a quote with its mark if the whole page that it stands on is hidden; other hidden text has its own."""
    reason = quote.match.stored.chunk.hidden
    return quote if reason is None else replace(quote, text=annotate_hidden(reason, quote.text))


def _mark(quote: ShownQuote) -> ShownQuote:
    return replace(quote, text=annotate(AnnotationKind.SUPERSEDED, quote.text))


def _show(match: SentenceMatch) -> ShownQuote:
    match match.stored.chunk.kind:
        case BlockKind.PROSE:
            return show_prose(match)
        case BlockKind.TABLE:
            return ShownQuote(match, describe_row_of(match.stored, match.text))
        case _:
            return ShownQuote(match, match.text)


def _index_by_text(matches: Sequence[SentenceMatch]) -> dict[str, SentenceMatch]:
    """Return matches by their text with single spaces, in the order given, the first one of each text."""
    by_text: dict[str, SentenceMatch] = {}
    for match in matches:
        by_text.setdefault(" ".join(match.text.split()), match)
    return by_text


def _build_schema(texts: list[str]) -> str:
    return json.dumps({"type": "array", "items": {"enum": texts}, "maxItems": QUOTES}, ensure_ascii=False)


def _parse_strings(text: str) -> list[str]:
    """Return the strings of a JSON list; those that are complete if the list was cut off."""
    for ending in ("", "]", '"]'):
        with suppress(json.JSONDecodeError):
            return [item for item in json.loads(text + ending) if isinstance(item, str)]
    return []
