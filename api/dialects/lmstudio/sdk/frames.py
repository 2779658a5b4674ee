"""The JSON frames of LM Studio's websockets: calls, channels, and the greeting that says who connects."""

import json
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from api.wire.base import Anything, JsonObject, RequestModel
from ingest.principals import LMSTUDIO_PREFIX


class SdkModel(RequestModel):
    """Base of what SDKs send. Fields that are not declared are left out: newer versions send more."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Greeting(SdkModel):
    """The first frame: who connects. Guests make up a name and a passkey."""

    auth_version: Literal[1]
    client_identifier: Annotated[str, Field(max_length=256)]
    client_passkey: Annotated[str, Field(max_length=256)]

    def possible_keys(self) -> tuple[str, ...]:
        """Return the keys that a client can mean: an API token comes in halves, another key as the passkey."""
        return f"{LMSTUDIO_PREFIX}{self.client_identifier}:{self.client_passkey}", self.client_passkey


class RpcCall(SdkModel):
    """A question with one answer."""

    type: Literal["rpcCall"]
    endpoint: str
    call_id: int
    parameter: Anything = None


class ChannelCreate(SdkModel):
    """The beginning of an exchange of messages."""

    type: Literal["channelCreate"]
    endpoint: str
    channel_id: int
    creation_parameter: Anything = None


class ChannelSend(SdkModel):
    """A message of the client in a channel; with an `ack_id` it wants to know that it came."""

    type: Literal["channelSend"]
    channel_id: int
    message: Anything = None
    ack_id: int | None = None


class Subscribe(SdkModel):
    """The wish to follow a value; Pincite has none to follow."""

    type: Literal["signalSubscribe", "writableSignalSubscribe"]
    endpoint: str
    subscribe_id: int


class KeepAlive(SdkModel):
    """A sign of life, which is answered."""

    type: Literal["keepAlive"]


class Notice(SdkModel):
    """What is never answered."""

    type: Literal[
        "communicationWarning",
        "channelAck",
        "signalUnsubscribe",
        "writableSignalUnsubscribe",
        "writableSignalUpdate",
    ]
    warning: str = ""


Frame = RpcCall | ChannelCreate | ChannelSend | Subscribe | KeepAlive | Notice

_FRAMES: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


class FrameError(Exception):
    """A frame that is none of the protocol's."""


def read_frame(text: str) -> Frame:
    """Return a frame; raises `FrameError`."""
    try:
        return _FRAMES.validate_json(text)
    except ValidationError as error:
        raise FrameError("this is no frame of LM Studio's protocol") from error


def encode_frame(frame: JsonObject) -> str:
    """Return a frame as it is sent."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def rpc_result(call_id: int, result: Any) -> JsonObject:
    """Return the answer to a call; without a `result` it says only that it is done."""
    frame = {"type": "rpcResult", "callId": call_id}
    return frame if result is None else {**frame, "result": result}


def rpc_error(call_id: int, error: JsonObject) -> JsonObject:
    """Return the failure of a call."""
    return {"type": "rpcError", "callId": call_id, "error": error}


def channel_send(channel_id: int, message: JsonObject) -> JsonObject:
    """Return a message in a channel."""
    return {"type": "channelSend", "channelId": channel_id, "message": message}


def channel_ack(channel_id: int, ack_id: int) -> JsonObject:
    """Return the receipt of a message."""
    return {"type": "channelAck", "channelId": channel_id, "ackId": ack_id}


def channel_close(channel_id: int) -> JsonObject:
    """Return the end of a channel."""
    return {"type": "channelClose", "channelId": channel_id}


def channel_error(channel_id: int, error: JsonObject) -> JsonObject:
    """Return the failure of a channel."""
    return {"type": "channelError", "channelId": channel_id, "error": error}


def subscription_error(frame: Subscribe, error: JsonObject) -> JsonObject:
    """Return the refusal of a subscription."""
    kind = "signalError" if frame.type == "signalSubscribe" else "writableSignalError"
    return {"type": kind, "subscribeId": frame.subscribe_id, "error": error}
