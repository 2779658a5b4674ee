"""Whether a later statement replaces an earlier one, and by what right. Pure."""

from dataclasses import dataclass

from ingest.text.analyzer import extract_terms
from ingest.text.mail_headings import is_header
from rag.grounding.conflicts import extract_topic_words
from rag.grounding.evidence import SentenceMatch
from rag.grounding.supersession.amendments import drop_effective_dates, find_amendments
from rag.grounding.supersession.change_words import is_change_word, is_denied, is_proposal
from rag.grounding.supersession.clauses import ClauseLabel, find_label, find_label_end
from rag.grounding.supersession.dating import find_section_start, read_version, states_validity
from rag.grounding.supersession.origins import DocumentOrigin, Origin
from rag.grounding.supersession.statements import Change, Statement, compare_values, find_change
from rag.grounding.supersession.topics import share_subject
from rag.types import SupersessionKind

MIN_TOPIC_WORDS = 2
"""Fewer words do not make two sentences of different documents the same statement."""
SAME_TEXT_WORDS = 3
"""Content words that the new text of a clause shares with a sentence of the old one, if no value tells."""


@dataclass(frozen=True, slots=True)
class Relation:
    """How a statement replaces another one: what changes, and by what."""

    kind: SupersessionKind
    change: Change


def replaces_by_message(earlier: Statement, later: Statement) -> Relation | None:
    """Return the relation if `later` is in a later message of the same thread and changes what `earlier` says.

    It has to announce the change, or to be an answer that makes the same statement with another value.
    """
    if not is_later_message(earlier.origin, later.origin) or is_proposal(earlier.text):
        return None
    if is_header(earlier.text) or is_header(later.text):
        return None
    change = find_change(earlier.text, later.text)
    context = frozenset(extract_terms(later.origin.thread))
    if change is not None and share_subject(earlier.text, later.text, context):
        return Relation("message", change)
    if (
        later.origin.is_reply
        and not is_proposal(later.text)
        and (change := _compare_same_statement(earlier, later, min_words=1)) is not None
    ):
        return Relation("message", change)
    return None


def replaces_by_version(earlier: Statement, later: Statement) -> Relation | None:
    """Return the relation if `later` makes the same statement with another value in a later version of the document."""
    if not is_later_version(earlier.origin.document, later.origin.document):
        return None
    if _read_last_heading(earlier) != _read_last_heading(later):
        return None
    if read_version(earlier.text) and states_validity(earlier.text):
        return None  # the line that says which version it is
    change = _compare_same_statement(earlier, later)
    return None if change is None else Relation("version", change)


def replaces_by_amendment(earlier: Statement, amending: Statement, new_text: str) -> Relation | None:
    """Return the relation if `amending` changes the clause of `earlier`; `new_text` is what the clause says from then.

    Whether the two are in the same contract is for the caller to know.
    """
    labels = find_clauses(earlier.match)
    for amendment in find_amendments(amending.text):
        if not any(amendment.applies_to(label) for label in labels):
            continue
        if amendment.replaced and amendment.replaced.casefold() not in earlier.text.casefold():
            continue
        if amendment.is_deletion:
            return Relation("amendment", Change())
        change = compare_values(earlier.text, drop_effective_dates(new_text))
        if change is not None:
            return Relation("amendment", change)
        if amendment.is_whole and _says_anew(earlier.text, new_text):
            return Relation("amendment", Change())
    return None


def is_later_message(earlier: Origin, later: Origin) -> bool:
    """Whether two passages are of one thread, and the message of `later` was sent after that of `earlier`.

    What a message quotes was sent before it. Within a mailbox, messages of one day are in the order in which they came.
    """
    is_thread_same = bool(earlier.thread) and earlier.thread == later.thread
    if not is_thread_same or earlier.document.key[0] != later.document.key[0]:
        return False
    is_page_same = (earlier.document.key, earlier.page) == (later.document.key, later.page)
    if is_page_same:
        return earlier.is_quote and not later.is_quote
    if earlier.moment is not None and later.moment is not None:
        return earlier.moment < later.moment
    if earlier.dating is None or later.dating is None:
        return False
    if earlier.dating.day != later.dating.day:
        return is_earlier_day(earlier.dating.day, later.dating.day)
    is_in_order = earlier.document.key == later.document.key and earlier.start < later.start
    return is_in_order and not earlier.is_quote and not later.is_quote


def is_later_version(earlier: DocumentOrigin, later: DocumentOrigin) -> bool:
    """Whether two documents are versions of one, `later` of a higher number or, without numbers, of a later date."""
    if earlier.key == later.key or not earlier.series or earlier.series != later.series:
        return False
    if earlier.version and later.version:
        return earlier.version < later.version
    has_validity = earlier.has_validity and later.has_validity
    return has_validity and bool(earlier.day) and bool(later.day) and is_earlier_day(earlier.day, later.day)


def is_earlier_day(day: str, other: str) -> bool:
    """Whether a date in ISO 8601 is before another one, as far as both are exact: "2026" is not before "2026-05"."""
    length = min(len(day), len(other))
    return day[:length] < other[:length]


def find_clauses(match: SentenceMatch) -> list[ClauseLabel]:
    """Return the number of the clause that a sentence stands in, or of those that it amends."""
    amended = [ClauseLabel(each.clause.path, each.clause.kind) for each in find_amendments(match.text)]
    if amended:
        return amended
    chunk = match.stored.chunk
    start = match.start - chunk.start
    begin = find_section_start(chunk.text[: match.end - chunk.start])
    label = find_label(chunk.heading_path, chunk.text[begin : start + find_label_end(match.text) + 1])
    return [] if label is None else [label]


def _compare_same_statement(earlier: Statement, later: Statement, *, min_words: int = MIN_TOPIC_WORDS) -> Change | None:
    """Return the value that changes between two sentences with the same content words.

    Both say what is so, or both in the same mood what may or should be: "may work from home two days a week".
    """
    if is_proposal(earlier.text) != is_proposal(later.text) or is_denied(earlier.text) != is_denied(later.text):
        return None
    words, later_words = _read_topic(earlier.text), _read_topic(later.text)
    if words != later_words or len(words) < min_words:
        return None
    return compare_values(earlier.text, later.text)


def _read_topic(sentence: str) -> frozenset[str]:
    return frozenset(word for word in extract_topic_words(sentence) if not is_change_word(word))


def _read_last_heading(statement: Statement) -> frozenset[str]:
    headings = statement.match.stored.chunk.heading_path
    return frozenset(term for term in extract_terms(headings[-1]) if term.isalpha()) if headings else frozenset()


def _says_anew(text: str, new_text: str) -> bool:
    """Whether the new text of a clause says in other words or with other values what a sentence of the old one says."""
    words, new_words = set(extract_topic_words(text)), set(extract_topic_words(new_text))
    return words != new_words and len(words & new_words) >= SAME_TEXT_WORDS
