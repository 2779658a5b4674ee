"""Supersession: which statement of the documents replaces which, by messages, versions and amendments."""

from rag.grounding.supersession.amendment_search import search_amendments
from rag.grounding.supersession.finder import SpanKey, Successor, SupersessionFinder, key_of
from rag.grounding.supersession.ordering import keep_superseded, put_successors_first
from rag.grounding.supersession.statements import Change

__all__ = [
    "Change",
    "SpanKey",
    "Successor",
    "SupersessionFinder",
    "keep_superseded",
    "key_of",
    "put_successors_first",
    "search_amendments",
]
