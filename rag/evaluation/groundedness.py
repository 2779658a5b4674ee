"""Evaluate groundedness: attribute and verify sentences that people compared with a document, and compare with them.

Each sentence is an answer, and the chunks of its document are the passages of the prompt, so that attribution and
verification do what they do for users. The cosine of the most similar sentence and the largest share of words in one
sentence are measured beside them: a check below either is worth nothing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.types import Chunk, Page, ParsedDocument, StoredChunk
from rag.evaluation.groundedness_sets import GroundednessSet, JudgedClaim
from rag.evaluation.measures import auc, estimate
from rag.evaluation.types import Estimate, GroundednessReport, LatencyReport, ProgressTracker
from rag.grounding.attribution import SentenceAttributor, SupportedMatch
from rag.grounding.evidence import EvidenceFinder, SentenceMatch, split_chunk
from rag.grounding.verification import measure_coverage
from rag.types import Passage

GOLD_DEPTHS = (1, 3)

Chunker = Callable[[ParsedDocument], Sequence[Chunk]]


@dataclass(frozen=True, slots=True)
class _Trial:
    """A claim with its candidate quotes, best supporting first, the scores of both baselines, and the time it took."""

    claim: JudgedClaim
    ranked: Sequence[SupportedMatch]
    cosine: float
    overlap: float
    milliseconds: float

    @property
    def score(self) -> float:
        return self.ranked[0].support.score if self.ranked else 0.0

    @property
    def is_agreed(self) -> bool:
        """Whether the verdict is that of the people."""
        return (bool(self.ranked) and self.ranked[0].support.verdict == "supported") == self.claim.is_supported

    def has_gold(self, depth: int) -> bool:
        """Whether one of the first `depth` quotes overlaps a gold sentence."""
        return any(_overlaps(candidate.match, self.claim.gold) for candidate in self.ranked[:depth])


def evaluate_groundedness(
    judged: GroundednessSet, finder: EvidenceFinder, chunker: Chunker, *, max_claims: int | None, track: ProgressTracker
) -> GroundednessReport:
    """Verify the claims of a set, at most `max_claims` of each label."""
    trials: list[_Trial] = []
    first_id = 0
    for claim in track(_limit(judged.claims, max_claims), "verifying"):
        passages = _number_passages(claim, chunker, first_id)
        first_id += len(passages)
        trials.append(_try(claim, passages, finder))
    supported = [trial for trial in trials if trial.claim.is_supported]
    others = [trial for trial in trials if not trial.claim.is_supported]
    with_gold = [trial for trial in trials if trial.claim.gold]
    milliseconds = [trial.milliseconds for trial in trials]
    return GroundednessReport(
        name=judged.name,
        supported=len(supported),
        others=len(others),
        auc=_auc(supported, others, lambda trial: trial.score),
        cosine_auc=_auc(supported, others, lambda trial: trial.cosine),
        overlap_auc=_auc(supported, others, lambda trial: trial.overlap),
        called_supported=_share([trial.is_agreed for trial in supported]),
        called_unsupported=_share([trial.is_agreed for trial in others]),
        gold={depth: _share([trial.has_gold(depth) for trial in with_gold]) for depth in GOLD_DEPTHS if with_gold},
        latency=LatencyReport(*(float(np.percentile(milliseconds, percent)) for percent in (50, 95))),
    )


def _limit(claims: Sequence[JudgedClaim], limit: int | None) -> list[JudgedClaim]:
    """Return the first `limit` supported and the first `limit` other claims; None for all."""
    supported = [claim for claim in claims if claim.is_supported][:limit]
    return [*supported, *[claim for claim in claims if not claim.is_supported][:limit]]


def _try(claim: JudgedClaim, passages: Sequence[Passage], finder: EvidenceFinder) -> _Trial:
    chunks = [passage.stored for passage in passages]
    matches = finder.rank_sentences(claim.text, chunks)  # embeds the document: what follows is what a user waits for
    attributor = SentenceAttributor(passages, finder)
    started = time.perf_counter()
    ranked = attributor.rank_support(claim.text)
    milliseconds = 1_000 * (time.perf_counter() - started)
    sentences = [match for chunk in chunks for match in split_chunk(chunk)]
    return _Trial(
        claim=claim,
        ranked=ranked,
        cosine=matches[0].score if matches else 0.0,
        overlap=max((measure_coverage(claim.text, match.text) for match in sentences), default=0.0),
        milliseconds=milliseconds,
    )


def _number_passages(claim: JudgedClaim, chunker: Chunker, first_id: int) -> list[Passage]:
    """Return the chunks of the claim's document as the passages of a prompt.

    Their ids follow `first_id`: the finder caches sentences by the id of their chunk, so no two claims may share one.
    """
    text = claim.document
    chunks = chunker(ParsedDocument("", "text/plain", text, (Page(1, 0, len(text)),)))
    return [
        Passage(number, StoredChunk(first_id + number, "", claim.id, claim.id, claim.id, chunk))
        for number, chunk in enumerate(chunks, start=1)
    ]


def _overlaps(match: SentenceMatch, spans: Sequence[tuple[int, int]]) -> bool:
    return any(match.start < end and start < match.end for start, end in spans)


def _auc(supported: Sequence[_Trial], others: Sequence[_Trial], score: Callable[[_Trial], float]) -> float:
    return auc(np.array([score(trial) for trial in supported]), np.array([score(trial) for trial in others]))


def _share(values: Sequence[bool]) -> Estimate:
    return estimate(np.array(values, dtype=np.float64))
