"""Which sentences of a passage are compared with a claim first."""

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.grounding.candidate_ranking import BEST_COVERING, MOST_SIMILAR, rank_candidates
from rag.grounding.evidence import SentenceMatch, split_chunk

TEXT = (
    "Lunch is at noon. The pump of hall 7 is oiled by Miller. It was built in 1998. The valve leaks. Nobody swims here."
)


def scored(text: str, *scores: float) -> list[SentenceMatch]:
    """Return the sentences of a text with such cosines, most similar first."""
    stored = StoredChunk(1, "c", "f", "s", "s", Chunk(0, len(text), text, 1, 1, BlockKind.PROSE, (), ""))
    matches = [
        SentenceMatch(stored, match.start, match.end, score)
        for match, score in zip(split_chunk(stored), scores, strict=True)
    ]
    return sorted(matches, key=lambda match: -match.score)


def test_shared_names_and_numbers_outweigh_a_slightly_higher_cosine() -> None:
    ranked = rank_candidates("Miller oils the pump of hall 7.", scored(TEXT, 0.1, 0.6, 0.5, 0.8, 0.0))
    assert ranked[0].text == "The pump of hall 7 is oiled by Miller."


def test_without_a_word_in_common_the_cosine_decides() -> None:
    ranked = rank_candidates("Workers pause each weekend.", scored(TEXT, 0.1, 0.2, 0.3, 0.9, 0.0))
    assert ranked[0].text == "The valve leaks."


def test_a_sentence_beside_the_other_half_of_the_claim_comes_first() -> None:
    text = "The pump is red. Rain falls. Snow melts. Wind blows. The pump is old. Kestrel built the cellar in 1998."
    ranked = rank_candidates("The pump stands in a cellar that Kestrel built.", scored(text, 0.5, 0, 0, 0, 0.5, 0.1))
    assert [match.text for match in ranked].index("The pump is old.") < [match.text for match in ranked].index(
        "The pump is red."
    )


def test_the_row_of_a_table_that_is_hardly_similar_is_a_candidate() -> None:
    rows = [f"The pump number {number} is described at length." for number in range(20, 20 + MOST_SIMILAR + 4)]
    matches = scored(" ".join([*rows, "Kestrel 30 EUR."]), *[0.9 - 0.01 * place for place in range(len(rows))], -0.1)
    ranked = rank_candidates("The Kestrel costs 30 EUR.", matches)
    assert "Kestrel 30 EUR." in [match.text for match in ranked]
    assert len(ranked) <= MOST_SIMILAR + BEST_COVERING


def test_no_sentence_has_no_candidate() -> None:
    assert rank_candidates("The pump is oiled.", []) == []
