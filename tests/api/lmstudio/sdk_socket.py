"""A websocket as LM Studio's SDKs use it, over the application in process."""

import itertools
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.testclient import TestClient, WebSocketTestSession

GUEST = {"authVersion": 1, "clientIdentifier": "guest:tests", "clientPasskey": "none"}
PLAIN_MODEL = {"type": "query", "query": {"identifier": "scripted"}}


class SdkSocket:
    """One websocket whose greeting was accepted. Calls and channels are numbered as the Python SDK does."""

    def __init__(self, session: WebSocketTestSession) -> None:
        self.session = session
        self._numbers = itertools.count(1)

    def call(self, endpoint: str, parameter: Any = None) -> Any:
        """Return the result of a call."""
        answer = self.call_raw(endpoint, parameter)
        assert answer["type"] == "rpcResult", answer
        return answer.get("result")

    def fail(self, endpoint: str, parameter: Any = None) -> Any:
        """Return the error of a call."""
        answer = self.call_raw(endpoint, parameter)
        assert answer["type"] == "rpcError", answer
        return answer["error"]

    def call_raw(self, endpoint: str, parameter: Any = None) -> Any:
        number = next(self._numbers)
        frame = {"type": "rpcCall", "endpoint": endpoint, "callId": number}
        self.session.send_json(frame if parameter is None else {**frame, "parameter": parameter})
        answer = self.session.receive_json()
        assert answer["callId"] == number
        return answer

    def open(self, endpoint: str, parameter: Any) -> int:
        """Open a channel, and return its number."""
        number = next(self._numbers)
        self.session.send_json(
            {"type": "channelCreate", "endpoint": endpoint, "channelId": number, "creationParameter": parameter}
        )
        return number

    def messages(self, number: int) -> Iterator[Any]:
        """Yield the messages of a channel to its end; the error of one that fails is the last."""
        while (frame := self.session.receive_json())["type"] == "channelSend":
            assert frame["channelId"] == number
            yield frame["message"]
        if frame["type"] == "channelError":
            yield frame

    def run(self, endpoint: str, parameter: Any) -> list[Any]:
        """Return the messages of a channel."""
        return list(self.messages(self.open(endpoint, parameter)))


@contextmanager
def connect(client: TestClient, namespace: str, greeting: Any = None, **headers: str) -> Generator[SdkSocket]:
    """Open a websocket and say who connects."""
    with client.websocket_connect(f"ws://127.0.0.1/{namespace}", headers=headers) as session:
        session.send_json(greeting or GUEST)
        assert session.receive_json() == {"success": True}
        yield SdkSocket(session)


def config(**values: Any) -> Any:
    """Return a configuration of predictions, by LM Studio's keys."""
    fields = [{"key": f"llm.prediction.{key}", "value": value} for key, value in values.items()]
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


def prediction(text: str, model: Any = None, **values: Any) -> Any:
    """Return the parameter of a prediction."""
    return {
        "modelSpecifier": model or PLAIN_MODEL,
        "history": {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]},
        "predictionConfigStack": config(**values),
    }
