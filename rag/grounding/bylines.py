"""Find who wrote a document: the line of its authors under its title. Pure."""

import re

from ingest.text.analyzer import extract_terms
from ingest.text.sentences import split_lines
from ingest.types import StoredChunk
from rag.grounding.evidence import SentenceMatch

HEAD_LINES = 8
"""The authors stand in so many first lines of a document."""
MIN_AUTHOR_WORDS, MAX_AUTHOR_WORDS = 2, 30

_ASKS_FOR_AUTHOR = re.compile(
    r"\b(?:who (?:wrote|authored|has written|prepared|compiled)|authors? of|written by|"
    r"wer (?:hat|schrieb|verfasste)\b.*\b(?:geschrieben|verfasst)|wer (?:schrieb|verfasste)|(?:autor|verfasser)"
    r"(?:in|en|innen)? (?:de[rs]|von)|von wem (?:ist|stammt)|qui (?:a|ont) (?:écrit|rédigé)|auteure?s? (?:de|du|des)\b|"
    r"quién(?:es)? (?:escribió|escribieron|redactó|ha escrito)|autor(?:a|es|as)? d[eo]|chi ha scritto|autor[ei] d|"
    r"quem escreveu|wie (?:schreef|schreven|heeft\b.*\bgeschreven)|auteurs? van)",
    re.IGNORECASE,
)
_LED = re.compile(
    r"\s*(?:(?:written|prepared|compiled|edited) by|by|authors?|verfasst von|erstellt von|von|autor(?:in|en|es|as?)?|"
    r"verfasser(?:in|innen)?|par|rédigé par|auteure?s?|por|escrito por|autori?|di|scritto da|a cura di|door|"
    r"geschreven door)\s*:?\s+(?P<names>(?-i:[^\W\d_a-z]).*)",
    re.IGNORECASE,
)
_NAME_WORD = re.compile(r"[^\W\d_a-z][\w.'’-]*")
_BETWEEN = frozenset(
    {"and", "und", "et", "y", "e", "en", "de", "van", "von", "der", "den", "di", "da", "del", "la", "le", "al"}
)


def asks_for_author(question: str) -> bool:
    """Whether a question asks who wrote a document."""
    return _ASKS_FOR_AUTHOR.search(question) is not None


def is_named_in(question: str, stored: StoredChunk) -> bool:
    """Whether a question has every word of the title or of the file name of a chunk's document."""
    asked = set(extract_terms(question))
    title = stored.chunk.context.partition("\n")[0].partition(" › ")[0]
    stem = stored.filename.rpartition(".")[0].replace("_", " ").replace("-", " ")
    names = (set(extract_terms(name)) for name in (title, stem))
    return any(name and name <= asked for name in names)


def is_byline(text: str) -> bool:
    """Whether a line is that of the authors: names behind "by" or the like."""
    led = _LED.fullmatch(" ".join(text.split()))
    return led is not None and _are_names(led["names"])


def find_byline(first: StoredChunk) -> SentenceMatch | None:
    """Return the line of the authors in the first chunk of a document; None if no line is one.

    It begins with "by" or the like, or stands right below the title and has names alone.
    """
    text, base = first.chunk.text, first.chunk.start
    lines = [(start, end) for start, end in split_lines(text) if text[start:end].strip()][:HEAD_LINES]
    led = [span for span in lines if is_byline(text[span[0] : span[1]])]
    names = [span for span in lines[1:2] if _has_names_alone(text[span[0] : span[1]])]
    for start, end in (*led, *names):
        return SentenceMatch(first, base + start, base + end, 1.0)
    return None


def _has_names_alone(line: str) -> bool:
    """Whether a line has the names of several people: a single one can be anything."""
    return re.search(r",|\b(?:and|und|et|y|e|en)\b|&", line) is not None and _are_names(line)


def _are_names(text: str) -> bool:
    words = re.findall(r"[^\W\d_][\w.'’-]*", text)
    is_short = MIN_AUTHOR_WORDS <= len(words) <= MAX_AUTHOR_WORDS
    is_open = re.search(r"[:;!?\d]|[^\W\d_]{3,}[.]\s*$", text) is None
    return is_short and is_open and all(_NAME_WORD.fullmatch(word) or word in _BETWEEN for word in words)
