"""Collections and their documents: `/v1/vector_stores` as OpenAI has it, plus pages as text and picture."""

import uuid
from contextlib import suppress

from fastapi import APIRouter

from api.objects import JsonObject, cut_object, search_result, store_file_object, store_object
from api.paging import Paging, page_of
from api.routes.parts import Parts, Store
from api.schemas import StoreCreate, StoreFileCreate, StoreFileUpdate, StoreSearch, StoreUpdate, revealed
from api.services import Services
from ingest.errors import FileNotInLibraryError
from ingest.library.pages import describe_place
from ingest.types import Collection
from rag.types import ScoredChunk, Search

router = APIRouter(prefix="/v1/vector_stores", tags=["vector stores"])


@router.post("")
def create_store(parts: Parts, request: StoreCreate) -> JsonObject:
    """Make an empty collection, or one that starts to read the files that are named."""
    for file_id in request.file_ids:
        parts.library.file(file_id)
    name = request.name or f"collection-{uuid.uuid4().hex[:8]}"
    collection = parts.create_collection(name)
    try:
        for file_id in request.file_ids:
            parts.add_document(collection, file_id)
    except FileNotInLibraryError:  # deleted since it was looked up
        _discard(parts, collection)
        raise
    return _store(parts, collection)


@router.get("")
def list_stores(parts: Parts, page: Paging) -> JsonObject:
    """List all collections, the newest first."""
    return page_of(parts.library.collections(), page, lambda collection: _store(parts, collection))


@router.get("/{store}")
def retrieve_store(parts: Parts, store: Store) -> JsonObject:
    """Show a collection, which is named by its id or its name."""
    return _store(parts, parts.library.collection(store))


@router.post("/{store}")
def update_store(parts: Parts, store: Store, request: StoreUpdate) -> JsonObject:
    """Rename a collection, or give it rules of its own for answers."""
    collection = parts.library.collection(store)
    if request.name is not None and request.name != collection.name:
        collection = parts.library.rename_collection(collection.id, request.name)
    if request.rules is not None:
        collection = parts.library.set_rules(collection.id, request.rules.strip())
    return _store(parts, collection)


@router.delete("/{store}")
def delete_store(parts: Parts, store: Store) -> JsonObject:
    """Delete a collection and its documents."""
    collection = parts.library.collection(store)
    parts.delete_collection(collection)
    return {"id": collection.id, "object": "vector_store.deleted", "deleted": True}


@router.post("/{store}/search")
def search_store(parts: Parts, store: Store, request: StoreSearch) -> JsonObject:
    """Return the chunks that fit the query best, of the documents that the filters let through.

    Several queries share one list, each chunk with its best score.
    """
    collection = parts.searchable(store)
    threshold = request.ranking_options.score_threshold if request.ranking_options else None
    ranked = _ranked(parts, collection, request)
    chosen = [found for found in ranked if found.score >= (threshold or 0.0)][: request.max_num_results]
    cut = ranked[len(chosen) :] if request.explain else []
    said = parts.library.find_attributes(collection.id, {found.chunk.file_id for found in chosen})
    return {
        "object": "vector_store.search_results.page",
        "search_query": request.query,
        "data": [
            search_result(
                found,
                describe_place(parts.library, found.chunk),
                said.get(found.chunk.file_id, {}),
                explain=request.explain,
            )
            for found in chosen
        ],
        "has_more": False,
        "next_page": None,
        **({"explanation": cut_object(cut, threshold)} if request.explain else {}),
    }


@router.post("/{store}/files")
def create_store_file(parts: Parts, store: Store, request: StoreFileCreate) -> JsonObject:
    """Put a file into a collection; it is read in the background. Another version of a source keeps its attributes."""
    collection = parts.searchable(store)
    password = revealed(request.password)
    return store_file_object(
        parts.add_document(collection, request.file_id, password=password, attributes=request.attributes)
    )


@router.get("/{store}/files")
def list_store_files(parts: Parts, store: Store, page: Paging) -> JsonObject:
    """List the documents of a collection, the newest first."""
    documents = parts.library.documents(parts.library.collection(store).id)
    return page_of(documents, page, store_file_object)


@router.get("/{store}/files/{file_id}")
def retrieve_store_file(parts: Parts, store: Store, file_id: str) -> JsonObject:
    """Show a document: its status, and while it is read how far that is."""
    return store_file_object(parts.library.document(parts.library.collection(store).id, file_id))


@router.post("/{store}/files/{file_id}")
def update_store_file(parts: Parts, store: Store, file_id: str, request: StoreFileUpdate) -> JsonObject:
    """Replace the attributes of a document."""
    collection = parts.library.collection(store)
    return store_file_object(parts.library.set_attributes(collection.id, file_id, request.attributes or {}))


@router.delete("/{store}/files/{file_id}")
def delete_store_file(parts: Parts, store: Store, file_id: str) -> JsonObject:
    """Take a document out of a collection; the file stays."""
    parts.library.remove_document(parts.library.collection(store).id, file_id)
    return {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}


def _discard(parts: Services, collection: Collection) -> None:
    """Delete a collection that is only half made; the files that were meant for it stay."""
    for document in parts.library.documents(collection.id):
        with suppress(FileNotInLibraryError):  # somebody else took it out
            parts.library.remove_document(collection.id, document.file_id)
    parts.delete_collection(collection)


def _store(parts: Services, collection: Collection) -> JsonObject:
    return store_object(collection, parts.library.documents(collection.id))


def _ranked(parts: Services, collection: Collection, request: StoreSearch) -> list[ScoredChunk]:
    """Return what any of the queries looked at, each chunk with its best score, the best first."""
    options = request.ranking_options
    is_reranked = options is None or options.ranker != "none"
    rank = parts.retriever.rank_candidates if is_reranked else parts.retriever.score_candidates
    best: dict[int, ScoredChunk] = {}
    for query in request.query:
        search = Search(query, (collection.id,), filters=request.filters)
        for found in rank(search, request.max_num_results):
            known = best.get(found.chunk.id)
            if known is None or found.score > known.score:
                best[found.chunk.id] = found
    return sorted(best.values(), key=lambda found: -found.score)
