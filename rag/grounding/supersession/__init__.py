"""Supersession: which statement of the documents replaces which, by messages, versions and amendments."""

from rag.grounding.supersession.finder import SpanKey, Successor, SupersessionFinder, key_of
from rag.grounding.supersession.ordering import put_successors_first
from rag.grounding.supersession.statements import Change

__all__ = ["Change", "SpanKey", "Successor", "SupersessionFinder", "key_of", "put_successors_first"]
