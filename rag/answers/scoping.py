"""Resolve the names of documents in a question against the library."""

from collections.abc import Sequence

from ingest.library.library import Library
from ingest.types import Comparison, DocumentName, Filter
from rag.questions.name_mentions import Mention, NamePhrase, find_mentions
from rag.questions.scope import (
    MAX_NAMED,
    NamedDocuments,
    Scope,
    choose_by_ending,
    choose_described,
    choose_exact,
    choose_without_noun,
    make_scope,
)

MAX_CANDIDATES = 64
"""Documents that are looked at for the exact names of one question."""


def resolve_scope(library: Library, collections: Sequence[str], question: str) -> Scope | None:
    """Return the documents of some collections (ids) that the words of a question name; None if it names none.

    The cost does not depend on how many documents there are: names are looked up in an index.
    """
    mentions = find_mentions(question)
    phrases = [phrase for mention in mentions for phrase in mention.phrases]
    keys = dict.fromkeys(key for phrase in phrases for key in (*phrase.keys, phrase.key_without_noun) if key)
    exact = library.find_documents_by_keys(collections, list(keys), limit=MAX_CANDIDATES) if keys else []
    named: list[NamedDocuments] = []
    for mention in mentions:
        of_mention = _resolve(library, collections, mention, exact)
        if of_mention is not None and not any(_do_overlap(of_mention.phrase, other.phrase) for other in named):
            named.append(of_mention)
    return make_scope(question, named)


def make_scope_filter(scope: Scope) -> Filter:
    """Return the filter that the documents of a scope alone match."""
    return Comparison("in", "file_id", tuple(document.file_id for document in scope.documents))


def _resolve(
    library: Library, collections: Sequence[str], mention: Mention, exact: Sequence[DocumentName]
) -> NamedDocuments | None:
    for phrase in mention.phrases:
        if (named := choose_exact(mention, phrase, exact)) is not None:
            return named
        if mention.evidence == "written":
            if phrase.is_file_name:
                endings = library.find_documents_by_words(collections, phrase.words, limit=MAX_CANDIDATES)
                if (named := choose_by_ending(mention, phrase, endings)) is not None:
                    return named
            continue
        if not phrase.nouns:
            continue
        candidates = library.find_documents_by_words(collections, phrase.described_by, limit=MAX_NAMED + 1)
        named = choose_described(mention, phrase, candidates) or choose_without_noun(mention, phrase, exact)
        if named is not None:
            return named
    return None


def _do_overlap(phrase: NamePhrase, other: NamePhrase) -> bool:
    return phrase.cut_from < other.end and other.cut_from < phrase.end
