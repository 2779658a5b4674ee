"""Words that compare values, in seven languages, for `rag.questions.row_conditions`. Pure."""

import re
from typing import Literal

Comparison = Literal["below", "at most", "above", "at least", "equal", "between", "within", "outside"]
Direction = Literal["highest", "lowest"]
ColumnHint = Literal["", "money", "day", "mass"]
"""What an adjective says of the values that it compares: `cheapest` is about money, `latest` about days, `heaviest`
about mass."""

_COMPARISON_PHRASES: dict[Comparison, str] = {
    "below": """
below; under; beneath; less than; fewer than; lower than; smaller than; cheaper than; shorter than;
lighter than;
younger than; short of; before; earlier than;
unter; unterhalb; weniger als; kleiner als; niedriger als; geringer als; billiger als; günstiger als;
kürzer als;
leichter als; jünger als; vor(?: dem)?; früher als; unterschreiten?; unterschreitet
moins d['’]?e?; moins que; plus (?:petit|bas|faible)e?s? que; inférieure?s? (?:à|aux?);
(?:en|au)[- ]dessous d[eu'’]s?; sous;
avant
menos del?; menos que; menor(?:es)? (?:que|de|a); inferior(?:es)? (?:a|al); por debajo del?; bajo; antes del?;
más (?:pequeñ|baj)[oa]s? que
meno (?:di|del|della); meno che; inferior[ei] (?:a|al|alla|allo|ai)\\b; sotto; al di sotto d\\w+;
minor[ei] (?:di|del|della);
prima d\\w+; più (?:piccol|bass)\\w+ d\\w+
menos (?:de|do que|que); inferior(?:es)? (?:a|ao|à|aos); abaixo d[eoa]s?; menor(?:es)? (?:que|do que); sob;
antes d[eoa]s?;
mais (?:pequen|baix)[oa]s? (?:do )?que
minder dan; lager dan; kleiner dan; korter dan; goedkoper dan; jonger dan; onder; beneden; vóór;
eerder dan""",
    "at most": """
at most; no more than; not more than; up to; at maximum; maximum of; not (?:above|over|exceeding)
höchstens; maximal; nicht mehr als; bis zu; bis einschließlich; nicht über
au plus; au maximum; pas plus de; jusqu['’]à
como máximo; a lo sumo; no más de; hasta
al massimo; non più di; fino a
no máximo; não mais (?:de|que|do que); até
hoogstens; maximaal; ten hoogste; niet meer dan; tot en met""",
    "above": """
above; over; more than; greater than; higher than; larger than; bigger than; longer than; older than;
heavier than;
exceed(?:s|ed|ing)?; in excess of; beyond; dearer than; more expensive than;
after; later than; newer than; since
über; oberhalb; mehr als; größer als; höher als; länger als; älter als; schwerer als; teurer als;
übersteig(?:t|en);
überschreite[nt]; überschritten; nach(?: dem)?; später als; seit
plus d['’]?e?; plus que; plus (?:grand|haut|élevé|cher|chère|long|longue)e?s? que; supérieure?s? (?:à|aux?);
au[- ]dessus d[eu'’]s?;
dépass(?:e|ent|ant|é|és|ée|ées); excèd(?:e|ent); après; depuis
más del?; más que; mayor(?:es)? (?:que|de|a); superior(?:es)? (?:a|al); por encima del?;
super(?:a|an|en|ado|aron);
exced(?:e|en|ieron); después del?; desde; más (?:grande|alt[oa]|car[oa])s? que
più (?:di|del|della)(?! tutt); più che; superior[ei] (?:a|al|alla|allo|ai)\\b; oltre; sopra;
al di sopra d\\w+;
maggior[ei] (?:di|del|della); supera(?:no)?; superat[oaie]; ecced(?:e|ono); dopo;
più (?:grand|alt|car)\\w+ d\\w+
mais (?:de|do que|que); superior(?:es)? (?:a|ao|à|aos); acima d[eoa]s?; maior(?:es)? (?:que|do que);
exced(?:e|em|eu|eram);
ultrapass(?:a|am|ou|aram); depois d[eoa]s?; desde; mais (?:alt|car|grande)[oa]?s? (?:do )?que
meer dan; hoger dan; groter dan; langer dan; ouder dan; duurder dan; zwaarder dan; boven;
over(?= het budget| budget);
overschrijd(?:t|en); overschreden; overschreed; na; later dan; sinds""",
    "at least": """
at least; no less than; not less than; a minimum of; not (?:below|under); from(?= \\d)
mindestens; wenigstens; nicht weniger als; nicht unter; ab(?= \\d)
au moins; au minimum; pas moins de; à partir de
al menos; por lo menos; como mínimo; no menos de; a partir de
almeno; come minimo; non meno di; a partire da
pelo menos; no mínimo; não menos (?:de|que|do que)
minstens; ten minste; niet minder dan; vanaf""",
    "equal": """
exactly; equal to; precisely
genau; gleich(?= \\d); exakt
exactement; égale?s? à
exactamente; igual(?:es)? a
esattamente; ugual[ei] a
exatamente; iguais a
precies; gelijk aan""",
    "between": """
between(?= .* and )
zwischen(?= .* und )
entre(?= .* (?:et|y|e) ); comprise?s? entre(?= .* et )
(?:tra|fra)(?= .* e )
tussen(?= .* en )""",
    "within": """
within; inside; in(?= (?:the )?(?:\\w+ )?range\\b)
innerhalb; im(?= (?:\\w+bereich|rahmen)\\b)
dans(?= (?:les?|la|l['’]) ?(?:valeurs|normes?|intervalle|plage|fourchette)); à l['’]intérieur d[eu]s?
dentro del?; en(?= el (?:rango|intervalo))
entro; dentro(?= (?:il|l['’]|i))|nei limiti
dentro d[oea]s?
binnen""",
    "outside": """
outside(?: of)?; out of(?= (?:the )?(?:\\w+ )?(?:range|bounds|limits?)\\b);
beyond(?= the (?:\\w+ )?(?:range|limits)\\b)
außerhalb
(?:en )?(?:dehors|hors) d[eu'’]s?; hors(?= (?:norme|limite|plage))
fuera del?
fuori d\\w+; al di fuori d\\w+
fora d[oea]s?
buiten""",
}
_AFTERTHOUGHTS: dict[Comparison, str] = {
    "at least": """
or (?:more|above|over|higher|later|longer); and (?:above|over|more|up)
oder (?:mehr|höher|darüber|länger); und (?:mehr|darüber)
ou (?:plus|davantage|mais|superior)
o (?:más|superior|più|superiore)
of (?:meer|hoger|langer)""",
    "at most": """
or (?:less|fewer|below|under|lower|earlier|shorter); and (?:below|under|less)
oder (?:weniger|niedriger|darunter); und darunter
ou (?:moins|menos|inferior)
o (?:menos|inferior|meno|inferiore)
of (?:minder|lager)""",
}
"""They stand behind the value: `10 or more`."""

_EXTREMES: dict[tuple[Direction, ColumnHint], str] = {
    ("highest", ""): """
highest; most; largest; biggest; greatest; longest; tallest; maximum; maximal; top; fastest
höchste[nrsm]?; höchsten; größte[nrsm]?; meisten?; längste[nrsm]?; maximale[nrsm]?;
schnellste[nrsm]?
(?:l[ea]s?|de) plus (?:élevée?s?|grande?s?|haute?s?|longue?s?|lourde?s?|importante?s?|d['’]?e?); maximale?s?;
maximum;
le plus(?= d| ?[?.!]*$)
(?:el|la|los|las) (?:\\w+ )?(?:más (?:alt[oa]s?|grandes?|elevad[oa]s?|larg[oa]s?|pesad[oa]s?)|mayor(?:es)?|máxim[oa]s?);
mayor(?! (?:que|de|a)\\b); más (?:alt[oa]|grande|elevad[oa])(?! que); máxim[oa];
más(?= \\w+(?: |\\?|$)(?!que))
(?:il|la|i|le) (?:\\w+ )?(?:più (?:alt[oaie]|grand[ei]|elevat[oaie]|lung\\w+|pesant[ei])|maggior[ei]?|massim[oaie]);
più (?:alt[oaie]|grand[ei]|elevat[oaie])(?! d)|maggior(?! d); massim[oa]; più(?= \\w+ ?\\?)
(?:o|a|os|as) (?:\\w+ )?(?:mais (?:alt[oa]s?|grandes?|elevad[oa]s?|long[oa]s?|pesad[oa]s?)|maior(?:es)?|máxim[oa]s?);
mais (?:alt[oa]|elevad[oa])(?! que| do); maior(?! (?:que|do)\\b); máxim[oa]; mais(?= \\w+ ?\\?)
hoogste; grootste; meeste; langste; maximale; snelste""",
    ("lowest", ""): """
lowest; least; smallest; fewest; shortest; minimum; minimal; slowest
niedrigste[nrsm]?; kleinste[nrsm]?; wenigsten?; geringste[nrsm]?; kürzeste[nrsm]?;
minimale[nrsm]?;
tiefste[nrsm]?; langsamste[nrsm]?
(?:l[ea]s?|de) (?:plus (?:bas|basses?|petite?s?|faibles?|courte?s?|légère?s?)|moins (?:élevée?s?|d['’]?e?));
minimale?s?;
minimum; le moins(?= d| ?[?.!]*$)
más (?:baj[oa]s?|pequeñ[oa]s?|cort[oa]s?|liger[oa]s?)(?! que); menor(?! (?:que|de|a)\\b); mínim[oa];
menos(?= \\w+ ?\\?)
più (?:bass[oaie]|piccol[oaie]|cort[oaie]|legger[oaie])(?! d)|minor(?:e|i)?(?! d); minim[oa];
meno(?= \\w+ ?\\?)
mais (?:baix[oa]s?|pequen[oa]s?|curt[oa]s?|leves?)(?! que| do)|menor(?! (?:que|do)\\b); menos(?= \\w+ ?\\?)
laagste; kleinste; minste; kortste; minimale; langzaamste""",
    ("highest", "money"): """
most expensive; dearest; costliest; teuerste[nrsm]?; (?:l[ea]s? )?plus ch(?:er|ère)s?(?! que);
(?:el|la|los|las) más car[oa]s?;
más car[oa]s?(?! que); più car[oaie](?! d); mais car[oa]s?(?! que| do); duurste""",
    ("lowest", "money"): """
cheapest; least expensive; billigste[nrsm]?; günstigste[nrsm]?; (?:l[ea]s? )?moins ch(?:er|ère)s?(?! que);
más barat[oa]s?(?! que);
meno car[oaie](?! d); più economic\\w+(?! d); mais barat[oa]s?(?! que| do); goedkoopste""",
    ("highest", "mass"): "heaviest; schwerste[nrsm]?; plus lourde?s?; zwaarste",
    ("lowest", "mass"): "lightest; leichteste[nrsm]?; plus légère?s?; lichtste",
    ("highest", "day"): """
latest; newest; most recent; last; neueste[nrsm]?; jüngste[nrsm]?; letzte[nrsm]?; späteste[nrsm]?;
plus récente?s?; dernière?s?;
dernier; más recientes?; últim[oa]s?; più recent[ei]; ultim[oaie]; mais recentes?; nieuwste; laatste;
recentste""",
    ("lowest", "day"): """
earliest; oldest; first; früheste[nrsm]?; älteste[nrsm]?; erste[nrsm]?; plus ancien(?:ne)?s?; première?s?;
premier; más antigu[oa]s?;
primer[oa]?s?; più (?:vecchi|antic)\\w+; prim[oaie]; mais antig[oa]s?; primeir[oa]s?; oudste; eerste;
vroegste""",
}

_NEXT = r"next|nächste[nrsm]?|prochaine?s?|próxim[oa]s?|prossim[oaie]|volgende"
_STARTING = r"""
start(?:s|ing|ed)?|begin(?:s|ning|nt|nen)?|began|leav(?:e|es|ing)|depart(?:s|ure|ures|ing)?|opens?|opening|from|
beginn\w*|abfahrt\w*|abfahren|fährt|fahren|öffnet|öffnen|von|ab|uhrzeit|
débute\w*|commence\w*|début|départs?|part(?:ent)?|ouvre\w*|de|
empieza\w*|comienza\w*|inicio|salidas?|salen?|abre\w*|desde|
inizia\w*|inizio|partenz[ae]|parte|partono|apr(?:e|ono)|apertura|dalle|
começa\w*|início|partidas?|partem?|saem?|abrem?|abertura|
begint|beginnen|vertrek\w*|vertrekt|opent|openen|van
"""
_ENDING = r"""
ends?|ending|finish(?:es)?|arriv(?:e|es|al|als|ing)|clos(?:e|es|ing)|until|to|
end(?:e|et|en)|ankunft\w*|ankommen|ankommt|kommt|schließt|schließen|bis|
fin|finit|finissent|termine\w*|arrivées?|arrivent?|arrive|ferme\w*|jusqu\w*|
termina\w*|final|llegadas?|llegan?|cierra\w*|cierre|hasta|
finisce|finiscono|fine|arriv[io]|arrivano|chiud\w+|chiusura|alle|
fim|chegadas?|chegam?|fecham?|encerramento|até|
eindigt|eindigen|einde|eind|aankomst\w*|aankomt|sluit|sluiten|tot
"""
_SET_HEADS = """
which; what (?!is\\b|are the\\b|was\\b|were the\\b|does\\b|do\\b|did\\b|happens\\b|if\\b)\\w+
who; whose; list; show; name; give; find; count; how many; (?:is|are) (?:there )?any; all
welche[rsnm]?; wie ?viele; wer; liste; nenne; zeige?; gibt es; zähle?
quel(?:le)?s?; combien d\\w*; qui; liste[rz]?; montre[rz]?; donne[rz]?; y a-t-il; lesquel(?:le)?s
qué(?! es\\b); cuáles; cuál; cuánt[oa]s; quién(?:es)?; lista; muestra; hay
quali; quale; qual; quant[ie]; chi; elenca; mostra; ci sono
quais; que; quem; quant[oa]s; liste; mostre; há
welke?; hoeveel; wie; toon; geef; noem; zijn er"""
NEXT_WORD = re.compile(rf"\b(?:{_NEXT})\b", re.IGNORECASE)
"""The first of what comes behind a time that the question names."""
STARTING_WORD = re.compile(rf"\b(?:{''.join(_STARTING.split())})\b", re.IGNORECASE)
ENDING_WORD = re.compile(rf"\b(?:{''.join(_ENDING.split())})\b", re.IGNORECASE)
"""Words for when something begins and when it ends, in a question or in the name of a column."""
PLAN_VERBS: tuple[tuple[Comparison, re.Pattern[str]], ...] = (
    ("above", re.compile(r"\b(?:overspen\w+|overran|overrun\w*|over-?budget|überzogen)\b", re.IGNORECASE)),
    ("below", re.compile(r"\b(?:underspen\w+|underran|underrun\w*|under-?budget)\b", re.IGNORECASE)),
)
"""Verbs that compare with a budget and do not name it."""
_TOO = r"(?:too|zu|trop|demasiado|troppo|demasiad[oa]s?|muito|te)"
RANGE_PHRASES: tuple[tuple[Comparison, re.Pattern[str]], ...] = (
    (
        "below",
        re.compile(
            rf"\b{_TOO} (?:low|niedrig|tief|gering|klein|bass?e?s?|faibles?|baj[oa]s?|bass[oaie]|baix[oa]s?|laag)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "above",
        re.compile(
            rf"\b{_TOO} (?:high|hoch|élevée?s?|hauts?|alt[oa]s?|alt[ei]|elevad[oa]s?|hoog)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "outside",
        re.compile(
            r"\b(?:abnormal|auffällig\w*|anormal\w*|anomal[oaie]|afwijkend\w*)(?!\w)",
            re.IGNORECASE,
        ),
    ),
)
"""Words that compare with a range and do not name it."""
NEGATION = re.compile(r"(?:\b(?:not|isn't|aren't|nicht|pas|no|non|não|niet)|n't)\s+$", re.IGNORECASE)
RANGE_WORD = re.compile(
    r"range|limits?\b|bounds|normal|reference|bereich|grenz|norm|referenz|plage|intervalle|fourchette|référence|limite|rango|"
    r"intervalo|referencia|intervallo|riferimento|faixa|referência|bereik|referentie|grens",
    re.IGNORECASE,
)
"""Words for a column of ranges."""
PLAN_WORD = re.compile(
    r"budget|plan|pian[oi]|target|forecast|quota|soll|ziel|vorgabe|prévu|prévision|objectif|presupuest|previst|objetivo|preventiv|"
    r"obiettivo|orçament|orçad|meta\b|begroot|begroting|doel",
    re.IGNORECASE,
)
"""Words for what should be, which actual values are compared with."""
LOWEST_WORD = re.compile(
    r"\b(?:min|minim\w*|mín\w*|lower|low|untergrenze|unter\w+ grenz\w*|mindest\w*|ondergrens|inferior\w*"
    r"|inférieure?)\b",
    re.IGNORECASE,
)
HIGHEST_WORD = re.compile(
    r"\b(?:max|maxim\w*|máx\w*|upper|high|obergrenze|ober\w+ grenz\w*|höchst\w*|bovengrens|massim\w*|superior\w*"
    r"|supérieure?)\b",
    re.IGNORECASE,
)
"""Words for the lowest and the highest value that may be, in the name of a column or in the operand of a comparison."""
DEVIATION_WORD = re.compile(
    r"varian|deviat|differen|diff\b|delta|change|overrun|abweich|differenz|veränder|écart|variation|différence|desviaci|"
    r"diferencia|variaci|scostament|variazion|desvio|diferença|variação|afwijk|verschil",
    re.IGNORECASE,
)
"""Words for how far a value is from its plan, in the name of a column."""
ACTUAL_WORD = re.compile(
    r"actual|spent|spend|cost|real|ist\b|tatsächlich|ausgaben|kosten|réel|réalisé|dépens|gastad|gasto|effettiv|consuntiv|spes|"
    r"realizad|despes|werkelijk|besteed|uitgaven|result|value|measured|wert|ergebnis|valeur|résultat|valor|resultado|valore|"
    r"risultato|waarde|resultaat|stock|bestand",
    re.IGNORECASE,
)
"""Words for what is, in the name of a column."""


_HAVING_LIST = """
have has having with carry carries haben hat mit ont avec tienen tiene con hanno ha têm tem com hebben heeft met
"""
HAVING_WORDS = frozenset(_HAVING_LIST.split())
ANY_ARTICLES = frozenset({"a", "an", "any", "ein", "eine", "einen", "einem", "un", "une", "una", "um", "uma", "een"})
UNIT_COLUMN = re.compile(
    r"\b(?:units?|einheit(?:en)?|unités?|unidad(?:es)?|unità|unidades?|eenhe(?:id|den))\b", re.IGNORECASE
)
"""The name of a column with the units of another one's numbers."""


def _compile(phrases: str) -> str:
    choices = [phrase.strip() for phrase in re.split(r"[;\n]", phrases) if phrase.strip()]
    return "|".join(sorted((choice.replace(" ", r"\s+") for choice in choices), key=len, reverse=True))


COMPARISONS: tuple[tuple[Comparison, re.Pattern[str]], ...] = tuple(
    (comparison, re.compile(rf"(?<![\w-])(?:{_compile(phrases)})(?![\w-])", re.IGNORECASE))
    for comparison, phrases in _COMPARISON_PHRASES.items()
)
AFTERTHOUGHTS: tuple[tuple[Comparison, re.Pattern[str]], ...] = tuple(
    (comparison, re.compile(rf"(?<!\w)(?:{_compile(phrases)})(?!\w)", re.IGNORECASE))
    for comparison, phrases in _AFTERTHOUGHTS.items()
)
EXTREMES: tuple[tuple[Direction, ColumnHint, re.Pattern[str]], ...] = tuple(
    (direction, hint, re.compile(rf"(?<!\w)(?:{_compile(phrases)})(?!\w)", re.IGNORECASE))
    for (direction, hint), phrases in _EXTREMES.items()
)
SET_HEAD = re.compile(
    rf"^\W*(?:(?:in|according to|per|from) (?:the )?[^,?]{{2,40}}, )?(?:please )?(?:{_compile(_SET_HEADS)})(?!\w)",
    re.IGNORECASE,
)
"""A question that begins like this asks for some of many things."""
