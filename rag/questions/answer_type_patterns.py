"""Patterns of the words that ask for a type of value, in seven languages, for `rag.questions.answer_type`. Pure."""

import re

_OF = r"of|for|von|vom|de|du|di|do|da|van"
FIELDS = {
    "email": (
        r"e-?mail(?:[ -]?(?:address(?:es)?|adressen?|adres(?:sen)?)|"
        rf"(?=\s+(?:{_OF})\b|\W*$))|"
        r"(?:adresse|dirección de|dirección|indirizzo(?: di)?|endereço de) (?:e-?mail|mail|courriel|courrier|"
        r"correo(?: electrónico)?|posta elettronica)"
    ),
    "phone": (
        r"(?:(?:tele)?phone|telefoon|telefon|fax|mobile|handy)[ -]?(?:number|nummer)|hotline|"
        r"n[uú]m[eé]ros? (?:de|di|do) (?:téléphone|teléfono|telefono|telefone)|numero telefonico"
    ),
    "url": (
        rf"(?:website|web ?site|webseite|web ?page|homepage|url)\b(?: address)?(?=\s+(?:{_OF})\b|\W*$)|"
        r"(?:site (?:web|internet)|sitio web|sito web|página web)"
    ),
    "number": (
        r"(?:VAT|tax|account|invoice|order|serial|registration|reference|policy|customer|passport|licen[cs]e|part|"
        r"contract|case|bank|company)[ -](?:registration )?(?:number|no\.|id)\b|IBAN|BIC|USt-?Id-?(?:Nr|Nummer)\.?|"
        r"(?:steuer|konto|rechnungs|auftrags|serien|kunden|vertrags|register)nummer|aktenzeichen|"
        r"(?:btw|klant|rekening|order|factuur|serie)-?nummer|"
        r"num[eé]ro (?:de |d['’] ?)(?:compte|tva|facture|commande|série|client|contrat|immatriculation)|"
        r"número de (?:cuenta|iva|factura|pedido|serie|série|cliente|contrato|contribuinte|conta|fatura|encomenda)|"
        r"numero di (?:conto|fattura|ordine|serie|cliente|contratto)|partita iva|codice fiscale"
    ),
}
"""Names of fields whose values have a form of their own."""
ASKING = (
    r"(?:(?:what|which|give me|tell me|find|show me|wie lautet|wie ist|was ist|welche[rs]?|nenne|quel(?:le)?s?|"
    r"donne-moi|cuál(?:es)?|qué|dime|dame|qual(?:e|i|is)?|dammi|diga|wat|welke?|geef)\b[^,;?]{0,40}?|^[^\w]*(?:\w+\W+){0,2}?)"
)
"""What stands in front of the name of a field that is asked for: a word of asking, or next to nothing."""

MEASURES = (
    r"how (?:many|much|long|old|often|far|high|tall|large|big|fast|deep|wide|heavy|hot|cold)|"
    r"wie ?(?:viele?r?|lange?|alt|oft|weit|hoch|groß|schnell|tief|breit|schwer)|"
    r"hoe ?(?:veel|lang|oud|vaak|ver|hoog|groot|snel|diep|breed|zwaar)"
)
"""Words that ask for a measure by its adjective."""
_NOUNS_OF_QUANTITY = (
    r"percentage|percent|proportion|share|price|cost|fee|charge|amount|total|population|rent|rate|speed|length|height|"
    r"weight|age|temperature|duration|salary|budget"
)
WORDS = {
    "time": (
        r"when|wann|quand|cuándo|quando|wanneer|how late|hoe laat|um wie ?viel uhr|wie spät|seit wann|"
        r"(?:what|which) (?:is the |was the )?(?:year|date|day|month|time|century|decade)|"
        r"welche[mnrs]? (?:jahr|datum|tag|monat|jahrhundert|uhrzeit)|quel(?:le)? (?:année|date|jour|mois|heure|siècle)|"
        r"qué (?:año|fecha|día|mes|hora|siglo)|(?:che|quale) (?:anno|data|giorno|mese|ora|secolo)|"
        r"(?:que|qual) (?:ano|data|dia|mês|hora|século)|welke? (?:jaar|datum|dag|maand|uur|eeuw)"
    ),
    "quantity": (
        rf"{MEASURES}|combien|cuánt[oa]s?|quant[oaie]s?|"
        rf"(?:what|which) (?:(?:is|was|are) )?(?:(?:the|a) )?(?:\w+ ){{0,2}}?(?:{_NOUNS_OF_QUANTITY})|"
        r"(?:what|which) (?:(?:is|was) )?(?:the )?number of"
    ),
    "person": (
        r"who(?:m|se)?|wer|wem|wen|wessen|(?:^\W*|\b(?:à|de|par|avec|pour) )qui|quién(?:es)?|quem|"
        r"^\W*(?:di |a |da )?chi|^\W*(?:van |aan |door |met )?wie(?=\s(?:is|was|zijn|waren|heeft|hebben|had|werd|mag|"
        r"moet|kan|won|schreef|stuurt|betaalt)\b)"
    ),
    "place": r"where|wohin|woher|wo|où|a?dónde|dove|onde|waar",
    "yes or no": (
        r"^\W*(?:is|are|were|do|does|did|can|could|may|must|should|has|have|had|will|would|"
        r"was(?= (?:it|the|this|that|he|she|there|they)\b)|ist|sind|war|waren|kann|können|darf|dürfen|muss|müssen|hat|"
        r"haben|wird|gibt es|est-ce que?|y a-t-il|puede|pueden|hay|può|possono|c['’]è|pode|podem|há|zijn|kan|"
        r"mag|moet|heeft|hebben)"
    ),
}
"""Words of asking, by the type of value that they ask for."""
OPEN_WORDS = (
    r"what|which|why|how|was|welche[mnrs]?|warum|wieso|wie|quel(?:le)?s?|quoi|que|pourquoi|comment|qué|cuál(?:es)?|"
    r"cómo|cosa|che|quali?|perché|come|qual|quais|como|wat|welke?|waarom|hoe"
)
"""Words of asking for anything."""


def compile_words(words: str) -> re.Pattern[str]:
    """Return the pattern of whole words."""
    return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE)
