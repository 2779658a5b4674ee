"""Amendments that change a clause by its number, in one document and in another one."""

import pytest

from rag.grounding.supersession.amendments import find_amendments
from rag.grounding.supersession.clauses import find_label, find_references
from rag.grounding.supersession.finder import SupersessionFinder
from rag.types import Dating
from tests.rag.supersession_world import SupersessionWorld

REFERENCES = [
    ("In clause 3.1 the amount", ("3", "1")),
    ("Section 3.1(a) of this lease", ("3", "1", "a")),
    ("Article 12b", ("12b",)),
    ("§ 4 Abs. 2 wird geändert", ("4", "2")),
    ("§4 (2)", ("4", "2")),
    ("Absatz 2 des § 4", ("4", "2")),
    ("Ziffer 3.1", ("3", "1")),
    ("l'alinéa 2 de l'article 5", ("5", "2")),
    ("el apartado 2 del artículo 5", ("5", "2")),
    ("l'articolo 5, comma 2,", ("5", "2")),
    ("o n.º 2 do artigo 5.º", ("5", "2")),
    ("lid 2 van artikel 5", ("5", "2")),
    ("Artikel 5, lid 2", ("5", "2")),
]
LABELS = [
    ((), '1. Definitions\n1.3 foo.\n1.4 "Base Fee" means', ("1", "4")),
    (("§ 4 Miete",), "(1) Die Wohnung.\n(2) Die Miete", ("4", "2")),
    (("Article 5 - Fees",), "2. The fee", ("5", "2")),
    (("3. Fees",), "3.1 The fee\n(a) for storage\n(b) for picking", ("3", "1", "b")),
    ((), "§ 7 Kündigung\nDie Frist", ("7",)),
    (("Fees",), "The fee of version 1.4 is", None),
]
AMENDING = [
    "In clause 3.1 the amount is replaced by EUR 60.",
    'Clause 3.1 is deleted and replaced as follows: "The fee is EUR 60."',
    "Clause 3.1 is hereby amended to read: The fee is EUR 60.",
    "Replace clause 3.1 with: The fee is EUR 60.",
    "Clause 3.1 now reads: The fee is EUR 60.",
    "Clause 3.1 shall be deleted and replaced by: The fee is EUR 60.",
    "Ziffer 3.1 lautet künftig: Die Gebühr beträgt 60 Euro.",
    "Clauses 2.4 and clause 3.1 are deleted.",
    "Ziffer 3.1 erhält folgende Fassung: „Die Gebühr beträgt 60 Euro.“",
    "In Ziffer 3.1 wird der Betrag durch 60 Euro ersetzt.",
    "L'article 3.1 est remplacé par le texte suivant : « La cotisation est de 60 euros. »",
    "En la cláusula 3.1 el importe se sustituye por 60 euros.",
    "Se modifica la cláusula 3.1, que queda redactada como sigue: «La cuota es de 60 euros.»",
    "La clausola 3.1 è così sostituita: «Il canone è di 60 euro.»",
    "Na cláusula 3.1, o valor é substituído por 60 euros.",
    'Artikel 3.1 komt te luiden: "De bijdrage is 60 euro."',
]
NOT_AMENDING = [
    "Clause 3.1 is unchanged.",
    "Clause 3.1 is not amended.",
    "Clause 3.1 may be amended in writing.",
    "If clause 3.1 is amended, the fee changes.",
    "The fees under clause 3.1 are changed every year.",
    "Payments are replaced by clause 3.1 services.",
    "Clause 3.1 reads: everyone has the right to 20 days.",
    "Clause 3.1 replaced the fees of the old contract.",
    "Ziffer 3.1 lautet: Die Gebühr beträgt 50 Euro.",
    "Ziffer 3.1 kann geändert werden.",
    "Ziffer 3.1 wird nicht geändert.",
    "L'article 3.1 peut être modifié.",
]


def contract(*clauses: str, amendment: str) -> str:
    return "\n\n".join(["# Contract", *clauses, "# Amendment No. 1 of 3 March 2025", amendment])


SUPERSEDED = [
    (["3.1 The fee is EUR 50."], "In clause 3.1 the amount is replaced by EUR 60.", "3.1 The fee is EUR 50."),
    (
        ["1.2 An incident lasts longer than 45 minutes.", "1.3 It is reported within 30 minutes."],
        'In clause 1.2 the words "45 minutes" are replaced by "20 minutes".',
        "1.2 An incident lasts longer than 45 minutes.",
    ),
    (["3.1 The fee is EUR 50.", "3.2 The deposit is EUR 90."], "Clause 3.2 is deleted.", "3.2 The deposit is EUR 90."),
    (
        ["## § 4 Miete", "(1) Sie ist am 3. Werktag fällig.", "(2) Die Miete beträgt 1.250 Euro."],
        "§ 4 Abs. 2 erhält folgende Fassung: „Die Miete beträgt 1.300 Euro.“",
        "(2) Die Miete beträgt 1.250 Euro.",
    ),
    (
        ["## § 4 Miete", "(2) Die Miete beträgt 1.250 Euro.", "## § 5 Kaution", "(2) Die Kaution beträgt 2.500 Euro."],
        "In § 4 Abs. 2 wird der Betrag „1.250 Euro“ durch „1.300 Euro“ ersetzt.",
        "(2) Die Miete beträgt 1.250 Euro.",
    ),
    (
        ["## Article 5 - Loyer", "Le loyer est de 850 euros.", "## Article 6", "Les charges sont de 90 euros."],
        "À l'article 5, le montant est remplacé par 900 euros.",
        "Le loyer est de 850 euros.",
    ),
    (
        ["## Cláusula 3.1 Cuota", "La cuota es de 50 euros al mes."],
        "Se modifica la cláusula 3.1, que queda redactada como sigue: «La cuota es de 60 euros al mes.»",
        "La cuota es de 50 euros al mes.",
    ),
    (
        ["## Articolo 5", "2. Il canone è di 700 euro."],
        "L'articolo 5, comma 2, è così sostituito: «Il canone è di 800 euro.»",
        "Il canone è di 700 euro.",
    ),
    (
        ["3.1 A renda é de 650 euros por mês."],
        "A cláusula 3.1 passa a ter a seguinte redação: «A renda é de 700 euros por mês.»",
        "3.1 A renda é de 650 euros por mês.",
    ),
    (
        ["## Artikel 5 Huur", "1. Elke maand.", "2. De huur bedraagt 700 euro."],
        'Artikel 5, lid 2 komt te luiden: "De huur bedraagt 750 euro."',
        "2. De huur bedraagt 700 euro.",
    ),
]
NOT_SUPERSEDED = [
    (["3.1 The fee is EUR 50."], "Clause 3.1 is not amended. The deposit is EUR 90."),
    (["3.1 The fee is EUR 50."], "In clause 4.1 the amount is replaced by EUR 600."),
    (["3.1 The fee is EUR 50."], "In clause 3.10 the amount is replaced by EUR 600."),
    (["3.1 The fee is due within 30 days."], "In clause 3.1 the amount is replaced by EUR 600."),
    (["3.1 It is due on 31 January."], "In clause 3.1 the fee is replaced by EUR 60 with effect from 1 March 2026."),
    (["3.1 It is due on 31 January."], "In Ziffer 3.1 wird der Betrag mit Wirkung vom 1. März 2026 geändert."),
    (["3.1 Il est dû le 31 janvier."], "À l'article 3.1, le montant est remplacé par 60 EUR à compter du 1 mars 2026."),
    (["3.1 The fee is EUR 50."], 'In clause 3.1 the words "EUR 40" are replaced by "EUR 45".'),
    (["3.1 The fee is EUR 50."], "The amount in clause 3.1 may be changed to EUR 60."),
    (["## § 4 Miete", "(2) Die Miete beträgt 1.250 Euro."], "In § 4 Abs. 3 wird der Betrag durch 20 Euro ersetzt."),
    (["1. Use 50 g of flour.", "2. Wait 30 minutes."], "Article 1 of the law was amended in 1998 by 40 deputies."),
]
AGREEMENT = "# Service Agreement\n\nbetween {} BV and Halden NV, dated 12 January 2024\n\n3.1 The Base Fee is EUR {}."
ADDENDUM = "# Amendment No. 1\n\nof 3 March 2025 to the {} between {} BV and Halden NV\n\n{}"
CHANGE = "In clause 3.1 the amount is replaced by EUR 19,200."


@pytest.mark.parametrize(("text", "path"), REFERENCES)
def test_a_clause_is_named_by_its_number(text: str, path: tuple[str, ...]) -> None:
    assert [reference.path for reference in find_references(text)] == [path]


@pytest.mark.parametrize(("headings", "text", "path"), LABELS)
def test_a_sentence_stands_under_the_last_number(
    headings: tuple[str, ...], text: str, path: tuple[str, ...] | None
) -> None:
    label = find_label(headings, text)
    assert (label and label.path) == path


@pytest.mark.parametrize("sentence", AMENDING)
def test_a_sentence_amends_the_clause_that_it_names(sentence: str) -> None:
    assert ("3", "1") in [amendment.clause.path for amendment in find_amendments(sentence)]


@pytest.mark.parametrize("sentence", NOT_AMENDING)
def test_a_sentence_that_only_names_a_clause_amends_nothing(sentence: str) -> None:
    assert list(find_amendments(sentence)) == []


@pytest.mark.parametrize(("clauses", "amendment", "superseded"), SUPERSEDED)
def test_an_amendment_supersedes_the_clause_that_it_names(
    world: SupersessionWorld, clauses: list[str], amendment: str, superseded: str
) -> None:
    world.add("contract.md", contract(*clauses, amendment=amendment))
    assert world.list_superseded() == [(superseded, amendment)]
    ((_, successor),) = world.find_successors()
    assert (successor.kind, successor.dating) == ("amendment", Dating("2025-03-03", "section"))


@pytest.mark.parametrize(("clauses", "amendment"), NOT_SUPERSEDED)
def test_an_amendment_supersedes_nothing_else(world: SupersessionWorld, clauses: list[str], amendment: str) -> None:
    world.add("contract.md", contract(*clauses, amendment=amendment))
    assert world.list_superseded() == []


def test_the_new_text_may_stand_behind_the_sentence_that_announces_it(world: SupersessionWorld) -> None:
    amendment = "Clause 3.1 is replaced as follows:\n\nThe fee is EUR 60 per month."
    world.add("contract.md", contract("3.1 The fee is EUR 50 per month.", amendment=amendment))
    assert world.list_superseded() == [
        ("3.1 The fee is EUR 50 per month.", "Clause 3.1 is replaced as follows: The fee is EUR 60 per month.")
    ]
    text = world.library.document_text(world.collection.id, world.library.documents(world.collection.id)[0].file_id)
    ((_, successor),) = world.find_successors()
    assert text[successor.match.start : successor.match.end] == successor.match.text == amendment


def test_the_last_of_several_amendments_holds(world: SupersessionWorld) -> None:
    second = "In clause 3.1 the amount is replaced by EUR 70."
    first = f"{SUPERSEDED[0][1]}\n\n# Amendment No. 2 of 5 May 2026\n\n{second}"
    world.add("contract.md", contract("3.1 The fee is EUR 50.", amendment=first))
    assert world.list_superseded() == [("3.1 The fee is EUR 50.", second), (SUPERSEDED[0][1], second)]


def test_an_amendment_of_its_own_supersedes_the_contract_that_it_names(world: SupersessionWorld) -> None:
    world.add("alpha.md", AGREEMENT.format("Alpha", "18,500"))
    world.add("beta.md", AGREEMENT.format("Beta", "21,000"))
    world.add("lease.md", "# Lease\n\n3.1 The rent is EUR 900.")
    world.add("amendment.md", ADDENDUM.format("Service Agreement", "Alpha", CHANGE))
    assert world.list_superseded() == [("3.1 The Base Fee is EUR 18,500.", CHANGE)]


@pytest.mark.parametrize("name", ["Lease", "Storage Contract"])
def test_an_amendment_of_another_contract_supersedes_nothing(world: SupersessionWorld, name: str) -> None:
    world.add("alpha.md", AGREEMENT.format("Alpha", "18,500"))
    world.add("amendment.md", ADDENDUM.format(name, "Alpha", CHANGE))
    assert world.list_superseded() == []


def test_an_amendment_that_fits_two_contracts_equally_supersedes_neither(world: SupersessionWorld) -> None:
    world.add("one.md", AGREEMENT.format("Alpha", "18,500"))
    world.add("two.md", AGREEMENT.format("Alpha", "21,000"))
    world.add("amendment.md", ADDENDUM.format("Service Agreement", "Alpha", CHANGE))
    assert world.list_superseded() == []


def test_a_second_amendment_replaces_what_the_first_one_has_put_in(world: SupersessionWorld) -> None:
    head = "made between Halden Mills Ltd and Brightwater Cleaning LLP."
    world.add(
        "agreement.md",
        f"# Cleaning Agreement\n\nThis Agreement of 3 June 2023 is {head}\n\n3.2 The charge is GBP 6,400.",
    )
    for number, day, old, new in ((1, "14 February 2024", "6,400", "6,950"), (2, "2 September 2025", "6,950", "7,300")):
        change = f"In clause 3.2 the amount of GBP {old} is replaced by GBP {new}."
        title = f"# Amendment No. {number} to the Cleaning Agreement"
        world.add(f"amendment-{number}.md", f"{title}\n\nThis amendment of {day} is {head}\n\n1. {change}")
    superseded = dict(world.list_superseded())
    first, second = (next(text for text in superseded if amount in text) for amount in ("is GBP 6,400", "by GBP 6,950"))
    assert ("6,950" in superseded[first], "7,300" in superseded[second]) == (True, True)
    charge = next(match for match in world.sentences if "is GBP 6,400" in match.text)
    chain = SupersessionFinder(world.library).find([charge], world.sentences)
    assert len(chain) == 2  # the successor's own successor is known although nobody asked for it
