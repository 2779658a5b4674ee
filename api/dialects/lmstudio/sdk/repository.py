"""The namespace `repository`: the models that can be had. No hub is asked: these are the models on disk."""

import threading
from typing import Annotated, Any, Literal

from pydantic import Field

from api.dialects.lmstudio.catalog import ModelCard, find_card, list_cards
from api.dialects.lmstudio.downloads import find_downloaded
from api.dialects.lmstudio.sdk.frames import SdkModel
from api.dialects.lmstudio.sdk.namespace import Messages, Namespace, Session
from api.wire.base import JsonObject

repository = Namespace("repository")

MAX_RESULTS = 25


class SearchOptions(SdkModel):
    """What to search for."""

    search_term: str = ""
    limit: Annotated[int, Field(ge=1, le=MAX_RESULTS)] = 10
    compatibility_types: list[str] | None = None


class SearchRequest(SdkModel):
    """Asks for models."""

    opts: SearchOptions = SearchOptions()


class ResultIdentifier(SdkModel):
    """A model that was found."""

    type: Literal["catalog", "hf"] = "catalog"
    identifier: str


class OptionsRequest(SdkModel):
    """Asks for the ways to download a model."""

    model_search_result_identifier: ResultIdentifier


class DownloadRequest(SdkModel):
    """Asks for a model to be downloaded."""

    download_identifier: str


@repository.call("searchModels", SearchRequest)
def search_models(session: Session, asked: SearchRequest) -> JsonObject:
    """Return the models on disk whose key has the term in it."""
    term, formats = asked.opts.search_term.casefold(), asked.opts.compatibility_types
    found = [
        card
        for card in list_cards(session.services)
        if not card.is_collection and term in card.key.casefold() and (formats is None or card.format in formats)
    ]
    return {"results": [_result(card, term) for card in found[: asked.opts.limit]]}


@repository.call("getModelDownloadOptions", OptionsRequest)
def get_download_options(session: Session, asked: OptionsRequest) -> JsonObject:
    """Return the one way to have a model: as it is on disk."""
    return {"results": [_option(find_card(session.services, asked.model_search_result_identifier.identifier))]}


@repository.channel("downloadModel", DownloadRequest)
def download_model(session: Session, asked: DownloadRequest, _cancelled: threading.Event) -> Messages:
    """Say that a model is there already; raises `DownloadNotPossibleError` for any other."""
    card = find_downloaded(session.services, asked.download_identifier)
    yield {"type": "startFinalizing"}
    yield {"type": "success", "defaultIdentifier": card.key}


def _result(card: ModelCard, term: str) -> JsonObject:
    identifier = {"type": "catalog", "identifier": card.key}
    return {"name": card.key, "identifier": identifier, "exact": card.key.casefold() == term}


def _option(card: ModelCard) -> JsonObject:
    option: dict[str, Any] = {
        "name": card.key,
        "sizeBytes": card.size_bytes,
        "fitEstimation": "fitWithoutGPU",
        "recommended": True,
        "downloadIdentifier": card.key,
        "indexedModelIdentifier": card.key,
        "compatibilityType": card.format,
    }
    return option | ({"quantization": card.facts.quantization} if card.facts.quantization else {})
