"""The words by which a question leans on the turns before it, for `rag.questions.follow_up`: seven languages. Pure."""

import re

from ingest.text.months import MONTHS


def _compile(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE)


_LEADS = (
    r"(?:and |but |so )?(?:what|how) about|what of|and|but|or|also|then|(?:no,? )?(?:i mean(?:t)?|not)",
    r"(?:und |aber )?(?:was ist mit|wie (?:ist|wäre|sieht|steht) es (?:(?:aus )?mit|bei|im|in|für))|und|aber|oder|"
    r"(?:nein,? )?ich meinte?",
    r"(?:et |mais )?qu['’]en est-il (?:de |du |des |d['’]|pour |en )?|et|mais|ou|"
    r"(?:non,? )?je (?:parle de|voulais dire)",
    r"¿?(?:y |pero )?(?:qué (?:pasa con|hay de|tal)|cómo es en)|y|pero|o|(?:no,? )?(?:me refiero a|quería decir)",
    r"(?:e |ma )?(?:che (?:ne è di|dire di|mi dici di)|per quanto riguarda)|e|ed|ma|o|(?:no,? )?(?:intendo|intendevo)",
    r"(?:e |mas )?(?:quanto a[os]?|que tal|o que (?:dizer d[eao]s?|há sobre))|mas|ou|"
    r"(?:não,? )?(?:quero dizer|queria dizer)",
    r"(?:en |maar )?(?:hoe zit het (?:met|in)|wat (?:is er met|gebeurt er met))|en|maar|of|(?:nee,? )?ik bedoel(?:de)?",
)
LEAD = re.compile(rf"[\s¿¡…]*(?:{'|'.join(_LEADS)})(?![^\W_])[\s,:]*", re.IGNORECASE)
"""What stands in front of the part of a question that changes: “and”, “what about”."""

ASSENT = re.compile(
    r"\W*(?:(?:yes|yeah|yep|sure|ok|okay|of course|certainly|please(?: do)?|go ahead|do (?:it|that|so)|i would|"
    r"ja|jawohl|gerne?|bitte|na klar|klar|sicher|mach das|tu das|"
    r"oui|volontiers|d['’]accord|bien sûr|s['’]il (?:te|vous) pla[iî]t|avec plaisir|vas-y|allez-y|"
    r"sí|si|claro|por supuesto|vale|por favor|adelante|hazlo|"
    r"sì|certo|certamente|volentieri|per favore|va bene|fallo|"
    r"sim|claro que sim|com certeza|pode ser|está bem|"
    r"graag|natuurlijk|zeker|alsjeblieft|alstublieft|doe (?:dat|maar)|prima)\W*){1,4}",
    re.IGNORECASE,
)
"""A message that only agrees to what the assistant offers."""
SMALL_TALK = re.compile(
    r"\W*(?:(?:thanks?|thank you|thx|many|very|much|great|good|nice|perfect|hello|hi|bye|"
    r"danke(?:schön)?|vielen|dank|super|"
    r"hallo|tschüss|merci|beaucoup|bonjour|parfait|gracias|muchas|hola|perfecto|grazie|mille|ciao|perfetto|"
    r"obrigad[oa]|muito|olá|dank je|dank u|bedankt|wel)\W*){1,4}",
    re.IGNORECASE,
)
"""A message that asks nothing."""
OFFER = re.compile(
    r"\W*(?:would you like(?: me)? to|do you want me to|shall i|should i|may i|can i|"
    r"(?:möchten sie|möchtest du|wollen sie|willst du),? dass ich|(?:soll|darf|kann) ich(?: ihnen| dir)?|"
    r"(?:voulez-vous|souhaitez-vous|veux-tu) que je|(?:dois|puis)-je|"
    r"¿?(?:quiere|quieres|desea) que(?: le| te)?|(?:vuole|vuoi) che(?: le| ti)?|posso|"
    r"(?:quer|queres|deseja) que eu|(?:zal|kan|mag) ik|wil(?:t u| je) dat ik)\s+",
    re.IGNORECASE,
)
"""The beginning of an offer; what follows is what is offered."""

QUESTION_WORDS = (
    r"how (?:many|much|long|often|old|far|high|large|big)|(?:since|until|by|from) when|"
    r"wh(?:at|ich|o|om|ose|en|ere|y)|how(?: so| come)?|"
    r"(?:seit|bis|ab) wann|wie ?(?:viele?|lange?|oft|alt|hoch|weit|groß)|wer|wen|wem|wessen|wann|warum|wieso|weshalb|"
    r"wo|wohin|woher|wie|was(?! (?:the|it|this|that|there|an?|he|she|your|our|my)\b)|welche[mnrs]?|"
    r"depuis quand|(?:à |de |par |avec |pour )?qui|quand|pourquoi|combien(?: de temps)?|comment|où|quoi|que|"
    r"quel(?:le)?s?|"
    r"(?:desde|hasta) cuándo|quién(?:es)?|cuándo|por qué|cuánt[oa]s?(?: tiempo)?|cómo|a?dónde|qué|cuál(?:es)?|"
    r"da quando|chi|quando|perché|quant[oaie](?: tempo)?|come|dove|che cosa|cosa|quali?|"
    r"desde quando|quem|porqu[eê]|por que|quant[oa]s?(?: tempo)?|onde|o quê|qual|quais|"
    r"sinds wanneer|wie|wanneer|waarom|hoe ?(?:veel|lang|vaak|oud|hoog)|hoe|waar|wat|welke?"
)
QUESTION_WORD = _compile(QUESTION_WORDS)
ASKING_PHRASE = re.compile(rf"\W*(?:{QUESTION_WORDS})(?![^\W_])", re.IGNORECASE)

VERB = _compile(
    r"is|are|was|were|am|be|do|does|did|can|could|may|might|must|shall|should|will|would|has|have|had|need|needs|"
    r"there['’]s|it['’]s|what['’]s|"
    r"ist|sind|war|waren|bin|hat|haben|hatte|wird|werden|wurde|wurden|kann|können|darf|dürfen|muss|müssen|soll|sollen|"
    r"gibt|gilt|gelten|kostet|kosten|"
    r"est|sont|était|étaient|a-t-il|a-t-elle|ont|peut|peuvent|doit|doivent|faut|sera|coûte|est-ce|y a-t-il|"
    r"es|son|era|eran|fue|fueron|foi|foram|fu|furono|fut|furent|será|está|están|tiene|tienen|puede|pueden|debe|deben|cuesta|cuestan|"
    r"è|sono|ha|hanno|può|possono|deve|devono|costa|costano|c['’]è|"
    r"é|são|está|estão|tem|têm|pode|podem|deve|devem|custa|custam|"
    r"zijn|was|waren|heeft|hebben|wordt|worden|kan|kunnen|mag|mogen|moet|moeten|zal|kost"
)
"""Finite verbs that make a clause; the verbs of contents cannot be listed."""
IDENTITY_VERB = _compile(
    r"is|are|was|were|mean|means|ist|sind|war|waren|heißt|est|sont|était|es|son|era|è|sono|é|são|zijn|betekent|signifie|"
    r"significa|bedeutet"
)
"""Verbs that ask for what one word means: “what is photosynthesis?” is a question of its own."""
REQUEST = re.compile(
    r"\W*(?:tell|give|show|list|explain|describe|summari[sz]e|compare|find|name|count|use|create|set|"
    r"nenne|zeige?|liste|erkläre?|beschreibe?|vergleiche?|fasse?|gib|"
    r"donne[zr]?|montre[zr]?|explique[zr]?|décri[st]|compare[zr]?|résume[zr]?|cite[zr]?|"
    r"dime|muestra|explica|describe|compara|resume|enumera|"
    r"dimmi|mostra|spiega|descrivi|confronta|riassumi|elenca|"
    r"diga|mostre|explique|descreva|compare|resuma|liste|"
    r"geef|toon|leg|beschrijf|vergelijk|vat|noem)(?![^\W_])",
    re.IGNORECASE,
)
"""The verbs of a command, which is no fragment."""

REFERENCE = re.compile(
    r"(?<![^\W_])(?:"
    r"it|its|they|them|their|theirs|he|him|his|she|hers?|these|those|"
    r"this(?! (?:year|month|week|quarter|document|file|collection|policy|contract|report))|"
    r"(?:is|was|does|did|of|for|about|by|with|from|after|before|to|than|in|do|why|how) that|"
    r"(?:which|the|that) one|ones|else|the (?:former|latter|others?)|(?:any|what|which) other|another|"
    r"(?-i:er|sie|ihn|ihm|ihr|ihre[mnrs]?|seine[mnrs]?)|(?<=t )es|dies|diese[mnrs]?|jene[mnrs]?|deren|dessen|"
    r"da(?:von|für|mit|durch|bei|zu|nach|gegen|ran|rin|rüber)|dort|"
    r"ils|elles?|(?<=-)il|(?<=qu['’])il|lui|leurs?|celui|celle|ceux|celles|cela|ça|ceci|cet(?:te)?|ces|ses|"
    r"(?:qui|doit|peut|dois-je|puis-je|faut) (?:l[ae]s?|l['’])(?= ?\w+(?:e|er|ir|re)\W*$)|"
    r"él|ellas?|ellos?|est[eoa]s?|es[eoa]s?|sus|aquell[oa]s?|\w+[aei]rl[oae]s?|"
    r"(?:quién|cómo|cuándo|dónde) l[oa]s?|(?:chi|come|quando|dove) (?:l[oaie]|l['’])|quem (?:o|a|os|as)|\w+-l[oa]s?|"
    r"ess[aoei]|lei|loro|quest[oaie]|quell[oaie](?! che)|ciò|suo|sua|suoi|sue|"
    r"ele|ela|eles|elas|iss[oa]|ist[oa]|desse|dessa|disso|seu|seus|suas|"
    r"hij|zij|ze|hem|hun|haar|(?:is|van|over|voor|met) (?:dit|dat)|deze|"
    r"(?:er|daar)(?:van|voor|mee|bij|in|aan|op|over)"
    r")(?![^\W_])",
    re.IGNORECASE,
)
"""Pronouns and the like, whose meaning stands in an earlier turn unless the question itself has it."""
_PREDICATES = (
    r"allowed|permitted|forbidden|possible|required|necessary|needed|mandatory|obligatory|compulsory|legal|okay?|safe|"
    r"better|best|worth|true|enough|hard|easy|difficult|useful|normal|common|important"
)
EXPLETIVE = re.compile(
    rf"(?<![^\W_])(?:(?:is|was|would|will) it (?:be |still |really )?(?:{_PREDICATES})(?= (?:to|that|for))|it takes?|"
    r"does it (?:take|cost)(?= to)|(?:gibt|ist|wird|war|muss|kann|darf) es|es (?:gibt|ist|wird|war)|"
    r"(?:y |qu['’])?(?:il y a|a-t-il|est-il|faut-il|il (?:faut|est|existe)|existe-t-il)|est-ce qu['’]il (?:y a|faut)|"
    r"est-ce que?|qu['’]est-ce que?|c['’]est|es (?:posible|necesario|obligatorio)|"
    r"is er|zijn er|er (?:is|zijn|wordt|worden)|is het|het is)(?![^\W_])",
    re.IGNORECASE,
)
"""Pronouns that refer to nothing."""

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d"
_YEAR_WORD = r"year|jahre?|année|año|anno|ano|jaar"
_IN = (
    r"on|in|during|for|since|until|by|of|as of|am|im|vom|seit|bis|für|le|en|au|depuis|pour|de|d['’]|el|en|desde|hasta|"
    r"il|nel|a|da|di|em|no|op|sinds|tot|van|voor"
)
TIME = re.compile(
    rf"(?<![^\W_])(?:(?P<lead>(?:{_IN})(?:\s+(?:the|den|dem|der))?(?:\s+(?:{_YEAR_WORD}))?)\s+)?(?P<time>"
    rf"\d{{4}}-\d\d?-\d\d?|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|er|º|\.)?\s+(?:of\s+|de\s+|di\s+)?)?(?P<month>{_MONTH})(?![^\W_])\.?"
    rf"(?:\s+\d{{1,2}}(?:st|nd|rd|th)?(?!\d))?(?:,?\s+(?:of\s+|de\s+|del\s+|di\s+)?(?P<year>{_YEAR}))?|"
    rf"(?:the )?(?:[QT][1-4]|(?:first|second|third|fourth|last) quarter|(?:erste|zweite|dritte|vierte)[mnrs]? quartal)"
    rf"(?:,?\s+(?:of\s+|de\s+)?{_YEAR})?|"
    rf"(?:(?:{_YEAR_WORD}) )?{_YEAR}|"
    rf"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|"
    rf"(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|"
    rf"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|"
    rf"lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|(?:segunda|terça|quarta|quinta|sexta)(?:-feira)?|"
    rf"maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag"
    rf")(?![^\W_])",
    re.IGNORECASE,
)
"""A day, a month, a quarter or a year, with the preposition in front of it."""
ORDINAL = _compile(
    r"first|second|third|fourth|fifth|last|erste[mnrs]?|zweite[mnrs]?|dritte[mnrs]?|vierte[mnrs]?|letzte[mnrs]?|"
    r"premi(?:er|ère)|deuxième|second|seconde|troisième|quatrième|derni(?:er|ère)|"
    r"primer[oa]?|segund[oa]|tercer[oa]?|últim[oa]|prim[oa]|second[oa]|terz[oa]|ultim[oa]|"
    r"primeir[oa]|terceir[oa]|eerste|tweede|derde|vierde|laatste|one|ones|other|others|next|"
    r"andere[mnrs]?|autres?|otr[oa]s?|altr[oaie]|outr[oa]s?|ander|else|"
    r"(?:more|mehr|plus|más|più|mais|meer)(?! (?:than|als|d[aeio]|d['’]|que|dan)(?![^\W_]))"
)
"""Words that choose among things of an earlier turn, and name none."""
_DETERMINER_LIST = """
the a an this that der die das den dem des ein eine einen einem einer le la les l un une el los las una il lo gli i uno
o os as um uma het de een
"""
DETERMINERS = frozenset(_DETERMINER_LIST.split())
ASKS_FOR_KIND = re.compile(
    r"\W*(?:how (?:many|much)|which|wie ?viele?|welche[mnrs]?|combien d(?:e |['’])|"
    r"quel(?:le)?s?|cuánt[oa]s|cuál(?:es)?|quant[ie]|quali|quant[oa]s|qua(?:l|is)|hoeveel|welke?)"
    r"\s*[^\W_]+(?: [^\W_]+)?\W*",
    re.IGNORECASE,
)
"""A question for a number or a choice of something, without a verb: “How many days?”"""
