"""Verdicts compared with those of people, on a set whose right values can be computed by hand."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from ingest.library.library import Library
from ingest.types import BlockKind, Chunk, ParsedDocument
from rag.evaluation.groundedness import evaluate_groundedness
from rag.evaluation.groundedness_sets import GroundednessSet, JudgedClaim
from rag.evaluation.types import Item
from rag.grounding.evidence import EvidenceFinder
from tests.fakes import HashEmbedder

TEXT = "The pump is oiled every 3 months.\n\nLunch is served at noon.\n\nThe drill takes place in March."
PUMP, LUNCH, DRILL = (0, 33), (35, 59), (61, 91)
CLAIMS = (
    JudgedClaim("a", "The pump is oiled every 3 months.", TEXT, True, (PUMP,)),
    JudgedClaim("b", "Lunch is served at noon.", TEXT, True, (LUNCH,)),
    JudgedClaim("c", "The pump is oiled every 9 months.", TEXT, False, (DRILL,)),
    JudgedClaim("d", "Nobody may swim there.", TEXT, False),
)


def track(items: Sequence[Item], doing: str) -> Iterable[Item]:
    assert doing == "verifying"
    return items


def chunk(document: ParsedDocument) -> list[Chunk]:
    return [Chunk(0, len(document.text), document.text, 1, 1, BlockKind.PROSE, (), "")]


@pytest.fixture
def finder(tmp_path: Path) -> Iterable[EvidenceFinder]:
    library = Library(tmp_path / "home")
    yield EvidenceFinder(library, HashEmbedder())
    library.close()


def test_scores_verdicts_and_pins_are_compared_with_those_of_people(finder: EvidenceFinder) -> None:
    report = evaluate_groundedness(GroundednessSet("tiny", CLAIMS), finder, chunk, max_claims=None, track=track)
    assert (report.name, report.supported, report.others) == ("tiny", 2, 2)
    assert (report.auc, report.balanced_accuracy) == (1.0, 1.0)
    assert report.overlap_auc == 0.75  # the other number leaves every word of the third claim in its place
    assert (report.called_supported.mean, report.called_unsupported.mean) == (1.0, 1.0)
    assert [(depth, round(share.mean, 3)) for depth, share in report.gold.items()] == [(1, 0.667), (3, 1.0)]


def test_a_limit_takes_the_first_claims_of_both_kinds(finder: EvidenceFinder) -> None:
    report = evaluate_groundedness(GroundednessSet("tiny", CLAIMS), finder, chunk, max_claims=1, track=track)
    assert (report.supported, report.others) == (1, 1)


def test_claims_about_several_documents_are_not_confused(finder: EvidenceFinder) -> None:
    other = JudgedClaim("e", "The pump is oiled every 3 months.", "Nobody oils the valve.", False)
    report = evaluate_groundedness(
        GroundednessSet("tiny", (CLAIMS[0], other)), finder, chunk, max_claims=1, track=track
    )
    assert report.auc == 1.0
    assert report.called_unsupported.mean == 1.0


def test_a_document_without_text_supports_nothing(finder: EvidenceFinder) -> None:
    empty = JudgedClaim("f", "The pump is oiled.", "", False)
    report = evaluate_groundedness(
        GroundednessSet("tiny", (CLAIMS[0], empty)), finder, lambda parsed: chunk(parsed) if parsed.text else [],
        max_claims=None, track=track,
    )  # fmt: skip
    assert report.called_unsupported.mean == 1.0
