"""Different numbers for the same thing, and all that only looks like it."""

import pytest

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.grounding.conflicts import find_conflicts
from rag.grounding.evidence import SentenceMatch, split_chunk
from rag.types import Conflict, Quote


def stored(
    text: str,
    *,
    file: str = "a",
    kind: BlockKind = BlockKind.PROSE,
    headings: tuple[str, ...] = (),
    title: str = "Handbook",
) -> StoredChunk:
    chunk = Chunk(0, len(text), text, 1, 1, kind, headings, "\n".join([title, *headings]))
    return StoredChunk(1, "c", file, f"{file}.txt", f"{file}.txt", chunk)


def quote_of(match: SentenceMatch) -> Quote:
    file = match.stored.file_id
    return Quote("c", file, f"{file}.txt", f"{file}.txt", 1, match.start, match.end, match.text, 1.0)


def conflicts_of(*chunks: StoredChunk) -> tuple[Conflict, ...]:
    sentences = [match for chunk in chunks for match in split_chunk(chunk)]
    return find_conflicts(sentences[:1], sentences, quote_of)


def values(*texts: str) -> list[list[str]]:
    """Return the values of each conflict between versions of a document."""
    versions = [stored(text, file=f"version{number}") for number, text in enumerate(texts)]
    return [[value.value for value in conflict.values] for conflict in conflicts_of(*versions)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("The notice period is 14 days.", "The notice period is 21 days.", ["14 days", "21 days"]),
        ("The notice period is 14 days.", "The notice period is now three weeks.", ["14 days", "three weeks"]),
        ("Employees must give 14 days notice.", "Employees must give notice of 21 days.", ["14 days", "21 days"]),
        ("The canteen has 120 seats.", "The canteen has 150 seats.", ["120", "150"]),
        ("The audit takes place on 3 May.", "The audit takes place on 4 June.", ["3 May", "4 June"]),
        ("The firm was founded in 1998 in Bonn.", "The firm was founded in 1999 in Bonn.", ["1998", "1999"]),
        (
            "Die Frist beträgt für alle Verträge 14 Tage.",
            "Die Frist beträgt für alle Verträge 21 Tage.",
            ["14 Tage", "21 Tage"],
        ),
        ("Le préavis dure 2 mois pour tous.", "Le préavis dure 3 mois pour tous.", ["2 mois", "3 mois"]),
        ("El plazo de entrega es de 5 días.", "El plazo de entrega es de 7 días.", ["5 días", "7 días"]),
        ("The pump runs at 2.5 bar in winter.", "The pump runs at 3 bar in winter.", ["2.5 bar", "3 bar"]),
        ("The fee doesn't exceed 5% of the price.", "The fee doesn't exceed 8% of the price.", ["5%", "8%"]),
    ],
)
def test_versions_of_one_statement_disagree(one: str, other: str, expected: list[str]) -> None:
    assert values(one, other) == [expected]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The notice period is 14 days.", "The notice period is two weeks."),
        ("The rent is 1,000 euros a month.", "The rent is 1000 EUR a month."),
        ("Room 1 seats 12 people.", "Room 2 seats 14 people."),
        ("Room 1 seats many people.", "Room 2 seats many people."),
        ("The pump is described in chapter 3.", "The pump is described in chapter 4."),
        ("In 2021 the firm sold 500 pumps.", "In 2022 the firm sold 700 pumps."),
        ("In 2021 the festival was held in Berlin.", "In 2022 the festival was held in Berlin."),
        ("The festival was held in 2021 in Berlin.", "The festival was held in 2022 in Berlin."),
        ("The board met on 3 May 2021 in Berlin.", "The board met on 8 June 2022 in Berlin."),
        ("The notice period is 14 days.", "The notice period for managers is 21 days."),
        ("Managers get 25 days of leave.", "Workers get 20 days of leave."),
        ("The fine is at least 50 euros.", "The fine is at most 80 euros."),
        ("The notice period before probation ends is 14 days.", "The notice period after probation ends is 21 days."),
        ("The contract is not valid for 14 days.", "The contract is valid for 21 days."),
        ("Anna Meyer works 20 hours a week.", "Anna Schmidt works 30 hours a week."),
        ("Level A staff have 14 days.", "Level B staff have 21 days."),
        ("The pump weighs 20 kg.", "The pump weighs 20 minutes."),
        ("The second meeting of the board is open.", "The third meeting of the board is open."),
        ("Model X200 draws 20 watts at rest.", "Model X300 draws 30 watts at rest."),
        ("Total: 500 euros.", "Total: 700 euros."),
        ("The pump stands in the cellar.", "The pump stands in the attic."),
        ("", ""),
    ],
)
def test_other_things_and_the_same_values_do_not_disagree(one: str, other: str) -> None:
    assert values(one, other) == []
    assert values(other, one) == []


def test_a_disagreement_says_what_about_and_quotes_every_side() -> None:
    old = stored("It is warm. The notice period is 14 days for all.", file="old")
    new = stored("The notice period is 21 days for all.", file="new")
    other = stored("The notice period is 21 days for all.", file="copy")
    sentences = [match for chunk in (old, new, other) for match in split_chunk(chunk)]
    (disagreement,) = find_conflicts(sentences[1:2], sentences, quote_of)
    assert disagreement.subject == "The notice period is … for all."
    assert [(value.value, value.quote.filename) for value in disagreement.values] == [
        ("14 days", "old.txt"),
        ("21 days", "new.txt"),
    ]
    for value in disagreement.values:
        assert value.quote.quote[value.start : value.end] == value.value


def test_two_cited_sentences_that_disagree_are_told_of_once() -> None:
    sentences = [
        match
        for file, text in (("old", "The notice period is 14 days."), ("new", "The notice period is 21 days."))
        for match in split_chunk(stored(text, file=file))
    ]
    assert len(find_conflicts(sentences, sentences, quote_of)) == 1


def test_a_series_of_documents_with_other_values_each_is_none() -> None:
    assert values(*(f"The amount due within the month is {number}00 euros." for number in range(1, 7))) == []


def test_rows_of_one_table_list_different_things_and_rows_of_another_the_same() -> None:
    old = stored("Drill bench heavy | 4 kg\nDrill bench light | 5 kg", file="old", kind=BlockKind.TABLE)
    new = stored("Drill bench heavy | 6 kg", file="new", kind=BlockKind.TABLE)
    assert [[value.value for value in conflict.values] for conflict in conflicts_of(old, new)] == [["4 kg", "6 kg"]]
    same = stored("Drill bench | 4 kg\nDrill bench | 5 kg", file="old", kind=BlockKind.TABLE)
    assert conflicts_of(same) == ()


def test_statements_under_other_headings_are_about_other_things() -> None:
    one = stored("The notice period is 14 days.", file="a", headings=("Probation",))
    other = stored("The notice period is 21 days.", file="b", headings=("Permanent staff",))
    again = stored("The notice period is 21 days.", file="b", headings=("4.2 Probation",))
    assert conflicts_of(one, other) == ()
    assert len(conflicts_of(one, again)) == 1


def test_documents_with_nothing_in_common_need_more_words_to_speak_of_the_same_thing() -> None:
    short = [
        stored(f"The season has {n} episodes.", file=str(n), title=title) for n, title in ((12, "Dark"), (16, "Suits"))
    ]
    long = [
        stored(f"The museum of Bonn is open for {n} hours on Sundays.", file=str(n), title=title)
        for n, title in ((8, "Guide"), (9, "Plan"))
    ]
    assert conflicts_of(*short) == ()
    assert len(conflicts_of(*long)) == 1
