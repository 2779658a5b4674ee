"""The words that lead to the name of a document in seven languages, for `rag.questions.scope`. Pure."""

import re

_THE = (
    r"(?:the|this|that|my|our|your|his|her|their|its|"
    r"de[mnrs]|die|das|diese[mnrs]?|mein(?:e[mnrs]?)?|unser(?:e[mnrs]?)?|ihr(?:e[mnrs]?)?|"
    r"les?|la|cet(?:te)?|ces?|mon|ma|notre|votre|el|l[ao]s|est[ea]|nuestr[ao]|mi|tu|su|"
    r"il|lo|gli|quest[oa]|nostr[oa]|os?|as?|ess[ea]|noss[oa]|meu|minha|"
    r"het|de|dit|deze|mijn|onze?|uw)\s+|l['’]"
)
DETERMINER = re.compile(rf"(?:{_THE})", re.IGNORECASE)
CONTRACTION = re.compile(
    r"(?:ims?|ins|vom|beim|du|aux?|des|del|al|nel(?:lo|la)?|nei|negli|dal(?:lo|la)?|del(?:lo|la)|dei|su(?:l|llo|lla)|"
    r"n[ao]s?|d[ao]s?|pel[ao])",
    re.IGNORECASE,
)
"""Prepositions that have the article in them: `im`, `du`, `nel`, `no`."""

ACCORDING_TO = (
    r"according to|as (?:stated|described|written|defined|specified|set out|laid down|agreed) in|as per|based on|"
    r"on the basis of|laut|gemäß|gemaess|auf (?:der )?(?:basis|grundlage) (?:von|des|der)|"
    r"selon|d['’]après|conformément (?:à|au)|d['’]accord avec|según|de acuerdo con|conforme a|en base a|"
    r"secondo|stando a(?:l|lla|llo|i)?|in base a(?:l|lla|llo|i)?|"
    r"segundo|de acordo com|conforme|com base n?[oa]?|volgens|op basis van"
)
SUMMARY_OF = (
    r"summari[sz]e|sum up|recap|condense|outline|"
    r"(?:summary|overview|synopsis|outline|gist|recap|(?:main|key) (?:points|findings|ideas|topics|takeaways)) "
    r"(?:of|on|from|in)|"
    r"(?:what(?:'s|’s| is| are))(?=[^?]*\babout\W*$)|"
    r"fass(?:e|t|en sie)?(?: (?:mir|uns|bitte))*|(?:zusammenfassung|überblick|übersicht)(?: (?:von|über|zu))?|"
    r"(?:punkte|aussagen|themen|ergebnisse|inhalte)(?: (?:von|aus))?|worum geht(?: e|['’]|)?s in|"
    r"(?:wovon|worüber) handel[nt]|"
    r"résume[zr]?(?:[- ]moi)?|(?:résumé|synthèse|aperçu|vue d['’]ensemble|points principaux) d[eu]s?|"
    r"de quoi (?:parle(?:nt)?|traite(?:nt)?)|"
    r"resume|resúmeme|resuma|resumir|resume-me|"
    r"(?:resumen|sinopsis|visión general|resumo|síntese|visão geral) d(?:e|el|o|a)|"
    r"(?:de|sobre) qué (?:tratan?|hablan?)|(?:do|de|sobre o) que (?:tratam?|falam?|é)|"
    r"riassum(?:i|imi|a|ere|ete)|(?:riassunto|sintesi|panoramica|sommario) d(?:i|el|ello|ella|ei)|"
    r"di (?:che )?cosa (?:parla(?:no)?|tratta(?:no)?)|"
    r"vat|(?:samenvatting|overzicht) van|waar (?:gaat|gaan)(?=[^?]*\bover\W*$)"
)
SAYS_BEFORE = (
    r"(?:was|wie|wann|wer|wo|warum|wie ?viel\w*|welche\w*)\b[^?]{0,40}?\b(?:sagt|besagt|regelt|schreibt|nennt|enthält)|"
    r"(?:steht|stehen) in|"
    r"que (?:dit|prévoit|contient|précise|indique)|qu['’]est-ce que|qué (?:dice|establece|contiene|indica)|"
    r"(?:che )?cosa (?:dice|prevede|contiene|stabilisce)|o que (?:diz|estabelece|contém|prevê)|"
    r"wat (?:zegt|staat er in|staat in|bepaalt)"
)
"""Leads whose verb stands before the name."""
SUBJECT = r"(?:what|how|who|whom|when|where|why|which(?: \w+){1,3}|what \w+) (?:does|do|did)|(?:does|do|did|is|are)"
"""A lead after which the name must be followed by one of `SAYS`."""
PREPOSITION = (
    r"in|inside|within|from|of|on|by|under|see|per|into|"
    r"i[mn]s?|aus|vom|von|unter|beim|auf|dans|sur|d[eu]s?|aux?|en|del?|al|nel(?:lo|la)?|nei|negli|dal(?:la|lo)?|"
    r"del(?:la|lo)|dei|su(?:l|lla)?|em|n[ao]s?|d[ao]s?|pel[ao]|uit|van|op|di"
)
SAYS = re.compile(
    r"\s+(?:says?|state[sd]?|mentions?|mentioned|requires?|specif(?:y|ies)|defines?|allows?|describes?|covers?|contains?|"
    r"provides?|recommends?|conclude[sd]?|reports?|tells?(?: us| me)?|explains?|list|lists|name|names|give|gives|"
    r"prescribes?|regulates?|discuss(?:es)?|suggests?|show|shows|deal with|talk about|speak of)\b(?:\s+that\b)?",
    re.IGNORECASE,
)
EXCEPTION = re.compile(
    r"(?:except(?: for)?|other than|besides|apart from|without|excluding|not|outside(?: of)?|außer(?: in)?|ohne|"
    r"nicht|non|não|niet|sauf|hors|excepto|salvo|sin|aparte de|eccetto|tranne|senza|exceto|sem|behalve|zonder)\s*$",
    re.IGNORECASE,
)
"""Words after which a document is named to be left out."""
ABOUT_DOCUMENTS = re.compile(
    r"\b(?:which|what) (?:other )?(?:documents?|files?|pdfs?)\b|"
    r"\b(?:where|which)\b[^?]*\b(?:mentioned|referenced|cited|linked|quoted)\b|"
    r"\bwelche\w* (?:dokument|datei|unterlage)\w*|\bquels? (?:documents?|fichiers?)|"
    r"\bqué (?:documentos?|archivos?)|\bquali? (?:document[oi]|file)|"
    r"\bqua(?:l|is) (?:documentos?|arquivos?|ficheiros?)|"
    r"\bwelke? (?:documenten|document|bestanden|bestand)",
    re.IGNORECASE,
)
"""A question for documents: a name in it says what they mention, not what to read."""

_CONTAINERS = """
document documents file files pdf spreadsheet workbook attachment upload dokument dokumente datei dateien textdatei
fichier fichiers documento documentos documenti archivo archivos arquivo arquivos ficheiro ficheiros bestand bestanden
doc docx xlsx
"""
CONTAINERS = frozenset(_CONTAINERS.split())
"""Nouns that a name can stand with, and that name no document themselves."""

_NOUNS = """
amendment addendum
report contract agreement lease handbook manual guide guideline guidelines policy minutes protocol invoice bill receipt
letter memo memorandum paper article study thesis dissertation book brochure leaflet flyer catalogue catalog datasheet
sheet list budget plan schedule timetable agenda calendar presentation slides deck transcript newsletter statement
certificate specification spec standard regulation regulations rules bylaws statute directive faq note notes readme
resume cv survey analysis review audit quotation email mail message thread
diary terms checklist procedure instructions worksheet prospectus deed menu recipe syllabus charter announcement
rapport contrat accord bail manuel politique règlement compte-rendu facture reçu lettre mémo étude thèse livre fiche
tableau calendrier présentation relevé certificat spécification statuts enquête devis formulaire courriel
bilan charte procès-verbal
informe contrato acuerdo guía política acta factura recibo carta nota artículo estudio tesis libro folleto catálogo
ficha lista presupuesto calendario presentación certificado especificación reglamento estatutos currículum encuesta
análisis auditoría formulario correo
relazione rapporto referto contratto accordo manuale guida verbale fattura ricevuta lettera articolo studio tesi libro
opuscolo catalogo scheda listino preventivo bilancio piano calendario presentazione certificato specifica regolamento
statuto curriculum sondaggio modulo
relatório acordo guia ata fatura artigo estudo tese livro folheto orçamento plano apresentação especificação regulamento
estatuto currículo pesquisa análise proposta formulário laudo
"""
_NOUNS_OF_COMPOUNDS = """
nachtrag
bericht befund vertrag vereinbarung handbuch anleitung richtlinie protokoll rechnung quittung brief schreiben artikel
studie arbeit buch broschüre prospekt katalog datenblatt liste tabelle tagesordnung präsentation folien zeugnis
bescheinigung spezifikation ordnung satzung verordnung notiz lebenslauf umfrage analyse gutachten angebot
formular antrag bescheid leitfaden merkblatt bilanz haushaltsplan
verslag rapport contract overeenkomst handboek handleiding gids beleid notulen factuur rekening notitie scriptie boek
catalogus lijst tabel begroting presentatie certificaat specificatie reglement statuten
"""
MIN_COMPOUND_NOUN = 4
COMPOUND_NOUNS = tuple(noun for noun in _NOUNS_OF_COMPOUNDS.split() if len(noun) >= MIN_COMPOUND_NOUN)
"""Nouns for a kind of document that end a German or Dutch compound: Laborbericht, Mietvertrag, huurovereenkomst."""
DOCUMENT_NOUNS = frozenset([*_NOUNS.split(), *_NOUNS_OF_COMPOUNDS.split()])
"""Nouns for a kind of document."""
_LINK_WORDS = "of the for de d du des di del della dello dei do da dos das la le les l el von van der den zum zur"
LINK_WORDS = frozenset(_LINK_WORDS.split())
"""Words inside a name that say nothing: report of the laboratory."""

_EMPTY_VERBS = """
say says said tell tells state states mention mentions contain contains cover covers show open read describe describes
explain explains compare give content contents please me us
steht sagt besagt enthält inhalt zeige zeig öffne lies beschreibe erkläre vergleiche worum geht wovon handelt worüber
zusammen bitte mir
dit contient contenu montre ouvre lis décris explique comparez quoi parle traite
dice contiene contenido muestra abre lee compara qué trata habla
explica contenuto mostra apri leggi descrivi spiega confronta cosa tratta parla
diz contém conteúdo abra leia descreva explique fala
zegt staat bevat inhoud toon lees beschrijf vergelijk gaat gaan waar samen
"""
EMPTY_VERBS = frozenset(_EMPTY_VERBS.split())
"""Words that ask for what a document says, all of it."""
