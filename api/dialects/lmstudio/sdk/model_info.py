"""Models as LM Studio's SDKs read them, and the specifiers by which they name one.

The TypeScript SDK checks every field, so that all of them are always sent. A model has one instance, whose identifier
and reference are its key: a reference that a client keeps stays valid.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.dialects.lmstudio.catalog import Domain, ModelCard, find_card, list_instances
from api.dialects.lmstudio.sdk.frames import SdkModel
from api.services import Services
from api.wire.base import JsonObject
from rag.errors import ModelNotFoundError


class ModelQuery(SdkModel):
    """What a model must be; without an identifier, the first one is meant."""

    identifier: str | None = None
    path: str | None = None
    vision: bool | None = None


class QuerySpecifier(SdkModel):
    """A model by what it must be."""

    type: Literal["query"]
    query: ModelQuery


class InstanceSpecifier(SdkModel):
    """A model by the reference of its instance."""

    type: Literal["instanceReference"]
    instance_reference: str


ModelSpecifier = Annotated[QuerySpecifier | InstanceSpecifier, Field(discriminator="type")]


def find_specified(services: Services, specifier: QuerySpecifier | InstanceSpecifier, domain: Domain) -> ModelCard:
    """Return the model that a client means; raises `ModelNotFoundError`."""
    if isinstance(specifier, InstanceSpecifier):
        return find_card(services, specifier.instance_reference, domain)
    query = specifier.query
    if query.vision:
        raise ModelNotFoundError(model=query.identifier or "vision")
    if key := query.identifier or query.path:
        return find_card(services, key, domain)
    instances = list_instances(services, domain)
    if not instances:
        raise ModelNotFoundError(model="")
    return instances[0]


def model_info(card: ModelCard) -> JsonObject:
    """Return a model on disk."""
    facts = card.facts
    info: dict[str, Any] = {
        "type": card.domain,
        "modelKey": card.key,
        "format": card.format,
        "displayName": card.key,
        "publisher": card.publisher,
        "path": card.path,
        "sizeBytes": card.size_bytes,
        "indexedModelIdentifier": card.key,
        "deviceIdentifier": None,
        "maxContextLength": card.max_context,
    }
    if facts.parameters:
        info["paramsString"] = facts.parameters
    if facts.architecture:
        info["architecture"] = facts.architecture
    if facts.quantization:
        info["quantization"] = {"name": facts.quantization, "bits": facts.bits}
    if card.domain == "llm":
        info |= {"vision": False, "trainedForToolUse": facts.takes_tools}
    return info


def instance_info(card: ModelCard) -> JsonObject:
    """Return a model in memory."""
    return model_info(card) | {
        "identifier": card.key,
        "instanceReference": card.key,
        "ttlMs": None,
        "lastUsedTime": None,
        "contextLength": card.context_window,
    }
