"""Find the words of a question that may name a document, and the words that lead to them. Pure.

What they name is decided by `rag.questions.scope`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ingest.text.names import make_name_key
from rag.questions.scope_patterns import (
    ABOUT_DOCUMENTS,
    ACCORDING_TO,
    COMPOUND_NOUNS,
    CONTAINERS,
    CONTRACTION,
    DETERMINER,
    DOCUMENT_NOUNS,
    EMPTY_VERBS,
    EXCEPTION,
    LINK_WORDS,
    PREPOSITION,
    SAYS,
    SAYS_BEFORE,
    SUBJECT,
    SUMMARY_OF,
)
from rag.questions.stopwords import STOPWORDS
from rag.questions.words import WORD, fold_words

MAX_CHARS = 600
"""A longer message quotes a text of its own."""
MAX_NAME_WORDS = 8
MAX_QUOTED_CHARS = 120

Evidence = Literal["written", "firm", "weak", "subject", "numbered"]
"""How a question comes to a name: it is written as one, words that always lead to a document stand before it, a mere
preposition does, it is the subject of a verb of saying, or a noun for a kind of document has a number."""

_GAP = re.compile(r"[ \t\u00a0]?[_\-–/&+ ]?[ \t\u00a0]?|\.|['’]")
_FILE = re.compile(r"[^\W_][\w.\-()+]*\.[^\W\d_]\w{0,5}\b")
_CODE = re.compile(r"[^\W_]+(?:[-_.][^\W_]+)+")
_QUOTED = re.compile(r"“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|\"([^\"]+)\"|`([^`]+)`|(?<!\w)['‘]([^'’]+)['’](?!\w)")
_ORDINALS = (
    r"first|erste[nrsm]?|première?|premier|primer[oa]?|prim[oa]|primeir[oa]|eerste",
    r"second|zweite[nrsm]?|deuxième|segund[oa]|second[oa]|tweede",
    r"third|dritte[nrsm]?|troisième|tercer[oa]?|terz[oa]|terceir[oa]|derde",
    r"fourth|vierte[nrsm]?|quatrième|cuart[oa]|quart[oa]|vierde",
    r"fifth|fünfte[nrsm]?|cinquième|quint[oa]|vijfde",
)
_NUMBERED = re.compile(
    rf"\b(?:(?P<noun>[^\W\d_]+)[ ](?:(?:no|nr|n)[.°º]?[ ]?)?(?P<number>\d{{1,2}})(?![\w.,/-]\w)"
    rf"|(?P<ordinal>{'|'.join(_ORDINALS)})[ ](?P<counted>[^\W\d_]+))\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    rf"(?<!\w)(?:(?P<according>{ACCORDING_TO})|(?P<summary>{SUMMARY_OF})|(?P<says>{SAYS_BEFORE})|(?P<subject>{SUBJECT})"
    rf"|(?P<preposition>{PREPOSITION}))(?!\w)\s*(?P<determiner>(?:{DETERMINER.pattern})*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NamePhrase:
    """Some words that may be a name, which end at `end` of the question; `is_complete` if they are a whole noun phrase.

    `cut_from` is the start of the words that only lead to the name.
    """

    cut_from: int
    end: int
    text: str
    is_complete: bool = True

    @property
    def words(self) -> tuple[str, ...]:
        """The words, folded."""
        return tuple(fold_words(self.text))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of `ingest.text.names`: of the whole phrase, and without the words file or document."""
        own = " ".join(word for word in self.words if word not in CONTAINERS)
        return tuple(dict.fromkeys(key for key in map(make_name_key, (self.text, own)) if key))

    @property
    def is_file_name(self) -> bool:
        """Whether it is a file name with its suffix, in one word."""
        return _FILE.fullmatch(self.text) is not None

    @property
    def key_without_noun(self) -> str:
        """The key of what is left without the words for a kind of document: lab, of “the lab report”."""
        return make_name_key(" ".join(word for word in self.described_by if not _is_document_noun(word)))

    @property
    def nouns(self) -> tuple[str, ...]:
        """The words for a kind of document."""
        return tuple(word for word in self.words if _is_document_noun(word))

    @property
    def described_by(self) -> tuple[str, ...]:
        """The words that a document's names must have, if this describes it."""
        return tuple(word for word in self.words if word not in CONTAINERS and word not in LINK_WORDS)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place of a question at which a document may be named, with its possible phrases, the longest first."""

    evidence: Evidence
    phrases: tuple[NamePhrase, ...]
    has_determiner: bool = False


def find_mentions(question: str) -> list[Mention]:
    """Return the places at which a question may name documents, those that are written as names first."""
    if len(question) > MAX_CHARS or ABOUT_DOCUMENTS.search(question):
        return []
    mentions = [
        *_find_quoted(question),
        *_find_files(question),
        *_find_codes(question),
        *_find_numbered(question),
        *_find_described(question),
    ]
    return [
        mention
        for mention in mentions
        if mention.phrases and not EXCEPTION.search(question[: mention.phrases[-1].cut_from])
    ]


def _find_files(question: str) -> Iterator[Mention]:
    """Yield the names with a suffix; words before them may belong to them."""
    for match in _FILE.finditer(question):
        words = [word for word in WORD.finditer(question, 0, match.start())][1 - MAX_NAME_WORDS :]
        starts = [match.start()]
        for word in reversed(words):
            if not _GAP.fullmatch(question, word.end(), starts[-1]):
                break
            starts.append(word.start())
        phrases = [_make_written(question, start, match.end()) for start in reversed(starts)]
        yield Mention("written", tuple(phrases))


def _find_quoted(question: str) -> Iterator[Mention]:
    """Yield what stands in quotation marks after words that lead to a document, or has a suffix."""
    for match in _QUOTED.finditer(question):
        text = next(group for group in match.groups() if group is not None)
        cut_from, is_led = _find_lead(question, match.start())
        if len(text) <= MAX_QUOTED_CHARS and (is_led or _FILE.fullmatch(text)):
            yield Mention("written", (NamePhrase(cut_from, match.end(), text),))


def _find_codes(question: str) -> Iterator[Mention]:
    """Yield the words that are joined by underscores, as people do it in the names of files alone."""
    for match in _CODE.finditer(question):
        if "_" in match[0]:
            yield Mention("written", (_make_written(question, *match.span()),))


def _find_numbered(question: str) -> Iterator[Mention]:
    """Yield the nouns for a kind of document with a number: “amendment 2”, “the second amendment”."""
    for match in _NUMBERED.finditer(question):
        noun, number = match["noun"] or match["counted"], match["number"] or str(_read_ordinal(match["ordinal"]))
        if _is_document_noun(noun.casefold()):
            yield Mention("numbered", (NamePhrase(match.start(), match.end(), f"{noun} {number}"),))


def _read_ordinal(word: str) -> int:
    return next(number for number, pattern in enumerate(_ORDINALS, start=1) if re.fullmatch(pattern, word.casefold()))


def _find_described(question: str) -> Iterator[Mention]:
    for lead in _LEAD.finditer(question):
        evidence, cut_from = _read_lead(lead)
        phrases = tuple(_find_phrases(question, lead.end(), cut_from))
        if evidence == "subject":
            phrases = tuple(phrase for phrase in phrases if SAYS.match(question, phrase.end))
        phrases = tuple(replace(phrase, end=_skip_verb(question, phrase)) for phrase in phrases)
        has_determiner = bool(lead["determiner"] or CONTRACTION.fullmatch(lead["preposition"] or ""))
        yield Mention(evidence, phrases, has_determiner)


def _read_lead(lead: re.Match[str]) -> tuple[Evidence, int]:
    """Return the evidence of a lead, and where the words begin that only lead to the name."""
    if lead["according"]:
        return "firm", lead.start()
    if lead["summary"] or lead["says"]:
        return "firm", lead.end() - len(lead["determiner"])
    if lead["subject"]:
        *_, verb = WORD.finditer(lead["subject"])
        is_verb_alone = verb.start() == 0
        return "subject", lead.end() - len(lead["determiner"]) if is_verb_alone else lead.start() + verb.start()
    return "weak", lead.start()


def _find_phrases(question: str, start: int, cut_from: int) -> Iterator[NamePhrase]:
    """Yield the phrases that begin at `start`, the longest first."""
    ends: list[int] = []
    for word in WORD.finditer(question, start):
        if word.start() > (ends[-1] if ends else start) and not _GAP.fullmatch(
            question, ends[-1] if ends else start, word.start()
        ):
            break
        ends.append(word.end())
        if len(ends) == MAX_NAME_WORDS:
            break
    for end in reversed(ends):
        phrase = NamePhrase(cut_from, end, question[start:end], _is_complete(question, end))
        if phrase.words[0] not in LINK_WORDS and phrase.words[-1] not in LINK_WORDS:
            yield phrase


def _skip_verb(question: str, phrase: NamePhrase) -> int:
    """Return the end of a phrase with the verb of saying after it, which says nothing without its subject."""
    verb = SAYS.match(question, phrase.end)
    return verb.end() if verb is not None and verb[0].split()[0].casefold() in EMPTY_VERBS else phrase.end


def _make_written(question: str, start: int, end: int) -> NamePhrase:
    phrase = NamePhrase(_find_lead(question, start)[0], end, question[start:end])
    return replace(phrase, end=_skip_verb(question, phrase))


def _is_complete(question: str, end: int) -> bool:
    """Whether what follows does not belong to the noun phrase that ends here."""
    following = WORD.search(question, end)
    if following is None or not _GAP.fullmatch(question, end, following.start()):
        return True
    return is_empty_word(following[0].casefold()) or SAYS.match(question, end) is not None


def _find_lead(question: str, start: int) -> tuple[int, bool]:
    """Return where the words begin that only lead to a name at `start`, and whether they are more than an article."""
    for lead in _LEAD.finditer(question, 0, start):
        if all(word in CONTAINERS for word in fold_words(question[lead.end() : start])):
            return _read_lead(lead)[1], True
    determiner = re.search(rf"(?<!\w)(?:{DETERMINER.pattern})$", question[:start], re.IGNORECASE)
    return determiner.start() if determiner else start, False


def _is_document_noun(word: str) -> bool:
    return word in DOCUMENT_NOUNS or any(word.endswith(noun) for noun in COMPOUND_NOUNS)


def is_empty_word(word: str) -> bool:
    """Whether a folded word has no topic: articles, auxiliary verbs, and words that ask for what a document says."""
    return word in STOPWORDS or word in EMPTY_VERBS or word in CONTAINERS
