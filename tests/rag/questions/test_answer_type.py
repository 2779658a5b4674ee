"""Which type of value a question asks for, in seven languages."""

import pytest

from rag.questions.answer_type import AnswerType, detect_answer_type

ASKED: dict[AnswerType | None, str] = {
    "person": """
Who approves the budget?
By whom was it signed?
Whose signature is needed?
Wer genehmigt das Budget?
Wem gehört der Stapler?
Qui approuve le budget ?
Par qui le contrat est-il signé ?
¿Quién aprueba el presupuesto?
Chi approva il bilancio?
Quem aprova o orçamento?
Wie is de voorzitter?
Wie heeft het contract getekend?""",
    "time": """
When is the next meeting?
When did the man who signed it leave?
On what date does the trial end?
In which year was it built?
What time does it open?
Wann ist die nächste Sitzung?
In welchem Jahr wurde es gebaut?
Um wie viel Uhr öffnet die Kantine?
Quand la réunion a-t-elle lieu ?
En quelle année a-t-il été construit ?
¿Cuándo es la próxima reunión?
¿En qué fecha termina?
Quando si tiene la riunione?
Quando é a próxima reunião?
Em que ano foi construído?
Wanneer is de volgende vergadering?
Hoe laat begint het?""",
    "quantity": """
How many places are booked?
How much does it cost?
How long does the battery stay there?
What is the monthly fee of the lease?
What is the price?
Wie viele Plätze sind gebucht?
Wie hoch ist die Miete?
Combien de places sont réservées ?
¿Cuántas plazas hay?
Quanti posti sono prenotati?
Quantos lugares há?
Hoeveel plaatsen zijn er?
Hoe lang duurt het?""",
    "place": """
Where is the assembly point?
Wo ist der Sammelpunkt?
Où est le point de rassemblement ?
¿Dónde está el punto de encuentro?
Dove si trova il punto di raccolta?
Onde fica o ponto de encontro?
Waar is de verzamelplaats?""",
    "email": """
What is the email address of Ines Marek?
What's Ines Marek's e-mail?
email address of the works council
Wie lautet die E-Mail-Adresse von Ines Marek?
Quelle est l'adresse e-mail de la mairie ?
¿Cuál es la dirección de correo electrónico de Inés?
Qual è l'indirizzo email di Ines?
Qual é o endereço de email da Inês?
Wat is het e-mailadres van Ines?""",
    "phone": """
What is the phone number of the hotline?
Wie lautet die Telefonnummer der Zentrale?
Quel est le numéro de téléphone du service ?
¿Cuál es el número de teléfono?
Qual è il numero di telefono?
Wat is het telefoonnummer?""",
    "number": """
What is the VAT number of Norvik?
Give me the account number
Which IBAN do we pay to?
Wie lautet die Steuernummer?
Quel est le numéro de TVA ?
¿Cuál es el número de cuenta?
Qual è la partita IVA?
Wat is het btw-nummer?""",
    "yes or no": """
Is Norvik an approved supplier?
Can visitors park there?
Darf man hier rauchen?
Est-ce que le contrat est signé ?
¿Puede fumar aquí un visitante?
Mag men hier roken?""",
    None: """
What was decided about forklift training?
What happens when a battery is damaged?
Which tool is used by the man who left?
Why was the proposal rejected?
How is the pump oiled?
How do I write an email?
What is the e-mail policy?
Was wurde über die Schulung beschlossen?
Wie wird die Pumpe geölt?
Que se passe-t-il quand la pompe s'arrête ?
¿Qué se decidió sobre la formación?
Cosa succede quando la pompa si ferma?
O que acontece quando a bomba para?
Wat is er besloten over de opleiding?
forklift training""",
}
QUESTIONS = [(kind, question) for kind, questions in ASKED.items() for question in questions.strip().splitlines()]


@pytest.mark.parametrize(("kind", "question"), QUESTIONS)
def test_the_type_is_read_from_the_first_word_of_asking(kind: AnswerType | None, question: str) -> None:
    assert detect_answer_type(question) == kind
