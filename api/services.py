"""The composition root: the one module that builds the parts of Pincite and connects them.

Nothing heavy starts here. Parsers, the embedder and models are processes that start at their first use; `get_ready`
starts those that a server needs before the first question.
"""

import copy
import logging
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Protocol

from api.embeddings import EmbeddingModel
from api.settings import AllSettings
from api.wire.health import PartState
from ingest.embedders.embedder import EmbedderInfo, WorkerEmbedder, find_embedder
from ingest.embedders.vocabulary_fit import VocabularyFit
from ingest.errors import ChunksTooLongError, IngestError, LibraryError
from ingest.index.search_index import SearchIndex
from ingest.jobs.pipeline import SPARE_PARSERS, Ingestor, ParserLimits, create_parser_pool
from ingest.jobs.queue import IngestQueue
from ingest.library.library import Library
from ingest.library.pages import PageImages
from ingest.library.part_uploads import PartUploads
from ingest.principals import EVERY_OWNER, Principal
from ingest.runtime.atomic_files import SCRATCH, create_locked_folder
from ingest.runtime.worker_pool import WorkerPool
from ingest.settings import IngestSettings
from ingest.storage.database import describe_damage
from ingest.types import (
    AttributeValue,
    Collection,
    CollectionChanges,
    DocumentRecord,
    Embedder,
    FileAddition,
    FileBatch,
)
from ingest.upkeep.expiry import ExpirySweeper
from rag.answering import Answerer
from rag.context.answer_policy import AnswerPolicy
from rag.context.passage_memory import PassageMemory
from rag.context.prefill import BackgroundPrefill
from rag.conversations.provenance import ProvenanceCollector
from rag.conversations.store import Conversations
from rag.engines.types import Engine
from rag.errors import RagError
from rag.grounding.evidence import EvidenceFinder
from rag.grounding.hidden_text import ModelView
from rag.grounding.nli import EntailmentModel, find_entailment_model
from rag.models.load_overrides import LoadOverrides
from rag.models.registry import ModelEntry, ModelRegistry
from rag.retrieval.hybrid import Retriever
from rag.retrieval.reranking import CrossEncoderReranker, find_reranker
from rag.settings import select_decisive_settings

logger = logging.getLogger(__name__)

WARM_UP_RETRY_SECONDS = 30.0


class EmbedderProcess(Embedder, Protocol):
    """An embedder that can be loaded ahead of its first text, and ended."""

    def start(self) -> None: ...

    def close(self) -> None: ...


class ModelSource(Protocol):
    """Opens engines by the name of their model; see `rag.models.registry.ModelRegistry`."""

    def list_models(self) -> Sequence[ModelEntry]: ...

    def open_engine(self, model: str | None) -> Engine: ...

    def preview_engine(self, model: str | None) -> Engine: ...

    def load(self, model: str | None, overrides: LoadOverrides | None = None) -> str: ...

    def unload(self, model: str) -> str: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether questions can be answered; `problems` say why not."""

    embedder: PartState = "loading"
    model: PartState = "loading"
    problems: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether everything that an answer needs is loaded."""
        return self.embedder == self.model == "ok"


def open_parsers(
    ingest: IngestSettings, library: Library, embedder: EmbedderInfo, *, size: int, spare: int = 0
) -> WorkerPool:
    """Return the processes that read the files of a library, and chunk them for an embedder."""
    return create_parser_pool(
        tokenizer=str(embedder.tokenizer_path),
        max_tokens=ingest.chunk_tokens,
        limits=_parser_limits(ingest),
        size=size,
        spare=spare,
        originals=library.storage.originals.folder,
        scratch=library.storage.scratch,
        with_ocr=ingest.ocr,
    )


def _parser_limits(ingest: IngestSettings) -> ParserLimits:
    return ParserLimits(
        timeout_seconds=ingest.parser_timeout_seconds,
        memory_bytes=ingest.parser_memory_mb << 20,
        file_seconds=ingest.parser_file_timeout_seconds,
        cpu_seconds=ingest.parser_cpu_seconds,
    )


class Services:
    """The parts that requests and commands work with, and the few steps that need several of them.

    Safe to use from many threads. `embedder` and `models` are real unless a test hands in its own; they
    are closed with the rest. A request waits `load_patience_seconds` for a model that is loading, None to the end.
    Raises `EmbedderNotFoundError`, `RerankerNotFoundError`, `RerankerUnfitError`,
    `EntailmentModelNotFoundError`, `EntailmentModelUnfitError`, `ChunksTooLongError` and `LibraryError`.
    """

    def __init__(
        self,
        settings: AllSettings,
        *,
        embedder: EmbedderProcess | None = None,
        models: ModelSource | None = None,
        load_patience_seconds: float | None = None,
    ) -> None:
        ingest, rag = settings.ingest, settings.rag
        folder = find_embedder(ingest.embedder)
        self.reranker = CrossEncoderReranker(find_reranker(rag.reranker)) if rag.reranker else None
        named = rag.entailment_model
        self.entailment = EntailmentModel(find_entailment_model(named)) if named else None
        if ingest.chunk_tokens > folder.max_tokens:
            raise ChunksTooLongError(chunk_tokens=ingest.chunk_tokens, limit=folder.max_tokens, embedder=folder.name)
        self.settings = settings
        self.max_chunk_tokens = folder.max_tokens
        self.readiness = Readiness()
        self._ready_again: threading.Timer | None = None
        self._inspection: threading.Thread | None = None
        self._is_closed = False
        self.library = Library(settings.home)
        self.models: ModelSource = models or ModelRegistry(rag, patience_seconds=load_patience_seconds)
        self._passport = folder.passport()
        self.embedder = embedder or WorkerEmbedder(folder, batch_size=ingest.embed_batch)
        self.embedding_model = EmbeddingModel(folder, self.embedder)
        self._parsers = open_parsers(ingest, self.library, folder, size=ingest.parser_workers, spare=SPARE_PARSERS)
        # Pages are rendered by a process of their own, so that checking a citation does not wait for an ingest.
        self._renderers = open_parsers(ingest, self.library, folder, size=1)
        # Documents that a request brings along wait for neither.
        self._transient_parsers = open_parsers(ingest, self.library, folder, size=1)
        self._vocabulary_fit = VocabularyFit(folder.tokenizer_path).score
        self._memory = PassageMemory()
        self._connect(self.library, self._parsers, self._memory)
        everything = self.library.as_owner(EVERY_OWNER)
        self.page_images = PageImages(everything, self._renderers)
        self.queue = IngestQueue(everything, self.ingestor)
        self.part_uploads = PartUploads(self.library.storage, max_bytes=ingest.max_upload_bytes)
        self.expiry = ExpirySweeper(everything, self.index.forget)
        provenance = ProvenanceCollector(
            everything,
            self.models.preview_engine,
            settings=select_decisive_settings(rag),
            version=metadata.version("pincite"),
        )
        self.conversations = Conversations(self.library, provenance, self._memory)
        self._prefill = BackgroundPrefill(
            self.library, self.answerer.build_prefix, self.models.open_engine, self._has_default_model
        )

    def _connect(self, library: Library, parsers: WorkerPool, memory: PassageMemory) -> None:
        """Build the parts that read documents into a library and answer from it."""
        rag = self.settings.rag
        # What works on ids that a principal's own view has let through, and on the documents of all, sees everything.
        everything = library.as_owner(EVERY_OWNER)
        self.index = SearchIndex(everything)
        self.ingestor = Ingestor(
            library,
            parsers,
            self.embedder,
            self.index,
            passport=self._passport,
            limits=_parser_limits(self.settings.ingest),
        )
        self.retriever = Retriever(
            everything,
            self.index,
            self.embedder,
            fusion_weight=rag.fusion_weight,
            vocabulary_fit=self._vocabulary_fit,
            reranker=self.reranker,
        )
        self.answerer = Answerer(
            everything,
            self.retriever,
            EvidenceFinder(everything, self.embedder, self.retriever.sentences),
            self.models.open_engine,
            AnswerPolicy(
                rag.top_k,
                rag.min_score,
                rag.max_answer_tokens,
                rag.rewrite_questions,
                rag.answer_style,
                ModelView(with_hidden=rag.hidden_in_prompts),
            ),
            judge=self.entailment,
            memory=memory,
            preview_for=self.models.preview_engine,
        )

    @contextmanager
    def open_transient(self) -> Generator["Services"]:
        """Yield the same services over an empty library, which is gone at the end with everything in it.

        For documents that a request brings along. What asks the library or adds to it works there; conversations, the
        queue and pictures of pages do not. Raises `LibraryError` if nothing can be written in the home.
        """
        storage = self.library.storage
        with (
            storage.translate_disk_errors("there is no room for the documents of a request"),
            create_locked_folder(storage.scratch, SCRATCH) as folder,
        ):
            view = copy.copy(self)
            view.library = Library(folder)
            try:
                view._connect(view.library, self._transient_parsers, PassageMemory())
                yield view
            finally:
                view.library.close()

    def as_principal(self, principal: Principal) -> "Services":
        """Return the same services as a principal may use them: `library` and `conversations` are its own view.

        The one place that decides what a request can reach: routes take these services, and what they look up there
        exists for them or does not.
        """
        if principal.name == self.library.owner:
            return self
        view = copy.copy(self)
        view.library = self.library.as_owner(principal.name)
        view.conversations = Conversations(view.library, self.conversations.provenance, self._memory)
        return view

    def create_collection(self, name: str) -> Collection:
        """Make an empty collection for the configured embedder; raises `CollectionExistsError`."""
        return self.library.create_collection(name, self._passport)

    def add_collection(self, label: str, changes: CollectionChanges) -> Collection:
        """Make an empty collection under a label that others may have too."""
        return self.library.add_collection(label, self._passport, changes)

    def searchable(self, name_or_id: str) -> Collection:
        """Return a collection that can be searched and added to.

        Raises `CollectionNotFoundError`, and `PassportMismatchError` if another embedder built it.
        """
        collection = self.library.collection(name_or_id)
        self.ingestor.check_passport(collection)
        if collection.expires_after_days is not None:
            self.expiry.touch(collection.id)
        return collection

    def drop_collection(self, collection: Collection) -> None:
        """Delete a collection with its documents and its index; the files stay."""
        self.library.drop_collection(collection.id)
        self.index.forget(collection.id)

    def delete_collection(self, collection: Collection) -> None:
        """Delete a collection with its documents, its index, and the files that no other has."""
        self.library.delete_collection(collection.id)
        self.index.forget(collection.id)

    def add_document(
        self,
        collection: Collection,
        file_id: str,
        *,
        password: str | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
        replace: bool = False,
        chunk_tokens: int | None = None,
    ) -> DocumentRecord:
        """Add a file to a collection and index it in the background, unless it is there already.

        With `replace` it takes the place of the newest document of the same name. No chunk is longer than
        `chunk_tokens`, nor than the embedder reads.
        """
        document = self.library.enqueue(
            collection.id,
            file_id,
            password=password,
            attributes=attributes,
            replace=replace,
            chunk_tokens=chunk_tokens and min(chunk_tokens, self.max_chunk_tokens),
        )
        self.queue.wake()
        return document

    def add_batch(self, collection: Collection, additions: Sequence[FileAddition]) -> FileBatch:
        """Add files to a collection as `add_document` does, all or none."""
        fitting = [
            replace(addition, chunk_tokens=min(addition.chunk_tokens, self.max_chunk_tokens))
            if addition.chunk_tokens
            else addition
            for addition in additions
        ]
        batch = self.library.enqueue_batch(collection.id, fitting)
        self.queue.wake()
        return batch

    def warm_up(self) -> None:
        """Load the embedder, the reranker and verifier beside it, and the default model; `readiness` has the result."""
        if self._is_closed:
            return
        embedder, embedder_problem = self._load(self._start_search)
        self.readiness = replace(self.readiness, embedder=embedder)
        model, model_problem = self._load(lambda: self.models.load(None))
        self.readiness = Readiness(embedder, model, (*embedder_problem, *model_problem, *self._find_hindrances()))

    def get_ready(self) -> None:
        """Warm up, and retry later if something fails; once all is loaded, prefill small collections while idle.

        Meanwhile the whole database is looked through for damage.
        """
        if self._inspection is None:
            self._inspection = threading.Thread(target=self._inspect, name="inspection", daemon=True)
            self._inspection.start()
        self.warm_up()
        if self._is_closed:
            return
        if self.readiness.is_ready:
            if self.settings.rag.read_ahead_mb:
                self._prefill.start()
            return
        self._ready_again = threading.Timer(WARM_UP_RETRY_SECONDS, self.get_ready)
        self._ready_again.daemon = True
        self._ready_again.start()

    def close(self) -> None:
        """End every process and close the library, once. Documents that are being read are queued again."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._ready_again is not None:
            self._ready_again.cancel()
        self._prefill.close()
        self.expiry.close()
        self.part_uploads.close()
        self.queue.close()
        self.index.save_all()
        # The library closes before the parsers, so that a document whose parser is ended is not recorded as failed.
        self.library.close()
        self._parsers.close()
        self._renderers.close()
        self._transient_parsers.close()
        self.embedder.close()
        for optional in (self.reranker, self.entailment):
            if optional is not None:
                optional.close()
        self.models.close()

    def _has_default_model(self) -> bool:
        return any(entry.is_loaded for entry in self.models.list_models()[:1])

    def _inspect(self) -> None:
        """Look for damage in the background; questions are answered meanwhile."""
        self.library.look_for_damage()
        for hindrance in self._find_hindrances():
            logger.error("%s", hindrance)
        self.readiness = replace(
            self.readiness, problems=tuple(dict.fromkeys((*self.readiness.problems, *self._find_hindrances())))
        )

    def _find_hindrances(self) -> tuple[str, ...]:
        """Return why the library can be searched, but not changed."""
        home = str(self.library.home)
        if self.library.is_read_only:
            return (f"the library in {home} can be searched, but not changed: no permission to write in it",)
        if self.library.damage:
            return (str(LibraryError(home=home, detail=describe_damage(self.library.damage))),)
        return ()

    def _start_search(self) -> None:
        self.embedder.start()
        for optional in (self.reranker, self.entailment):
            if optional is not None:
                optional.start()

    def _load(self, load: Callable[[], object]) -> tuple[PartState, tuple[str, ...]]:
        try:
            load()
        except (IngestError, RagError) as error:
            problem = str(error)
            if not self._is_closed and problem not in self.readiness.problems:
                logger.warning("not ready: %s", problem)
            return "failed", (problem,)
        return "ok", ()
