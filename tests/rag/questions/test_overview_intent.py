"""Which questions need everything that was stored, in seven languages, and which do not."""

import json
from pathlib import Path

import pytest

from rag.questions.overview_intent import MAX_CHARS, detect_overview
from rag.questions.overview_patterns import OverviewKind

EVALUATION_SETS = Path(__file__).resolve().parents[4] / "shared" / "eval"

SUMMARIES = """
Summarise this document.
Can you please summarize the handbook?
Please give me a short overview of the safety rules.
Summary please
Give me an overview of all documents
What is this document about?
What are these files about?
What does the manual cover?
What are the main points of this report?
key takeaways from these papers
TL;DR
I need a summary of the contract
Overview of the annual report
Fasse das Dokument zusammen.
Kannst du mir bitte die Verträge zusammenfassen?
Gib mir einen Überblick über die Sicherheitsregeln
Erstelle eine kurze Zusammenfassung der Berichte
Worum geht es in diesem Dokument?
Wovon handelt das Buch?
Was sind die wichtigsten Punkte des Berichts?
Résume ce document.
Résumez-moi le rapport annuel
Fais-moi un résumé du contrat
Donne-moi une vue d'ensemble des documents
De quoi parle ce document ?
Quels sont les points principaux du rapport ?
Resume este documento.
Hazme un resumen de los informes
Dame una visión general de la colección
¿De qué trata este libro?
¿Cuáles son las ideas principales del texto?
Riassumi questo documento
Fammi un riassunto del contratto
Di cosa parla questo documento?
Quali sono i punti principali del rapporto?
Resuma este documento
Faça um resumo dos relatórios
Do que trata este livro?
Quais são os pontos principais do relatório?
Vat dit document samen.
Geef me een overzicht van de documenten
Maak een korte samenvatting van het rapport
Waar gaat dit document over?
Wat zijn de belangrijkste punten van het rapport?
"""
LISTS = """
List every supplier.
List all deadlines in the contracts
Name all persons mentioned in the report
Please list all the chemicals that need gloves
Which departments are there?
Which suppliers are mentioned?
What products are listed in these documents?
What rooms are there in the handbook?
Show me every date
Give me a complete list of the machines
Nenne alle Lieferanten
Liste bitte sämtliche Fristen auf
Welche Abteilungen gibt es?
Welche Personen werden in den Dokumenten erwähnt?
Zähle alle Räume auf.
Kannst du alle Termine auflisten?
Énumère toutes les machines
Listez tous les fournisseurs
Quels services y a-t-il ?
Quelles personnes sont mentionnées dans le rapport ?
Enumera todos los proveedores
Dime todas las fechas
¿Qué departamentos hay?
¿Qué personas se mencionan en los documentos?
Elenca tutti i fornitori
Quali reparti ci sono?
Quali persone vengono menzionate nel testo?
Liste todos os fornecedores
Quais departamentos existem?
Quais pessoas são mencionadas no relatório?
Noem alle leveranciers
Geef me alle deadlines
Welke afdelingen zijn er?
Welke personen worden in het rapport genoemd?
"""
COUNTS = """
How many suppliers are mentioned?
How many people are mentioned in the documents?
How many different machines are there in the manual?
Count the suppliers
Count all deadlines in the contracts.
Wie viele Personen werden erwähnt?
Wie viele Lieferanten werden in den Dokumenten genannt?
Wie viele Fristen gibt es in den Verträgen?
Zähle die Lieferanten
Combien de fournisseurs sont mentionnés ?
Combien de machines y a-t-il dans le manuel ?
Compte tous les fournisseurs
¿Cuántos proveedores se mencionan?
¿Cuántas máquinas hay en los documentos?
Cuenta todos los plazos
Quanti fornitori sono menzionati?
Quante macchine ci sono nel manuale?
Conta tutti i fornitori
Quantos fornecedores são mencionados?
Quantas máquinas há nos documentos?
Conte todos os prazos
Hoeveel leveranciers worden genoemd?
Hoeveel machines zijn er in de handleiding?
Tel alle leveranciers
"""
OTHERS = """
Wie oft wird Dr. Meyer erwähnt?
How many times does the word safety appear?
How often is Dr Meyer mentioned?
How many days is the notice period?
How many people work in the canteen?
How many rooms are there in the house?
How many days are there in the notice period?
What is the notice period?
Which machine is oiled every month?
What does section 3 say about holidays?
Summarise section 3.2
Summarise your last answer
What is about to change?
List price of the pump?
What is the summary judgment about?
Who wrote the summary of findings in 2003?
When is the all hands meeting?
Name of the supplier?
Which document mentions the pump?
What documents do I need for a visa?
What is the pump about?
Is there a list of suppliers?
Are all documents signed?
How often is the pump oiled?
Wie viele Tage beträgt die Kündigungsfrist?
Wie oft wird die Pumpe geölt?
Welche Frist gilt für alle Mitarbeiter?
Wie lautet der Zusammenhang?
Gibt es eine Zusammenfassung?
Worum geht es bei der Brandschutzübung?
Combien de jours dure le préavis ?
Quels documents faut-il apporter ?
¿Cuántos días dura el plazo?
¿Cuántas veces se engrasa la bomba?
Quanti giorni dura il preavviso?
Quantos dias dura o aviso prévio?
Hoeveel dagen is de opzegtermijn?
Hoe vaak wordt de pomp gesmeerd?
Waar gaat de vergadering over?
The count of Monte Cristo was written by whom?
What is there to see in Rome?
Which exits are there for?
Show me the way to the canteen
Find the invoice number
Give me the address of the supplier
Tell me about the pump
"""


@pytest.mark.parametrize(("kind", "texts"), [("overview", SUMMARIES), ("listing", LISTS), ("counting", COUNTS)])
def test_overview_questions_are_detected_by_their_words(kind: OverviewKind, texts: str) -> None:
    kinds = {text: detect_overview(text) for text in texts.strip().splitlines()}
    assert {text: intent and intent.kind for text, intent in kinds.items()} == dict.fromkeys(kinds, kind)


def test_questions_that_a_few_passages_answer_are_left_alone() -> None:
    assert [text for text in OTHERS.strip().splitlines() if detect_overview(text)] == []


@pytest.mark.parametrize(
    ("text", "words", "topic"),
    [
        ("Which departments are there?", "Which … are there", "departments"),
        ("How many people are mentioned in the documents?", "How many … are mentioned in the documents", "people"),
        ("Please list all the suppliers of valves.", "list all", "suppliers valves"),
        ("Summarise this document.", "Summarise", ""),
        ("Gib mir einen Überblick über die Sicherheitsregeln", "Überblick", "Sicherheitsregeln"),
        ("Vat dit document samen.", "Vat … samen", ""),
    ],
)
def test_an_intent_has_the_words_that_ask_for_it_and_the_topic(text: str, words: str, topic: str) -> None:
    intent = detect_overview(text)
    assert intent is not None
    assert (intent.words, intent.topic) == (words, topic)


def test_a_message_that_brings_its_own_text_is_no_overview_of_the_documents() -> None:
    assert detect_overview("Summarise this: " + "word " * (MAX_CHARS // 5)) is None
    assert detect_overview("") is None


@pytest.mark.skipif(not EVALUATION_SETS.is_dir(), reason="the evaluation sets are not here")
@pytest.mark.parametrize("name", ["qed-dev", "xquad/en", "xquad/de", "xquad/es", "medquad-liveqa", "mtrag-human"])
def test_no_question_of_the_evaluation_sets_is_taken_for_one(name: str) -> None:
    lines = (EVALUATION_SETS / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    assert [text for text in texts if detect_overview(text)] == []
