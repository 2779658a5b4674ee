"""Who sends a request, and with whom collections are shared. Pincite's own."""

from collections.abc import Sequence

from fastapi import APIRouter, Request

from api.openapi import error_responses
from api.routes.dependencies import AppServices, StoreName, get_principal
from api.wire.sharing import PrincipalObject, ShareList, ShareObject, ShareRequest
from ingest.errors import CollectionNotFoundError, CollectionNotYoursError, KeyNotFoundError
from ingest.principals import Share

router = APIRouter(tags=["sharing"])

NO_STORE = error_responses(CollectionNotFoundError, CollectionNotYoursError)
NO_SHARE = error_responses(CollectionNotFoundError, CollectionNotYoursError, KeyNotFoundError)


@router.get("/v1/principal")
def retrieve_principal(request: Request) -> PrincipalObject:
    """Return whose key the request has sent."""
    principal = get_principal(request)
    return PrincipalObject(name=principal.name, is_admin=principal.is_admin)


@router.get("/v1/vector_stores/{store}/shares", responses=NO_STORE)
def list_shares(services: AppServices, store: StoreName) -> ShareList:
    """List with whom a collection is shared, which its owner alone may know."""
    return _list(services.library.collection_shares(services.library.collection(store).id))


@router.post("/v1/vector_stores/{store}/shares", responses=NO_SHARE)
def create_share(services: AppServices, store: StoreName, request: ShareRequest) -> ShareList:
    """Share a collection with somebody who has a key, or change what that one may do."""
    collection = services.library.collection(store)
    return _list(services.library.share_collection(collection.id, request.principal, request.access))


@router.delete("/v1/vector_stores/{store}/shares/{principal}", responses=NO_SHARE)
def delete_share(services: AppServices, store: StoreName, principal: str) -> ShareList:
    """Share a collection with somebody no more, or give up a collection that is shared with you."""
    return _list(services.library.unshare_collection(services.library.collection(store).id, principal))


def _list(shares: Sequence[Share]) -> ShareList:
    return ShareList(data=[ShareObject(principal=share.principal, access=share.access) for share in shares])
