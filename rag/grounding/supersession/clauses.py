"""Numbers of clauses: those that a text refers to, and the one that a sentence stands under. Pure.

English, German, French, Spanish, Italian, Portuguese and Dutch: "clause 3.1", "§ 4 Abs. 2", "l'alinéa 2 de l'article
5", "artikel 5, lid 2". A number is a path from the outside in: ("4", "2").
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

ClausePath = tuple[str, ...]

_KINDS = {
    "clause": "clauses? klauseln? klausel cláusulas? clausola clausole clausules? bepaling ziffern? ziff nummer nr",
    "section": "sections? sec abschnitt abschnitte? sección seção secção sezione sectie punkt punt ponto punto point",
    "article": "articles? artikeln? artikels? art artículos? articolo articoli artigos?",
    "paragraph": "§§? paragraph paragraphs? paragraaf",
}
"""Names of clauses that stand by themselves, as regular expressions."""
_PART = (
    r"(?:sub-?clauses?|paragraphs?|para|absatz|abs|satz|buchstabe|buchst|lit|alinéas?|paragraphe|apartados?|párrafo"
    r"|incisos?|letra|comma|commi|lettera|paragrafo|parágrafo|alíneas?|alinea|número|n\.?\s?[º°]|nr|leden|lid"
    r"|onderdeel)"
)
"""Names of the parts of a clause."""
_NUMBER = r"\d{1,3}(?:\.\d{1,3})*(?:(?<=\d)[a-z]\b)?(?:\s?\([a-z0-9]{1,3}\))*"
_PART_NUMBER = r"(?:\d{1,3}|[a-z])\b"
_OF = r"(?:of|des|der|von|vom|de\sla|de\sl['’]|de|du|del|dello|della|dell['’]|do|da|van\shet|van\sde|van)"
_NAMES = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_NAME = "|".join(sorted(_NAMES, key=len, reverse=True))
_ORDINAL_MARK = r"(?:\s?[.]?[º°ª])?"
_REFERENCE = re.compile(
    rf"""
    (?:\b(?:the\s)?(?P<inner_name>{_PART})\.?\s*(?P<inner>{_PART_NUMBER}){_ORDINAL_MARK}\s+{_OF}\s*)?
    (?<!\w)(?P<name>{_NAME})\.?\s*
    (?P<number>{_NUMBER}){_ORDINAL_MARK}
    (?:\s?,?\s*(?P<part_name>{_PART})\.?\s*(?P<part>{_PART_NUMBER}))?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LABEL = re.compile(
    rf"""
    ^[ \t]*(?:[#*>]+[ \t]*)?
    (?:
      (?P<name>{_NAME})\.?[ \t]*(?P<named>\d{{1,3}}(?:\.\d{{1,3}})*[a-z]?)(?![\d\w])
      | (?P<dotted>\d{{1,3}}(?:\.\d{{1,3}})+)\.?(?=[ \t])
      | (?P<plain>\d{{1,2}})[.)](?=[ \t])
      | \((?P<part>\d{{1,2}}|[a-z])\)(?=[ \t])
      | (?P<letter>[a-z])\)(?=[ \t])
    )
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class ClauseReference:
    """A clause that a text names at `[start, end)`: `§ 4 Abs. 2` has the path ("4", "2") and the kind "paragraph"."""

    start: int
    end: int
    path: ClausePath
    kind: str


@dataclass(frozen=True, slots=True)
class ClauseLabel:
    """The number that a sentence stands under; the kind is empty if the number stands alone."""

    path: ClausePath
    kind: str = ""

    def is_named_by(self, reference: ClauseReference) -> bool:
        """Whether `reference` names this clause or one that it is part of."""
        is_kind_same = not self.kind or self.kind == reference.kind
        return is_kind_same and self.path[: len(reference.path)] == reference.path


def find_references(text: str) -> Iterator[ClauseReference]:
    """Yield the clauses that a text names, in order."""
    for match in _REFERENCE.finditer(text):
        inner = [part for part in (match["part"], match["inner"]) if part]
        path = (*_split_number(match["number"]), *map(str.lower, inner))
        yield ClauseReference(match.start(), match.end(), path, _find_kind(match["name"]))


def find_label_end(sentence: str) -> int:
    """Return the end of the clause number that a sentence begins with; 0 if it begins with none."""
    match = _LABEL.match(sentence)
    return match.end() if match else 0


def find_label(headings: Iterable[str], text: str) -> ClauseLabel | None:
    """Return the number of the clause that the end of `text` stands in, below its `headings`; None without one.

    A number of several parts is whole; "(2)" and "a)" are parts of the clause above, and so is "2." below a heading
    with a number.
    """
    position = _Position()
    for heading in headings:
        if (match := _LABEL.match(heading)) is not None:
            position = position.move_to(match)
    for match in _LABEL.finditer(text):
        position = position.move_to(match)
    return position.label


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a reader is: in a clause, in a numbered part of it, in a lettered part of that."""

    whole: ClausePath = ()
    kind: str = ""
    number: str = ""
    letter: str = ""

    @property
    def label(self) -> ClauseLabel | None:
        parts = tuple(part for part in (self.number, self.letter) if part)
        return ClauseLabel((*self.whole, *parts), self.kind) if self.whole else None

    def move_to(self, match: re.Match[str]) -> "_Position":
        """Return the position at a label that follows."""
        if match["name"]:
            return _Position(tuple(match["named"].lower().split(".")), _find_kind(match["name"]))
        if match["dotted"]:
            path = tuple(match["dotted"].split("."))
            return _Position(path, self.kind if path[:1] == self.whole[:1] else "")
        if match["plain"] and not self.kind:
            return _Position((match["plain"],))
        part = (match["plain"] or match["part"] or match["letter"]).lower()
        return replace(self, letter=part) if part.isalpha() else replace(self, number=part, letter="")


def _split_number(number: str) -> ClausePath:
    return tuple(part.lower() for part in re.findall(r"\d+[a-z]?|[a-z]", number, re.IGNORECASE))


def _find_kind(name: str) -> str:
    folded = name.casefold()
    return next(kind for pattern, kind in _NAMES.items() if re.fullmatch(pattern, folded))
