"""Rank the sentences of passages as quotes for one sentence of an answer. Pure.

The most similar sentence is not always the one that supports the claim: it may say the same of something else, and the
row of a table is hardly similar at all. So the words, names and numbers that a sentence shares with the claim count as
much as its cosine, and so do those of its neighbours, because a claim often joins what stands side by side.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rag.grounding.evidence import SentenceMatch
from rag.grounding.verification import find_covered_facts, weigh_facts

MOST_SIMILAR = 8
BEST_COVERING = 4
"""Candidates that are compared: by cosine, and by the words that they share with the claim."""
REACH = 2
"""Sentences before and after a candidate that count as its neighbours."""
NEIGHBOUR_WEIGHT = 1.0
"""The weight of coverage and of the cosine too. So the best candidate is a gold sentence for .86 of the claims of WiCE
dev; without neighbours for .82, by the cosine alone for .70."""


def rank_candidates(claim: str, matches: Sequence[SentenceMatch]) -> list[SentenceMatch]:
    """Return the most promising of `matches`, which are in the order of their cosine, best first."""
    weights = weigh_facts(claim)
    total = sum(weights.values()) or 1.0
    covered = {_place(match): find_covered_facts(claim, match.text) for match in matches}
    neighbouring = _join_neighbours(covered)

    def measure_coverage(facts: frozenset[str]) -> float:
        return sum(weights[fact] for fact in facts) / total

    def closeness(match: SentenceMatch) -> float:
        nearby = measure_coverage(neighbouring[_place(match)])
        return measure_coverage(covered[_place(match)]) + match.score + NEIGHBOUR_WEIGHT * nearby

    best_covering = sorted(matches, key=lambda match: -measure_coverage(covered[_place(match)]))[:BEST_COVERING]
    candidates = {_place(match): match for match in (*matches[:MOST_SIMILAR], *best_covering)}
    return sorted(candidates.values(), key=closeness, reverse=True)


def _place(match: SentenceMatch) -> tuple[int, int]:
    return match.stored.id, match.start


def _join_neighbours(covered: Mapping[tuple[int, int], frozenset[str]]) -> dict[tuple[int, int], frozenset[str]]:
    """Return for each match what it and the sentences of its chunk around it cover together."""
    places_by_chunk: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for chunk_id, start in sorted(covered):
        places_by_chunk[chunk_id].append((chunk_id, start))
    return {
        place: frozenset[str]().union(*(covered[other] for other in places[max(index - REACH, 0) : index + REACH + 1]))
        for places in places_by_chunk.values()
        for index, place in enumerate(places)
    }
