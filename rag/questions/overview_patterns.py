"""Patterns of the words that ask for an overview, in seven languages, for `rag.questions.overview_intent`. Pure.

The group `words` has the words that ask for it, `topic` the topic if it does not simply follow them.
"""

import re
from functools import cache
from typing import Literal

OverviewKind = Literal["overview", "listing", "counting"]

# Nouns for all documents.
_CORPUS = (
    r"documents?|files?|pdfs?|texts?|books?|reports?|papers?|articles?|collections?|manuals?|handbooks?|contracts?|"
    r"library|corpus|archive|dokumente?n?s?|dateie?n?|texte?n?s?|büche?r?n?|buch|berichte?[ns]?|sammlung(?:en)?|"
    r"handb[uü]ch(?:er)?s?|unterlagen|vertr[aä]ge?[ns]?|bibliothek|fichiers?|textes?|livres?|rapports?|recueil|"
    r"manuels?|contrats?|bibliothèque|documentos?|archivos?|textos?|libros?|informes?|colección|manual(?:es)?|"
    r"contratos?|biblioteca|documenti|documento|testi|testo|libri|libro|rapport[oi]|raccolta|manuale|contratt[oi]|"
    r"arquivos?|ficheiros?|livros?|relatórios?|coleção|manuais|documenten|bestand(?:en)?|tekst(?:en)?|"
    r"boek(?:en)?|rapport(?:en)?|verzameling|handleiding(?:en)?|contract(?:en)?|bibliotheek"
)
_THESE = (
    r"(?:the|these|this|my|our|all|your|any|each|every|de[mnr]|die(?:se[mnrs]?)?|das|mein(?:e[mnrs]?)?|unser(?:e[mnrs]?)?|"
    r"alle[mnr]?|ces?|cet(?:te)?|l[ea]s?|mes|nos|tou(?:s|tes)|est[eoa]s?|los|el|mis|nuestros|todos?|quest[oiae]|il|i|gli|"
    r"miei|nostri|tutti|ess[ea]s?|os?|meus|nossos|dit|deze|dez?e?|het|mijn|onze)"
)
_IN_CORPUS = (
    rf"(?:in|among|across|throughout|within|from|of|aus|dans|parmi|du|de|en|entre|tra|fra|nei|negli|nel|nella|nos|nas|no|na|"
    rf"em|d[aeo]s?|del|dei|degli|della|uit|van)\s+(?:{_THESE}\s+){{0,2}}(?:\w+\s+)?(?:{_CORPUS})"
)
_END = r"\s*[?.!]*$"
_TAIL = rf"(?:\s+{_IN_CORPUS}{_END}|{_END})"
_THING = r"(?P<topic>(?:\S+\s+){1,6}?)"
_POLITE = (
    r"^[¿¡]?(?:(?:please|kindly|bitte|por favor|per favore|s'il (?:te|vous) plaît|alstublieft|"
    r"(?:can|could|would|will) you(?: please)?|i (?:need|want|would like)(?: you to)?|"
    r"(?:kannst|könntest) du(?: bitte| mir)*|"
    r"(?:können|könnten) sie(?: bitte| mir)*|(?:peux-tu|pouvez-vous|pourriez-vous)|(?:puedes|podrías|puede)|"
    r"(?:puoi|potresti|può)|(?:você )?(?:pode|podes|poderia)|kun je(?: me)?|kunt u(?: me)?)[,:]?\s+)*"
)
_MENTIONED = {
    "en": r"(?:mentioned|named|listed|cited|described|discussed|referenced|covered|referred to)",
    "de": r"(?:genannt|erwähnt|aufgeführt|aufgelistet|beschrieben|besprochen|zitiert)",
    "fr": r"(?:mentionn|cit|nomm|list|énumér|évoqu|trait)é?e?s?",
    "es": r"(?:mencion|nombr|cit|enumer|describ)\w+",
    "it": r"(?:menzionat|citat|nominat|elencat|descritt)[ieao]",
    "pt": r"(?:mencionad|citad|nomead|listad|descrit|referid)[oa]s?",
    "nl": r"(?:genoemd|vermeld|beschreven|besproken|opgesomd|aangehaald)",
}


_COUNTING = (
    rf"{_POLITE}(?P<words>count (?:(?:up )?(?:all|every|each|the|how many)))\b(?! of)",
    rf"(?P<words>how many\b) {_THING}(?:are|is|were|get)\s+(?:\w+ly )?{_MENTIONED['en']}{_TAIL}",
    rf"(?P<words>how many\b) {_THING}(?:are|is|were) there {_IN_CORPUS}{_END}",
    rf"(?P<words>how many\b) {_THING}(?:do|does|did) {_THESE} (?:{_CORPUS}) "
    rf"(?:mention|name|list|cite|describe|contain|discuss)s?{_END}",
    rf"{_POLITE}(?P<words>zähle?n?(?: sie)? (?:alle|jede\w*|sämtliche|wie ?viele|die))\b(?!.*\bauf\W*$)",
    rf"(?P<words>wie ?viele\b) {_THING}(?:werden|sind|wurden)(?:\s+{_IN_CORPUS}|\s+insgesamt)*\s+"
    rf"{_MENTIONED['de']}{_TAIL}",
    rf"(?P<words>wie ?viele\b) {_THING}(?:gibt es|stehen|kommen) (?:insgesamt )?{_IN_CORPUS}(?: vor)?{_END}",
    rf"{_POLITE}(?P<words>(?:compte[zr]?|dénombre[zr]?) (?:tous|toutes|les|chaque|combien))\b",
    rf"(?P<words>combien (?:de|d')) ?{_THING}(?:sont|est)[- ]?(?:ils |elles )?{_MENTIONED['fr']}{_TAIL}",
    rf"(?P<words>combien (?:de|d')) ?{_THING}(?:y a-t-il|il y a) {_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>(?:cuenta|cuente|contar) (?:tod[oa]s|l[oa]s|cada|cuánt[oa]s))\b",
    rf"(?P<words>cuánt[oa]s\b) {_THING}(?:se|son|están) {_MENTIONED['es']}{_TAIL}",
    rf"(?P<words>cuánt[oa]s\b) {_THING}hay {_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>cont(?:a|i|are) (?:tutt[ie]|i|gli|le|quant[ie]))\b",
    rf"(?P<words>quant[ie]\b) {_THING}(?:sono|vengono) {_MENTIONED['it']}{_TAIL}",
    rf"(?P<words>quant[ie]\b) {_THING}ci sono {_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>cont(?:e|a|ar) (?:tod[oa]s|[oa]s|cada|quant[oa]s))\b",
    rf"(?P<words>quant[oa]s\b) {_THING}são {_MENTIONED['pt']}{_TAIL}",
    rf"(?P<words>quant[oa]s\b) {_THING}(?:há|existem) {_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>tel (?:alle|elke?|de|hoeveel))\b",
    rf"(?P<words>hoeveel\b) {_THING}(?:worden|zijn)(?: er)?(?:\s+{_IN_CORPUS})?\s+{_MENTIONED['nl']}{_TAIL}",
    rf"(?P<words>hoeveel\b) {_THING}(?:zijn er|staan er) {_IN_CORPUS}{_END}",
)
_LISTING = (
    rf"{_POLITE}(?P<words>(?:list|enumerate|name|show|find|extract|collect|give|tell|itemi[sz]e)(?: me| us| out)*"
    r" (?:all|every|each|any and all|(?:a|the) (?:complete|full|exhaustive) list of))\b(?! about)",
    rf"{_POLITE}(?P<words>(?:list|enumerate|name|(?:make |give me |create )?a list of)\b)(?: the)? {_THING}"
    rf"(?:(?:that |which )?(?:are |is |were )?{_MENTIONED['en']}|{_IN_CORPUS}){_TAIL}",
    rf"(?P<words>(?:which|what)\b) {_THING}(?:are|were|is) there{_TAIL}",
    rf"(?P<words>(?:which|what)\b) {_THING}(?:are|were|is|get) (?:\w+ly )?{_MENTIONED['en']}{_TAIL}",
    rf"(?P<words>what are all)\b (?P<topic>.+?) {_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>(?:liste|nenne|nennen|zeige?|zeigen|finde|finden|gib|geben|zähle?|zählen|suche?|extrahiere)"
    r"(?: sie)?(?: mir| uns| bitte)* (?:alle|sämtliche|jede[nrs]?|eine (?:vollständige )?liste))\b",
    rf"{_POLITE}(?P<words>(?:alle|sämtliche)\b) (?P<topic>.+) (?:auf(?:listen|zählen)|nennen)\b",
    rf"(?P<words>welche[nrs]?\b) {_THING}gibt es(?: insgesamt)?{_TAIL}",
    rf"(?P<words>welche[nrs]?\b) {_THING}(?:werden|sind|wird|wurden)(?:\s+{_IN_CORPUS})?\s+"
    rf"{_MENTIONED['de']}{_TAIL}",
    rf"{_POLITE}(?P<words>(?:liste[zr]?|énumère|énumére[zr]|cite[zr]?|nomme[zr]?|donne[zr]?|trouve[zr]?|montre[zr]?|"
    r"relève|relevez|extrai[st]|extraire)(?:[- ](?:moi|nous))? "
    r"(?:tous|toutes|chaque|(?:la|une) liste (?:complète )?d))\b",
    rf"(?P<words>quel(?:le)?s\b) {_THING}y a-t-il{_TAIL}",
    rf"(?P<words>quel(?:le)?s\b) {_THING}sont (?:\w+ment )?{_MENTIONED['fr']}{_TAIL}",
    rf"(?P<words>quel(?:le)?s sont tou(?:s|tes) les)\b (?P<topic>.+?) {_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>(?:lista|liste|enumera|enumere|enumerar|nombra|nombre|menciona|dime|dame|muestra|muéstrame|cita|"
    r"encuentra|extrae|haz)(?: una lista de| la lista de)? (?:tod[oa]s|cada))\b",
    rf"(?P<words>(?:qué|cuáles)\b) {_THING}hay{_TAIL}",
    rf"(?P<words>(?:qué|cuáles)\b) {_THING}(?:se|son|están) {_MENTIONED['es']}{_TAIL}",
    rf"{_POLITE}(?P<words>(?:elenca|elencami|elencare|nomina|cita|mostra|mostrami|dammi|trova|estrai|fammi|fai)"
    r"(?: (?:un|l)['’]?\s?elenco (?:completo )?di)? (?:tutt[ie]|ogni|ciascun\w*))\b",
    rf"(?P<words>quali\b) {_THING}ci sono{_TAIL}",
    rf"(?P<words>quali\b) {_THING}(?:sono|vengono) {_MENTIONED['it']}{_TAIL}",
    rf"{_POLITE}(?P<words>(?:liste|lista|listar|enumere|enumera|nomeie|cite|mostre|mostra|dê-me|dá-me|me dê|encontre|"
    r"encontra|extraia|faça)(?: uma lista (?:completa )?de)? (?:tod[oa]s|cada))\b",
    rf"(?P<words>(?:quais|que)\b) {_THING}(?:há|existem){_TAIL}",
    rf"(?P<words>(?:quais|que)\b) {_THING}são {_MENTIONED['pt']}{_TAIL}",
    rf"{_POLITE}(?P<words>(?:noem|som|geef|toon|zoek|lijst|vind)(?: me| mij| ons)? (?:alle|elke?|ieder[e]?|"
    r"een (?:volledige )?lijst))\b",
    rf"(?P<words>welke\b) {_THING}zijn er(?: allemaal)?{_TAIL}",
    rf"(?P<words>welke\b) {_THING}(?:worden|zijn)(?: er)?(?:\s+{_IN_CORPUS})?\s+{_MENTIONED['nl']}{_TAIL}",
)
_OVERVIEW = (
    rf"{_POLITE}(?P<words>summari[sz]e|sum up|recap|condense)\b(?! (?:that|it|yourself)\b)",
    rf"{_POLITE}(?:(?:give|write|make|provide|create|get|show)(?: me| us)? )?(?:an?|the|your)? ?"
    r"(?:(?:short|brief|quick|concise|detailed|general|high-level|executive|one-page|rough|complete|good) )*"
    r"(?P<words>(?:summary|overview|synopsis|outline|gist|recap)\b)(?=\s+(?:of|on|about|for|please)\b|[:.?!]*$)",
    rf"(?P<words>what(?:'s| is| are) (?:this|these|my|our|all(?: of)? (?:the|these)|the)(?: \w+)? "
    rf"(?:{_CORPUS}) (?:all )?about){_END}",
    rf"(?P<words>what (?:do|does) (?:this|these|my|our|all(?: of)? (?:the|these)|the) (?:{_CORPUS}) "
    rf"(?:cover|contain|deal with|discuss|talk about|say)){_END}",
    r"(?P<words>(?:main|key|central|most important) (?:points?|topics?|ideas?|findings?|takeaways?|themes?|messages?|"
    rf"conclusions?)(?: (?:and|or) \w+)?) {_IN_CORPUS}{_END}",
    rf"(?P<words>tl;?dr)\b{_TAIL}",
    rf"{_POLITE}(?P<words>fass(?:e|t|en sie)?\b)(?P<topic>.*)\bzusammen\b",
    rf"{_POLITE}(?P<topic>.*)\b(?P<words>zusammenfassen)\b",
    rf"{_POLITE}(?:(?:gib|geben sie|schreibe?|erstelle?|mache?)(?: mir| uns| bitte)* )?(?:eine[n]? |die |den )?"
    r"(?:(?:kurze[nr]?|knappe[nr]?|ausführliche[nr]?|grobe[nr]?) )*(?P<words>zusammenfassung|überblick|übersicht)\b"
    r"(?=\s+(?:über|von|de[rs]|zu[mr]?|aller?|dieser?)\b|[:.?!]*$)",
    rf"(?P<words>worum geht(?: e|')?s in) {_THESE}(?: \w+)? (?:{_CORPUS}){_END}",
    rf"(?P<words>(?:wovon|worüber) handel[nt]) {_THESE}(?: \w+)? (?:{_CORPUS}){_END}",
    rf"(?P<words>(?:wichtigsten|wesentlichen|zentralen) (?:punkte|aussagen|themen|ergebnisse|erkenntnisse|inhalte)) "
    rf"(?:{_IN_CORPUS}|{_THESE} (?:{_CORPUS})){_END}",
    rf"{_POLITE}(?P<words>résume[zr]?(?:[- ]moi)?)\b",
    rf"{_POLITE}(?:(?:fais|faites|donne[zr]?|écris|écrivez)(?:[- ](?:moi|nous))? )?(?:une?|le|la) "
    r"(?:(?:court|bref|brève|petit) )?(?P<words>résumé|synthèse|aperçu|vue d['’]ensemble)\b"
    r"(?=\s+(?:de|du|des|d['’])|[:.?!]*$)",
    rf"(?P<words>de quoi (?:parle(?:nt)?|traite(?:nt)?|s['’]agit-il dans|est-il question dans)) {_THESE}(?: \w+)? "
    rf"(?:{_CORPUS}){_END}",
    rf"(?P<words>(?:points|thèmes|sujets|idées|messages|conclusions) (?:principa(?:ux|les)|clés|essentiel(?:le)?s)) "
    rf"{_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>(?:resume|resúmeme|resuma|resumir|resumi[rs]|resume-me)\b)(?! that)",
    rf"{_POLITE}(?:haz|hazme|dame|escribe|faça|faz|faz-me|dê-me|dá-me|me dê|quero)? ?(?:una?|uma?|el|la|o) "
    r"(?:(?:breve|pequeno|corto) )?"
    r"(?P<words>resumen|sinopsis|síntesis|visión general|resumo|síntese|visão geral|sinopse)\b"
    r"(?=\s+(?:de|del|d[oae]s?|sobre)\b|[:.?!]*$)",
    rf"(?P<words>(?:de qué|sobre qué|de que|do que|sobre o que) (?:tratan?|hablan?|se tratan?|falam?|tratam|é|são)) "
    rf"{_THESE}(?: \w+)? (?:{_CORPUS}){_END}",
    rf"(?P<words>(?:puntos|temas|ideas|pontos|ideias|conclusiones|conclusões) (?:principa(?:les|is)|clave|chave)) "
    rf"{_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>riassum(?:i|imi|a|ere|ete))\b",
    rf"{_POLITE}(?:fammi|dammi|fai|scrivi|fornisci)? ?(?:un|una|il|la) (?:breve )?"
    r"(?P<words>riassunto|sintesi|panoramica|sommario)\b(?=\s+(?:di|de[il]|degli|del(?:la|le|lo)?|su)\b|[:.?!]*$)",
    rf"(?P<words>di (?:che )?cosa (?:parla(?:no)?|tratta(?:no)?)) {_THESE}(?: \w+)? (?:{_CORPUS}){_END}",
    rf"(?P<words>(?:punti|temi|idee|argomenti) (?:principali|chiave)) {_IN_CORPUS}{_END}",
    rf"{_POLITE}(?P<words>vat\b)(?P<topic>.*)\bsamen\b",
    rf"{_POLITE}(?:(?:geef|maak|schrijf)(?: me| mij| ons)? )?(?:een |de |het )?(?:(?:korte?|beknopte?) )?"
    r"(?P<words>samenvatting|overzicht)\b(?=\s+(?:van|over)\b|[:.?!]*$)",
    rf"(?P<words>waar (?:gaat|gaan)) {_THESE}(?: \w+)? (?:{_CORPUS}) over{_END}",
    rf"(?P<words>(?:belangrijkste|voornaamste) (?:punten|onderwerpen|thema['’]?s|conclusies|bevindingen)) "
    rf"{_IN_CORPUS}{_END}",
)
_KINDS: dict[OverviewKind, tuple[str, ...]] = {"counting": _COUNTING, "listing": _LISTING, "overview": _OVERVIEW}


@cache
def compile_patterns() -> tuple[tuple[OverviewKind, re.Pattern[str]], ...]:
    """Return the patterns with the kind that each asks for, in the order in which they are tried.

    They take a quarter of a second to compile, which only a process that answers questions should spend.
    """
    return tuple(
        (kind, re.compile(pattern, re.IGNORECASE)) for kind, patterns in _KINDS.items() for pattern in patterns
    )


ONE_PLACE = re.compile(
    r"(?:\b(?:section|chapter|page|paragraph|clause|article|appendix|abschnitt|kapitel|seite|absatz|artikel|anhang|"
    r"chapitre|annexe|capítulo|página|sección|artículo|capitolo|pagina|sezione|articolo|artigo|seção|hoofdstuk|"
    r"paragraaf|bijlage)s?|§)\s*(?:\d|[ivx]+\b)",
    re.IGNORECASE,
)
"""A question that names one place of a document asks for no overview."""
CONVERSATION = re.compile(
    r"\b(?:your (?:last |previous )?(?:answer|reply|response)|(?:our|this) (?:chat|conversation)|the above|"
    r"what (?:you|i) (?:just )?said|(?:deine|ihre) (?:letzte )?antwort|unser gespräch|ta réponse|votre réponse|"
    r"tu respuesta|la tua risposta|(?:tua|sua) resposta|je antwoord|uw antwoord)\b",
    re.IGNORECASE,
)
"""A question about the chat asks for no overview of documents."""
EMPTY_WORD = re.compile(
    rf"(?:{_CORPUS}|{_THESE}|an?|me|us|for|of|and|to|that|is|are|there|about|on|at|by|with|please|in|from|across|"
    r"everything|mentioned|named|listed|bitte|mir|alles|gibt|es|über|von|zu|im|auf|und|ein(?:e[mnrs]?)?|werden|du|des|une?|moi|"
    r"par|sur|dans|et|del|unas?|por|para|favor|que|sobre|y|di|dei|degli|della|che|su|e|um(?:a)?|do|da|dos|das|em|een|van|"
    r"uit|over|op|er|content|contents|inhalt|inhalte|contenu|contenido|contenuto|conteúdo|inhoud|"
    r"whole|entire|complete|full|ganze[nrs]?|gesamte[nrs]?)",
    re.IGNORECASE,
)
