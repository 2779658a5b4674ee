"""Collections and their documents: `/v1/vector_stores` as OpenAI has it."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from api.errors import blame
from api.openapi import error_responses
from api.routes.dependencies import AppServices, StoreName
from api.search import search_collection
from api.services import Services
from api.wire.base import reveal
from api.wire.lists import PageRequest
from api.wire.search import SearchRequest, SearchResults
from api.wire.vector_stores import (
    StoreFileDeleted,
    StoreFileList,
    StoreFileObject,
    StoreFilePageRequest,
    StoreFileRequest,
    StoreFileUpdate,
    VectorStoreDeleted,
    VectorStoreList,
    VectorStoreObject,
    VectorStoreRequest,
    VectorStoreUpdate,
)
from ingest.errors import (
    CollectionNotFoundError,
    CollectionNotYoursError,
    CursorNotFoundError,
    FileNotInLibraryError,
    PassportMismatchError,
    TextTooLongError,
)
from ingest.storage.counts import CollectionWithCounts
from ingest.types import Collection, FileAddition

router = APIRouter(prefix="/v1/vector_stores", tags=["vector stores"])

NO_STORE = error_responses(CollectionNotFoundError)
NO_DOCUMENT = error_responses(CollectionNotFoundError, FileNotInLibraryError)
NO_CHANGE = error_responses(CollectionNotFoundError, CollectionNotYoursError)
NO_DOCUMENT_CHANGE = NO_CHANGE | NO_DOCUMENT


@router.post("", responses=error_responses(FileNotInLibraryError))
def create_store(services: AppServices, request: VectorStoreRequest) -> VectorStoreObject:
    """Create a collection, empty or with files, which are then indexed in the background."""
    with blame("file_ids"):
        for file_id in request.file_ids:
            services.library.file(file_id)
    label = request.name or f"collection-{uuid.uuid4().hex[:8]}"
    collection = services.add_collection(label, request.changes())
    chunk_tokens = request.chunking_strategy.chunk_tokens if request.chunking_strategy else None
    additions = [FileAddition(file_id, chunk_tokens=chunk_tokens) for file_id in request.file_ids]
    try:
        if additions:
            services.add_batch(collection, additions)
    except FileNotInLibraryError:  # deleted since it was looked up
        services.drop_collection(collection)
        raise
    return _store(services, collection)


@router.get("", responses=error_responses(CursorNotFoundError))
def list_stores(services: AppServices, page: Annotated[PageRequest, Query()]) -> VectorStoreList:
    """List the collections, the newest first."""
    return VectorStoreList.of(services.library.page_collections(page.spec()), VectorStoreObject.of)


@router.get("/{store}", responses=NO_STORE)
def retrieve_store(services: AppServices, store: StoreName) -> VectorStoreObject:
    """Return a collection by its id or name."""
    return _store(services, services.library.collection(store))


@router.post("/{store}", responses=NO_CHANGE)
def update_store(services: AppServices, store: StoreName, request: VectorStoreUpdate) -> VectorStoreObject:
    """Rename a collection, or change its description, metadata, expiry or instructions to the model."""
    collection = services.library.collection(store)
    return _store(services, services.library.update_collection(collection.id, request.changes()))


@router.delete("/{store}", responses=NO_CHANGE)
def delete_store(services: AppServices, store: StoreName) -> VectorStoreDeleted:
    """Delete a collection with its documents; their files stay until they are deleted themselves."""
    collection = services.library.collection(store)
    services.drop_collection(collection)
    return VectorStoreDeleted(id=collection.id)


@router.post(
    "/{store}/search",
    responses=error_responses(CollectionNotFoundError, PassportMismatchError, TextTooLongError),
)
def search_store(services: AppServices, store: StoreName, request: SearchRequest) -> SearchResults:
    """Return the chunks that fit the query best, of the documents that match the filters.

    Several queries share one list of results, with each chunk's best score.
    """
    return search_collection(services, store, request)


@router.post("/{store}/files", responses=NO_DOCUMENT_CHANGE | error_responses(PassportMismatchError))
def create_store_file(services: AppServices, store: StoreName, request: StoreFileRequest) -> StoreFileObject:
    """Add a file to a collection; it is indexed in the background.

    A file of the same name stays, unless `replace` asks for its place; the new document then keeps its attributes.
    """
    collection = services.searchable(store)
    password = reveal(request.password)
    return StoreFileObject.of(
        services.add_document(
            collection,
            request.file_id,
            password=password,
            attributes=request.attributes,
            replace=request.replace,
            chunk_tokens=request.chunking_strategy.chunk_tokens if request.chunking_strategy else None,
        )
    )


@router.get("/{store}/files", responses=error_responses(CollectionNotFoundError, CursorNotFoundError))
def list_store_files(
    services: AppServices, store: StoreName, page: Annotated[StoreFilePageRequest, Query()]
) -> StoreFileList:
    """List the documents of a collection, the newest first."""
    collection = services.library.collection(store)
    documents = services.library.page_documents(collection.id, page.spec(), statuses=page.statuses(), name=page.name)
    return StoreFileList.of(documents, StoreFileObject.of)


@router.get("/{store}/files/{file_id}", responses=NO_DOCUMENT)
def retrieve_store_file(services: AppServices, store: StoreName, file_id: str) -> StoreFileObject:
    """Return a document: its status, and its progress while it is being indexed."""
    return StoreFileObject.of(services.library.document(services.library.collection(store).id, file_id))


@router.post("/{store}/files/{file_id}", responses=NO_DOCUMENT_CHANGE)
def update_store_file(
    services: AppServices, store: StoreName, file_id: str, request: StoreFileUpdate
) -> StoreFileObject:
    """Replace the attributes of a document."""
    collection = services.library.collection(store)
    return StoreFileObject.of(services.library.set_attributes(collection.id, file_id, request.attributes or {}))


@router.delete("/{store}/files/{file_id}", responses=NO_DOCUMENT_CHANGE)
def delete_store_file(services: AppServices, store: StoreName, file_id: str) -> StoreFileDeleted:
    """Remove a document from a collection; the file stays."""
    services.library.remove_document(services.library.collection(store).id, file_id)
    return StoreFileDeleted(id=file_id)


def _store(services: Services, collection: Collection) -> VectorStoreObject:
    return VectorStoreObject.of(CollectionWithCounts(collection, services.library.counts(collection.id)))
