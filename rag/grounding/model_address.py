"""Find sentences of documents that address the model instead of the reader: "ignore all previous instructions". Pure.

A sentence counts if it orders to drop the instructions, gives the model a new part, asks for its prompt, names it as
the reader or has control tokens of a chat template. A letter's "please ignore our reminder" does not.
"""

import re
import unicodedata

from ingest.text.invisible import remove_invisible

_AI = r"(?:ai|llm|large language model|language model|chat ?bot|chatgpt|gpt|gemini|copilot)"
_ORDERS = (
    # to drop the instructions
    r"(?:ignore|disregard|forget|override|bypass|stop following)\s+(?:(?:all|any|every|of|the|these|everything|your|"
    r"other|and|from)\s+){0,4}(?:(?:previous|prior|preceding|earlier|foregoing|above|system|safety|your|other)\s+"
    r"(?:(?:system|safety|and|or|previous|user)\s+)*(?:instructions?|prompts?|rules|guidelines|directives|commands)"
    r"|instructions?\s+(?:above|before|given before|so far))",
    r"(?:ignoriere?n?|missachten?|vergiss|vergessen|verwirf|übergehe?n?)\s+(?:sie\s+)?(?:(?:alle|die|deine|ihre|sämtliche)"
    r"\s+){0,2}(?:vorherigen|vorigen|vorangegangenen|vorangehenden|vorhergehenden|bisherigen|obigen|früheren)\s+"
    r"(?:anweisungen|instruktionen|vorgaben|regeln|prompts|befehle)",
    r"(?:ignore[zr]?|oublie[zr]?|néglige[zr]?|ne\s+(?:tiens|tenez)\s+(?:pas|aucun)\s+compte\s+(?:de|des))\s+(?:(?:toutes|"
    r"tous|les|tes|vos|des|de)\s+){0,2}(?:instructions|consignes|directives|règles|ordres|invites)\s+"
    r"(?:précédent|antérieur|ci-dessus|qui\s+précèdent|préalable)\w*",
    r"(?:ignor[ae][dn]?|olvid[ae][dn]?|descart[ae]n?|desestim[ae]n?|haz\s+caso\s+omiso\s+de|haga\s+caso\s+omiso\s+de)\s+"
    r"(?:(?:todas|las|los|tus|sus)\s+){0,2}(?:instrucciones|indicaciones|órdenes|reglas|directrices)\s+"
    r"(?:anteriores|previas|precedentes|de\s+arriba)",
    r"(?:ignora(?:te|re)?|ignori|dimentica(?:te|re)?|trascura(?:te|re)?)\s+(?:(?:tutte|le|i|tutti|tue|vostre)\s+){0,3}"
    r"(?:(?:istruzioni|indicazioni|direttive|regole)\s+(?:precedenti|anteriori|di\s+cui\s+sopra)"
    r"|precedenti\s+(?:istruzioni|indicazioni|direttive|regole))",
    r"(?:ignor[ae]m?|ignorar|esqueç?[ae]m?|esquecer|desconsider[ae]m?|desprez[ae]m?)\s+(?:(?:todas|as|os|tuas|suas)\s+)"
    r"{0,2}(?:instruções|orientações|ordens|regras|diretrizes)\s+(?:anteriores|prévias|precedentes|acima)",
    r"(?:negeer|vergeet|negeren|vergeten)\s+(?:(?:alle|de|je|uw|al)\s+){0,2}(?:vorige|eerdere|voorgaande|bovenstaande|"
    r"voorafgaande)\s+(?:instructies|aanwijzingen|opdrachten|regels|richtlijnen|prompts)",
    # to be somebody else
    rf"you\s+are\s+(?:now|no\s+longer)\s+(?:an?\s+|the\s+)?(?:\w+\s+){{0,3}}(?:{_AI}|assistant|dan\b)",
    r"(?:du\s+bist|sie\s+sind)\s+(?:jetzt|nun|ab\s+sofort|ab\s+jetzt)\s+(?:ein\w*\s+)?(?:\w+\s+){0,2}"
    r"(?:ki\b|ki-\w+|assistent|sprachmodell|chatbot)",
    r"(?:tu\s+es|vous\s+êtes)\s+(?:maintenant|désormais)\s+(?:une?\s+)?(?:\w+\s+){0,2}(?:ia\b|assistant|modèle\s+de\s+"
    r"langage|chatbot)",
    r"(?:ahora\s+eres|eres\s+ahora)\s+(?:una?\s+)?(?:\w+\s+){0,2}(?:ia\b|asistente|modelo\s+de\s+lenguaje|chatbot)",
    r"(?:ora|adesso)\s+sei\s+(?:un\w*['’\s]\s*)?(?:\w+\s+){0,2}(?:ia\b|assistente|modello\s+linguistico|chatbot)",
    r"agora\s+(?:você\s+é|tu\s+és|és)\s+(?:uma?\s+)?(?:\w+\s+){0,2}(?:ia\b|assistente|modelo\s+de\s+linguagem|chatbot)",
    r"(?:je|jij|u)\s+bent\s+(?:nu|voortaan|vanaf\s+nu)\s+(?:een\s+)?(?:\w+\s+){0,2}(?:ai\b|ai-\w+|assistent|taalmodel|"
    r"chatbot)",
    # to say its instructions
    r"(?:reveal|print|repeat|show|output|display|leak|give\s+me)\s+(?:(?:me|all|of)\s+)*your\s+(?:\w+\s+)?"
    r"(?:system\s+prompt|hidden\s+prompt|initial\s+prompt|system\s+instructions|system\s+message)",
    r"(?:zeige?n?|nenne?n?|gib|verrate?n?|wiederhole?n?)\s+(?:(?:mir|sie|uns)\s+)*(?:deinen|ihren)\s+system-?\s?prompt",
    r"(?:montre|révèle|affiche|répète|donne)[zr]?(?:-moi)?\s+(?:ton|votre)\s+(?:prompt|invite)\s+système",
    r"(?:muestra|revela|repite|imprime|muestre|revele)(?:me)?\s+(?:tu|su)\s+prompt\s+(?:del|de)\s+sistema",
    r"(?:mostra|rivela|ripeti|stampa)(?:mi)?\s+il\s+tuo\s+prompt\s+di\s+sistema",
    r"(?:mostr[ae]|revel[ae]|repit[ae]|imprim[ae])(?:-me)?\s+(?:o\s+)?(?:teu|seu)\s+prompt\s+d[oe]\s+sistema",
    r"(?:toon|onthul|herhaal|geef)\s+(?:mij\s+|me\s+)?(?:je|uw|jouw)\s+systeem-?\s?prompt",
    # as the reader
    rf"(?:if\s+you\s+are|as)\s+an?\s+(?:{_AI}|ai\s+\w+)\s*,?\s+you\s+(?:must|should|will|have\s+to|are)",
    rf"(?:attention|note|message|instructions?|dear)\s*,?\s*(?:to|for)?\s*(?:the\s+|any\s+|all\s+)?{_AI}"
    r"(?:\s+(?:assistant|model|system|reviewer|agent)s?)?\s*(?=[:,!])",
)
_ORDER = re.compile(rf"(?<!\w)(?:{'|'.join(_ORDERS)})(?!\w)")
_STEM_LIST = """
aanwijz anweis asistente assist befehl bot command consigne copilot directi directric diretri dirett gemini gpt
guideline indica instru invite istruz llm message model modèle opdracht ordens ordre orienta prompt regel regla
regol regra richtlijn rule règle vorgab órdenes
"""
_STEMS = (*_STEM_LIST.split(), *(" ai", " dan", " ia", " ki"))
"""Every order has one of these. Most sentences have none, which is seen much sooner."""
_CONTROL_TOKEN = re.compile(
    r"<[|｜][a-z_▁]{2,30}[|｜]>|\[/?inst\]|<</?sys>>|</?start_of_turn>|</?end_of_turn>", re.IGNORECASE
)
_DENIED = re.compile(r"(?:\bnot|n['’]t|\bnever|\bto|\bcannot|\bwho|\bthat|\bthey|\bwe|\bi)\s+$")
"""In front of an order, it is told of or forbidden: "users who ignore all previous instructions"."""


def addresses_model(text: str) -> bool:
    """Whether a sentence gives orders to a language model, in a language that the product knows."""
    if _CONTROL_TOKEN.search(text):
        return True
    plain = " ".join(unicodedata.normalize("NFKC", remove_invisible(text)).casefold().split())
    if not any(stem in plain for stem in _STEMS):
        return False
    return any(not _DENIED.search(plain, 0, order.start()) for order in _ORDER.finditer(plain))
