"""What crosses HTTP is what this process would say: the decoder takes back all that the server's encoder gives."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.backends.errors import BackendError, ServerConfusedError, ServerLostError, ServerRefusedError
from api.backends.http_backend import HttpBackend
from api.backends.stream_decoder import StreamDecoder
from api.backends.types import BackendEvent, CompleteAnswer, TextDelta
from api.citing.page_links import PageLinks
from api.completions import CompletionFrame
from api.http.sse import DONE_EVENT
from api.server import open_socket, reachable
from api.wire.answers import (
    AnswerBasis,
    AnswerCheck,
    CheckedChunk,
    CheckedSentence,
    ProgressChunk,
    ProgressDetails,
    citations_of,
)
from api.wire.chat import ChatRequest
from api.wire.chat_chunks import ChunkDelta
from api.wire.search import SearchRequest
from ingest.principals import LOCAL
from rag.types import Answer, AnswerProgress, AnswerStarted, Citation, Conflict, PinnedSentence, Quote, StatedValue

FRAME = CompletionFrame("docs/x", PageLinks("http://127.0.0.1", LOCAL))
QUESTION = ChatRequest.model_validate({"model": "docs/x", "messages": [{"role": "user", "content": "Why?"}]})
URL = "http://127.0.0.1:1"

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
_quotes = st.from_type(Quote)
_conflicts = st.builds(Conflict, st.tuples(st.builds(StatedValue, _quotes, st.integers(0, 9), st.integers(0, 9))))
_answers = st.builds(
    Answer,
    text=st.text(),
    citations=st.lists(st.from_type(Citation), max_size=3).map(tuple),
    evidence=st.lists(_quotes, max_size=2).map(tuple),
    disagreements=st.lists(_conflicts, max_size=1).map(tuple),
    passages=st.just(()),
)


def decode(*events: bytes) -> list[BackendEvent]:
    decoder = StreamDecoder(URL)
    return [
        decoded
        for event in events
        for decoded in decoder.decode(event.decode().removeprefix("data: ").removesuffix("\n\n"))
    ]


@given(answer=_answers, pieces=st.lists(st.text(min_size=1), max_size=4))
def test_a_complete_answer_is_decoded_as_it_was(answer: Answer, pieces: list[str]) -> None:
    deltas = [FRAME.event(0, ChunkDelta(content=piece)) for piece in pieces]
    last = FRAME.last_event(0, ChunkDelta(), answer, None)
    complete = CompleteAnswer("".join(pieces), tuple(citations_of(answer)), AnswerCheck.of(answer))
    assert decode(*deltas, last) == [*map(TextDelta, pieces), complete]


@given(evidence=st.lists(_quotes, max_size=3).map(tuple), reason=st.text())
def test_the_basis_of_an_answer_is_decoded_as_it_was(evidence: tuple[Quote, ...], reason: str) -> None:
    basis = AnswerBasis.of(AnswerStarted("retrieval", reason, (), evidence))
    assert decode(FRAME.event(0, ChunkDelta(role="assistant", content=""), pincite=basis)) == [basis]


@given(progress=st.from_type(AnswerProgress))
def test_progress_is_decoded_as_it_was(progress: AnswerProgress) -> None:
    details = ProgressDetails.model_validate(progress)
    assert decode(FRAME.event(0, ChunkDelta(), pincite=ProgressChunk(progress=details))) == [details]


@given(pinned=st.from_type(PinnedSentence))
def test_a_checked_sentence_waits_for_the_complete_answer(pinned: PinnedSentence) -> None:
    assert decode(FRAME.event(0, ChunkDelta(), pincite=CheckedChunk(checked=CheckedSentence.of(pinned)))) == []


@contextmanager
def server_that_says(content: bytes) -> Generator[HttpBackend]:
    """Answer one request with these bytes, and hang up."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as request:
            # Hanging up on bytes that nobody read resets the connection, and the client may lose the answer.
            length = 0
            while line := request.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            request.read(length)
            connection.sendall(content)

    with open_socket("127.0.0.1", 0, option="--port") as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        url = reachable("127.0.0.1", listener.getsockname()[1])
        backend = HttpBackend(url, api_key=None, named_model=None, notify=pytest.fail)
        try:
            yield backend
        finally:
            backend.close()
            thread.join(10)


def head(kind: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()


def ask(backend: HttpBackend) -> object:
    return list(backend.answer(QUESTION))


def search(backend: HttpBackend) -> object:
    return backend.search("x", SearchRequest.model_validate({"query": "Why?"}))


DELTA = FRAME.event(0, ChunkDelta(content="It is"))
FAILURE = (
    b'data: {"error": {"message": "no disk", "type": "server_error", "param": null, "code": "engine_crashed"}}\n\n'
)


@pytest.mark.parametrize(
    ("work", "content", "error"),
    [
        (ask, b"", ServerLostError),
        (search, b"", ServerLostError),
        (ask, head("text/event-stream") + DELTA, ServerLostError),
        (ask, head("text/event-stream") + DELTA + FAILURE, ServerRefusedError),
        (ask, head("text/event-stream") + b"data: nonsense\n\n", ServerConfusedError),
        (ask, head("text/event-stream") + b'data: {"choices": 1}\n\n', ServerConfusedError),
        (ask, head("text/html") + b"<p>Hello", ServerConfusedError),
        (search, head("text/html") + b"<p>Hello", ServerConfusedError),
        (search, head("application/json") + b"[]", ServerConfusedError),
        (search, head("text/html", "502 Bad Gateway") + b"<p>Sorry", ServerConfusedError),
        (ask, head("application/json", "503 Busy") + FAILURE.removeprefix(b"data: "), ServerRefusedError),
    ],
)
def test_every_way_in_which_a_server_fails_has_words_of_its_own(
    work: Callable[[HttpBackend], object], content: bytes, error: type[BackendError]
) -> None:
    with server_that_says(content) as backend, pytest.raises(error):
        work(backend)


def test_a_stream_that_ends_as_it_should_raises_nothing() -> None:
    with server_that_says(head("text/event-stream") + DELTA + DONE_EVENT) as backend:
        assert ask(backend) == [TextDelta("It is")]


def test_a_chunk_of_another_shape_is_refused() -> None:
    last = b'{"id": "", "created": 0, "model": "", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'
    with pytest.raises(ValidationError):
        decode(b"data: " + last)
