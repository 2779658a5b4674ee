"""The namespace `system`: the version, and the models on disk."""

import logging
import os
import re
from importlib import metadata

from api.dialects.lmstudio.catalog import find_card, list_cards
from api.dialects.lmstudio.sdk.frames import SdkModel
from api.dialects.lmstudio.sdk.model_endpoints import Nothing
from api.dialects.lmstudio.sdk.model_info import model_info
from api.dialects.lmstudio.sdk.namespace import Namespace, Session
from api.wire.base import JsonObject

logger = logging.getLogger(__name__)

system = Namespace("system")

NO_BUILD = 0
"""Pincite counts no builds."""


class ModelKey(SdkModel):
    """Asks about one model."""

    model_key: str


class Notification(SdkModel):
    """A message for the person at the computer."""

    title: str
    description: str = ""


@system.call("listDownloadedModels", Nothing)
def list_downloaded_models(session: Session, _: Nothing) -> list[JsonObject]:
    """Return every model on disk, the embedder and the collections."""
    return [model_info(card) for card in list_cards(session.services)]


@system.call("listDownloadedModelVariants", ModelKey)
def list_variants(session: Session, asked: ModelKey) -> list[JsonObject]:
    """Return the one variant of a model."""
    return [model_info(find_card(session.services, asked.model_key))]


@system.call("version", Nothing)
def get_version(_session: Session, _: Nothing) -> JsonObject:
    """Return Pincite's version, as three numbers."""
    numbers = re.match(r"\d+\.\d+\.\d+", metadata.version("pincite"))
    return {"version": numbers[0] if numbers else "0.0.0", "build": NO_BUILD}


@system.call("info", Nothing)
def get_info(_session: Session, _: Nothing) -> JsonObject:
    """Return the process of the server."""
    return {"pid": os.getpid(), "isDaemon": True, "version": metadata.version("pincite")}


@system.call("notify", Notification)
def notify(session: Session, _asked: Notification) -> None:
    """Take a message that a desktop would show. The server has none: its log says that one came, never the text."""
    logger.info("a program of %s sent a notification", session.principal.name)
