"""`pincite jobs`: list, pause, resume, cancel and retry documents in the queue."""

from collections.abc import Callable

from api.commands.documents import find_documents
from api.commands.ingest_progress import format_remaining_time
from api.commands.output import add_row, messages, results, strip_control_chars, style_status, table, write_json
from api.commands.resources import open_library
from api.settings import AllSettings
from api.wire.base import JsonObject
from api.wire.documents import DocumentObject
from api.wire.queue import QueueObject
from api.wire.vector_stores import ProgressObject
from ingest.library.library import Library
from ingest.types import DocumentRecord, DocumentStatus

LISTED_STATUSES: tuple[DocumentStatus, ...] = ("queued", "reading", "paused", "cancelled", "failed")


def list_jobs(settings: AllSettings, *, as_json: bool) -> int:
    """Show documents that are queued, being read, paused, cancelled or failed."""
    with open_library(settings) as library:
        jobs = library.documents(statuses=LISTED_STATUSES)
        state = library.queue_state()
    if as_json:
        write_json({**QueueObject.of(state).json_object(), "jobs": [_job(document) for document in jobs]})
        return 0
    rows = table("id", "collection", "status", "progress", "source")
    for job in jobs:
        add_row(rows, (job.file_id, job.collection, style_status(job.status), _progress(job), job.source))
    results().print(rows)
    for job in jobs:
        if job.reason:
            messages().print(strip_control_chars(f"{job.file_id}  {job.reason}"))
    paused = "; the queue is paused" if state.is_paused else ""
    left = format_remaining_time(state) if state.queued or state.reading else ""
    messages().print(
        f"{state.queued} queued, {state.reading} being read, {state.paused} paused{paused}  {left}".rstrip()
    )
    return 0


def pause(settings: AllSettings, file_ids: list[str], *, as_json: bool) -> int:
    """Pause documents, or the whole queue if none is named."""
    return _change(settings, file_ids, Library.pause, Library.pause_queue, "paused", as_json=as_json)


def resume(settings: AllSettings, file_ids: list[str], *, as_json: bool) -> int:
    """Resume documents, or the whole queue if none is named."""
    return _change(settings, file_ids, Library.resume, Library.resume_queue, "resumed", as_json=as_json)


def cancel(settings: AllSettings, file_ids: list[str], *, as_json: bool) -> int:
    """Cancel documents; they stay listed."""
    return _change(settings, file_ids, Library.cancel, None, "cancelled", as_json=as_json)


def retry(settings: AllSettings, file_ids: list[str], password: str | None, *, as_json: bool) -> int:
    """Queue failed or cancelled documents again, with a password if one is given."""

    def enqueue_again(library: Library, collection_id: str, file_id: str) -> DocumentRecord:
        return library.enqueue(collection_id, file_id, again=True, password=password)

    code = _change(settings, file_ids, enqueue_again, None, "queued", as_json=as_json)
    messages().print("`pincite serve` or the next `pincite ingest` reads the queued documents")
    return code


def _change(
    settings: AllSettings,
    file_ids: list[str],
    change: Callable[[Library, str, str], DocumentRecord],
    change_all: Callable[[Library], None] | None,
    outcome: str,
    *,
    as_json: bool,
) -> int:
    with open_library(settings) as library:
        if not file_ids and change_all is not None:
            change_all(library)
            messages().print(f"the queue is {outcome}")
        documents = [document for file_id in file_ids for document in find_documents(library, file_id)]
        changed = [change(library, document.collection_id, document.file_id) for document in documents]
    if as_json:
        write_json([_job(document) for document in changed])
    if file_ids:
        messages().print(f"{len(changed)} {outcome}")
    return 0


def _job(document: DocumentRecord) -> JsonObject:
    return {**DocumentObject.of(document).json_object(), "progress": ProgressObject.of(document.progress).json_object()}


def _progress(document: DocumentRecord) -> str:
    progress = document.progress
    if document.status != "reading":
        return ""
    unit = "pages" if progress.stage == "reading" else "chunks"
    return f"{progress.done} of {progress.total} {unit}" if progress.total else progress.stage
