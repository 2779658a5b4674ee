"""Parts that tests put in place of a model or a parser; they keep the promises of what they stand for."""

import hashlib
import re
from collections.abc import Callable, Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.types import (
    BlockKind,
    Chunk,
    ChunkedDocument,
    EmbedderPassport,
    Page,
    ParsedDocument,
)
from rag.engines.serving.sequence import StopScanner, limit_max_tokens
from rag.engines.types import (
    Alternative,
    Delta,
    FinishReason,
    Message,
    ModelInfo,
    Sampling,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolUse,
    Usage,
)
from rag.errors import PromptTooLongError

_WORD = re.compile(r"\w+")


class HashEmbedder:
    """An `Embedder` without a model: a text is the sum of its words, each word a fixed random direction.

    The same text has the same vector, texts that share words are similar, others nearly orthogonal. A test can
    have `on_embed` called before each batch.
    """

    def __init__(self, dimension: int = 256) -> None:
        self._dimension = dimension
        self.calls: list[list[str]] = []
        self.on_embed: Callable[[Sequence[str]], None] = lambda _: None

    @property
    def dimension(self) -> int:
        return self._dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls.append(list(texts))
        self.on_embed(texts)
        rows = [self._vector(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self._dimension)

    def embed_query(self, query: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self.embed([query])[0]
        return vector

    def _vector(self, text: str) -> NDArray[np.float32]:
        words = _WORD.findall(text.casefold()) or [""]
        total = np.sum([self._direction(word) for word in words], axis=0)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)

    def _direction(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        return np.random.default_rng(seed).standard_normal(self._dimension)


Script = Sequence[str | ToolCall | Exception]


class ScriptedEngine:
    """An `Engine` without a model: it says its script, one token a piece, makes its tool calls and raises its errors.

    A call is streamed in three pieces: its name, then its arguments in two parts. A script may be a function of the
    messages. A prompt has as many tokens as it has words, and two for each message. Each token's log-probability is
    -0.5, where that is asked for. `requests` has what was asked, `texts` what was to be continued, `clients` by whom,
    `tools` with which tools, `prefilled` what was read ahead; `closed_early` counts the answers that nobody read to the
    end.
    """

    def __init__(
        self, script: Script | Callable[[Sequence[Message]], Script] = ("Yes", "."), *, context_window: int = 4_096
    ) -> None:
        self._script = script
        self._context_window = context_window
        self.requests: list[tuple[tuple[Message, ...], Sampling]] = []
        self.clients: list[str] = []
        self.tools: list[ToolUse | None] = []
        self.texts: list[str] = []
        self.prefilled: list[tuple[tuple[Message, ...], tuple[str, ...]]] = []
        self.closed_early = 0

    def info(self) -> ModelInfo:
        return ModelInfo("scripted", "scripted.gguf", "script", self._context_window, 0, 1, 0)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(2 + len(message.content.split()) for message in messages)

    def render(self, messages: Sequence[Message]) -> str:
        return "\n".join(f"{message.role}: {message.content}" for message in messages)

    def tokenize(self, text: str) -> list[int]:
        return [len(word) for word in text.split()]

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        self.clients.append(client)
        self.tools.append(tools)
        self.requests.append((tuple(messages), sampling))
        prompt_tokens = self.count_tokens(messages)
        if prompt_tokens >= self._context_window:
            raise PromptTooLongError(prompt_tokens=prompt_tokens, context_window=self._context_window)
        room = limit_max_tokens(
            prompt_tokens=prompt_tokens, context_window=self._context_window, max_tokens=sampling.max_tokens
        )
        try:
            script = self._script(messages) if callable(self._script) else self._script
            yield from _say(script, sampling, room, prompt_tokens)
        except GeneratorExit:
            self.closed_early += 1
            raise

    def complete(self, text: str, sampling: Sampling, *, client: str = "") -> Generator[Delta, None, None]:
        self.texts.append(text)
        yield from self.generate([Message("user", text)], sampling, client=client)

    def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
        self.prefilled.append((tuple(messages), tuple(documents)))
        return self.count_tokens(messages)


def _say(script: Script, sampling: Sampling, room: int, prompt_tokens: int) -> Generator[Delta, None, None]:
    scanner = StopScanner(sampling.stop)
    said = calls = 0
    logprobs: list[TokenLogprob] = []
    for piece in script[:room]:
        if isinstance(piece, Exception):
            raise piece
        said += 1
        if isinstance(piece, ToolCall):
            yield from _stream_call(calls, piece)
            calls += 1
            continue
        if sampling.top_logprobs is not None:
            logprobs.append(_logprob(piece, sampling.top_logprobs))
        if text := scanner.push(piece):
            yield Delta(text, logprobs=tuple(logprobs))
            logprobs.clear()
        if scanner.has_stopped:
            break
    is_cut = said < len(script) and not scanner.has_stopped
    reason: FinishReason = "length" if is_cut else "tool_calls" if calls else "stop"
    yield Delta(scanner.flush(), reason, Usage(prompt_tokens, said), tuple(logprobs))


def _stream_call(index: int, call: ToolCall) -> Generator[Delta, None, None]:
    half = len(call.arguments) // 2
    yield Delta("", tool_calls=(ToolCallDelta(index, call.id, call.name),))
    for part in (call.arguments[:half], call.arguments[half:]):
        yield Delta("", tool_calls=(ToolCallDelta(index, arguments=part),))


def _logprob(piece: str, alternatives: int) -> TokenLogprob:
    others = [piece, *(f"{piece}{number}" for number in range(1, alternatives))][:alternatives]
    top = tuple(Alternative(other.encode(), -0.5 - rank) for rank, other in enumerate(others))
    return TokenLogprob(piece.encode(), -0.5, top)


class WordTokenizer:
    """A `SpanTokenizer` that counts words."""

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]


def passport(dimension: int = 256) -> EmbedderPassport:
    """The passport of a `HashEmbedder`."""
    return EmbedderPassport("hash", "1", dimension, "", normalized=True, chunker="test")


def chunked(*texts: str, title: str = "Title", warnings: tuple[str, ...] = ()) -> ChunkedDocument:
    """A document of one page a text, each page one chunk."""
    pages: list[Page] = []
    chunks: list[Chunk] = []
    position = 0
    for number, text in enumerate(texts, start=1):
        end = position + len(text)
        pages.append(Page(number, position, end))
        chunks.append(Chunk(position, end, text, number, number, BlockKind.PROSE, (), title))
        position = end + 2
    document = ParsedDocument(title, "text/plain", "\n\n".join(texts), tuple(pages), warnings=warnings)
    return ChunkedDocument(document, tuple(chunks))
