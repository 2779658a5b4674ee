"""The Python client of a running server: ask, search and manage documents, from synchronous and asynchronous code."""

from api.backends.errors import BackendError as PinciteError
from api.backends.errors import ServerLostError, ServerRefusedError
from api.backends.types import CompleteAnswer as Answer
from api.backends.types import TextDelta
from api.wire.answers import AnswerBasis, ProgressDetails
from api.wire.citations import CitationObject as Citation
from api.wire.search import SearchResult
from api.wire.vector_stores import StoreFileObject as Document
from api.wire.vector_stores import VectorStoreObject as Collection
from pincite.async_client import AsyncClient
from pincite.client import Client

__all__ = [
    "Answer",
    "AnswerBasis",
    "AsyncClient",
    "Citation",
    "Client",
    "Collection",
    "Document",
    "PinciteError",
    "ProgressDetails",
    "SearchResult",
    "ServerLostError",
    "ServerRefusedError",
    "TextDelta",
]
