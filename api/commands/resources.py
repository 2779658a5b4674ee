"""Open and close the services or the library for the time of a command."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.settings import AllSettings
from ingest.library.library import Library
from rag.errors import ModelNotFoundError
from rag.models.registry import ModelEntry, ModelRegistry

if TYPE_CHECKING:
    from api.services import Services


@contextmanager
def open_services(settings: AllSettings) -> Generator["Services", None, None]:
    """Open all services for the time of a command."""
    from api.services import Services  # everything that answers: too much for commands that list and delete

    services = Services(settings)
    try:
        yield services
    finally:
        services.close()


@contextmanager
def open_library(settings: AllSettings) -> Generator[Library, None, None]:
    """Open the library alone, which is much faster; enough for commands that list and delete."""
    library = Library(settings.home)
    try:
        yield library
    finally:
        library.close()


def default_model(settings: AllSettings) -> ModelEntry:
    """Return the model that answers by default; raises `ModelNotFoundError` if there is no model."""
    entries = ModelRegistry(settings.rag).list_models()
    if not entries:
        raise ModelNotFoundError(model="default")
    return entries[0]
