"""Hyphens at line ends: those of compounds, codes and prefixes stay, those of broken words go."""

from pathlib import Path

import pytest

from ingest.parsers.pdf import parser as pdf
from ingest.parsers.pdf.hyphenation import collect_vocabulary, keeps_hyphen
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from tests.files import write_pdf


def read_lines(path: Path, lines: list[str]) -> str:
    return join_pieces(pdf.parse(Source(write_pdf(path, lines), "a.pdf", with_ocr=False))).text


@pytest.mark.parametrize(
    "broken",
    [
        *("long-|term", "well-|known", "state-|of-the-art", "state-of-|the-art", "state-of-the-|art", "up-to-|date"),
        *("X-|ray", "e-|mail", "T-|shirt", "AB-|4471", "SN-55-|0412", "BX-|ALPHA", "Smith-|Jones", "mother-in-|law"),
        *(
            "user-|friendly",
            "self-|assessment",
            "part-|time",
            "cost-|effective",
            "twenty-|one",
            "14-|day",
            "PDF-|based",
        ),
        *("decision-|making", "non-|smoking", "face-to-|face", "follow-|up", "EU-|weit", "Online-|Banking", "U-|Bahn"),
        *(
            "A4-|Format",
            "CO2-|neutral",
            "peut-|être",
            "celui-|ci",
            "lui-|même",
            "rendez-|vous",
            "est-|ce",
            "au-|dessus",
        ),
        *("interest-|free", "first-|class", "deutsch-|französisch", "vice-|president", "check-|in", "three-|year"),
    ],
)
def test_the_hyphen_of_a_compound_stays_at_a_line_end(tmp_path: Path, broken: str) -> None:
    lines = f"Here the word {broken} stands.".split("|")
    assert read_lines(tmp_path / "a.pdf", lines) == "Here the word " + broken.replace("|", "") + " stands."


@pytest.mark.parametrize(
    "broken",
    [
        *("cli-|mate", "reserva-|tion", "informa-|tion", "under-|stand", "selfish-|ness", "how-|ever", "there-|fore"),
        *(
            "well-|ness",
            "self-|ish",
            "part-|ner",
            "high-|way",
            "short-|age",
            "un-|friendly",
            "care-|free",
            "non-|sense",
        ),
        *(
            "with-|out",
            "over-|come",
            "in-|formed",
            "cor-|related",
            "Unterhaltungs-|kosten",
            "Wärme-|pumpe",
            "Kündi-|gung",
        ),
        *("Ver-|trag", "Woh-|nung", "loge-|ment", "contri-|bution", "préavi-|sé", "indem-|nité", "well-in-|formed"),
        *("ex-|ample", "all-|ow", "cross-|ing", "long-|itude", "post-|age", "pre-|pare", "lead-|ing", "tele-|phone"),
    ],
)
def test_the_hyphen_of_a_broken_word_goes(tmp_path: Path, broken: str) -> None:
    lines = f"Here the word {broken} stands.".split("|")
    assert read_lines(tmp_path / "a.pdf", lines) == "Here the word " + broken.replace("-|", "") + " stands."


@pytest.mark.parametrize(
    ("head", "tail", "words", "is_kept"),
    [
        ("harbour", "side", "harbour-side", True),
        ("harbour", "side", "harbourside", False),
        ("Harbour", "side", "HARBOUR-SIDE", True),
        ("long", "term", "longterm", False),
        ("COB", "RA", "COBRA", False),
        ("self-adjust", "ing", "", False),
        ("roll-on-roll", "off", "", True),
        ("harbour", "", "", True),
    ],
)
def test_the_words_of_the_document_decide_first(head: str, tail: str, words: str, *, is_kept: bool) -> None:
    assert keeps_hyphen(head, tail, collect_vocabulary([words], "|")) is is_kept


def test_parts_of_broken_words_are_no_words() -> None:
    assert collect_vocabulary(["a cli|mate of over|head|ing long-|term use"], "|") == {"a", "of", "use"}


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Ein-", "und Ausgang sind getrennt."], "Ein-\nund Ausgang sind getrennt."),
        (["Two-", "to three-year terms."], "Two-\nto three-year terms."),
        (["A4-", "oder A5-Format"], "A4-\noder A5-Format"),
        (["Les sous-", "et sur-charges"], "Les sous-\net sur-charges"),
        (["From 2010-", "2012 it grew."], "From 2010-\n2012 it grew."),
    ],
)
def test_a_hyphen_before_a_conjunction_or_in_a_range_stays(tmp_path: Path, lines: list[str], text: str) -> None:
    assert read_lines(tmp_path / "a.pdf", lines) == text
