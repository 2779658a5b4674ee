"""Answers that are made of sentences of the documents alone: nothing in them can be made up.

A model that is able chooses the sentences: a JSON Schema lets it write nothing but a list of them. Without such a model
the nearest to the question are taken.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from rag.engines.types import Engine, Message, Sampling, Usage
from rag.grounding.evidence import SentenceMatch
from rag.types import AnswerDelta

QUOTES = 3
CANDIDATES = 12
"""From so many sentences a model chooses."""
LEAST_SHARE = 0.6
"""Of the nearness of the best sentence. What is further away than that is about something else."""
MAX_TOKENS = 512
INSTRUCTION = (
    "Answer only with sentences copied from the passages, word for word, as a JSON list; "
    "the list is empty if none of them answers the question."
)


@dataclass(frozen=True, slots=True)
class QuotedSentence:
    """A sentence of the documents as a part `text[start:end]` of an answer, behind it the number of its passage."""

    match: SentenceMatch
    number: int
    start: int
    end: int


def nearest(matches: Sequence[SentenceMatch]) -> list[SentenceMatch]:
    """Return the sentences to quote without a model: the nearest to the question, of equal ones the first."""
    distinct = list(_by_text(matches).values())
    return [match for match in distinct[:QUOTES] if match.score >= LEAST_SHARE * distinct[0].score]


def chosen_by_model(
    engine: Engine, messages: Sequence[Message], matches: Sequence[SentenceMatch], *, client: str
) -> Generator[AnswerDelta, None, tuple[list[SentenceMatch], Usage]]:
    """Let a model choose among the nearest sentences: none where it finds that none answers the question.

    Yields deltas without text while it chooses. Raises what `Engine.generate` raises.
    """
    candidates = _by_text(matches[:CANDIDATES])
    *before, asked = messages
    asked = Message(asked.role, f"{asked.content}\n\n{INSTRUCTION}")
    sampling = Sampling(temperature=0.0, max_tokens=MAX_TOKENS, json_schema=_schema(list(candidates)))
    written, usage = "", Usage(0, 0)
    with closing(engine.generate((*before, asked), sampling, client=client)) as deltas:
        for delta in deltas:
            written += delta.text
            usage = delta.usage or usage
            yield AnswerDelta("")
    return [candidates[text] for text in dict.fromkeys(_strings(written)) if text in candidates], usage


def quoted(matches: Sequence[SentenceMatch], numbers: Mapping[int, int]) -> tuple[str, list[QuotedSentence]]:
    """Return the answer that sentences make, each before the number of its passage (by the id of its chunk)."""
    text = ""
    sentences: list[QuotedSentence] = []
    for match in matches:
        start = len(text)
        text += match.text
        number = numbers[match.stored.id]
        sentences.append(QuotedSentence(match, number, start, len(text)))
        text += f" [{number}]\n\n"
    return text.rstrip(), sentences


def _by_text(matches: Sequence[SentenceMatch]) -> dict[str, SentenceMatch]:
    """Return sentences by their words in the order given; of those with the same words the first."""
    found: dict[str, SentenceMatch] = {}
    for match in matches:
        found.setdefault(match.text, match)
    return found


def _schema(texts: list[str]) -> str:
    return json.dumps({"type": "array", "items": {"enum": texts}, "maxItems": QUOTES}, ensure_ascii=False)


def _strings(written: str) -> list[str]:
    """Return the texts of a JSON list; of one that was cut off, those that are complete."""
    for ending in ("", "]", '"]'):
        with suppress(json.JSONDecodeError):
            return [each for each in json.loads(written + ending) if isinstance(each, str)]
    return []
