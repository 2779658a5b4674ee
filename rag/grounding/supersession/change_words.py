"""Words by which a statement says that it changes an earlier one, only proposes to, or denies it. Pure.

English, German, French, Spanish, Italian, Portuguese and Dutch.
"""

import re

from rag.grounding.verification.lexicon import NEGATIONS

_CHANGED = r"""
    moved? | postponed? | rescheduled? | shift(?:ed)? | delay(?:ed)? | br(?:ing|ought)\ forward | changed? | cut
    | raised? | increased? | reduced? | lower(?:ed)? | extend(?:ed)? | shorten(?:ed)? | correct(?:ed)? | revised?
    | updated? | replaced? | amend(?:ed)? | instead
    | no\ longer | now | new | correction | verschieben | verlegen | vorverlegen | ändern
    | kürzen | erhöhen | senken | reduzieren | verlängern | verkürzen | ersetzen | verschoben | verlegt | vorgezogen
    | vorverlegt | geändert | gekürzt
    | erhöht | gesenkt | reduziert | herabgesetzt | angehoben | verlängert | verkürzt | korrigiert | ersetzt
    | aktualisiert | angepasst | umgezogen | statt\ (?:am|im|um|zum|des|der|dem|wie|bisher)
    | stattdessen | anstelle | nicht\ mehr | nun | nunmehr | jetzt
    | neue[rsnm]? | korrektur | reportée?s? | déplacée?s? | décalée?s? | avancée?s? | repoussée?s? | modifiée?s?
    | changée?s? | réduite?s? | augmentée?s? | relevée?s? | abaissée?s? | baissée?s? | prolongée?s? | raccourcie?s?
    | corrigée?s? | remplacée?s? | révisée?s? | ramenée?s?\ à | portée?s?\ à | au\ lieu\ d[e'’] | désormais
    | maintenant | nouvel(?:le)?s? | nouveaux? | (?:a|ont)\ (?:réduit|augmenté|relevé|baissé|reporté|déplacé|modifié)
    | rectificatif | aplaza\w* | aplazó | pospuest[oa]s? | pospone | traslada\w* | trasladó | movid[oa]s? | mueve
    | cambia\w* | cambió | adelanta\w* | adelantó | modificad[oa]s? | modifica | reducid[oa]s? | redujo | reduce
    | recortad[oa]s? | recortó | aumentad[oa]s? | aumentó | elevad[oa]s? | subió | rebajad[oa]s? | rebajó
    | ampliad[oa]s? | prorrogad[oa]s? | corregid[oa]s? | sustituid[oa]s? | reemplazad[oa]s? | actualizad[oa]s?
    | en\ (?:lugar|vez)\ de | ya\ no | ahora | nuev[oa]s? | pasa\ a(?:\ ser)? | corrección | rinviat[oaie]
    | spostat[oaie] | posticipat[oaie] | anticipat[oaie] | modificat[oaie] | cambiat[oaie] | ridott[oaie]
    | tagliat[oaie] | aumentat[oaie] | alzat[oaie] | abbassat[oaie] | prorogat[oaie] | corrett[oaie] | sostituit[oaie]
    | aggiornat[oaie] | invece\ d[i'’] | anziché | non\ .{0,20}\bpiù | ora | adesso | nuov[oaie] | correzione
    | adiad[oa]s? | transferid[oa]s? | mudad[oa]s? | mudou | antecipad[oa]s? | alterad[oa]s? | reduzid[oa]s? | reduziu
    | cortad[oa]s? | cortou | aumentou | prorrogad[oa]s? | corrigid[oa]s? | substituíd[oa]s? | atualizad[oa]s?
    | em\ vez\ de | já\ não | agora | nov[oa]s? | passa\ (?:para|a|de) | passou\ (?:para|a) | correção | verplaatst
    | verschoven | uitgesteld | verzet | vervroegd | gewijzigd | veranderd | verlaagd | verhoogd | gekort | verlengd
    | ingekort | gecorrigeerd | vervangen | bijgewerkt | aangepast | herzien | in\ plaats\ van | niet\ meer
    | niet\ langer | nu | voortaan | nieuwe? | correctie
"""
_CANCELLED = r"""
    cancell?ed | called\ off | abgesagt | entfällt | fällt\ aus | annulée?s? | cancelad[oa]s? | suspendid[oa]s?
    | anulad[oa]s? | annullat[oaie] | cancellat[oaie] | geannuleerd | afgelast | gaat\ niet\ door
"""
_PROPOSED = r"""
    could | would | might | (?-i:may) | perhaps | maybe | possibly | propose[sd]? | suggest(?:s|ed)? | proposal
    | suggestion | should | prefer | if | unless | wish | könnte[nt]? | würde[nt]? | vielleicht | eventuell
    | möglicherweise | schlage | schlägt | schlagen | vorschlag | vorgeschlagen | sollte[nt]? | wenn | falls
    | pourrai(?:s|t|ent) | pourrions | peut-être | propose[zrsn]?\w* | proposition | devrai(?:t|ent) | podría\w*
    | quizás? | tal\ vez | propongo | propone\w* | propuesta | debería\w* | potre\w+ | forse | propong\w+ | propon\w+
    | proposta | dovre\w+ | poderia\w* | talvez | proponho | propõe\w* | deveria\w* | zou(?:den)? | misschien
    | wellicht | stel\ .{0,30}\bvoor | voorstel\w* | indien
"""
_STAYING = r"""
    stays? | remains? | unchanged | keeps? | bleibt | bleiben | unverändert | weiterhin | reste(?:nt)?
    | inchangée?s? | maintenue?s? | mantiene\w* | sigue\w* | permanece\w* | resta(?:no)? | rimane\w* | invariat[oaie]
    | mantém | continua\w* | blijft | blijven | ongewijzigd
"""
_CHANGE = re.compile(rf"\b(?:{_CHANGED})\b", re.IGNORECASE | re.VERBOSE)
_CANCELLATION = re.compile(rf"\b(?:{_CANCELLED})\b", re.IGNORECASE | re.VERBOSE)
_PROPOSAL = re.compile(rf"\b(?:{_PROPOSED})\b", re.IGNORECASE | re.VERBOSE)
_STAY = re.compile(rf"\b(?:{_STAYING})\b", re.IGNORECASE | re.VERBOSE)
_NO_MORE = re.compile(
    r"\bno longer\b|\bnicht mehr\b|\b(?:ne |n['’]).{1,20}\bplus\b|\bya no\b|\bnon .{1,20}\bpiù\b|\bjá não\b"
    r"|\bniet (?:meer|langer)\b|\bgaat niet door\b",
    re.IGNORECASE,
)
_CONTRAST = re.compile(r"\b(?:but|sondern|mais|sino|bensì|ma|mas|maar)\b", re.IGNORECASE)
_NEAR = 20
"""Characters within which a word belongs to a value."""
_WORD = re.compile(r"[^\W\d_]+")


def announces_change(sentence: str) -> bool:
    """Whether a sentence says that something changes, or states what is new of it."""
    return bool(_CHANGE.search(sentence))


def announces_cancellation(sentence: str) -> bool:
    """Whether a sentence says that something will not take place."""
    return bool(_CANCELLATION.search(sentence))


def says_that_it_stays(sentence: str, start: int, end: int) -> bool:
    """Whether a sentence says that `[start, end)` of it, a value, stays as it is."""
    return bool(_STAY.search(sentence[max(start - _NEAR, 0) : start]) or _STAY.search(sentence[end : end + _NEAR]))


def is_change_word(word: str) -> bool:
    """Whether a word speaks of a change, not of what changes."""
    return bool(_CHANGE.fullmatch(word) or _CANCELLATION.fullmatch(word))


def is_proposal(sentence: str) -> bool:
    """Whether a sentence asks, proposes or supposes, rather than states."""
    return sentence.rstrip(" \"'”»)").endswith(("?", "？")) or bool(_PROPOSAL.search(sentence))


def is_denied(text: str) -> bool:
    """Whether a text has a negation other than "no longer" and than "not this, but that"."""
    rest = _NO_MORE.sub(" ", text)
    has_negation = any(word.casefold() in NEGATIONS for word in _WORD.findall(rest))
    return has_negation and not _CONTRAST.search(rest)
