"""`pincite jobs`: documents that wait or are read, and what can be done with them."""

from collections.abc import Callable

from api.commands.ingest_progress import remaining
from api.commands.output import add_row, messages, printable, results, styled, table, write_json
from api.commands.resources import open_library
from api.objects import JsonObject, document_object, progress_object, queue_object
from api.settings import AllSettings
from ingest.errors import FileNotInLibraryError
from ingest.library.library import Library
from ingest.types import DocumentRecord

SHOWN = ("queued", "reading", "paused", "cancelled", "failed")


def list_jobs(settings: AllSettings, *, as_json: bool) -> int:
    """Show what waits, is read, was stopped or has failed."""
    with open_library(settings) as library:
        jobs = [document for document in library.documents() if document.status in SHOWN]
        state = library.queue_state()
    if as_json:
        write_json({**queue_object(state), "jobs": [_job(document) for document in jobs]})
        return 0
    shown = table("id", "collection", "status", "progress", "source")
    for job in jobs:
        add_row(shown, (job.file_id, job.collection, styled(job.status), _progress(job), job.source))
    results().print(shown)
    for job in jobs:
        if job.reason:
            messages().print(printable(f"{job.file_id}  {job.reason}"))
    paused = "; the queue is paused" if state.is_paused else ""
    left = remaining(state) if state.queued or state.reading else ""
    messages().print(f"{state.queued} wait, {state.reading} are read, {state.paused} paused{paused}  {left}".rstrip())
    return 0


def pause(settings: AllSettings, file_ids: list[str], *, as_json: bool) -> int:
    """Pause some documents, or the whole queue where none is named."""
    return _change(settings, file_ids, Library.pause, Library.pause_queue, "paused", as_json=as_json)


def resume(settings: AllSettings, file_ids: list[str], *, as_json: bool) -> int:
    """Go on with some documents, or with the whole queue where none is named."""
    return _change(settings, file_ids, Library.resume, Library.resume_queue, "resumed", as_json=as_json)


def cancel(settings: AllSettings, file_ids: list[str], *, as_json: bool) -> int:
    """Give up some documents; they stay listed."""
    return _change(settings, file_ids, Library.cancel, None, "cancelled", as_json=as_json)


def retry(settings: AllSettings, file_ids: list[str], password: str | None, *, as_json: bool) -> int:
    """Queue documents that failed or were cancelled again, with a password where one is given."""

    def again(library: Library, collection_id: str, file_id: str) -> DocumentRecord:
        return library.enqueue(collection_id, file_id, again=True, password=password)

    code = _change(settings, file_ids, again, None, "queued", as_json=as_json)
    messages().print("`pincite serve` or the next `pincite ingest` reads what is queued")
    return code


def _change(
    settings: AllSettings,
    file_ids: list[str],
    change: Callable[[Library, str, str], DocumentRecord],
    change_all: Callable[[Library], None] | None,
    done: str,
    *,
    as_json: bool,
) -> int:
    with open_library(settings) as library:
        if not file_ids and change_all is not None:
            change_all(library)
            messages().print(f"the queue is {done}")
        documents = [document for file_id in file_ids for document in _documents(library, file_id)]
        changed = [change(library, document.collection_id, document.file_id) for document in documents]
    if as_json:
        write_json([_job(document) for document in changed])
    if file_ids:
        messages().print(f"{len(changed)} {done}")
    return 0


def _documents(library: Library, file_id: str) -> list[DocumentRecord]:
    found = [document for document in library.documents() if document.file_id == file_id]
    if not found:
        raise FileNotInLibraryError(file_id=file_id)
    return found


def _job(document: DocumentRecord) -> JsonObject:
    return {**document_object(document), "progress": progress_object(document.progress)}


def _progress(document: DocumentRecord) -> str:
    progress = document.progress
    if document.status != "reading":
        return ""
    unit = "pages" if progress.stage == "reading" else "chunks"
    return f"{progress.done} of {progress.total} {unit}" if progress.total else progress.stage
