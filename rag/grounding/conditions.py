"""Conditions of a question: what evidence must have besides its score to be about what is asked. Pure.

A sentence has an identifier if it says it, or if its file name, title, headings or table header do, or if the last
identifier of that form before it is this one: below "E-1204" in a list of faults stands what is said of E-1204, up to
the next code. A field that has a form of its own (a mail address, a phone number) must have a value somewhere.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.text.analyzer import extract_terms
from ingest.text.mail_headings import is_header
from ingest.types import StoredChunk
from rag.grounding.answer_ranking import rank_by_answer_type
from rag.grounding.answer_values import has_value
from rag.grounding.asked_measure import ANY_MEASURE, Measure, fits_measure, read_measure
from rag.grounding.evidence import SentenceMatch
from rag.questions.answer_type import WRITTEN_OUT, AnswerType, detect_answer_type
from rag.questions.identifiers import Identifier
from rag.retrieval.identifier_search import LocatedIdentifier, describe_chunk
from rag.types import ScoredChunk

_FIELDS: Mapping[AnswerType | None, str] = {
    "email": "a mail address",
    "phone": "a phone number",
    "url": "a web address",
    "number": "a number of that kind",
}


_MESSAGE = re.compile(
    r"\b(?:(?:e-?)?mails?|messages?|sent|sends?|sender|recipients?|wrote|writes?|written|addressed|cc|"
    r"nachricht(?:en)?|absender\w*|empfänger\w*|gesendet|geschickt|geschrieben|schrieb|schickte|"
    r"courriels?|envoyé\w*|écrit\w*|expéditeur|destinataires?|correos?|mensajes?|enviad[oa]s?|envió|escribió|remitente|"
    r"destinatari[oa]s?|messaggi\w*|inviat[oaie]|scritt[oaie]|mittente|mensage(?:m|ns)|enviou|escreveu|"
    r"berichten?|verzonden|gestuurd|geschreven|afzender)\b",
    re.IGNORECASE,
)
"""Words for messages and for those who write and get them."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The identifiers of a question, and the type of value that it asks for.

    Identifiers of one form, such as two codes of faults, are alternatives in a group. `names` are the words that name
    the thing to which a follow-up question changes; evidence has at least half of them. `asks_for_header` is whether
    the sender, the recipients or the date of a message can be the answer. A quantity is asked for in `measure`.
    """

    groups: tuple[tuple[LocatedIdentifier, ...], ...] = ()
    answer_type: AnswerType | None = None
    names: tuple[str, ...] = ()
    asks_for_header: bool = False
    measure: Measure = ANY_MEASURE

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """All identifiers of the question."""
        return tuple(located.identifier for group in self.groups for located in group)

    @property
    def missing(self) -> tuple[Identifier, ...]:
        """The identifiers that no document has."""
        return tuple(located.identifier for group in self.groups for located in group if located.is_missing)

    @property
    def can_be_met(self) -> bool:
        """Whether the documents have an identifier of each group."""
        return all(any(not located.is_missing for located in group) for group in self.groups)

    def select_hits(self, hits: Sequence[ScoredChunk]) -> list[ScoredChunk]:
        """Return the hits that have an identifier of each group, in order; all hits if none has.

        Those with a value of a type that has a form of its own come first.
        """
        selected = [hit for hit in hits if self._can_be_met_in(hit.chunk)] or list(hits)
        return sorted(selected, key=lambda hit: not self.has_value_in(hit.chunk.chunk.text))

    def select_matches(self, matches: Sequence[SentenceMatch]) -> list[SentenceMatch]:
        """Return the sentences that have an identifier of each group, the likeliest to answer first; all if none has.

        Of these, the sentences with the most of the names. If the question asks for a field, only its values count.
        """
        selected = [match for match in matches if self.are_met_by(match)] or list(matches)
        if not self.asks_for_header:
            selected = [match for match in selected if not is_header(match.text)] or selected
        selected = self._select_named(selected)
        values = [match for match in selected if self.has_value_in(match.text)]
        return rank_by_answer_type(values or selected, self.answer_type, self.measure)

    def are_met_by(self, match: SentenceMatch) -> bool:
        """Whether a sentence has an identifier of each group."""
        return all(any(_has(match, located) for located in group) for group in self.groups)

    def are_named_in(self, hits: Sequence[ScoredChunk]) -> bool:
        """Whether any of some hits has the names; so it is without names or hits."""
        return not hits or any(self._is_named_in(describe_chunk(hit.chunk)) for hit in hits)

    def has_value_in(self, text: str) -> bool:
        """Whether a text has a value of the type, if it is one with a form of its own."""
        return self.answer_type not in WRITTEN_OUT or has_value(text, self.answer_type)

    def is_value_in(self, text: str) -> bool:
        """Whether a text has a value of the type and the measure that are asked for; so it is without a type."""
        asked = self.answer_type
        return asked is None or (has_value(text, asked) and fits_measure(text, self.measure))

    def _can_be_met_in(self, stored: StoredChunk) -> bool:
        is_named = self._is_named_in(describe_chunk(stored))
        return is_named and all(any(_is_about(stored, located) for located in group) for group in self.groups)

    def _select_named(self, matches: list[SentenceMatch]) -> list[SentenceMatch]:
        if not self.names:
            return matches
        counts = [self._count_names(f"{match.stored.chunk.context}\n{match.text}") for match in matches]
        most = max(counts, default=0)
        return [match for match, count in zip(matches, counts, strict=True) if count == most]

    def _is_named_in(self, text: str) -> bool:
        return not self.names or 2 * self._count_names(text) >= len(self.names)

    def _count_names(self, text: str) -> int:
        terms = set(extract_terms(text))
        return sum(not terms.isdisjoint(extract_terms(name)) for name in self.names)


NO_CONDITIONS = Conditions()


def make_conditions(question: str, located: Iterable[LocatedIdentifier], names: tuple[str, ...] = ()) -> Conditions:
    """Return the conditions of a question, whose identifiers are `located` and which changes to what `names` name."""
    groups: list[list[LocatedIdentifier]] = []
    for identifier in located:
        for group in groups:
            if group[0].identifier.is_like(identifier.identifier):
                group.append(identifier)
                break
        else:
            groups.append([identifier])
    answer_type = detect_answer_type(question)
    asks_for_header = answer_type == "email" or _MESSAGE.search(question) is not None
    measure = read_measure(question) if answer_type == "quantity" else ANY_MEASURE
    return Conditions(tuple(map(tuple, groups)), answer_type, names, asks_for_header, measure)


def explain_missing(identifiers: Sequence[Identifier], chunks: Sequence[StoredChunk]) -> str:
    """Return that identifiers stand in no document, with the most similar ones of some chunks, in words for users."""
    texts = [describe_chunk(chunk) for chunk in chunks]
    return " ".join(_explain(identifier, identifier.rank_similar(texts)) for identifier in identifiers)


def explain_no_value(conditions: Conditions) -> str:
    """Return that no passage has a value of the type that the question asks for, in words for the user."""
    return f"no passage has {_FIELDS.get(conditions.answer_type, 'such a value')}"


def explain_no_name(conditions: Conditions) -> str:
    """Return that no passage is about the thing to which a follow-up question changes, in words for the user."""
    return f"no passage has {', '.join(f'“{name}”' for name in conditions.names)}"


def _explain(identifier: Identifier, similar: Sequence[str]) -> str:
    nearest = f"; nearest: {', '.join(similar)}" if similar else ""
    return f"{identifier.text} is not in these documents{nearest}."


def _has(match: SentenceMatch, located: LocatedIdentifier) -> bool:
    """Whether a sentence has an identifier, by itself or by what stands above it."""
    stored, identifier = match.stored, located.identifier
    if identifier.is_in(f"{stored.filename}\n{stored.chunk.context}"):
        return True
    first, last = match.start - stored.chunk.start, match.end - stored.chunk.start
    own = [start for start, _ in identifier.find_in(stored.chunk.text)]
    if any(first <= start < last for start in own):
        return True
    above = [start for start in _list_starts(stored, identifier) if start < last]
    return above[-1] in own if above else _is_inherited(stored, located)


def _list_starts(stored: StoredChunk, identifier: Identifier) -> list[int]:
    """Return where this identifier, or another of its form, begins in a chunk, in order."""
    text = stored.chunk.text
    return sorted({start for start, _ in (*identifier.find_in(text), *identifier.find_alike(text))})


def _is_inherited(stored: StoredChunk, located: LocatedIdentifier) -> bool:
    """Whether the chunk before ends with what is said of an identifier, or the document begins as its own."""
    for chunk in located.chunks:
        if chunk.id >= stored.id or (chunk.collection_id, chunk.file_id) != (stored.collection_id, stored.file_id):
            continue
        starts = _list_starts(chunk, located.identifier)
        own = [start for start, _ in located.identifier.find_in(chunk.chunk.text)]
        is_next = chunk.id == stored.id - 1 and chunk.chunk.kind is stored.chunk.kind
        if starts and ((is_next and starts[-1] in own) or (chunk.chunk.start == 0 and set(starts) == set(own))):
            return True
    return False


def _is_about(stored: StoredChunk, located: LocatedIdentifier) -> bool:
    """Whether a chunk has an identifier somewhere."""
    return located.identifier.is_in(describe_chunk(stored)) or (
        not _list_starts(stored, located.identifier) and _is_inherited(stored, located)
    )
