"""Load a model as LM Studio's clients ask for it. Collections and the embedder are always loaded."""

import threading
from collections.abc import Generator
from concurrent.futures import Future

from api.dialects.lmstudio.catalog import ModelCard
from api.services import Services
from rag.models.load_overrides import LoadOverrides

POLL_SECONDS = 1.0


def load_model(
    services: Services, card: ModelCard, overrides: LoadOverrides | None = None
) -> Generator[None, None, None]:
    """Yield while a model is loaded; raises what `ModelRegistry.load` raises.

    With `overrides` a model that is loaded otherwise is loaded anew. The model goes on loading if the generator is
    closed: others may wait for it too.
    """
    if card.is_permanent or (overrides is None and is_ready(card)):
        return
    loaded: Future[str] = Future()

    def load() -> None:
        try:
            loaded.set_result(services.models.load(card.key, overrides))
        except Exception as error:  # noqa: BLE001 (the one who waits raises it)
            loaded.set_exception(error)

    threading.Thread(target=load, name="load-for-sdk", daemon=True).start()
    while not _is_done(loaded):
        yield
    loaded.result()


def is_ready(card: ModelCard) -> bool:
    """Whether a model answers without being loaded first."""
    return card.is_permanent or card.state == "loaded"


def _is_done(future: "Future[str]") -> bool:
    try:
        future.exception(POLL_SECONDS)
    except TimeoutError:
        return False
    return True
