"""How a route gets at the parts that the composition root has built."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import AfterValidator

from api.services import Services
from ingest.library.names import normalize_name


def parts_of(request: Request) -> Services:
    """Return the services that the application was created with."""
    services: Services = request.app.state.services
    return services


Parts = Annotated[Services, Depends(parts_of)]

Store = Annotated[str, AfterValidator(normalize_name)]
"""The name or id of a collection, as a part of a path."""
