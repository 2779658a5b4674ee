"""Find which of the sentences of an answer are superseded, and by which sentence of its passages.

Three things supersede a statement: a later message of the same thread that announces a change of its value, the same
statement with another value in a later version of its document, and an amendment of the clause that it stands in.
Each is strict: a statement that is wrongly said to be superseded is worse than one that is not marked.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress, count

from ingest.library.library import Library
from ingest.text.analyzer import extract_terms
from rag.grounding.evidence import SentenceMatch
from rag.grounding.supersession.amendments import find_amendments
from rag.grounding.supersession.origins import DocumentKey, DocumentOrigin, OriginReader
from rag.grounding.supersession.relations import (
    Relation,
    is_earlier_day,
    replaces_by_amendment,
    replaces_by_message,
    replaces_by_version,
)
from rag.grounding.supersession.statements import Change, Statement
from rag.types import Dating, SupersessionKind

MAX_TARGETS = 12
"""How many sentences are looked at: those that an answer may quote."""

NEW_TEXT_SENTENCES = 3
"""How many sentences behind "is replaced as follows:" can be the new text."""
_QUOTES = (("“", "”"), ("„", "“"), ("«", "»"), ("„", "”"))
PARTY_CHARS = 600
"""The beginning of a contract, which names its parties."""

SpanKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Successor:
    """The sentence that replaces another one, and the values of both that differ, if values do.

    It is a span of several sentences if the new text of a clause stands behind the one that announces it.
    """

    match: SentenceMatch
    kind: SupersessionKind
    change: Change
    dating: Dating | None
    earlier_dating: Dating | None


@dataclass(frozen=True, slots=True)
class _Amending:
    """A statement that amends clauses, and the spans that may have the new text, the shortest first."""

    statement: Statement
    spans: Sequence[SentenceMatch]


def key_of(match: SentenceMatch) -> SpanKey:
    """Return what identifies a sentence among those of all documents."""
    return match.stored.collection_id, match.stored.file_id, match.start


class SupersessionFinder:
    """Finds superseded sentences. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._origins = OriginReader(library)

    def find(
        self, targets: Sequence[SentenceMatch], others: Iterable[SentenceMatch], *, max_targets: int = MAX_TARGETS
    ) -> dict[SpanKey, Successor]:
        """Return the latest successor of each superseded sentence among the first `max_targets` of `targets`.

        A successor that is superseded itself has its own.
        `others` are the sentences that may replace them, in the order of their documents.
        """
        statements = [self._read(match) for match in targets[:max_targets]]
        later = [self._read(match) for match in others]
        amending = _collect_amending(later)
        contracts = _Contracts([statement.origin.document for statement in (*statements, *later)])
        successors: dict[SpanKey, Successor] = {}
        looked_at = {key_of(statement.match) for statement in statements}
        for statement in statements:  # what replaces one of them is looked at, too: it may be replaced itself
            related = [*_relate(statement, later), *_relate_amendments(statement, amending, contracts)]
            if related:
                replacing, relation = max(related, key=lambda pair: _order(pair[0]))
                successors[key_of(statement.match)] = Successor(
                    replacing.match, relation.kind, relation.change, replacing.origin.dating, statement.origin.dating
                )
                if key_of(replacing.match) not in looked_at:
                    looked_at.add(key_of(replacing.match))
                    statements.append(replacing)
        return successors

    def read_dating(self, match: SentenceMatch) -> Dating | None:
        """Return when a sentence was written, if its document says so."""
        return self._origins.read(match).dating

    def _read(self, match: SentenceMatch) -> Statement:
        return Statement(match, self._origins.read(match))


def _relate(earlier: Statement, others: Sequence[Statement]) -> Iterator[tuple[Statement, Relation]]:
    for later in others:
        if earlier.origin.document.is_mail and later.origin.document.is_mail:
            relation = replaces_by_message(earlier, later)
        else:
            relation = replaces_by_version(earlier, later)
        if relation is not None:
            yield later, relation


def _relate_amendments(
    earlier: Statement, amending: Sequence[_Amending], contracts: "_Contracts"
) -> Iterator[tuple[Statement, Relation]]:
    for amendment in amending:
        if not _can_amend(earlier, amendment.statement, contracts):
            continue
        for span in amendment.spans:
            relation = replaces_by_amendment(earlier, amendment.statement, span.text)
            if relation is not None:
                yield replace(amendment.statement, match=span), relation
                break


def _collect_amending(statements: Sequence[Statement]) -> list[_Amending]:
    """Return the statements that amend clauses; `statements` are in the order of their documents."""
    has_amendment = [any(find_amendments(statement.text)) for statement in statements]
    collected: list[_Amending] = []
    for index in compress(count(), has_amendment):
        match = statements[index].match
        spans = [match]
        for position in range(index + 1, min(index + 1 + NEW_TEXT_SENTENCES, len(statements))):
            following = statements[position].match
            if has_amendment[position] or following.stored.id != match.stored.id or not _is_continued(match.text):
                break
            spans.append(replace(match, end=following.end))
        collected.append(_Amending(statements[index], spans))
    return collected


def _is_continued(sentence: str) -> bool:
    """Whether the text that a sentence announces stands behind it."""
    has_open_quote = any(sentence.count(mark) > sentence.count(end) for mark, end in _QUOTES) or sentence.count('"') % 2
    return sentence.rstrip().endswith(":") or bool(has_open_quote)


def _can_amend(earlier: Statement, amending: Statement, contracts: "_Contracts") -> bool:
    """Whether an amendment is about the document of a statement: it stands behind it, or in one that names it.

    An earlier amendment of the same contract can be amended, too.
    """
    target, source = earlier.origin.document, amending.origin.document
    if target.key == source.key:
        return earlier.match.end <= amending.match.start
    if target.day and source.day and not is_earlier_day(target.day, source.day):
        return False
    amended = contracts.find_amended(source)
    return amended is not None and amended in (target.key, contracts.find_amended(target))


class _Contracts:
    """Which contract each of some documents amends; each is looked for once."""

    def __init__(self, documents: Iterable[DocumentOrigin]) -> None:
        self._documents = {document.key: document for document in documents}
        self._amended: dict[DocumentKey, DocumentKey | None] = {}

    def find_amended(self, source: DocumentOrigin) -> DocumentKey | None:
        """Return the contract that one of the documents amends, see `_find_amended`."""
        if source.key not in self._amended:
            self._amended[source.key] = _find_amended(source, self._documents.values())
        return self._amended[source.key]


def _find_amended(source: DocumentOrigin, documents: Collection[DocumentOrigin]) -> DocumentKey | None:
    """Return the contract that a document amends: the one that its head names, with its parties if there are several.

    None if it names none, or several alike. What names a contract itself is an amendment of that.
    """
    named = [document for document in documents if _names(source, document)]
    contracts = [document for document in named if not any(_names(document, other) for other in named)]
    shared = {document.key: _count_shared_parties(document, source) for document in contracts}
    best = [key for key, count in shared.items() if count == max(shared.values())]
    return best[0] if len(best) == 1 else None


def _names(source: DocumentOrigin, document: DocumentOrigin) -> bool:
    """Whether the head of a document has every word of another one's title, and its own title is a different one."""
    if not document.series or source.series == document.series:
        return False
    return document.series <= set(extract_terms(f"{source.title}\n{source.head}"))


def _count_shared_parties(document: DocumentOrigin, source: DocumentOrigin) -> int:
    return len(set(extract_terms(document.head[:PARTY_CHARS])) & set(extract_terms(source.head)))


def _order(statement: Statement) -> tuple[str, float, int]:
    """Return the key by which later statements come last: date, time of the message, position."""
    origin = statement.origin
    day = origin.dating.day if origin.dating else ""
    return day, origin.moment.timestamp() if origin.moment else 0.0, statement.match.start
