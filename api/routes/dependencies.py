"""What routes get from FastAPI: the services as the request's principal may use them, and names from the path."""

from contextlib import AbstractContextManager
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection, Request
from pydantic import AfterValidator

from api.citing.page_links import PageLinks
from api.errors import AdministratorOnlyError
from api.http.guards import PRINCIPAL
from api.http.open_responses import OpenResponses
from api.services import Services
from ingest.library.names import normalize_name
from ingest.principals import Principal
from rag.engines.serving.fairness import name_key_holder


def get_principal(request: HTTPConnection) -> Principal:
    """Return who sends a request; `api.http.guards.KeyGuard` has found it out."""
    principal: Principal = request.scope[PRINCIPAL]
    return principal


def get_services(request: HTTPConnection) -> Services:
    """Return the services as the principal of the request may use them."""
    services: Services = request.app.state.services
    return services.as_principal(get_principal(request))


def require_administrator(request: Request) -> None:
    """Raise `AdministratorOnlyError` if a request comes from somebody else."""
    if not get_principal(request).is_admin:
        raise AdministratorOnlyError


def principal_of_request(request: HTTPConnection) -> str:
    """Return for whom a request counts, as the server knows it: the holder of its key, else the client's address."""
    principal = get_principal(request)
    if principal.has_named_key:
        return name_key_holder(principal.name)
    return request.client.host if request.client else ""


def hold_answer(request: HTTPConnection) -> AbstractContextManager[None]:
    """Return the place that the answer to a request takes among those of who asks; see `OpenResponses.hold`."""
    answers: OpenResponses = request.app.state.open_answers
    return answers.hold(principal_of_request(request))


async def get_page_links(request: Request) -> PageLinks:
    """Return what makes the links of an answer: for whom they open a page, and whether they need to be signed."""
    state = request.app.state
    signer = state.link_signer if await state.keys.asks_for_keys() else None
    base_url = state.public_url or str(request.base_url).rstrip("/")
    return PageLinks(base_url, get_principal(request).name, signer)


AppServices = Annotated[Services, Depends(get_services)]
AnswerLinks = Annotated[PageLinks, Depends(get_page_links)]
ADMINISTRATOR_ONLY = (Depends(require_administrator),)
"""The `dependencies` of a route that concerns the server as a whole."""

StoreName = Annotated[str, AfterValidator(normalize_name)]
"""The name or id of a collection, as a part of a path."""
