"""`pincite ingest`: take files in, and account for every one that was named."""

import logging
import os
import stat
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from api.cli_output import CommandError, messages, printable, results, styled, write_json
from api.commands.opening import open_services
from api.errors import FileTooLargeError
from api.objects import JsonObject, document_object
from api.services import Services
from api.settings import AllSettings
from ingest.errors import IngestError
from ingest.names import collection_name, is_collection_id
from ingest.settings import IngestSettings
from ingest.sources import find_files, take_in
from ingest.types import Collection, DocumentRecord, DocumentStatus

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one path. `document` is None where not even the file could be taken in."""

    source: str
    status: DocumentStatus
    reason: str = ""
    document: DocumentRecord | None = None
    is_unchanged: bool = False

    def as_json(self, collection: str) -> JsonObject:
        """Return the outcome in the shape of `documents ls`."""
        if self.document is not None:
            return {**document_object(self.document), "status": self.status, "reason": self.reason}
        return {
            "id": None,
            "collection": collection,
            "source": self.source,
            "status": self.status,
            "reason": self.reason,
            "pages": 0,
            "chunks": 0,
            "sha256": None,
        }


def run(settings: AllSettings, paths: Sequence[Path], wanted_collection: str, *, as_json: bool) -> int:
    """Ingest files and folders into a collection; return 1 where any file failed, else 0."""
    for path in paths:
        if not os.path.lexists(path):
            raise CommandError(f"there is no file or folder {path}", exit_code=2)
    _check_name(wanted_collection)
    files = list(find_files([Path(os.path.abspath(path)) for path in paths]))
    with open_services(settings) as services:
        collection = _collection(services, wanted_collection)
        outcomes = ingest_files(services, collection, files)
    if as_json:
        write_json([outcome.as_json(collection.name) for outcome in outcomes])
    else:
        _print_outcomes(outcomes)
    messages().print(summary(outcomes))
    return 1 if any(outcome.status == "failed" for outcome in outcomes) else 0


def _check_name(name_or_id: str) -> None:
    try:
        if not is_collection_id(name_or_id):
            collection_name(name_or_id)
    except ValueError as error:
        raise CommandError(f"--collection: {error}", exit_code=2) from error


def _collection(services: Services, name_or_id: str) -> Collection:
    """Return the collection to ingest into: one with this name is made where there is none, one with an id is not."""
    if is_collection_id(name_or_id):
        return services.searchable(name_or_id)
    return services.ingestor.collection_for(collection_name(name_or_id))


def ingest_files(services: Services, collection: Collection, files: Sequence[Path]) -> list[Outcome]:
    """Take files into a collection, as many at once as there are parsers; return what became of each, in order."""
    outcomes: dict[Path, Outcome] = {}
    reading: dict[Future[DocumentRecord | None], Path] = {}
    with _progress_bar() as bar:
        task = bar.add_task("reading", total=len(files))
        for file in files:
            taken = _take_in(services, collection, file)
            if isinstance(taken, Outcome):
                outcomes[file] = taken
                bar.advance(task)
            else:
                reading[services.queue.submit(taken)] = file
        for future in as_completed(reading):
            outcomes[reading[future]] = outcome_of(future, reading[future])
            bar.advance(task)
    return [outcomes[file] for file in files]


def _take_in(services: Services, collection: Collection, file: Path) -> Outcome | DocumentRecord:
    """Return a document that waits to be read, or the outcome where there is nothing to read."""
    try:
        if problem := _reason_not_to_open(file, services.settings.ingest):
            return _failed(file, problem)
        taken = take_in(services.library, collection, file)
    except (IngestError, OSError) as error:
        reason = f"the file cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        return _failed(file, reason)
    if taken.document.status == "queued":
        return taken.document
    document = taken.document
    return Outcome(document.source, document.status, document.reason, document, is_unchanged=taken.is_unchanged)


def _failed(file: Path, reason: str) -> Outcome:
    """Return the outcome of a file without a document; its name may be one that no terminal should get."""
    return Outcome(printable(file.as_posix()), "failed", printable(reason))


def _reason_not_to_open(file: Path, limits: IngestSettings) -> str:
    """Say why a path cannot be a document; opening a pipe or a device would wait for ever."""
    status = file.stat()
    if stat.S_ISDIR(status.st_mode):
        return "the folder cannot be opened; check its permissions"
    if not stat.S_ISREG(status.st_mode):
        return "this is not a regular file"
    if status.st_size > limits.max_upload_bytes:
        return str(FileTooLargeError(limit_mb=limits.max_upload_mb))
    if file.as_posix().encode("utf-8", errors="replace").decode() != file.as_posix():
        return "its name is not valid UTF-8; rename it"
    return ""


def outcome_of(future: "Future[DocumentRecord | None]", file: Path) -> Outcome:
    """Return what became of a file that was read, or of the attempt."""
    try:
        document = future.result()
    except Exception as error:  # whatever it is, the other files must be accounted for
        logger.debug("%s", file, exc_info=error)
        return _failed(file, f"{error or type(error).__name__} (run the command again)")
    if document is None:
        return _failed(file, "the document was removed while it was read")
    return Outcome(document.source, document.status, document.reason, document)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the line that accounts for every file."""
    counts = Counter(outcome.status for outcome in outcomes)
    unchanged = sum(outcome.is_unchanged for outcome in outcomes)
    noted = f" ({unchanged} unchanged)" if unchanged else ""
    accounted = counts["done"] + counts["warning"] + counts["failed"]
    return (
        f"{len(outcomes)} given, {accounted} accounted for: {counts['done']} done, "
        f"{counts['warning']} with warnings, {counts['failed']} failed{noted}"
    )


def _print_outcomes(outcomes: Sequence[Outcome]) -> None:
    console = results()
    for outcome in outcomes:
        line = Text.assemble(styled(outcome.status), "  ", printable(outcome.source))
        if outcome.is_unchanged:
            line.append("  (unchanged)", style="dim")
        if outcome.reason:
            line.append(f"\n         {printable(outcome.reason)}", style="dim")
        console.print(line)


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=messages(),
        transient=True,
    )
