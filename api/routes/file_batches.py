"""Batches of files: `/v1/vector_stores/{store}/file_batches` as OpenAI has it."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.errors import blame
from api.openapi import error_responses
from api.routes.dependencies import AppServices, StoreName
from api.wire.file_batches import FileBatchObject, FileBatchRequest
from api.wire.vector_stores import StoreFileList, StoreFileObject, StoreFilePageRequest
from ingest.errors import (
    CollectionNotFoundError,
    CollectionNotYoursError,
    CursorNotFoundError,
    FileBatchNotFoundError,
    FileNotInLibraryError,
    PassportMismatchError,
)

router = APIRouter(prefix="/v1/vector_stores/{store}/file_batches", tags=["vector stores"])

NO_BATCH = error_responses(CollectionNotFoundError, FileBatchNotFoundError)


@router.post(
    "",
    responses=error_responses(
        CollectionNotFoundError, FileNotInLibraryError, CollectionNotYoursError, PassportMismatchError
    ),
)
def create_file_batch(services: AppServices, store: StoreName, request: FileBatchRequest) -> FileBatchObject:
    """Add files to a collection, all or none; they are indexed in the background."""
    collection = services.searchable(store)
    with blame("file_ids" if request.file_ids else "files"):
        return FileBatchObject.of(services.add_batch(collection, request.additions()))


@router.get("/{batch_id}", responses=NO_BATCH)
def retrieve_file_batch(services: AppServices, store: StoreName, batch_id: str) -> FileBatchObject:
    """Return a batch with its documents by status."""
    return FileBatchObject.of(services.library.file_batch(services.library.collection(store).id, batch_id))


@router.post("/{batch_id}/cancel", responses=NO_BATCH | error_responses(CollectionNotYoursError))
def cancel_file_batch(services: AppServices, store: StoreName, batch_id: str) -> FileBatchObject:
    """Cancel those documents of a batch that are not read yet."""
    return FileBatchObject.of(services.library.cancel_file_batch(services.library.collection(store).id, batch_id))


@router.get("/{batch_id}/files", responses=NO_BATCH | error_responses(CursorNotFoundError))
def list_file_batch_files(
    services: AppServices, store: StoreName, batch_id: str, page: Annotated[StoreFilePageRequest, Query()]
) -> StoreFileList:
    """List the documents of a batch, the newest first."""
    batch = services.library.file_batch(services.library.collection(store).id, batch_id)
    documents = services.library.page_documents(
        batch.collection_id, page.spec(), statuses=page.statuses(), name=page.name, batch_id=batch.id
    )
    return StoreFileList.of(documents, StoreFileObject.of)
