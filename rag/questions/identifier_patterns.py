"""Patterns of identifiers in questions, in seven languages, for `rag.questions.identifiers`. Pure.

The group `number` has the identifier without its label.
"""

import re

HYPHENS = r"\-\u2010-\u2015\u2212"
"""The hyphens, dashes and the minus sign that people write in a code, as a set of a regular expression."""

NUMBER_WORD = r"(?:numbers?|no|nr|num|nummer|numéro|número|numero|n[°ºo])\b\.?|#|n\.\s?[°ºo]"
_RECORDS = (
    r"invoices?|orders?|tickets?|cases?|contracts?|parts?|serials?|batch(?:es)?|lots?|faults?|errors?|alarms?|codes?|"
    r"customers?|accounts?|polic(?:y|ies)|claims?|incidents?|quotes?|offers?|shipments?|deliver(?:y|ies)|items?|"
    r"rechnung(?:en)?|bestellung(?:en)?|aufträge?n?|auftrag|angebote?|verträge?n?|vertrag|lieferscheine?|chargen?|"
    r"fehler|fehlercodes?|störung(?:en)?|kunden?|konto|konten|teile?|ersatzteile?|policen?|fälle?|vorgang|vorgänge|"
    r"factures?|commandes?|devis|contrats?|pièces?|lots?|erreurs?|pannes?|défauts?|alarmes?|clients?|comptes?|"
    r"dossiers?|bons? de livraison|facturas?|pedidos?|presupuestos?|contratos?|piezas?|lotes?|errore?s?|fallos?|"
    r"averías?|alarmas?|códigos?|clientes?|cuentas?|casos?|fattur[ae]|ordin[ei]|preventiv[oi]|contratt[oi]|pezz[oi]|"
    r"lott[oi]|guast[oi]|allarm[ei]|codic[ei]|client[ei]|cont[oi]|pratic(?:a|he)|faturas?|encomendas?|orçamentos?|"
    r"peças?|erros?|falhas?|contas?|processos?|facturen|factuur|bestelling(?:en)?|offertes?|contracten|"
    r"artikel(?:en)?|articles?|artículos?|articol[oi]|artigos?|onderde(?:el|len)|partij(?:en)?|fout(?:en)?|foutcodes?|storing(?:en)?|klant(?:en)?|rekening(?:en)?|zaak|zaken"
)
_PARTS_OF_TEXT = (
    r"clauses?|sections?|articles?|annex(?:es)?|appendix|appendices|schedules?|exhibits?|chapters?|tables?|figures?|"
    r"klauseln?|abschnitte?n?|artikeln?|ziffern?|anlagen?|anhang|anhänge|kapiteln?|tabellen?|abbildung(?:en)?|annexes?|"
    r"chapitres?|tableaux?|cláusulas?|secci(?:ón|ones)|artículos?|apartados?|anexos?|capítulos?|tablas?|figuras?|"
    r"clausol[ae]|sezion[ei]|articol[oi]|allegat[oi]|capitol[oi]|tabell[ae]|figur[ae]|se(?:c)?ç(?:ão|ões)|artigos?|"
    r"tabelas?|clausules?|secties?|artikel(?:en)?|bijlagen?|hoofdstuk(?:ken)?|tabel(?:len)?|figuren"
)
RECORD_LABEL = rf"(?:{_RECORDS}|\w+(?:nummer|number|nr|code))"
"""A word for something that has a number of its own: an invoice, a fault, a part."""
PART_LABEL = rf"(?:(?:{_PARTS_OF_TEXT})\b|§+)"
"""A word for a numbered part of a document."""
VERSION_LABEL = (
    r"(?:versions?|firmware|releases?|revisions?|versionen|versioni?|versión|versiones|vers(?:ão|ões)|versies?)"
)
EDITION_LABEL = (
    r"(?:editions?|versions?|releases?|revisions?|ausgaben?|auflagen?|fassung(?:en)?|versionen|éditions?|"
    r"edición|ediciones|versión|versiones|edizion[ei]|version[ei]|ediç(?:ão|ões)|vers(?:ão|ões)|edities?|uitgaven?|versies?)"
)
"""A word for a version of a document, which may be called by its year."""
LABEL_GAP = rf"[\s:.(]*(?:(?:{NUMBER_WORD}|codes?|id)[\s:.]*)?"
"""What may stand between a label and its number."""

_CODE = rf"[^\W\d_]{{0,6}}[{HYPHENS}./_]?\d[^\W_]*(?:[{HYPHENS}./_][^\W_]+)*"

RECORD = re.compile(rf"(?:\b{RECORD_LABEL}\b{LABEL_GAP}|#\s?)(?P<number>[^\W\d_]\s\d{{2,}}\b|{_CODE})", re.IGNORECASE)
PART = re.compile(
    rf"(?:\b(?:{_PARTS_OF_TEXT})\b{LABEL_GAP}|§+\s*)"
    rf"(?P<number>\d{{1,3}}(?:\.\d{{1,3}})*\b|(?-i:[IVX]{{1,6}}|[A-Z])\b)(?![{HYPHENS}./_]\w)",
    re.IGNORECASE,
)
_NUMBER_WORDS = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|un|deux|"
    r"trois|quatre|cinq|sept|huit|neuf|dix|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez"
)
PART_IN_WORDS = re.compile(
    rf"\b(?:{_PARTS_OF_TEXT})\s+(?P<number>{_NUMBER_WORDS})\b(?!\s+(?:would|could|of)\b)", re.IGNORECASE
)
"""“Clause three”."""
VERSION = re.compile(rf"\b{VERSION_LABEL}\b{LABEL_GAP}v?(?P<number>\d+(?:\.\d+)+)\b", re.IGNORECASE)
_YEAR = r"(?P<number>(?:19|20)\d\d)"
EDITION = re.compile(
    rf"\b{EDITION_LABEL}\b(?:\s+(?:of|from|for|von|vom|aus|de|du|del|di|do|da|van|uit|l['’]année))*\s+{_YEAR}\b(?!\.\d)",
    re.IGNORECASE,
)
EDITION_OF_YEAR = re.compile(rf"\b{_YEAR}(?:er)?[\s{HYPHENS}]{EDITION_LABEL}\b", re.IGNORECASE)
"""“Edition of 2024” and “the 2024 edition”."""
LONG_NUMBER = re.compile(
    rf"(?P<number>\+\d[\d\s()./{HYPHENS}]{{6,}}\d|\b[A-Z]{{2}}\d{{2}}(?:\s?[A-Z\d]{{4}}){{2,}}(?:\s?[A-Z\d]{{1,4}})?\b|"
    rf"(?<![\w.,])(?<![^\W_][{HYPHENS}/])\d+(?:[{HYPHENS}/]\d+)*\b(?![.,]\d))"
)
"""A phone number, an IBAN, or digits with hyphens and slashes that are not the end of a code (RE-2025-104)."""
DOTTED_NUMBER = re.compile(r"(?<![\w.,])v?(?P<number>\d+(?:\.\d+){2,})\b")
CODE = re.compile(
    rf"(?<![^\W_])(?<![^\W_][{HYPHENS}])(?P<number>[A-Z]{{1,5}}\s\d{{3,}}\b|"
    rf"[^\W\d_]{{1,5}}(?:[{HYPHENS}._/][^\W\d_]{{1,5}})*[{HYPHENS}._/]?\d[^\W_]*(?:[{HYPHENS}._/][^\W_]+)*|"
    rf"\d{{3,}}[{HYPHENS}]?[A-Z][^\W_]*(?:[{HYPHENS}][^\W_]+)*)"
)
"""Letters with digits: E-1204, XJ450, SK-7731-B, ISO 9001, 4471-XB."""
FILE_NAME = re.compile(r"\S+\.(?:[a-z][a-z\d]{1,4})\b|\S+@\S+|https?://\S+", re.IGNORECASE)
"""The name of a file, a mail address, a URL: no identifier, whatever digits it has."""

NO_CODE = re.compile(
    rf"\d+(?:st|nd|rd|th|s|er|ère|e|º|ª|o|a)|(?:mid|pre|post|sub|under|over|early|late|since|anti|non|ab|vor|nach|bis|"
    rf"avant|après|pré|pós|h|q|t|s|fy|cw|kw|sem|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[{HYPHENS}./_]?"
    rf"(?:\d{{1,2}}|(?:19|20)\d\d)s?(?:[{HYPHENS}/]\d+)?",
    re.IGNORECASE,
)
"""Ordinals, decades, quarters and other times that are written like a code."""
