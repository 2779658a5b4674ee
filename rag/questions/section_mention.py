"""Find the sheet, chapter or heading that a question names, and keep what stands under it. Pure."""

import re
from collections.abc import Iterator, Sequence

from ingest.text.names import make_name_key
from rag.types import ScoredChunk

MAX_NAME_WORDS = 6

_KIND = (
    r"(?:work)?sheet|tab|section|chapter|heading|"
    r"(?:tabellen)?blatt|abschnitt|kapitel|überschrift|feuille|onglet|chapitre|titre|"
    r"hoja|pestaña|sección|capítulo|foglio|scheda|sezione|capitolo|planilha|folha|aba|seção|secção|"
    r"(?:werk|tab)?blad|sectie|hoofdstuk|paragraaf|kop"
)
_ARTICLE = r"(?:(?:the|de[mnr]|das|die|la|le|el|il|lo|o|a|het)\s+|l['’]\s*)?"
_BEHIND = re.compile(rf"\b(?:{_KIND})\s+[“„\"'«‘]?\s*", re.IGNORECASE)
_UNDER = re.compile(rf"\b(?:under|unter|sous|bajo|sotto|sob|onder)\s+{_ARTICLE}[“„\"'«‘]?\s*", re.IGNORECASE)
_BEFORE = re.compile(
    rf"\b(?:in|on|from|im|auf|dans|en|nel(?:la)?|n[ao]|op)\s+{_ARTICLE}[“„\"'«‘]?((?:[\w&/-]+\s+){{1,5}}?)[”“\"'»’]?\s*"
    rf"(?:{_KIND})\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:[-/&'’.][^\W_]+)*")
_NUMBERING = re.compile(r"^(?:§\s*)?(?:[\dA-Z]+(?:\.\d+)*[.)]?|[IVXLC]+\.)\s+")


def find_section_keys(question: str) -> list[str]:
    """Return the keys (`ingest.text.names`) of the headings that a question may name, the longest of a place first."""
    names = [
        name for lead in (_BEHIND, _UNDER) for match in lead.finditer(question) for name in _begin(question, match)
    ]
    names += [match[1] for match in _BEFORE.finditer(question)]
    keys = dict.fromkeys(make_name_key(name) for name in names)
    return [key for key in keys if key and not key.isdigit()]


def select_section(question: str, hits: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Return the hits under the heading that a question names; all of them if it names none that they have."""
    for key in find_section_keys(question):
        if under := [hit for hit in hits if key in _list_heading_keys(hit)]:
            return under
    return list(hits)


def _begin(question: str, lead: re.Match[str]) -> Iterator[str]:
    """Yield the names that can begin behind a lead, the longest first."""
    ends: list[int] = []
    for word in _WORD.finditer(question, lead.end()):
        if question[ends[-1] if ends else lead.end() : word.start()].strip(" ") or len(ends) == MAX_NAME_WORDS:
            break
        ends.append(word.end())
    yield from (question[lead.end() : end] for end in reversed(ends))


def _list_heading_keys(hit: ScoredChunk) -> set[str]:
    """Return the keys of the headings above a chunk, with and without their numbering."""
    titles = hit.chunk.chunk.heading_path
    return {make_name_key(name) for title in titles for name in (title, _NUMBERING.sub("", title))}
