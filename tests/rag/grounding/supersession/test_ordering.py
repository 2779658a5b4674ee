"""Laws of the order in which superseded sentences and their successors are quoted."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.grounding.evidence import SentenceMatch
from rag.grounding.supersession import Change, SpanKey, Successor, keep_superseded, key_of, put_successors_first

TEXT = "abcdefgh"
CHUNK = StoredChunk(1, "c", "f", "f.txt", "f.txt", Chunk(0, 8, TEXT, 1, 1, BlockKind.PROSE, (), ""))
MATCHES = [SentenceMatch(CHUNK, start, start + 1, 1 - start / 10) for start in range(8)]
earlier_and_later = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=6).map(
    lambda pairs: {min(pair): max(pair) for pair in pairs if pair[0] != pair[1]}
)


def make_successors(pairs: dict[int, int]) -> dict[SpanKey, Successor]:
    """Return the successors of sentences by their index."""
    return {
        key_of(MATCHES[old]): Successor(MATCHES[new], "message", Change(), None, None) for old, new in pairs.items()
    }


@given(st.lists(st.sampled_from(MATCHES), unique=True), earlier_and_later)
def test_every_superseded_sentence_stands_behind_its_successor(
    matches: list[SentenceMatch], pairs: dict[int, int]
) -> None:
    ordered = [match.start for match in put_successors_first(matches, make_successors(pairs))]
    assert len(ordered) == len(set(ordered))
    assert set(ordered) >= {match.start for match in matches}
    superseded = [match.start for match in matches if match.start in pairs]
    assert all(pairs[start] in ordered[: ordered.index(start)] for start in superseded)


@given(st.lists(st.sampled_from(MATCHES), unique=True))
def test_without_superseded_sentences_the_order_stays(matches: list[SentenceMatch]) -> None:
    assert put_successors_first(matches, {}) == matches


@given(st.lists(st.sampled_from(MATCHES), unique=True, min_size=1), earlier_and_later)
def test_of_ranked_sentences_a_successor_scores_at_least_what_it_supersedes(
    matches: list[SentenceMatch], pairs: dict[int, int]
) -> None:
    matches.sort(key=lambda match: -match.score)
    ordered = {match.start: match.score for match in put_successors_first(matches, make_successors(pairs))}
    assert all(ordered[pairs[match.start]] >= match.score for match in matches if match.start in pairs)


def test_what_a_chosen_sentence_supersedes_stays_with_it() -> None:
    successors = make_successors({2: 5, 3: 6})
    kept = keep_superseded([MATCHES[0], MATCHES[5], MATCHES[1]], MATCHES, successors)
    assert [match.start for match in kept] == [0, 5, 2, 1]
    assert keep_superseded([MATCHES[0]], MATCHES, {}) == [MATCHES[0]]
