"""Who sends requests, and with whom a collection is shared. Pincite's own."""

from typing import Literal

from pydantic import ConfigDict

from api.wire.base import RequestModel, ResponseModel, Text
from ingest.principals import SharedAccess


class PrincipalObject(ResponseModel):
    """Whose key a request has sent."""

    object: Literal["principal"] = "principal"
    name: str
    """`local` for the administrator's key of the settings, and for everybody if the server has no keys."""
    is_admin: bool
    """Whether the key also manages models, queue and metrics."""


class ShareRequest(RequestModel):
    """Shares a collection with somebody, or changes what that one may do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"principal": "anna", "access": "read"}]})

    principal: Text
    """The name of a key."""
    access: SharedAccess = "read"
    """`read`: search it and read its documents; `write`: also add, change and remove documents."""


class ShareObject(ResponseModel):
    """Somebody who may use a collection."""

    object: Literal["vector_store.share"] = "vector_store.share"
    principal: str
    access: SharedAccess


class ShareList(ResponseModel):
    """With whom a collection is shared, by name."""

    object: Literal["list"] = "list"
    data: list[ShareObject]
