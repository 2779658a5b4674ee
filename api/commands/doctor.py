"""`pincite doctor`: check that every part works on this machine, with advice if one does not."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass

from rich.text import Text

from api.commands.output import results, strip_control_chars, style_status, write_json
from api.server import PortInUseError, open_socket
from api.services import open_parsers
from api.settings import AllSettings
from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from ingest.errors import IngestError
from ingest.library.library import Library
from ingest.principals import EVERY_OWNER
from ingest.runtime.confinement import Confined
from ingest.storage.home import DATABASE_NAME
from rag.engines.openai.client import server_from_settings
from rag.engines.types import Message, Sampling
from rag.errors import RagError
from rag.grounding.nli import EntailmentModel, find_entailment_model
from rag.models.registry import ModelRegistry
from rag.retrieval.reranking import CrossEncoderReranker, find_reranker

PARSER_SECONDS = 60.0
DOORS = {
    "network": "connect to the network",
    "files": "open other files",
    "programs": "start programs",
    "no_new_privileges": "gain privileges",
}
"""What each door of `Confined` leads to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: what works, or what is wrong and what to do about it."""

    check: str
    status: str
    detail: str


def run(settings: AllSettings, *, as_json: bool) -> int:
    """Check one part after the other; return 1 if any check fails."""
    findings: list[Finding] = []
    for finding in _run_checks(settings):
        findings.append(finding)
        if not as_json:
            line = Text.assemble(
                f"{finding.check:<10} ", style_status(finding.status), f"  {strip_control_chars(finding.detail)}"
            )
            results().print(line)
    if as_json:
        write_json([asdict(finding) for finding in findings])
    return 1 if any(finding.status == "failed" for finding in findings) else 0


def _run_checks(settings: AllSettings) -> Iterator[Finding]:
    yield _run_check("home", lambda: _check_home(settings))
    yield _run_check("embedder", lambda: _check_embedder(settings))
    yield _check_parsers(settings)
    if (name := settings.rag.reranker) is not None:
        yield _run_check("reranker", lambda: _check_reranker(name))
    if (judge := settings.rag.entailment_model) is not None:
        yield _run_check("entailment", lambda: _check_entailment(judge))
    yield _run_check("models", lambda: _check_models(settings))
    yield _run_check("engine", lambda: _check_engine(settings))
    yield _run_check("ports", lambda: _check_ports(settings))


def _run_check(check: str, check_part: Callable[[], str]) -> Finding:
    try:
        return Finding(check, "ok", check_part())
    except PortInUseError as error:
        return Finding(check, "warning", f"{error} (perhaps Pincite is running already)")
    except (IngestError, RagError, OSError) as error:
        return Finding(check, "failed", str(error))


def _check_home(settings: AllSettings) -> str:
    with closing(Library(settings.home)) as library:
        documents = library.as_owner(EVERY_OWNER).counts().total
    return f"{settings.home} can be written; it holds {documents} documents"


def _check_embedder(settings: AllSettings) -> str:
    folder = find_embedder(settings.ingest.embedder)
    with closing(WorkerEmbedder(folder, batch_size=settings.ingest.embed_batch)) as embedder:
        vector = embedder.embed_query("Does the embedder work?")
    return f"{folder.name} makes vectors of {vector.shape[0]} dimensions"


def _check_parsers(settings: AllSettings) -> Finding:
    """Start a parser and let it try what it must not do."""
    params = {"outside": str(settings.home / DATABASE_NAME)}
    try:
        with (
            closing(Library(settings.home)) as library,
            closing(open_parsers(settings.ingest, library, find_embedder(settings.ingest.embedder), size=1)) as parsers,
            parsers.lease() as parser,
        ):
            confined = parser.call("try_refused", params, Confined, timeout_seconds=PARSER_SECONDS)
    except (IngestError, OSError) as error:
        return Finding("parsers", "failed", str(error))
    if missing := [door for name, door in DOORS.items() if not getattr(confined, name)]:
        advice = "a flaw in a parser can do that here; this system's kernel has no Landlock or no seccomp"
        return Finding("parsers", "warning", f"parsers work, but they can {', '.join(missing)}: {advice}")
    return Finding("parsers", "ok", "parsers cannot connect, open other files, start programs or gain privileges")


def _check_reranker(name: str) -> str:
    with closing(CrossEncoderReranker(find_reranker(name))) as reranker:
        (score,) = reranker.scores("Does the reranker work?", ["The reranker works."])
    return f"{name} gives a sentence that answers a question {score:.2f}"


def _check_entailment(name: str) -> str:
    with closing(EntailmentModel(find_entailment_model(name))) as model:
        entailment = model.judge("The model works.", "The model works.")
    return f"{name} gives a sentence that a quote implies {entailment.entailed:.2f}"


def _check_models(settings: AllSettings) -> str:
    with closing(ModelRegistry(settings.rag)) as models:
        summary = (
            f"{', '.join(entry.id for entry in models.list_models())}; {models.find_default_id()} answers by default"
        )
    server = server_from_settings(settings.rag)
    note = server.describe_privacy() if server is not None else ""
    return f"{summary}; {note}" if note else summary


def _check_engine(settings: AllSettings) -> str:
    with closing(ModelRegistry(settings.rag)) as models:
        engine = models.open_engine(None)
        with closing(engine.generate([Message("user", "Say yes.")], Sampling(max_tokens=4))) as deltas:
            deltas_with_text = sum(bool(delta.text) for delta in deltas)
        info = engine.info()
    placement = info.placement or f"{info.gpu_layers} layers on a GPU"
    window = f"context window {info.context_window}, {info.threads} threads"
    return f"{info.id} generated {deltas_with_text} tokens; {window}; {placement}"


def _check_ports(settings: AllSettings) -> str:
    api = settings.api
    for host, port, option in ((api.host, api.port, "--port"), (api.ui_host, api.ui_port, "--ui-port")):
        open_socket(host, port, option=option).close()
    return f"{api.port} and {api.ui_port} are free"
