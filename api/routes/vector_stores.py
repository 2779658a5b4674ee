"""Collections and their documents: `/v1/vector_stores` as OpenAI has it."""

import uuid
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query

from api.errors import blame
from api.openapi import error_responses
from api.routes.dependencies import AppServices, StoreName
from api.search import search_collection
from api.services import Services
from api.wire.base import reveal
from api.wire.lists import Paging
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
    CollectionExistsError,
    CollectionNotFoundError,
    CollectionNotYoursError,
    CursorNotFoundError,
    FileNotInLibraryError,
    PassportMismatchError,
    TextTooLongError,
)
from ingest.storage.counts import CollectionWithCounts
from ingest.types import Collection

router = APIRouter(prefix="/v1/vector_stores", tags=["vector stores"])

NO_STORE = error_responses(CollectionNotFoundError)
NO_DOCUMENT = error_responses(CollectionNotFoundError, FileNotInLibraryError)
NO_CHANGE = error_responses(CollectionNotFoundError, CollectionNotYoursError)
NO_DOCUMENT_CHANGE = NO_CHANGE | NO_DOCUMENT


@router.post("", responses=error_responses(CollectionExistsError, FileNotInLibraryError))
def create_store(services: AppServices, request: VectorStoreRequest) -> VectorStoreObject:
    """Create a collection, empty or with files, which are then indexed in the background."""
    with blame("file_ids"):
        for file_id in request.file_ids:
            services.library.file(file_id)
    name = request.name or f"collection-{uuid.uuid4().hex[:8]}"
    collection = services.create_collection(name)
    try:
        for file_id in request.file_ids:
            services.add_document(collection, file_id)
    except FileNotInLibraryError:  # deleted since it was looked up
        _discard(services, collection)
        raise
    return _store(services, collection)


@router.get("", responses=error_responses(CursorNotFoundError))
def list_stores(services: AppServices, page: Paging) -> VectorStoreList:
    """List the collections, the newest first."""
    return VectorStoreList.of(services.library.page_collections(page.spec()), VectorStoreObject.of)


@router.get("/{store}", responses=NO_STORE)
def retrieve_store(services: AppServices, store: StoreName) -> VectorStoreObject:
    """Return a collection by its id or name."""
    return _store(services, services.library.collection(store))


@router.post("/{store}", responses=NO_CHANGE | error_responses(CollectionExistsError))
def update_store(services: AppServices, store: StoreName, request: VectorStoreUpdate) -> VectorStoreObject:
    """Rename a collection, or set its instructions to the model."""
    collection = services.library.collection(store)
    if request.name is not None and request.name != collection.name:
        collection = services.library.rename_collection(collection.id, request.name)
    if request.rules is not None:
        collection = services.library.set_rules(collection.id, request.rules.strip())
    return _store(services, collection)


@router.delete("/{store}", responses=NO_CHANGE)
def delete_store(services: AppServices, store: StoreName) -> VectorStoreDeleted:
    """Delete a collection with its documents."""
    collection = services.library.collection(store)
    services.delete_collection(collection)
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
            collection, request.file_id, password=password, attributes=request.attributes, replace=request.replace
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


def _discard(services: Services, collection: Collection) -> None:
    """Delete a collection that could not be filled; the files that were meant for it stay."""
    for document in services.library.documents(collection.id):
        with suppress(FileNotInLibraryError):  # another request removed it
            services.library.remove_document(collection.id, document.file_id)
    services.delete_collection(collection)


def _store(services: Services, collection: Collection) -> VectorStoreObject:
    return VectorStoreObject.of(CollectionWithCounts(collection, services.library.counts(collection.id)))
