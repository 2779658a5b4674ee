"""What routes get from FastAPI: the services of the application, and names of collections from the path."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import AfterValidator

from api.services import Services
from ingest.library.names import normalize_name


def get_services(request: Request) -> Services:
    """Return the services that the application was created with."""
    services: Services = request.app.state.services
    return services


def principal_of_request(request: Request) -> str:
    """Return for whom a request counts, as the server knows it: the client's address."""
    return request.client.host if request.client else ""


AppServices = Annotated[Services, Depends(get_services)]

StoreName = Annotated[str, AfterValidator(normalize_name)]
"""The name or id of a collection, as a part of a path."""
