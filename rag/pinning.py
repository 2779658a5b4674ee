"""From a finished answer to its pins: which span bears each sentence, and whether it really does."""

from collections.abc import Sequence

from rag.checking import Support, check
from rag.citations import AnswerSentence, answer_sentences
from rag.evidence import EvidenceFinder, SentenceMatch
from rag.types import Citation, CitationOrigin, Passage, SentenceVerdict, Verdict

MIN_ALIGNMENT = 0.5
"""Below this cosine, a sentence without a marker is pinned to nothing."""

_RANK: dict[Verdict, int] = {"supported": 2, "partly": 1, "unsupported": 0}


def pin(
    answer: str, passages: Sequence[Passage], finder: EvidenceFinder
) -> tuple[tuple[Citation, ...], tuple[SentenceVerdict, ...]]:
    """Return the citations of an answer in order, and a verdict for each of its sentences.

    A marker of the model is narrowed to the sentence of that passage which is nearest. Where the model named
    no passage, or one that does not bear the sentence, the nearest sentence of all passages is taken, if it
    is near enough and bears more.
    """
    citations: list[Citation] = []
    verdicts: list[SentenceVerdict] = []
    for sentence in answer_sentences(answer):
        pins = _pins(sentence, passages, finder)
        citations.extend(pins)
        verdicts.append(_verdict(sentence, pins))
    return tuple(citations), tuple(verdicts)


def _pins(sentence: AnswerSentence, passages: Sequence[Passage], finder: EvidenceFinder) -> list[Citation]:
    by_chunk = {passage.stored.id: passage.number for passage in passages}
    matches = finder.rank(sentence.text, [passage.stored for passage in passages])
    nearest: dict[int, SentenceMatch] = {}
    for match in matches:
        nearest.setdefault(by_chunk[match.stored.id], match)
    pins = [
        _citation(sentence, number, nearest[number], "marker", finder)
        for number in sentence.numbers
        if number in nearest
    ]
    best_so_far = max((_RANK[citation.verdict] for citation in pins), default=-1)
    if best_so_far < _RANK["supported"] and matches and matches[0].score >= MIN_ALIGNMENT:
        aligned = _citation(sentence, by_chunk[matches[0].stored.id], matches[0], "alignment", finder)
        if _RANK[aligned.verdict] > best_so_far:
            pins.append(aligned)
    return pins


def _citation(
    sentence: AnswerSentence, number: int, match: SentenceMatch, origin: CitationOrigin, finder: EvidenceFinder
) -> Citation:
    quote = finder.quote(match)
    support: Support = check(sentence.text, quote.quote, match.score)
    return Citation(number, quote, sentence.start, sentence.end, origin, support.verdict, support.reasons)


def _verdict(sentence: AnswerSentence, pins: Sequence[Citation]) -> SentenceVerdict:
    if not pins:
        return SentenceVerdict(sentence.start, sentence.end, "unsupported", ("no passage says anything like it",))
    best = max(pins, key=lambda citation: _RANK[citation.verdict])
    return SentenceVerdict(sentence.start, sentence.end, best.verdict, best.reasons)
