"""Sentences that change a clause by its number: "In clause 3.1 the amount is replaced by …". Pure.

A sentence amends a clause if it names the clause and then says, of the clause or of words in it, that they are
replaced, deleted or read anew. A permission to amend, a reference to a clause ("under clause 3.1"), and a clause that
stays as it is are no amendments.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.grounding.supersession.change_words import is_denied
from rag.grounding.supersession.clauses import ClauseLabel, ClauseReference, find_references
from rag.grounding.verification.dates import find_dates

AMENDING_WORDS = """
amendment addendum amended replaced deleted follows
Nachtrag ersetzt geändert Fassung gestrichen
avenant remplacé modifié supprimé
adenda sustituye modifica redactado suprime
sostituito modificato addendum
aditamento substituído alterada redação
wijziging vervangen gewijzigd luiden vervalt
"""
"""Words that sentences of this kind, or the titles over them, have."""
_REPLACING = r"""
    (?:(?:is|are|be|was|were|been|hereby|and)\ (?:[a-z]+\ )?(?:replaced|substituted|amended|restated|modified|revised
    |changed))|now\ reads?|shall\ (?:now\ )?read|to\ read|
    ersetzt|geändert|gefasst|neugefasst|abgeändert|angepasst|Fassung|
    (?:lautet|lauten)\ (?:nun|nunmehr|künftig|jetzt|neu)|(?:an|die)\ (?:die\ )?Stelle|
    remplacée?s?|modifiée?s?|amendée?s?|rédigée?s?|libellée?s?|(?:se\ lit|se\ lisent)\ (?:désormais|comme\ suit)|
    sustituy\w+|sustituid[oa]s?|modific\w+|reemplaz\w+|redactad[oa]s?|enmendad[oa]s?|
    sostituit[oaie]|modificat[oaie]|riformulat[oaie]|emendat[oaie]|
    substituíd[oa]s?|alterad[oa]s?|modificad[oa]s?|redação|redacção|
    vervangen|gewijzigd|aangepast|komt\ te\ luiden|komen\ te\ luiden|(?:luidt|luiden)\ (?:voortaan|nu)
"""
_DELETING = r"""
    (?:(?:is|are|be|was|were|been|hereby|and)\ (?:[a-z]+\ )?(?:deleted|repealed|removed|struck\ out))|
    gestrichen|aufgehoben|entfällt|entfallen|
    supprimée?s?|abrogée?s?|suprim\w+|suprimid[oa]s?|derogad[oa]s?|soppress[oaie]|abrogat[oaie]|eliminat[oaie]|
    revogad[oa]s?|suprimid[oa]s?|eliminad[oa]s?|geschrapt|vervalt|vervallen
"""
_CHANGE = re.compile(rf"\b(?:{_REPLACING}|(?P<deleting>{_DELETING}))\b", re.IGNORECASE | re.VERBOSE)
_REFERS = re.compile(
    r"""
    \b(?:under|by|with|see|per|to|from|pursuant\ to|subject\ to|accordance\ with|defined\ in|set\ out\ in
    |referred\ to\ in
    |gemäß|nach|laut|mit|siehe|gem\.|i\.\s?S\.\s?v\.
    |selon|conformément\ à|en\ vertu\ de|aux\ termes\ de|voir|prévu\ à|visé\ à
    |según|conforme\ a|en\ virtud\ de|véase|previsto\ en
    |secondo|ai\ sensi\ de|di\ cui\ a|conformemente\ a|vedi|previsto\ da
    |segundo|nos\ termos\ d[ao]|conforme|previsto\ n[ao]
    |volgens|krachtens|overeenkomstig|ingevolge|zie|bedoeld\ in)
    \s*(?:the|der|des|dem|den|l['’]|la|le|el|il|all['’]|dell['’]|dall['’]|o|a|het|de)?\s*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PERMITS = re.compile(
    r"\b(?:may|can|could|might|shall not|kann|können|darf|dürfen|peut|peuvent|puede|pueden|podrá|può|possono|pode"
    r"|podem|poderá|kan|kunnen|mag|mogen)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|wenn|falls|sofern|si|se|caso|salvo que|indien|als|tenzij)\s+"
    r"(?:the|der|die|das|l['’]|la|le|el|il|o|a|het|de)?\s*$",
    re.IGNORECASE,
)
_ACTIVE = re.compile(
    r"\b(?:replaces?|amends?|deletes?|ersetzt|ändert|remplace|modifie|supprime|(?:se )?(?:modifica|sustituye|suprime"
    r"|reemplaza)|(?:si )?(?:sostituisce|modifica|sopprime)|substitui(?:-se)?|altera(?:-se)?|revoga(?:-se)?|vervangt"
    r"|wijzigt)\s+(?:the|den|die|das|der|l['’]|la|le|el|il|o|a|het|de)?\s*$",
    re.IGNORECASE,
)
"""A verb before the number of the clause that it changes: "se modifica el artículo 5"."""
_WORDS_IN = re.compile(
    r"\b(?:in|im|à|au|dans|en|nel|nella|nell['’]|all['’]|alla|na|no|aan)\s*(?:the|der|dem|la|le|l['’]|el|het|de)?\s*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”„«‚‘']\s?([^\"“”„«»‚‘’']{1,300}?)\s?[\"“”»’']")
_AND = re.compile(
    r"\s*(?:,|and|und|sowie|et|y|e|en)\s*(?:the|der|die|das|l['’]|la|le|el|il|o|a|het|de)?\s*", re.IGNORECASE
)
_EFFECTIVE = re.compile(
    r"\b(?:with effect (?:from|as of|on)|effective(?: from| as of| on)?|as (?:of|from)|"
    r"mit Wirkung (?:vom|zum|ab)(?: dem)?|ab dem|per|à (?:compter|partir) du|"
    r"con efectos?(?: a partir)?(?: desde)?(?: del?)?(?: el)?|a partir del?|con effetto dal?|a decorrere dal?|"
    r"com efeitos? a partir de|a partir de|met ingang van)\s+$",
    re.IGNORECASE,
)
"""What leads to the day since which an amendment holds."""
_MAX_DISTANCE = 160
"""Characters between a clause's number and the word that says that it changes."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a sentence says of a clause. `replaced` are the words that it takes out, as quoted; empty for the whole."""

    clause: ClauseReference
    is_whole: bool
    is_deletion: bool
    replaced: str = ""

    def applies_to(self, label: ClauseLabel | None) -> bool:
        """Whether a sentence that stands under `label` is in the clause that changes."""
        return label is not None and label.is_named_by(self.clause)


def find_amendments(sentence: str) -> Iterator[Amendment]:
    """Yield the amendments that a sentence makes, at most one for each clause that it names."""
    references = list(find_references(sentence))
    for index, reference in enumerate(references):
        after = _read_predicate(sentence, references[index:])
        if amendment := _read_amendment(sentence[: reference.start], reference, after):
            quoted = [match[1] for match in _QUOTED.finditer(sentence, reference.end)]
            is_substitution = not amendment.is_whole and len(quoted) > 1
            yield replace(amendment, replaced=quoted[0]) if is_substitution else amendment


def drop_effective_dates(text: str) -> str:
    """Return the text of an amendment without the days since which it holds: no clause says them."""
    for start, end, _ in reversed(list(find_dates(text))):
        if (lead := _EFFECTIVE.search(text[:start])) is not None:
            text = text[: lead.start()] + text[end:]
    return text


def _read_predicate(sentence: str, references: Sequence[ClauseReference]) -> str:
    """Return what follows the first of `references`, up to the next one that does not share what is said of it."""
    end = references[0].end
    for reference in references[1:]:
        if not _AND.fullmatch(sentence[end : reference.start]):
            return sentence[end : min(reference.start, end + _MAX_DISTANCE)]
        end = reference.end
    return sentence[end : end + _MAX_DISTANCE]


def _read_amendment(before: str, reference: ClauseReference, after: str) -> Amendment | None:
    """Return what the text around a clause's number says of it; None if that is no amendment."""
    if _ACTIVE.search(before):
        return Amendment(reference, is_whole=True, is_deletion=False)
    change = _CHANGE.search(after)
    if change is None or _REFERS.search(before) or _CONDITION.search(before):
        return None
    if _PERMITS.search(after[: change.start()]) or is_denied(after[: change.end()]):
        return None
    is_deletion = change["deleting"] is not None and not _CHANGE.search(after, change.end())
    return Amendment(reference, is_whole=not _WORDS_IN.search(before), is_deletion=is_deletion)
