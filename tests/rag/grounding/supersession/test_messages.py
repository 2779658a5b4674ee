"""Later messages of a thread: what they change of earlier ones, and all that only looks like a change."""

import pytest

from rag.types import Dating
from tests.rag.supersession_world import Mail, SupersessionWorld

OFFSITE = "The offsite takes place on 11 June."
MOVED = "The offsite is moved to 18 June."
CHANGES = [
    (
        "Hi all,\n\nthe offsite takes place on 11 June in Leuven. The budget is EUR 6,000.",
        "Agreed. The offsite is moved to 18 June, still in Leuven. Finance cut the budget to EUR 4,800.",
        [
            ("the offsite takes place on 11 June in Leuven.", "The offsite is moved to 18 June, still in Leuven."),
            ("The budget is EUR 6,000.", "Finance cut the budget to EUR 4,800."),
        ],
    ),
    (OFFSITE, "It is now on 18 June.", [(OFFSITE, "It is now on 18 June.")]),
    (OFFSITE, "New date: 18 June.", [(OFFSITE, "New date: 18 June.")]),
    (OFFSITE, "The offsite is moved to 18 May.", [(OFFSITE, "The offsite is moved to 18 May.")]),
    (
        OFFSITE,
        "We moved the offsite from 11 June to 18 June, still in Leuven.",
        [(OFFSITE, "We moved the offsite from 11 June to 18 June, still in Leuven.")],
    ),
    (OFFSITE, "The offsite is cancelled.", [(OFFSITE, "The offsite is cancelled.")]),
    (
        "The deposit is EUR 300.",
        "Correction: the deposit is not EUR 300 but EUR 350.",
        [("The deposit is EUR 300.", "Correction: the deposit is not EUR 300 but EUR 350.")],
    ),
    (
        "The deposit is EUR 300.",
        "Correction: the deposit is EUR 350, not EUR 300.",
        [("The deposit is EUR 300.", "Correction: the deposit is EUR 350, not EUR 300.")],
    ),
    ("The rent is EUR 900.", "The rent is EUR 950.", [("The rent is EUR 900.", "The rent is EUR 950.")]),
    (
        "The meeting starts at 10:00 in room 4.",
        "The meeting now starts at 2.30 p.m.",
        [("The meeting starts at 10:00 in room 4.", "The meeting now starts at 2.30 p.m.")],
    ),
    (
        "Das Treffen findet am 11. Juni in Bonn statt. Das Budget beträgt 6.000 Euro.",
        "Das Treffen wird auf den 18. Juni verschoben. Das Budget wurde auf 4.800 Euro gekürzt.",
        [
            ("Das Treffen findet am 11. Juni in Bonn statt.", "Das Treffen wird auf den 18. Juni verschoben."),
            ("Das Budget beträgt 6.000 Euro.", "Das Budget wurde auf 4.800 Euro gekürzt."),
        ],
    ),
    (
        "La réunion a lieu le 11 juin à Lyon. Le budget est de 6 000 euros.",
        "La réunion est reportée au 18 juin. Le budget est ramené à 4 800 euros.",
        [
            ("La réunion a lieu le 11 juin à Lyon.", "La réunion est reportée au 18 juin."),
            ("Le budget est de 6 000 euros.", "Le budget est ramené à 4 800 euros."),
        ],
    ),
    (
        "La reunión es el 11 de junio en Lugo. El presupuesto es de 6.000 euros.",
        "La reunión se aplaza al 18 de junio. El presupuesto se ha reducido a 4.800 euros.",
        [
            ("La reunión es el 11 de junio en Lugo.", "La reunión se aplaza al 18 de junio."),
            ("El presupuesto es de 6.000 euros.", "El presupuesto se ha reducido a 4.800 euros."),
        ],
    ),
    (
        "La riunione è il 11 giugno a Pisa. Il budget è di 6.000 euro.",
        "La riunione è stata spostata al 18 giugno. Il budget è stato ridotto a 4.800 euro.",
        [
            ("La riunione è il 11 giugno a Pisa.", "La riunione è stata spostata al 18 giugno."),
            ("Il budget è di 6.000 euro.", "Il budget è stato ridotto a 4.800 euro."),
        ],
    ),
    (
        "A reunião é em 11 de junho em Braga. O orçamento é de 6.000 euros.",
        "A reunião foi adiada para 18 de junho. O orçamento foi reduzido para 4.800 euros.",
        [
            ("A reunião é em 11 de junho em Braga.", "A reunião foi adiada para 18 de junho."),
            ("O orçamento é de 6.000 euros.", "O orçamento foi reduzido para 4.800 euros."),
        ],
    ),
    (
        "De vergadering is op 11 juni in Gent. Het budget is 6.000 euro.",
        "De vergadering is verplaatst naar 18 juni. Het budget is verlaagd naar 4.800 euro.",
        [
            ("De vergadering is op 11 juni in Gent.", "De vergadering is verplaatst naar 18 juni."),
            ("Het budget is 6.000 euro.", "Het budget is verlaagd naar 4.800 euro."),
        ],
    ),
]
NO_CHANGES = [
    (OFFSITE, "Could we move the offsite to 18 June?"),
    (OFFSITE, "I suggest that the offsite is moved to 18 June."),
    (OFFSITE, "The offsite may be moved to 18 June."),
    (OFFSITE, "The offsite is not moved to 18 June."),
    (OFFSITE, "The offsite is not moved to 18 June; it stays on 11 June."),
    (OFFSITE, "The offsite is now certain: it stays on 11 June, the dinner is on 12 June."),
    (OFFSITE, "The offsite is moved to Ghent."),
    ("The catering budget is EUR 2,000.", "Finance cut the travel budget to EUR 4,800."),
    ("The budget of the dinner is EUR 2,000.", "Finance cut the budget of the trip to EUR 4,800."),
    ("The offsite takes place on 11 June in Leuven.", "The dinner in Leuven is moved to 19 June."),
    ("The printer costs EUR 300.", "The new chairs cost EUR 350."),
    ("The report is due on 30 June.", MOVED),
    ("Das Treffen ist am 11. Juni.", "Könnten wir das Treffen auf den 18. Juni verschieben?"),
    ("La réunion a lieu le 11 juin.", "La réunion n'est pas reportée au 18 juin."),
    ("La reunión es el 11 de junio.", "Propongo que la reunión se aplace al 18 de junio."),
    ("De vergadering is op 11 juni.", "De vergadering is niet verplaatst naar 18 juni."),
]


@pytest.mark.parametrize(("earlier", "later", "expected"), CHANGES)
def test_a_later_message_supersedes_what_it_changes(
    world: SupersessionWorld, earlier: str, later: str, expected: list[tuple[str, str]]
) -> None:
    world.add_mails(Mail(earlier, day=4, subject="Offsite"), Mail(later, day=5))
    assert world.list_superseded() == expected


@pytest.mark.parametrize(("earlier", "later"), NO_CHANGES)
def test_a_later_message_that_changes_nothing_of_it_supersedes_nothing(
    world: SupersessionWorld, earlier: str, later: str
) -> None:
    world.add_mails(Mail(earlier, day=4, subject="Offsite"), Mail(later, day=5))
    assert world.list_superseded() == []


def test_an_earlier_message_supersedes_nothing_of_a_later_one(world: SupersessionWorld) -> None:
    world.add_mails(Mail(MOVED, day=4), Mail("The offsite takes place on 25 June, as planned in the budget.", day=5))
    assert [superseded for superseded, _ in world.list_superseded()] == []


def test_of_several_changes_the_last_one_holds(world: SupersessionWorld) -> None:
    again = "The offsite is moved to 25 June."
    world.add_mails(Mail(again, day=6), Mail(OFFSITE, day=4), Mail(MOVED, day=5))
    assert sorted(world.list_superseded()) == [(MOVED, again), (OFFSITE, again)]


@pytest.mark.parametrize("subject", ["Re: Workshop B", "Workshop A and dinner", ""])
def test_another_thread_supersedes_nothing(world: SupersessionWorld, subject: str) -> None:
    workshop, moved = "The workshop takes place on 11 June.", "The workshop is moved to 18 June."
    world.add_mails(Mail(workshop, subject="Workshop A"), Mail(moved, day=5, subject=subject))
    assert world.list_superseded() == []


@pytest.mark.parametrize("mark", ["Re: ", "AW: ", "Fwd: Re: ", "RE[2]: ", "Antw: ", "TR : ", "RV: "])
def test_marks_of_replies_do_not_make_another_thread(world: SupersessionWorld, mark: str) -> None:
    world.add_mails(Mail(OFFSITE, subject="Offsite"), Mail(MOVED, day=5, subject=f"{mark}Offsite"))
    assert world.list_superseded() == [(OFFSITE, MOVED)]


def test_the_dates_of_a_series_of_meetings_are_no_changes(world: SupersessionWorld) -> None:
    world.add_mails(
        Mail("The jour fixe takes place on 11 June.", subject="Jour fixe"),
        Mail("The jour fixe takes place on 18 June.", day=11, subject="Jour fixe"),
    )
    assert world.list_superseded() == []


def test_messages_of_one_day_are_ordered_by_their_time(world: SupersessionWorld) -> None:
    world.add_mails(Mail(MOVED, hour=11), Mail(OFFSITE, hour=9))
    assert world.list_superseded() == [(OFFSITE, MOVED)]


def test_the_messages_of_a_mailbox_are_messages_too(world: SupersessionWorld) -> None:
    world.add_mailbox(Mail(OFFSITE, hour=9, subject="Offsite"), Mail(MOVED, hour=11))
    ((earlier, successor),) = world.find_successors()
    assert (earlier.text, successor.match.text, successor.kind) == (OFFSITE, MOVED, "message")
    assert successor.dating == successor.earlier_dating == Dating("2026-05-04", "message")


@pytest.mark.parametrize("attribution", ["On Mon, May 4, 2026 at 9:00 AM Ann Lee <ann@example.org> wrote:\n", ""])
def test_quoted_text_is_of_the_message_that_it_is_from(world: SupersessionWorld, attribution: str) -> None:
    world.add_mails(Mail(f"{MOVED}\n\n{attribution}> {OFFSITE}"))
    assert world.list_superseded() == [(OFFSITE, MOVED)]


def test_a_message_is_not_superseded_by_what_it_quotes(world: SupersessionWorld) -> None:
    world.add_mails(Mail(f"The offsite takes place on 25 June.\n\n> {MOVED}"))
    assert world.list_superseded() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("We deliver on 12 May at 10:00 to dock 3.", "We have to move the delivery from 12 May to 19 May."),
        ("The price is 2,180 euros including transport.", "As an apology we reduce the price to 2,050 euros."),
        ("Das Treffen ist am 12. Mai.", "Wir müssen das Treffen auf den 19. Mai verschieben."),
    ],
)
def test_a_change_is_announced_by_a_verb_in_any_form(world: SupersessionWorld, before: str, after: str) -> None:
    world.add_mailbox(Mail(before, day=4, subject="Chairs"), Mail(after, day=8, subject="Re: Chairs"))
    assert world.list_superseded() == [(before, after)]
