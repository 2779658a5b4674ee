"""The namespace `embedding`: vectors of texts by the embedder, and their tokens."""

from api.dialects.lmstudio.sdk.frames import SdkModel
from api.dialects.lmstudio.sdk.model_endpoints import Specified, models
from api.dialects.lmstudio.sdk.model_info import ModelSpecifier, find_specified
from api.dialects.lmstudio.sdk.namespace import Namespace, Session
from api.wire.base import JsonObject, Text

embedding = Namespace("embedding")
embedding.include(models)


class EmbedRequest(SdkModel):
    """Asks for the vector of a text."""

    model_specifier: ModelSpecifier
    input_string: Text


class TextRequest(Specified):
    """Asks for the tokens of a text."""

    input_string: Text


@embedding.call("embedString", EmbedRequest)
def embed_string(session: Session, asked: EmbedRequest) -> JsonObject:
    """Return the vector of a text."""
    find_specified(session.services, asked.model_specifier, "embedding")
    return {"embedding": session.services.embedder.embed([asked.input_string])[0].tolist()}


@embedding.call("tokenize", TextRequest)
def tokenize(session: Session, asked: TextRequest) -> JsonObject:
    """Return the tokens of a text."""
    return {"tokens": _tokens(session, asked)}


@embedding.call("countTokens", TextRequest)
def count_tokens(session: Session, asked: TextRequest) -> JsonObject:
    """Return the number of tokens of a text."""
    return {"tokenCount": len(_tokens(session, asked))}


def _tokens(session: Session, asked: TextRequest) -> list[int]:
    find_specified(session.services, asked.specifier, "embedding")
    return session.services.embedding_model.tokenize(asked.input_string)
