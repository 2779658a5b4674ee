"""`pincite bench`: measure a machine through the same services that serve."""

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from api.commands.ingest import ingest_files
from api.commands.output import CommandError, add_row, messages, results, table, write_json
from api.commands.resources import default_model, open_services
from api.services import Services
from api.settings import AllSettings
from ingest.jobs.sources import find_files
from ingest.settings import CHECKOUT
from ingest.types import Collection
from rag.engines.types import Message, Sampling
from rag.types import Answer, AnswerDelta, Question, Search

SAMPLES = CHECKOUT / "data" / "samples"
SAMPLE_QUESTIONS = CHECKOUT / "data" / "make_samples" / "questions.jsonl"
MAX_QUESTIONS = 12
SEARCH_ROUNDS = 5
ANSWERS = 3
ANSWER_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Report:
    """The measurements, and what they were made with."""

    version: str
    machine: str
    cores: int
    model: str
    files: int
    pages: int
    chunks: int
    ingest_seconds: float
    pages_per_second: float
    chunks_per_second: float
    search_p50_ms: float
    search_p95_ms: float
    first_token_seconds: float
    tokens_per_second: float


def run(settings: AllSettings, folder: Path | None, *, as_json: bool) -> int:
    """Measure, in a temporary home, ingest, search and answers over a folder of documents."""
    folder = folder or SAMPLES
    if not folder.is_dir():
        raise CommandError(f"there is no folder {folder}; name one with documents to measure with", exit_code=2)
    with tempfile.TemporaryDirectory(prefix="pincite-bench-") as home:
        # The models stay in the home; only the library is temporary.
        model = default_model(settings)
        with open_services(settings.in_home(Path(home), model=str(model.path))) as services:
            report = _measure(services, folder, model.id)
    if as_json:
        write_json(asdict(report))
    else:
        rows = table("measured", "value")
        for name, value in asdict(report).items():
            add_row(rows, (name.replace("_", " "), f"{value:,.2f}" if isinstance(value, float) else value))
        results().print(rows)
    return 0


def _measure(services: Services, folder: Path, model: str) -> Report:
    files = list(find_files([folder]))
    messages().print("loading the models …")
    services.warm_up()
    warm_up = services.create_collection("warm-up")
    ingest_files(services, warm_up, files)
    services.delete_collection(warm_up)  # the library would copy known files instead of reading them
    collection = services.create_collection("bench")
    started = time.perf_counter()
    ingest_files(services, collection, files)
    ingest_seconds = time.perf_counter() - started
    documents = services.library.documents(collection.id)
    pages, chunks = sum(each.pages for each in documents), sum(each.chunks for each in documents)
    if not chunks:
        raise CommandError(f"no document in {folder} could be read; name a folder with documents")
    questions = _questions(services, collection, folder)
    searches = _search_seconds(services, collection, questions)
    return Report(
        version=metadata.version("pincite"),
        machine=_machine(),
        cores=len(os.sched_getaffinity(0)),
        model=model,
        files=len(documents),
        pages=pages,
        chunks=chunks,
        ingest_seconds=ingest_seconds,
        pages_per_second=pages / ingest_seconds,
        chunks_per_second=chunks / ingest_seconds,
        search_p50_ms=1000 * statistics.median(searches),
        search_p95_ms=1000 * statistics.quantiles(searches, n=20)[-1],
        first_token_seconds=statistics.median(
            _first_token_seconds(services, collection, question) for question in questions[:ANSWERS]
        ),
        tokens_per_second=_tokens_per_second(services),
    )


def _questions(services: Services, collection: Collection, folder: Path) -> list[str]:
    """Return the questions that belong to the samples; for other documents, the beginnings of some chunks."""
    if folder == SAMPLES:
        lines = SAMPLE_QUESTIONS.read_text(encoding="utf-8").splitlines()
        return [str(json.loads(line)["question"]) for line in lines if line.strip()][:MAX_QUESTIONS]
    firsts = (
        chunk
        for document in services.library.documents(collection.id)
        for chunk in services.library.document_chunks(collection.id, document.file_id)[:3]
    )
    return [stored.chunk.text[:80] for stored in firsts][:MAX_QUESTIONS]


def _search_seconds(services: Services, collection: Collection, questions: Sequence[str]) -> list[float]:
    seconds: list[float] = []
    for question in list(questions) * SEARCH_ROUNDS:
        started = time.perf_counter()
        services.retriever.retrieve(Search(question, (collection.id,)), services.settings.rag.top_k)
        seconds.append(time.perf_counter() - started)
    return seconds


def _first_token_seconds(services: Services, collection: Collection, question: str) -> float:
    """Return the time from a question to the first word of its answer, search and prompt included."""
    request = Question((Message("user", question),), (collection.id,), Sampling(max_tokens=1))
    started = time.perf_counter()
    with closing(services.answerer.answer(request)) as events:
        for event in events:
            if isinstance(event, Answer) or (isinstance(event, AnswerDelta) and event.text):
                break
    return time.perf_counter() - started


def _tokens_per_second(services: Services) -> float:
    """Return the model's speed between the first and the last token of one long answer."""
    turns = [Message("user", "Write a long story about a lighthouse keeper and her boat.")]
    first = last = 0.0
    tokens = 0
    with closing(services.models.open_engine(None).generate(turns, Sampling(max_tokens=ANSWER_TOKENS))) as deltas:
        for delta in deltas:
            last = time.perf_counter()
            first = first or (last if delta.text else 0.0)
            tokens = delta.usage.completion_tokens if delta.usage else tokens
    return max(tokens - 1, 0) / (last - first) if last > first else 0.0


def _machine() -> str:
    """Return the processor's name, if the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {platform.system()}"
