"""Failures as LM Studio's SDKs read them: a title, and a code that both SDKs turn into exceptions of their own."""

from collections.abc import Sequence

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.dialects.lmstudio.catalog import list_instances
from api.dialects.lmstudio.sdk.namespace import Session
from api.errors import UNEXPECTED, describe
from api.wire.base import JsonObject
from rag.errors import ModelNotFoundError

MAX_SAMPLE = 10


def describe_failure(session: Session, error: Exception) -> JsonObject:
    """Return the failure of a call; the message of an unforeseen one stays in the log."""
    answer = describe(RequestValidationError(_locate(error)) if isinstance(error, ValidationError) else error)
    failure: JsonObject = {
        "title": answer.message,
        "rootTitle": answer.message,
        "errorData": {"code": answer.kind.code},
    }
    if answer.retry_after_seconds is not None:
        failure["suggestion"] = f"try again in {answer.retry_after_seconds} seconds"
    if isinstance(error, ModelNotFoundError):
        failure["displayData"] = _no_such_model(error.model, session)
    return failure


def is_unexpected(error: Exception) -> bool:
    """Whether an error is our own fault, and belongs into the log."""
    return not isinstance(error, ValidationError) and describe(error).kind is UNEXPECTED


def _locate(error: ValidationError) -> Sequence[JsonObject]:
    """Return the details of a parameter that is wrong as those of a body are."""
    return [{**detail, "loc": ("body", *detail["loc"])} for detail in error.errors(include_url=False)]


def _no_such_model(model: str, session: Session) -> JsonObject:
    loaded = [card.key for card in list_instances(session.services, session.domain)]
    domain = {"domain": session.domain}
    return {
        "code": "generic.noModelMatchingQuery",
        "query": {**domain, "identifier": model} if model else domain,
        "loadedModelsSample": loaded[:MAX_SAMPLE],
        "totalLoadedModels": len(loaded),
    }
