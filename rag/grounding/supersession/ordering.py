"""The order in which sentences are quoted if some of them supersede others. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rag.grounding.evidence import SentenceMatch
from rag.grounding.supersession.finder import SpanKey, Successor, key_of


def put_successors_first(
    matches: Sequence[SentenceMatch], successors: Mapping[SpanKey, Successor]
) -> list[SentenceMatch]:
    """Return `matches` with the successor of each superseded sentence right in front of it.

    Every sentence is there once. If `matches` are ranked, so is the result: a successor has at least the score of what
    it supersedes. Without superseded sentences the order stays.
    """
    known = {key_of(match): match for match in matches}
    ordered: dict[SpanKey, SentenceMatch] = {}
    for match in matches:
        for following in reversed([match, *_follow(match, successors)]):
            own_score = known.get(key_of(following), following).score
            ordered.setdefault(key_of(following), replace(following, score=max(match.score, own_score)))
    return list(ordered.values())


def keep_superseded(
    chosen: Sequence[SentenceMatch], matches: Sequence[SentenceMatch], successors: Mapping[SpanKey, Successor]
) -> list[SentenceMatch]:
    """Return `chosen` with those of `matches` that a chosen sentence supersedes behind it.

    "In clause 1.4 the amount is replaced" says little without clause 1.4.
    """
    kept: dict[SpanKey, SentenceMatch] = {}
    for match in chosen:
        kept.setdefault(key_of(match), match)
        for other in matches:
            successor = successors.get(key_of(other))
            if successor is not None and key_of(successor.match) == key_of(match):
                kept.setdefault(key_of(other), other)
    return list(kept.values())


def _follow(match: SentenceMatch, successors: Mapping[SpanKey, Successor]) -> Iterator[SentenceMatch]:
    """Yield the successor of a sentence, the successor of that, and so on."""
    passed = {key_of(match)}
    while (successor := successors.get(key_of(match))) is not None and key_of(successor.match) not in passed:
        match = successor.match
        passed.add(key_of(match))
        yield match
