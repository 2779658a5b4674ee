"""The protocol between a parent and its worker: length-prefixed MessagePack frames over the child's stdin and stdout.

Never pickle: a child that was taken over must not be able to run code in the server. A call has an id, and its
replies carry it, so that one child can serve several calls at once.
"""

import struct
from typing import IO, Any

import msgspec

FRAME_HEADER = struct.Struct("<I")
MAX_FRAME_BYTES = 1 << 30


class CallFrame(msgspec.Struct, tag="call"):
    """Parent to child: do this. A lower `priority` is served first."""

    id: int
    method: str
    params: dict[str, Any]
    priority: int = 0


class CancelFrame(msgspec.Struct, tag="cancel"):
    """Parent to child: the caller of this call is gone."""

    id: int


class ReplyFrame(msgspec.Struct, tag="reply"):
    """Child to parent: one answer to a call. `payload` is encoded by itself and decoded as the caller's type."""

    id: int
    payload: msgspec.Raw


class EndFrame(msgspec.Struct, tag="end"):
    """Child to parent: a call is finished."""

    id: int


class ErrorFrame(msgspec.Struct, tag="error"):
    """Child to parent: a call failed. `facts` are the attributes of the exception."""

    id: int
    error: str
    message: str
    facts: dict[str, Any]


ToChild = CallFrame | CancelFrame
ToParent = ReplyFrame | EndFrame | ErrorFrame

READY_ID = 0
"""The call id of a child's start: ended, or failed with the reason."""


def write_frame(stream: IO[bytes], frame: ToChild | ToParent) -> None:
    """Send one frame; the caller makes sure that no other thread writes at the same time."""
    body = msgspec.msgpack.encode(frame)
    stream.write(FRAME_HEADER.pack(len(body)) + body)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next frame's body, or None if the other side has closed the stream; raises `ValueError`."""
    header = stream.read(FRAME_HEADER.size)
    if len(header) < FRAME_HEADER.size:
        return None
    (length,) = FRAME_HEADER.unpack(header)
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes is over the limit of {MAX_FRAME_BYTES}")
    body = stream.read(length)
    return body if len(body) == length else None
