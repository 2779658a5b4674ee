"""`pincite ingest`: take files in, and account for every one that was named."""

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
from api.objects import JsonObject, document_object
from api.schemas import collection_name
from api.services import Services
from api.settings import AllSettings
from ingest.errors import IngestError
from ingest.sources import find_files, take_in
from ingest.types import Collection, DocumentRecord, DocumentStatus

MEGABYTE = 1_000_000


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
    try:
        name = collection_name(wanted_collection)
    except ValueError as error:
        raise CommandError(f"--collection: {error}", exit_code=2) from error
    files = list(find_files([Path(os.path.abspath(path)) for path in paths]))
    with open_services(settings) as services:
        collection = services.ingestor.collection_for(name)
        outcomes = ingest_files(services, collection, files)
    if as_json:
        write_json([outcome.as_json(collection.name) for outcome in outcomes])
    else:
        _print_outcomes(outcomes)
    messages().print(summary(outcomes))
    return 1 if any(outcome.status == "failed" for outcome in outcomes) else 0


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
            outcomes[reading[future]] = _outcome_of(future, reading[future])
            bar.advance(task)
    return [outcomes[file] for file in files]


def _take_in(services: Services, collection: Collection, file: Path) -> Outcome | DocumentRecord:
    """Return a document that waits to be read, or the outcome where there is nothing to read."""
    try:
        if problem := _reason_not_to_open(file, services.settings.ingest.max_upload_mb):
            return Outcome(printable(file.as_posix()), "failed", problem)
        taken = take_in(services.library, collection, file)
    except (IngestError, OSError) as error:
        reason = f"the file cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        return Outcome(file.as_posix(), "failed", reason)
    if taken.document.status == "queued":
        return taken.document
    document = taken.document
    return Outcome(document.source, document.status, document.reason, document, is_unchanged=taken.is_unchanged)


def _reason_not_to_open(file: Path, limit_mb: int) -> str:
    """Say why a path cannot be a document; opening a pipe or a device would wait for ever."""
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        return "this is not a regular file"
    if status.st_size > limit_mb * MEGABYTE:
        return f"the file is larger than {limit_mb} MB; split it, or raise PINCITE_MAX_UPLOAD_MB"
    if file.as_posix().encode("utf-8", errors="replace").decode() != file.as_posix():
        return "its name is not valid UTF-8; rename it"
    return ""


def _outcome_of(future: "Future[DocumentRecord | None]", file: Path) -> Outcome:
    source = file.as_posix()
    try:
        document = future.result()
    except IngestError as error:
        return Outcome(source, "failed", f"{error} (it stays queued; run the command again)")
    if document is None:
        return Outcome(source, "failed", "the document was removed while it was read")
    return Outcome(source, document.status, document.reason, document)


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
