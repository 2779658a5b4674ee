"""Have documents read, and show how far that is: progress bars of `pincite ingest`."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from api.commands.output import messages, strip_control_chars
from ingest.library.library import Library
from ingest.storage.reader_lock import is_unattended
from ingest.types import Collection, DocumentRecord, QueueState

if TYPE_CHECKING:
    from api.services import Services

POLL_SECONDS = 0.15


def show_hashing(files: Sequence[Path]) -> Iterator[Path]:
    """Yield files while a bar shows how many have been hashed."""
    with _bar() as bar:
        task = bar.add_task("hashing", total=len(files), left="")
        for file in files:
            yield file
            bar.advance(task)


def start_reading(services: "Services") -> None:
    """Have the queued documents read in the background; say so once if another process of the home does that."""
    queue = services.queue
    if not queue.is_started and not is_unattended(services.library.home, services.ingestor.passport):
        messages().print("another process of this home, such as its server, reads the documents; waiting for it")
    queue.start()
    queue.wake()


def wait_for_documents(library: Library, collection: Collection, documents: Sequence[DocumentRecord]) -> None:
    """Show progress until all documents are read, by this process or another; a paused queue ends the wait."""
    with _bar() as bar:
        task = bar.add_task("reading", total=len(documents), left="")
        lines: dict[str, TaskID] = {}
        while (state := library.queue_state([collection.id])).queued or state.reading:
            if state.is_paused and not state.reading:
                messages().print("the queue is paused; `pincite jobs resume` continues it")
                return
            done = max(len(documents) - state.queued - state.reading - state.paused, 0)
            bar.update(task, completed=done, left=format_remaining_time(state))
            _update_lines(bar, lines, library.documents(collection.id, statuses=["reading"]))
            time.sleep(POLL_SECONDS)


def _update_lines(bar: Progress, lines: dict[str, TaskID], reading: Iterable[DocumentRecord]) -> None:
    """Show one line for each document that is being read."""
    current = {document.file_id: document for document in reading}
    for file_id in [file_id for file_id in lines if file_id not in current]:
        bar.remove_task(lines.pop(file_id))
    for file_id, document in current.items():
        progress = document.progress
        if file_id not in lines:
            lines[file_id] = bar.add_task("", total=None, left="")
        bar.update(
            lines[file_id],
            description=strip_control_chars(f"  {document.filename[:40]}"),
            completed=progress.done,
            total=progress.total or None,
            left=("pages" if progress.stage == "reading" else "chunks") if progress.total else "",
        )


def format_remaining_time(state: QueueState) -> str:
    """Return the estimated time left in words, or why nothing is stored now; empty if unknown."""
    if state.hindrance:
        return state.hindrance
    if state.estimate_seconds is None:
        return ""
    minutes, seconds = divmod(round(state.estimate_seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"about {hours} h {minutes} min left"
    return f"about {minutes} min left" if minutes else f"about {seconds} s left"


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        console=messages(),
        transient=True,
    )
