"""How a command gets the parts that it works with, and gives them back."""

from collections.abc import Generator
from contextlib import contextmanager

from api.services import Services
from api.settings import AllSettings
from ingest.library.library import Library
from rag.errors import ModelNotFoundError
from rag.models.registry import ModelEntry, ModelRegistry


@contextmanager
def open_services(settings: AllSettings) -> Generator[Services, None, None]:
    """Lend all parts for the time of a command."""
    services = Services(settings)
    try:
        yield services
    finally:
        services.close()


@contextmanager
def open_library(settings: AllSettings) -> Generator[Library, None, None]:
    """Lend the library alone, for commands that read and delete; it opens much faster than everything."""
    library = Library(settings.home)
    try:
        yield library
    finally:
        library.close()


def default_model(settings: AllSettings) -> ModelEntry:
    """Return the model that answers where a question names none; raises `ModelNotFoundError` where there is none."""
    entries = ModelRegistry(settings.rag).list_models()
    if not entries:
        raise ModelNotFoundError(model="default")
    return entries[0]
