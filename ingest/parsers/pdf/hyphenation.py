"""Decide if a hyphen at a line end belongs to its word: "long-term" keeps it, "hyphen-ation" does not. Pure.

The words of the document decide first. A small lexicon of English, German and French compounds decides the rest, by
the part before the hyphen, the part after it, or both.
"""

import re
from collections.abc import Iterable, Set
from functools import cache

_CONJUNCTIONS = frozenset({"and", "or", "und", "oder", "bzw", "sowie", "et", "ou", "e", "o", "y"})
"""Words before which a hyphen at the end of a line stays: "full- and part-time"."""

_RANGE_WORDS = frozenset({"to", "bis"})
"""Words before which the hyphen of a numeral stays: "two- to three-year"."""

_LINKS = {
    **dict.fromkeys(
        ("of", "to", "the", "and", "by", "upon", "à", "au", "aux", "sur", "sous", "là", "y", "von", "und", "zu")
    ),
    "in": "law laws chief house person kind one between time depth",
    "on": "one the site line going",
    "for": "profit money purpose like tat sale",
    "out": "of",
    "up": "to and",
    "a": "half day year week month million dozen vis priori porter",
    "en": "ciel ville bloc",
    "de": "vie cologne sac lance chaussée mer garde camp facto la",
    "la": "loi chapelle",
    "le": "champ roi",
    "ci": None,
    "t": None,
    "vis": "à",
}
"""Middle parts of compounds such as "state-of-the-art", and what comes after those that also begin words."""

_OPEN_HEADS = {
    "self": "ish less same hood ishness lessness ishly",
    "well": "ness ing ington spring",
    "non": "sense etheless ethe chalant sensical",
    "quasi": "",
    "vice": "",
    "demi": "",
    "avant": "age ages ageux",
    "après": "",
    "presqu": "",
}
"""Words that are followed by a hyphen, with the endings that make another word of them."""

_HEADS = {
    "long": "term standing lasting range run distance lived haul awaited established life stay form wave forgotten "
    "suffering sleeved serving lead",
    "short": "term lived range run circuit circuits circuited haul sighted staffed time listed stay tempered handed",
    "medium": "term sized size range scale",
    "near": "term sighted miss real",
    "mid": "term year range size sized century career life level market season",
    "large": "scale sized format",
    "small": "scale sized and",
    "full": "time scale fledged length service size sized year blown page text colour color face",
    "part": "time timer timers financed owned",
    "half": "hour hourly day year yearly life price empty full open baked finished measure measures timbered",
    "real": "time life world valued",
    "first": "class time hand aid rate born year quarter half ever degree line come order",
    "second": "class hand rate degree order best year quarter half line",
    "third": "party parties class rate degree country quarter year",
    "high": "quality level risk cost pressure resolution performance end tech profile income energy grade density "
    "temperature voltage frequency impact rise strength value volume power priority ranking precision yield",
    "low": "quality level speed risk cost pressure resolution performance end tech profile income energy grade density "
    "temperature voltage frequency impact rise value volume power priority lying key carbon fat paid wage",
    "all": "inclusive time round purpose day night embracing important",
    "cross": "border section sectional sections functional reference references check checks country cutting platform "
    "selling site subsidy examination linked linking",
    "co": "author authors authored founder founders owner owners worker workers pilot chair funded financed financing "
    "signatory investor investors borrower",
    "ex": "wife husband president works post ante factory vat ship warehouse dividend employee employees partner "
    "minister soldier",
    "post": "war mortem doctoral processing sale tax treatment test",
    "pre": "war existing tax owned approved agreed contractual installed defined paid",
    "anti": "inflammatory corruption bribery money fraud slip static theft",
    "cost": "effective benefit efficient sharing saving cutting based plus free effectiveness",
    "decision": "making maker makers",
    "policy": "making maker makers",
    "law": "abiding making",
    "problem": "solving",
    "open": "source ended air plan access minded label book",
    "user": "friendly defined generated facing centred centered specific level driven friendliness",
    "top": "level down heavy quality rated secret ranking",
    "bottom": "up line",
    "world": "class famous leading",
    "left": "hand handed wing aligned",
    "right": "hand handed wing aligned angled",
    "so": "called",
    "old": "fashioned age",
    "time": "consuming limited sensitive saving barred out based dependent",
    "on": "site going the",
    "off": "site peak season the balance",
    "in": "house depth person law kind patient service",
    "built": "in up",
    "know": "how",
    "follow": "up ups on",
    "start": "up ups",
    "set": "up off",
    "back": "up ups end to",
    "front": "end line",
    "break": "even down",
    "check": "in ins out up",
    "log": "in on off out",
    "cut": "off offs",
    "trade": "off offs in",
    "sign": "off up",
    "drop": "off down out",
    "pick": "up ups",
    "one": "off way time third half sided stop size",
    "two": "way thirds year day week month hour stage step phase storey tier part fold sided dimensional",
    "three": "way quarters year day week month hour stage step phase storey tier part dimensional quarter",
    "four": "year day week month hour stage star wheel storey",
    "five": "year day week month star point",
    "multi": "year storey lingual stage purpose level million annual party",
    "hand": "held picked operated",
    "hard": "wearing working earned copy",
    "heat": "resistant treated sensitive",
    "fire": "resistant retardant fighting proof",
    "water": "resistant repellent soluble cooled based borne",
    "air": "conditioning conditioned conditioner cooled tight to",
    "energy": "efficient saving intensive related",
    "labour": "intensive saving",
    "load": "bearing",
    "mass": "produced market",
    "wide": "ranging spread angle",
    "far": "reaching sighted",
    "much": "needed",
    "ready": "made to mixed mix",
    "stand": "by alone in",
    "turn": "key over of",
    "year": "end round old long to on",
    "month": "end long",
    "day": "to old long care",
    "week": "long",
    "price": "sensitive fixing earnings",
    "tax": "free deductible exempt efficient",
    "state": "owned funded run of controlled",
    "privately": "owned",
    "up": "to and front",
    "run": "of off up time",
    "work": "related life in",
    "read": "only write out",
    "write": "off offs",
    "schwarz": "weiß weiss  weiße",
    "nicht": "öffentlich öffentliche öffentlichen kommerziell kommerzielle kommerziellen",
    "deutsch": "französisch französische französischen deutsch polnisch englisch englische englischen",
    "peut": "être",
    "est": "ce à",
    "rendez": "vous",
    "celui": "ci là",
    "celle": "ci là",
    "ceux": "ci là",
    "celles": "ci là",
    "lui": "même ci",
    "elle": "même",
    "elles": "mêmes",
    "eux": "mêmes",
    "soi": "même disant",
    "moi": "même",
    "vous": "même mêmes",
    "nous": "mêmes",
    "au": "dessus dessous delà dedans dehors devant",
    "par": "dessus dessous delà",
    "ci": "dessus dessous après joint jointe contre avant",
    "là": "bas haut dessus dedans",
    "quelques": "uns unes",
    "sous": "traitant traitants traitance sol titre titres ensemble estimer",
    "porte": "parole à fenêtre",
    "chef": "lieu d",
    "arc": "en",
    "vis": "à",
    "tout": "à puissant",
    "contre": "indication indications exemple expertise",
    "main": "d",
}
"""Words that a hyphen follows in compounds, with the parts that come after it."""

_TAILS = frozenset(
    (
        *("based", "bound", "conscious", "driven", "effective", "efficient", "friendly", "funded"),
        *("intensive", "looking", "made", "minded", "même", "mêmes", "neutral", "off", "oriented", "owned"),
        *("related", "resistant", "sensitive", "shaped", "sized", "specific", "up", "être"),
    )
)
_FREE_HEADS = frozenset(
    (
        *("alcohol", "barrier", "carbon", "charge", "dust", "duty", "error", "fat", "frost", "gluten"),
        *("halogen", "hands", "interest", "lactose", "lead", "maintenance", "oil", "rent", "risk", "royalty"),
        *("rust", "smoke", "sugar", "toll", "trouble"),
    )
)
_PREFIXES = frozenset(
    (
        *("a", "ab", "be", "bio", "co", "cor", "counter", "de", "dis", "for", "ground", "hand", "home"),
        *("hyper", "il", "im", "in", "inter", "ir", "macro", "micro", "mis", "out", "over", "pre", "re"),
        *("sub", "super", "trans", "un", "under"),
    )
)
"""Beginnings that make one word with what follows: "unfriendly", "homemade"."""

_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ONES = frozenset(
    (
        *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "first", "second", "third"),
        *("fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    )
)
_NUMERALS = _ONES | {"ten", "zwei", "drei", "vier", "fünf", "sechs", "acht", "zehn"}
_MIN_TAIL_HEAD = 3
_MAX_WORD_CHARS = 80
_WORD = re.compile(r"\w+(?:-\w+)*")
_WORD_OR_NOTHING = re.compile(r"(?:\w+(?:-\w+)*)?")
_FIRST_PART = re.compile(r"\A[\w-]*")


def collect_vocabulary(texts: Iterable[str], line_end_hyphen: str) -> frozenset[str]:
    """Return the words of `texts` in lower case; a hyphenated word is one word, parts of broken words are none."""
    return frozenset(word.lower() for text in texts for word in _WORD.findall(_remove_broken(text, line_end_hyphen)))


def _remove_broken(text: str, line_end_hyphen: str) -> str:
    """Return `text` without the parts of broken words."""
    pieces = text.split(line_end_hyphen)
    for index in range(len(pieces) - 1):
        pieces[index] = pieces[index][: _find_last_word(pieces[index])]
        pieces[index + 1] = _FIRST_PART.sub("", pieces[index + 1], count=1)
    return " ".join(pieces)


def find_broken_words(text: str, line_end_hyphen: str) -> list[tuple[int, str, str]]:
    """Return the place of every line-end hyphen with the word before it, hyphens included, and the word after it.

    A hyphen without a word before it is left out.
    """
    broken: list[tuple[int, str, str]] = []
    place = text.find(line_end_hyphen)
    while place >= 0:
        head = text[_find_last_word(text, place) : place].strip("-")
        if head:
            broken.append((place, head, _WORD_OR_NOTHING.findall(text[place + 1 : place + 1 + _MAX_WORD_CHARS])[0]))
        place = text.find(line_end_hyphen, place + 1)
    return broken


def _find_last_word(text: str, end: int | None = None) -> int:
    """Return the place where the word that ends at `end` begins; `end` without one."""
    start = len(text) if end is None else end
    while start > 0 and (text[start - 1] == "-" or text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return start


def is_suspended(head: str, following: str) -> bool:
    """Return whether the hyphen after `head` stands for a part that comes later; `following` is the next word."""
    return following in _CONJUNCTIONS or (following in _RANGE_WORDS and head.lower() in _NUMERALS)


def keeps_hyphen(head: str, tail: str, vocabulary: Set[str]) -> bool:
    """Return whether `head` and `tail`, on two lines, are a compound with a hyphen.

    Both may have hyphens themselves: "state-of" and "the-art". `vocabulary` has the words of the document in lower
    case.
    """
    part, following = head.rpartition("-")[2], tail.partition("-")[0]
    compounds = {f"{before}-{after}".lower() for before in (head, part) for after in (tail, following)}
    if not vocabulary.isdisjoint(compounds):
        return True
    if following and f"{part}{following}".lower() in vocabulary:
        return False
    if not following[:1].islower():
        return True
    is_code = (part.isupper() and (len(part) > 1 or part == head)) or any(map(str.isdigit, part))
    if is_code or (len(part) == 1 and part == head and part.lower() != part.upper()):
        return True
    before, after = part.lower(), following.lower()
    if part != head and before in _LINKS and after in (_LINKS[before] or after).split():
        return True
    return (after in _LINKS and following != tail) or _is_compound(before, after)


@cache
def _compounds() -> dict[str, frozenset[str]]:
    heads = {head: frozenset(tails.split()) for head, tails in _HEADS.items()}
    return {**heads, **dict.fromkeys(_TENS, _ONES)}


def _is_compound(head: str, tail: str) -> bool:
    if head in _OPEN_HEADS:
        return tail not in _OPEN_HEADS[head].split()
    if tail in _compounds().get(head, ()):
        return True
    if tail == "free":
        return head in _FREE_HEADS
    return tail in _TAILS and len(head) >= _MIN_TAIL_HEAD and head not in _PREFIXES
