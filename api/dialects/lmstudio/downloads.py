"""Downloads of models. The server fetches nothing from the network; a command does, by a person's own wish."""

from urllib.parse import urlsplit

from api.dialects.lmstudio.catalog import ModelCard, find_card
from api.errors import InvalidRequestError
from api.services import Services
from rag.errors import ModelNotFoundError


class DownloadNotPossibleError(InvalidRequestError):
    """The model is not on disk, and the server fetches none."""

    def __init__(self, *, model: str) -> None:
        self.model = model
        super().__init__(
            detail=f"{model!r} is not on this machine, and the server fetches no models: `pincite models get` there "
            "fetches those that it offers, and a GGUF file in the folder `models` of the home is listed at once",
            param="model",
        )


def find_downloaded(services: Services, name: str) -> ModelCard:
    """Return a model on disk by its key, or by a link or a repository of that name.

    Raises `DownloadNotPossibleError` for any other.
    """
    last = urlsplit(name).path.rstrip("/").rpartition("/")[2]
    for key in (name, last):
        try:
            return find_card(services, key)
        except ModelNotFoundError:
            continue
    raise DownloadNotPossibleError(model=name)
