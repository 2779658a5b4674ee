"""Which identifiers a question names, in seven languages, and in which written forms a text has them."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.analyzer import extract_terms
from rag.questions.identifiers import Identifier, extract_identifiers

EVALUATION_SETS = Path(__file__).resolve().parents[4] / "shared" / "eval"

NAMED = [
    ("What does the fault E-1204 mean?", ["E-1204"]),
    ("what does e1204 mean", ["e1204"]),
    ("E 1204", ["E 1204"]),
    ("Was bedeutet der Fehler E\u20111204?", ["E\u20111204"]),
    ("Que signifie l'erreur E-1204 ?", ["E-1204"]),
    ("¿Qué significa el error E-1204?", ["E-1204"]),
    ("Cosa significa l'errore E-1204?", ["E-1204"]),
    ("O que significa o erro E-1204?", ["E-1204"]),
    ("Wat betekent storing F 17?", ["F 17"]),
    ("How is SK-7731-B installed?", ["SK-7731-B"]),
    ("Which pump is RX-9?", ["RX-9"]),
    ("What is the difference between E-1203 and E-1204?", ["E-1203", "E-1204"]),
    ("What does ISO 9001 ask for?", ["ISO 9001"]),
    ("What is the total due on invoice 2026-0342?", ["2026-0342"]),
    ("Wie hoch ist Rechnung Nr. 2026-0342?", ["2026-0342"]),
    ("Rechnungsnummer 2026/0342?", ["2026/0342"]),
    ("Quel est le total de la facture n° 2026-0342 ?", ["2026-0342"]),
    ("Wat is het bedrag van factuur 2026-0342?", ["2026-0342"]),
    ("What is the total on RE-2025-104?", ["RE-2025-104"]),
    ("Wann ist die Rechnung RE-2025-104 fällig?", ["RE-2025-104"]),
    ("Qui a signé le contrat CT/2024/0088 ?", ["CT/2024/0088"]),
    ("¿Cuánto es la factura FAC-2025-104?", ["FAC-2025-104"]),
    ("Chi ha firmato l'ordine OR-2026-0031?", ["OR-2026-0031"]),
    ("Quem assinou o pedido PC-2026-117?", ["PC-2026-117"]),
    ("Wie betaalt factuur NL-2025-0419?", ["NL-2025-0419"]),
    ("What was shipped with A4-2025-104-X?", ["A4-2025-104-X"]),
    ("Who placed order 10023?", ["10023"]),
    ("Whose number is +32 16 55 08 92?", ["+32 16 55 08 92"]),
    ("Which account is BE71 0961 2345 6770?", ["BE71 0961 2345 6770"]),
    ("What is invoice 42 for?", ["invoice 42"]),
    ("¿Qué significa el error 404?", ["error 404"]),
    ("Who took ticket #123?", ["ticket #123"]),
    ("What does clause 14.2 say?", ["clause 14.2"]),
    ("§7.3", ["§7.3"]),
    ("Was steht in § 14?", ["§ 14"]),
    ("Que dit l'article 12 ?", ["article 12"]),
    ("Cosa dice la clausola 14?", ["clausola 14"]),
    ("Wat staat er in artikel 9?", ["artikel 9"]),
    ("What is in Annex B?", ["Annex B"]),
    ("What does article K-2210 cost?", ["K-2210"]),
    ("Combien coûte l'article K-2230 ?", ["K-2230"]),
    ("What did firmware 2.1 fix?", ["firmware 2.1"]),
    ("How does version 6.15.0 differ from 6.14.0?", ["version 6.15.0", "6.14.0"]),
]
NONE_NAMED = """
What happened in 2024?
Who won the 2018 world cup?
How many of the 1,250,000 euros were spent?
Summarise invoice_2026-0342.pdf
Who drives the number 95 car?
Who won season 8 of the show?
How much is a 72 oz steak?
What was the total of FY2025, Q3-2025 and 2015-16?
What happened on 2026-03-12, and on 12.03.2026?
Who lived from 973–1048 CE?
Who sang it in the 80s?
What was invented in the 20th century?
Was geschah im 19. Jahrhundert?
What is an MP3, and what did WW2 change?
How do I order 10 pumps?
May I claim 500 euros?
Why are there 30000000 people?
Wie viele Menschen leben in Bayern?
Combien de personnes ont voté en 2012 ?
Write to anna.4711@example.com
Which section I should read?
""".strip().splitlines()


@pytest.mark.parametrize(("question", "named"), NAMED)
def test_identifiers_are_read_from_the_words_of_a_question(question: str, named: list[str]) -> None:
    identifiers = extract_identifiers(question)
    assert [identifier.text for identifier in identifiers] == named
    assert all(question[one.start : one.end] == one.number for one in identifiers)


@pytest.mark.parametrize("question", NONE_NAMED)
def test_quantities_years_and_names_of_files_are_no_identifiers(question: str) -> None:
    assert extract_identifiers(question) == ()


def only(question: str) -> Identifier:
    (identifier,) = extract_identifiers(question)
    return identifier


SAME = [
    ("E-1204", "E1204 | Air pressure"),
    ("E-1204", "the code e 1204 is shown"),
    ("E-1204", "E\u20111204: air pressure"),
    ("E 1204", "(E-1204)"),
    ("e1204", "E-1204/E-1205"),
    ("SK-7731-B", "the seal kit SK7731B."),
    ("INV-42", "Invoice INV-0042"),
    ("invoice 2026-0342", "Rechnung 2026/0342 vom 3. Mai"),
    ("invoice 2026-0342", "invoice_2026-0342.pdf"),
    ("invoice 2026-0342", "No. 20260342"),
    ("+32 16 55 08 91", "The hotline is +32 (0)16 55 08 91."),
    ("+3216550891", "016 55 08 91"),
    ("account BE71 0961 2345 6769", "IBAN BE71096123456769"),
    ("ISO 9001", "certified to ISO 9001:2015"),
    ("clause 14.2", "14.2 Fees are due on receipt."),
    ("clause 14", "as in clauses 13 and 14, the fee"),
    ("clause 14", "14. Termination"),
    ("§ 14", "Article 14.3 applies"),
    ("Article IV", "Article 4"),
    ("article 4", "ARTICLE IV — Fees"),
    ("Annex B", "see Annex B."),
    ("invoice 42", "Invoice no. 42"),
    ("invoice 42", "Norvik | 42 | 99.00"),
    ("firmware 2.1", "v2.1 had the fault"),
]
OTHER = [
    ("E-1204", "E-12045"),
    ("E-1204", "AE-1204"),
    ("E-1204", "E-1204-B"),
    ("E-1204", "E-1240, E-1024 and E-204"),
    ("E-1204", "1204 pieces"),
    ("SK-7731-B", "SK-7731-D and SK-7713-B"),
    ("invoice 2026-0342", "2026-03425"),
    ("+32 16 55 08 92", "+32 (0)16 55 08 91"),
    ("clause 14.2", "14.20 Fees"),
    ("clause 14", "within 14 days"),
    ("clause 14", "14 days after delivery"),
    ("clause 14", "14 % of the fee"),
    ("clause 4", "clause 14"),
    ("Annex B", "B is the second letter"),
    ("invoice 42", "42 caps"),
    ("invoice 42", "invoice 2026-42"),
    ("firmware 2.1", "Firmware 2.10 and 12.1"),
]


@pytest.mark.parametrize(("question", "text"), SAME)
def test_an_identifier_is_recognized_in_all_its_written_forms(question: str, text: str) -> None:
    assert only(question).is_in(text)


@pytest.mark.parametrize(("question", "text"), OTHER)
def test_another_identifier_is_never_taken_for_it(question: str, text: str) -> None:
    assert not only(question).is_in(text)


LETTERS = st.sampled_from(["E", "XK", "SK", "RXB"])
DIGITS = st.integers(100, 9_999).map(str)
JOINT = st.sampled_from(["", "-", " ", "\u2011", "\u2013", "_", "."])


@given(letters=LETTERS, digits=DIGITS, asked=JOINT, written=JOINT, is_lower=st.booleans())
def test_every_spelling_of_a_code_is_found_by_its_search_terms(
    letters: str, digits: str, asked: str, written: str, *, is_lower: bool
) -> None:
    identifier = only(f"What is fault {letters}{asked}{digits}?")
    spelling = f"{letters}{written}{digits}"
    text = f"Row | {spelling.lower() if is_lower else spelling} | Call the workshop"
    assert identifier.is_in(text)
    assert set(identifier.search_terms) & set(extract_terms(text))


@given(letters=LETTERS, digits=DIGITS, other=DIGITS, joint=JOINT)
def test_a_code_is_in_a_text_if_and_only_if_its_number_is_the_same(
    letters: str, digits: str, other: str, joint: str
) -> None:
    identifier = only(f"fault {letters}-{digits}")
    assert identifier.is_in(f"{letters}{joint}{other}: oil") == (digits == other)


@given(groups=st.lists(st.integers(10, 99), min_size=4, max_size=6))
def test_a_long_number_is_found_however_its_digits_are_grouped(groups: list[int]) -> None:
    digits = "".join(map(str, groups))
    identifier = only(f"Who is +32 {digits}?")
    spaced = " ".join(map(str, groups))
    assert identifier.is_in(f"Call +32 {spaced} now")
    assert set(identifier.search_terms) & set(extract_terms(spaced))


def test_amounts_are_not_similar_to_a_number_with_hyphens() -> None:
    (invoice,) = extract_identifiers("What is the total due on invoice 2025-104?")
    assert invoice.rank_similar(["Total due: 249.90 EUR", "invoice 2025-088"]) == ["2025-088"]


def test_the_most_similar_identifiers_of_the_same_form_are_named_first() -> None:
    text = "E-1042 | E-1203 | E-1205 | F-1204 | 1204 | E-1299 | E-7"
    assert only("fault E-1204").rank_similar([text]) == ["E-1203", "E-1205", "E-1299"]
    assert only("clause 14.2").rank_similar(["14.1 Fees\n14.3 Costs\nwithin 14 days"]) == ["14.1", "14.3"]
    assert only("Annex F").rank_similar(["Annex A\nAnnex B\n14.1 Fees"]) == ["A", "B"]
    assert only("invoice 2026-0342").rank_similar(["2026-0311, on 2026-03-12, 55-0342"]) == ["2026-0311"]


@pytest.mark.skipif(not EVALUATION_SETS.is_dir(), reason="the evaluation sets are not beside the checkout")
@pytest.mark.parametrize("name", ["qed-dev", "xquad/en", "xquad/de", "xquad/es"])
def test_questions_of_evaluation_sets_hardly_ever_name_an_identifier_that_their_documents_lack(name: str) -> None:
    folder = EVALUATION_SETS / name
    texts = [f"{row['title']}\n{row['text']}" for row in _read(folder / "corpus.jsonl")]
    questions = [row["text"] for row in _read(folder / "queries.jsonl")]
    missing = [
        identifier.text
        for question in questions
        for identifier in extract_identifiers(question)
        if not any(map(identifier.is_in, texts))
    ]
    assert len(missing) <= len(questions) / 1_000, missing


def _read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_long_question_takes_no_long_time() -> None:
    text = "internationalization-of-a.very.long.word " * 200 + "1 2 3 " * 200
    assert extract_identifiers(text) == ()
    assert not re.search(r"\d{2}", text)
    assert not only("fault E-1204").is_in(text)
    assert not only("clause 14.2").is_in(text)


@pytest.mark.parametrize(
    ("question", "year"),
    [
        ("What is the highest load in the 2024 edition?", "2024"),
        ("What does the edition of 2019 say?", "2019"),
        ("What did the 2021 version allow?", "2021"),
        ("Was steht in der Ausgabe 2024?", "2024"),
        ("Was gilt nach der Fassung von 2023?", "2023"),
        ("Que dit l'édition de 2021 ?", "2021"),
        ("¿Qué dice la edición del 2022?", "2022"),
        ("Cosa dice l'edizione 2020?", "2020"),
        ("O que diz a edição de 2020?", "2020"),
        ("Wat zegt de uitgave van 2018?", "2018"),
        ("When was the 2016 election?", None),
        ("What happened in 2024?", None),
    ],
)
def test_an_edition_is_named_by_its_year(question: str, year: str | None) -> None:
    named = [(identifier.number, identifier.kind) for identifier in extract_identifiers(question)]
    assert named == ([(year, "edition")] if year else [])


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ("This is the 2024 edition.", True),
        ("Ausgabe 2024 der Norm", True),
        ("édition de 2024, révisée", True),
        ("shelf-standard-2024.pdf", True),
        ("Standard for shelves 2024", True),
        ("This is the 2021 edition. It was changed in 2024 and after.", False),
        ("The 20245 edition", False),
    ],
)
def test_where_the_year_of_an_edition_stands(text: str, *, is_in: bool) -> None:
    (identifier,) = extract_identifiers("the 2024 edition")
    assert identifier.is_in(text) == is_in
