"""One websocket of LM Studio's SDKs, from its greeting to its end: it reads frames, and answers calls and channels.

What the endpoints do blocks: calls run in the threads of the server, each channel in a thread of its own, which closes
its generator when the client leaves, and so stops the model. A client that does not read what it is sent is cut off.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.dialects.lmstudio.sdk.errors import describe_failure, is_unexpected
from api.dialects.lmstudio.sdk.frames import (
    ChannelCreate,
    ChannelSend,
    Frame,
    FrameError,
    Greeting,
    KeepAlive,
    Notice,
    RpcCall,
    Subscribe,
    channel_ack,
    channel_close,
    channel_error,
    channel_send,
    encode_frame,
    read_frame,
    rpc_error,
    rpc_result,
    subscription_error,
)
from api.dialects.lmstudio.sdk.namespace import EndpointNotFoundError, Messages, Namespace, Session
from api.errors import ServerStoppingError
from api.http.guards import PRINCIPAL, RECHECK_SECONDS
from api.http.keys import KeyRing
from api.routes.dependencies import get_services, hold_answer, principal_of_request
from api.wire.base import JsonObject
from ingest.principals import Principal
from rag.engines.serving.fairness import name_client

logger = logging.getLogger(__name__)

GREETING_SECONDS = 10.0
IDLE_SECONDS = 12 * 3600.0
"""A notebook may be left open overnight; then it connects again."""
SEND_SECONDS = 30.0
MAX_PENDING = 256
"""Calls that are taken before the next frame is read; embedding a list is one call for each text."""
MAX_RUNNING = 4
"""Calls of one websocket that run at the same time."""

CLOSED = (WebSocketDisconnect, RuntimeError)
"""What Starlette raises if a websocket is closed on either side."""
POLICY_VIOLATION = 1008
GOING_AWAY = 1001


async def serve_websocket(socket: WebSocket, namespace: Namespace) -> None:
    """Answer one websocket to its end. It counts among those of its principal; see `OpenResponses`."""
    await socket.accept()
    greeted = await _greet(socket)
    if greeted is None:
        return
    key, principal = greeted
    socket.scope[PRINCIPAL] = principal
    session = Session(
        get_services(socket),
        principal,
        name_client(principal_of_request(socket), None),
        socket.app.state.metrics,
        "embedding" if namespace.name == "embedding" else "llm",
    )
    try:
        with socket.app.state.open_sockets.hold(principal_of_request(socket)):
            await socket.send_json({"success": True})
            await _Connection(socket, namespace, session, key).serve()
    except WebSocketDisconnect:
        logger.debug("the client closed the websocket")
    except Exception as error:
        if is_unexpected(error):
            raise
        with suppress(*CLOSED):
            await _refuse(socket, str(error))


async def _greet(socket: WebSocket) -> tuple[str | None, Principal] | None:
    """Return who connects, and by which key; None after a refusal."""
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            greeting = Greeting.model_validate_json(await socket.receive_text())
    except TimeoutError:
        await _refuse(socket, "the first message, which says who connects, did not come in time")
        return None
    except (ValidationError, KeyError):  # KeyError is Starlette's for bytes
        await _refuse(socket, "the first message is not that of LM Studio's protocol: authVersion 1 and two names")
        return None
    except WebSocketDisconnect:
        return None
    keys: KeyRing = socket.app.state.keys
    for key in greeting.possible_keys():
        if (principal := await keys.find(key)) is not None:
            return key, principal
    await _refuse(
        socket,
        "this server asks for a key: give its API token to the client; `pincite keys create NAME --lmstudio` makes one",
    )
    return None


async def _refuse(socket: WebSocket, reason: str) -> None:
    await socket.send_json({"success": False, "error": reason})
    await socket.close(POLICY_VIOLATION)


class _Connection:
    """A websocket whose client is known."""

    def __init__(self, socket: WebSocket, namespace: Namespace, session: Session, key: str | None) -> None:
        self._socket = socket
        self._namespace = namespace
        self._session = session
        self._key = key
        self._tasks: set[asyncio.Task[None]] = set()
        self._cancelled: dict[int, threading.Event] = {}
        self._pending = asyncio.Semaphore(MAX_PENDING)
        self._running = asyncio.Semaphore(MAX_RUNNING)

    async def serve(self) -> None:
        """Answer frames until the client leaves, is silent for too long, or loses its key."""
        if self._session.principal.has_named_key:
            self._start(self._watch_key())
        try:
            while True:
                async with asyncio.timeout(IDLE_SECONDS):
                    frame = read_frame(await self._socket.receive_text())
                await self._handle(frame)
        except (FrameError, KeyError) as error:
            await self._socket.close(POLICY_VIOLATION, str(error))
        except TimeoutError:
            await self._socket.close(GOING_AWAY, "idle")
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _handle(self, frame: Frame) -> None:
        match frame:
            case RpcCall():
                await self._pending.acquire()
                self._start(self._answer(frame), is_pending=True)
            case ChannelCreate():
                await self._pending.acquire()
                self._start(self._run_channel(frame), is_pending=True)
            case ChannelSend():
                await self._take_message(frame)
            case Subscribe():
                error = EndpointNotFoundError(namespace=self._namespace.name, endpoint=frame.endpoint)
                await self._send(subscription_error(frame, await self._describe(error)))
            case KeepAlive():
                await self._send({"type": "keepAliveAck"})
            case Notice():
                if frame.warning:
                    logger.warning("an SDK of LM Studio did not understand an answer in %s", self._namespace.name)

    def _start(self, work: Coroutine[None, None, None], *, is_pending: bool = False) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if is_pending:
            task.add_done_callback(lambda _: self._pending.release())

    async def _answer(self, call: RpcCall) -> None:
        try:
            endpoint = self._namespace.find_call(call.endpoint)
            parameter = endpoint.read(call.parameter)
            async with self._running:
                result = await run_in_threadpool(endpoint.run, self._session, parameter)
        except Exception as error:  # noqa: BLE001 (its caller hears of it; the others go on)
            await self._send(rpc_error(call.call_id, await self._describe(error)))
        else:
            await self._send(rpc_result(call.call_id, result))

    async def _run_channel(self, channel: ChannelCreate) -> None:
        cancelled = self._cancelled[channel.channel_id] = threading.Event()
        try:
            endpoint = self._namespace.find_channel(channel.endpoint)
            parameter = endpoint.read(channel.creation_parameter)
            place: AbstractContextManager[None] = hold_answer(self._socket)
            with place:
                await self._forward(channel.channel_id, endpoint.run(self._session, parameter, cancelled))
        except Exception as error:  # noqa: BLE001 (its caller hears of it; the others go on)
            await self._send(channel_error(channel.channel_id, await self._describe(error)))
        else:
            await self._send(channel_close(channel.channel_id))
        finally:
            del self._cancelled[channel.channel_id]

    async def _forward(self, channel_id: int, messages: Messages) -> None:
        """Send the messages of a channel. One thread owns their generator: it runs it, and closes it at the end."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sdk-channel")
        loop = asyncio.get_running_loop()
        stopping: asyncio.Event = self._socket.app.state.stopping
        try:
            while (message := await loop.run_in_executor(thread, next, messages, None)) is not None:
                if stopping.is_set():
                    raise ServerStoppingError
                if message:
                    await self._send(channel_send(channel_id, message))
        finally:
            thread.submit(messages.close)
            thread.shutdown(wait=False)

    async def _take_message(self, frame: ChannelSend) -> None:
        """Every message of a client in the channels that there are means one thing: stop."""
        if frame.ack_id is not None:
            await self._send(channel_ack(frame.channel_id, frame.ack_id))
        if (cancelled := self._cancelled.get(frame.channel_id)) is not None:
            cancelled.set()

    async def _send(self, frame: JsonObject) -> None:
        """Send a frame; to a client that has left, nothing: `serve` ends then, and with it the work."""
        text = encode_frame(frame)
        with suppress(*CLOSED):
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._socket.send_text(text)
            except TimeoutError:
                logger.info("a client of %s does not read what it is sent", self._namespace.name)
                await self._socket.close(POLICY_VIOLATION, "nobody reads")

    async def _describe(self, error: Exception) -> JsonObject:
        if is_unexpected(error):
            logger.error("an SDK's call failed", exc_info=error)
        return await run_in_threadpool(describe_failure, self._session, error)

    async def _watch_key(self) -> None:
        """Close the websocket once its key is revoked."""
        keys: KeyRing = self._socket.app.state.keys
        while await keys.find(self._key) is not None:
            await asyncio.sleep(RECHECK_SECONDS)
        await self._socket.close(POLICY_VIOLATION, "the key was revoked")
