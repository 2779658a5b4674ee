"""Versions of a document, and documents that are none of each other; the dates and versions that heads give."""

import pytest

from rag.grounding.supersession.dating import read_head_date, read_section_date, read_version
from tests.rag.supersession_world import SupersessionWorld

OLD, NEW = "The daily allowance is EUR 40 in Belgium.", "The daily allowance is EUR 48 in Belgium."
VERSIONS = [
    ("# Travel policy\n\nVersion 1", "# Travel policy\n\nVersion 2"),
    ("# Travel policy, version 4\n\nWelcome.", "# Travel policy, version 5\n\nWelcome."),
    ("# Travel policy\n\nVersion 9", "# Travel policy\n\nVersion 10"),
    ("# Travel policy\n\nValid from 1 January 2024", "# Travel policy\n\nValid from 1 January 2025"),
    ("# Reiserichtlinie\n\nStand: 3. Januar 2024", "# Reiserichtlinie\n\nStand: 01.02.2025"),
    ("# Politique de voyage\n\nMise à jour : 3 mars 2024", "# Politique de voyage\n\nMise à jour : 2 avril 2025"),
    (
        "# Política de viajes\n\nVigente desde el 3 de marzo de 2024",
        "# Política de viajes\n\nVersión 2 de 1 de mayo de 2025",
    ),
    ("# Reisbeleid\n\nGeldig vanaf 3 maart 2024", "# Reisbeleid\n\nGeldig vanaf 2 april 2025"),
]
OTHERS = [
    ("# Annual report 2024\n\nWelcome.", "# Annual report 2025\n\nWelcome."),
    ("# Invoice\n\nDate: 3 May 2024", "# Invoice\n\nDate: 7 June 2024"),
    ("# Travel policy Bonn\n\nVersion 1", "# Travel policy Leuven\n\nVersion 2"),
    ("# Minutes of 3 May 2024\n\nWelcome.", "# Minutes of 7 June 2024\n\nWelcome."),
    ("# Travel policy\n\nVersion 1", "# Travel policy\n\nVersion 1"),
    ("# Travel policy\n\nWelcome.", "# Travel policy\n\nHello."),
    ("# Travel policy\n\nValid from 1 January 2025", "# Travel policy\n\nValid from 2025-01-01"),
]
DATES = [
    ("Version 3, 12 May 2025", "2025-05-12"),
    ("Warehouse Agreement between A and B, dated 12 January\n2024\n4.1 It starts on 1 February 2024", "2024-01-12"),
    ("Stand: Mai 2025", "2025-05"),
    ("Fassung vom 12.05.2025", "2025-05-12"),
    ("Mis à jour le 3 mars 2024", "2024-03-03"),
    ("Última actualización: fecha 3 de marzo de 2024", "2024-03-03"),
    ("Versione 2 del 3 marzo 2025", "2025-03-03"),
    ("em vigor a partir de 1 de janeiro de 2026", "2026-01-01"),
    ("Versie 2.1 van 3 mei 2025", "2025-05-03"),
    ("Amendment No. 2 to the Agreement dated 12 January 2024\nDate: 20 November 2025", "2025-11-20"),
    ("Invoice due 3 May 2024", ""),
    ("Date: 01/03/2026", ""),
    ("The factory was built in May 1998.", ""),
]


def texts(first: str, second: str) -> list[str]:
    return [f"{head}\n\n## Meals\n\n{body}" for head, body in ((first, OLD), (second, NEW))]


@pytest.mark.parametrize(("first", "second"), VERSIONS)
def test_a_later_version_supersedes_the_same_statement(world: SupersessionWorld, first: str, second: str) -> None:
    for number, text in enumerate(texts(first, second)):
        world.add(f"{number}/policy.md", text)
    found = {match.text: (successor.match.text, successor.kind) for match, successor in world.find_successors()}
    assert found.pop(OLD) == (NEW, "version")
    assert all(old in first and new in second for old, (new, _) in found.items())  # the lines that date the versions


@pytest.mark.parametrize(("first", "second"), OTHERS)
def test_documents_that_are_no_versions_of_one_supersede_nothing(
    world: SupersessionWorld, first: str, second: str
) -> None:
    for number, text in enumerate(texts(first, second)):
        world.add(f"{number}/policy.md", text)
    assert world.list_superseded() == []


@pytest.mark.parametrize(
    "new",
    [
        "The daily allowance is EUR 48 abroad.",
        "The daily allowance is at least EUR 48 in Belgium.",
        "The daily allowance is not EUR 48 in Belgium.",
        "Is the daily allowance EUR 48 in Belgium?",
        "The daily allowance is EUR 40 in Belgium.",
        "The daily allowance is 48 km in Belgium.",
    ],
)
def test_another_statement_of_a_later_version_supersedes_nothing(world: SupersessionWorld, new: str) -> None:
    world.add("v1.md", f"# Travel policy\n\nVersion 1\n\n{OLD}")
    world.add("v2.md", f"# Travel policy\n\nVersion 2\n\n{new}")
    assert world.list_superseded() == []


def test_the_name_of_a_file_can_tell_its_version(world: SupersessionWorld) -> None:
    world.add("handbook_v1.txt", OLD)
    world.add("handbook_v2.txt", NEW)
    assert world.list_superseded() == [(OLD, NEW)]


@pytest.mark.parametrize(("head", "day"), DATES)
def test_the_head_of_a_document_gives_its_own_date_or_none(head: str, day: str) -> None:
    assert read_head_date(head) == day


def test_a_section_has_the_date_of_its_first_line() -> None:
    assert read_section_date("foo\nAmendment No. 1 of 3 March 2025\nA. In clause", ()) == "2025-03-03"
    assert read_section_date("A. In clause", ("Contract", "Nachtrag Nr. 1 vom 3. März 2025")) == "2025-03-03"
    assert read_section_date("The agreement dated 3 March 2025 is amended.", ("Deadline 5 May 2026",)) == ""


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Version 3", (3,)),
        ("handbook v2.10", (2, 10)),
        ("Fassung 4 vom", (4,)),
        ("Handbook 3", ()),
        ("2024 edition", (2024,)),
        ("Ausgabe 2023", (2023,)),
        ("édition de 2021", (2021,)),
        ("Annual report 2024", ()),
    ],
)
def test_a_version_is_a_number_behind_its_word(text: str, version: tuple[int, ...]) -> None:
    assert read_version(text) == version


def test_a_permission_of_a_later_version_replaces_the_earlier_one_but_not_its_line_of_validity(
    world: SupersessionWorld,
) -> None:
    for number, year, days in (("1.0", 2024, "two"), ("2.0", 2025, "three")):
        head = f"# Remote work policy\n\nVersion {number}, valid from 1 January {year}"
        world.add(f"policy-v{number}.md", f"{head}\n\nEmployees may work from home {days} days a week.")
    assert world.list_superseded() == [
        ("Employees may work from home two days a week.", "Employees may work from home three days a week.")
    ]
