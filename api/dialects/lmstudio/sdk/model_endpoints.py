"""The calls that `llm` and `embedding` have alike: which models there are, loading and unloading."""

import threading

from api.dialects.lmstudio.catalog import ModelCard, find_card, list_instances
from api.dialects.lmstudio.config import LLM_LOAD, ConfigStack, LoadConfig
from api.dialects.lmstudio.loading import is_ready, load_model
from api.dialects.lmstudio.sdk.frames import SdkModel
from api.dialects.lmstudio.sdk.model_info import ModelSpecifier, find_specified, instance_info, model_info
from api.dialects.lmstudio.sdk.namespace import Messages, Namespace, Session
from api.errors import AdministratorOnlyError
from api.wire.base import JsonObject
from rag.errors import ModelNotFoundError

models = Namespace("models")
"""The endpoints, for `Namespace.include`."""


class Nothing(SdkModel):
    """The parameter of a call without any."""


class Specified(SdkModel):
    """The parameter of a call about one model."""

    specifier: ModelSpecifier


class FindModel(Specified):
    """Asks for a model that may not be there."""

    throw_if_not_found: bool = True


class LoadRequest(SdkModel):
    """Asks for a model under its key to be loaded."""

    model_key: str
    identifier: str | None = None
    load_config_stack: ConfigStack = ConfigStack()


class GetOrLoad(SdkModel):
    """Asks for a model to be there."""

    identifier: str
    load_config_stack: ConfigStack = ConfigStack()


class UnloadRequest(SdkModel):
    """Asks for a model to be unloaded."""

    identifier: str


@models.call("listLoaded", Nothing)
def list_loaded(session: Session, _: Nothing) -> list[JsonObject]:
    """Return what answers now; see `list_instances`."""
    return [instance_info(card) for card in list_instances(session.services, session.domain)]


@models.call("getModelInfo", FindModel)
def get_model_info(session: Session, asked: FindModel) -> JsonObject | None:
    """Return one model."""
    try:
        return instance_info(find_specified(session.services, asked.specifier, session.domain))
    except ModelNotFoundError:
        if asked.throw_if_not_found:
            raise
        return None


@models.call("getLoadConfig", Specified)
def get_load_config(session: Session, asked: Specified) -> JsonObject:
    """Return how a model is loaded."""
    return load_config(find_specified(session.services, asked.specifier, session.domain))


@models.call("getBasePredictionConfig", Specified)
def get_base_prediction_config(session: Session, asked: Specified) -> JsonObject:
    """Return what a model's answers are made with if the client does not say: Pincite has no such settings."""
    find_specified(session.services, asked.specifier, session.domain)
    return {"fields": []}


@models.channel("getOrLoad", GetOrLoad)
def get_or_load(session: Session, asked: GetOrLoad, cancelled: threading.Event) -> Messages:
    """Load a model unless it is there."""
    card = find_card(session.services, asked.identifier, session.domain)
    if is_ready(card):
        yield {"type": "alreadyLoaded", "identifier": card.key, "info": instance_info(card)}
        return
    yield {"type": "startLoading", "identifier": card.key, "info": model_info(card)}
    for _ in load_model(session.services, card):
        if cancelled.is_set():
            return
        yield {"type": "loadProgress", "progress": 0.0}
    yield {"type": "loadProgress", "progress": 1.0}
    yield {"type": "loadSuccess", "info": instance_info(find_card(session.services, card.key, session.domain))}


@models.channel("loadModel", LoadRequest)
def load_new_instance(session: Session, asked: LoadRequest, cancelled: threading.Event) -> Messages:
    """Load a model; it is loaded once, so that an instance has the model's own name, and anew if it is to be another.

    Raises `AdministratorOnlyError`.
    """
    if not session.principal.is_admin:
        raise AdministratorOnlyError
    card = find_card(session.services, asked.model_key, session.domain)
    overrides = LoadConfig.model_validate(asked.load_config_stack.select(LLM_LOAD)).overrides()
    yield {"type": "resolved", "info": model_info(card)}
    yield {"type": "progress", "progress": 0.0}
    for _ in load_model(session.services, card, overrides):
        if cancelled.is_set():
            return
        yield {"type": "progress", "progress": 0.0}
    yield {"type": "progress", "progress": 1.0}
    yield {"type": "success", "info": instance_info(find_card(session.services, card.key, session.domain))}


@models.call("unloadModel", UnloadRequest)
def unload_model(session: Session, asked: UnloadRequest) -> None:
    """Unload a model. A collection and the embedder stay: nothing of them is a model's alone."""
    if not session.principal.is_admin:
        raise AdministratorOnlyError
    card = find_card(session.services, asked.identifier, session.domain)
    if not card.is_permanent:
        session.services.models.unload(card.key)


def load_config(card: ModelCard) -> JsonObject:
    """Return how a model is loaded, as LM Studio's keys say it."""
    return {"fields": [{"key": f"{card.domain}.load.contextLength", "value": card.context_window}]}
