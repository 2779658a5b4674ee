"""`pincite ingest`: read files into a collection and report the outcome of every one."""

import os
import shlex
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.text import Text

from api.commands.ingest_datasets import is_dataset, take_dataset
from api.commands.ingest_progress import show_hashing, start_reading, wait_for_documents
from api.commands.output import CommandError, messages, results, strip_control_chars, style_status, write_json
from api.commands.resources import open_services
from api.services import Services
from api.settings import AllSettings
from api.wire.base import JsonObject
from api.wire.documents import DocumentObject
from ingest.errors import FileTooLargeError, IngestError
from ingest.jobs.hub_datasets import ColumnMapping
from ingest.jobs.intake import Intake
from ingest.jobs.sources import find_files
from ingest.jobs.sync import SyncResult, sync_documents
from ingest.jobs.watch import watch_folders
from ingest.library.filters import parse_assignments
from ingest.library.library import Library
from ingest.library.names import check_collection_name, is_collection_id
from ingest.settings import IngestSettings
from ingest.types import READ, AttributeValue, Collection, DocumentRecord, DocumentStatus


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How files are ingested. `sync` removes documents whose files are gone; `watch` keeps doing so.

    `attributes` replace the documents' attributes; None keeps them.
    """

    sync: bool = False
    watch: bool = False
    ignored: tuple[str, ...] = ()
    password: str | None = None
    again: bool = False
    columns: ColumnMapping = field(default_factory=ColumnMapping)
    rows_per_document: int = 1
    attributes: Mapping[str, AttributeValue] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one path. `document` is None if the file could not be added."""

    source: str
    status: DocumentStatus
    reason: str = ""
    document: DocumentRecord | None = None
    is_unchanged: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Identifies an outcome that was reported before."""
        return self.source, self.status, self.reason

    def as_json(self, collection: str) -> JsonObject:
        """Return the outcome in the shape of `documents ls`."""
        if self.document is not None:
            return {**DocumentObject.of(self.document).json_object(), "status": self.status, "reason": self.reason}
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


@dataclass(frozen=True, slots=True)
class Result:
    """The outcomes of all paths, in order, and the documents whose files are gone."""

    outcomes: tuple[Outcome, ...]
    departures: SyncResult

    def changes_since(self, before: "Result") -> "Result | None":
        """Return what changed in this round of a watch; None if nothing did."""
        reported_keys = {outcome.key for outcome in before.outcomes}
        new = tuple(
            outcome
            for outcome in self.outcomes
            if not outcome.is_unchanged and (outcome.status in READ or outcome.key not in reported_keys)
        )
        is_new = new or self.departures.moved or self.departures.removed
        return Result(new, self.departures) if is_new else None


def parse_attributes(typed: Sequence[str] | None) -> dict[str, AttributeValue] | None:
    """Return the attributes of the `--attribute` options, None without any; a wrong one raises `CommandError`."""
    try:
        return parse_assignments(typed) if typed else None
    except ValueError as error:
        raise CommandError(f"--attribute: {error}", exit_code=2) from error


def run(
    settings: AllSettings, paths: Sequence[Path], collection_name_or_id: str, options: IngestOptions, *, as_json: bool
) -> int:
    """Ingest files and folders into a collection; return 1 if any file failed, else 0."""
    given = _resolve_paths(paths, options)
    _check_name(collection_name_or_id)
    with open_services(settings) as services:
        collection = _open_collection(services, collection_name_or_id)
        result = _ingest_once(services, collection, given, options)
        _report(result, collection, as_json=as_json)
        _advise_rebuild(services.library, collection)
        if options.watch:
            messages().print(
                f"watching {', '.join(strip_control_chars(str(folder)) for folder in given)}; Ctrl-C ends it"
            )
            for _ in watch_folders(given):
                before, result = result, _ingest_once(services, collection, given, options)
                if news := result.changes_since(before):
                    _report(news, collection, as_json=as_json)
    return 1 if any(outcome.status == "failed" for outcome in result.outcomes) else 0


def _ingest_once(services: Services, collection: Collection, given: Sequence[Path], options: IngestOptions) -> Result:
    """Bring a collection up to date with the given paths once; return the outcome of each file."""
    references = [path for path in given if is_dataset(path)]
    files = list(find_files([path for path in given if not is_dataset(path)], options.ignored))
    intake = Intake(
        services.library, collection, password=options.password, again=options.again, attributes=options.attributes
    )
    departures = SyncResult((), ())
    if options.sync or options.watch:
        departures = sync_documents(services.library, collection, given, files, intake)
    outcomes = ingest_files(services, collection, files, intake)
    for reference in references:
        outcomes += _ingest_dataset(services, collection, reference, options)
    return Result(tuple(outcomes), departures)


def _report(result: Result, collection: Collection, *, as_json: bool) -> None:
    if as_json:
        write_json([outcome.as_json(collection.name) for outcome in result.outcomes])
    else:
        _print_departures(result.departures)
        _print_outcomes(result.outcomes)
    messages().print(format_summary(result.outcomes, result.departures))


def _advise_rebuild(library: Library, collection: Collection) -> None:
    """Say how documents that an older version has read are read again: unchanged files are not."""
    if count := library.count_outdated(collection.id):
        name = shlex.quote(strip_control_chars(collection.name))
        messages().print(
            f"{count:,} documents were read by an older version of Pincite; `pincite collections rebuild {name}` "
            "reads them better"
        )


def _resolve_paths(paths: Sequence[Path], options: IngestOptions) -> list[Path]:
    """Return the absolute paths; raises `CommandError` for missing paths, and for files with --sync or --watch."""
    for path in paths:
        if not is_dataset(path) and not os.path.lexists(path):
            raise CommandError(f"there is no file or folder {path}", exit_code=2)
        if (options.sync or options.watch) and not path.is_dir():
            raise CommandError(f"--sync and --watch take folders; {path} is not one", exit_code=2)
    return [path if is_dataset(path) else Path(os.path.abspath(path)) for path in paths]


def _check_name(name_or_id: str) -> None:
    try:
        if not is_collection_id(name_or_id):
            check_collection_name(name_or_id)
    except ValueError as error:
        raise CommandError(f"--collection: {error}", exit_code=2) from error


def _open_collection(services: Services, name_or_id: str) -> Collection:
    """Return the collection to ingest into; a name that is not taken creates one, an unknown id raises."""
    if is_collection_id(name_or_id):
        return services.searchable(name_or_id)
    return services.ingestor.collection_for(check_collection_name(name_or_id))


def ingest_files(
    services: Services, collection: Collection, files: Sequence[Path], intake: Intake | None = None
) -> list[Outcome]:
    """Ingest files and wait until they are read; return their outcomes in order."""
    intake = intake or Intake(services.library, collection)
    outcomes: dict[Path, Outcome] = {}
    waiting: dict[Path, DocumentRecord] = {}
    try:
        for file in show_hashing(files):
            taken = _add_file(intake, services.settings.ingest, file)
            if isinstance(taken, Outcome):
                outcomes[file] = taken
            else:
                waiting[file] = taken
                start_reading(services)
    finally:
        intake.close()
    if waiting:
        wait_for_documents(services.library, collection, list(waiting.values()))
        stored = {document.file_id: document for document in services.library.documents(collection.id)}
        outcomes |= {file: _outcome(file, stored.get(document.file_id)) for file, document in waiting.items()}
    return [outcomes[file] for file in files]


def _ingest_dataset(
    services: Services, collection: Collection, reference: Path, options: IngestOptions
) -> list[Outcome]:
    """Ingest the rows of a dataset and wait until they are read; return their outcomes in order."""
    start_reading(services)
    rows = take_dataset(
        services,
        collection,
        reference,
        options.columns,
        options.rows_per_document,
        attributes=options.attributes,
    )
    taken = list(rows)
    services.queue.wake()
    wait_for_documents(services.library, collection, taken)
    stored = {document.file_id: document for document in services.library.documents(collection.id)}
    unchanged_ids = {document.file_id for document in taken if document.status in READ}
    outcomes = [_outcome(Path(document.source), stored.get(document.file_id)) for document in taken]
    return [
        replace(outcome, is_unchanged=document.file_id in unchanged_ids)
        for outcome, document in zip(outcomes, taken, strict=True)
    ]


def _add_file(intake: Intake, limits: IngestSettings, file: Path) -> Outcome | DocumentRecord:
    """Return the queued document, or the outcome if nothing has to be read."""
    try:
        if problem := _reason_not_to_open(file, limits):
            return _failed(file, problem)
        taken = intake.ingest(file)
    except (IngestError, OSError) as error:
        reason = f"the file cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        return _failed(file, reason)
    document = taken.document
    if document.status in ("queued", "reading", "paused"):
        return document
    return Outcome(document.source, document.status, document.reason, document, is_unchanged=taken.is_unchanged)


def _failed(file: Path, reason: str) -> Outcome:
    """Return the outcome of a file without a document; its name may hold control characters."""
    return Outcome(strip_control_chars(file.as_posix()), "failed", strip_control_chars(reason))


def _outcome(file: Path, document: DocumentRecord | None) -> Outcome:
    if document is None:
        return _failed(file, "the document was removed while it was read")
    return Outcome(document.source, document.status, document.reason, document)


def _reason_not_to_open(file: Path, limits: IngestSettings) -> str:
    """Return why a path cannot be read, empty if it can; opening a pipe or a device would block for ever."""
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


def format_summary(outcomes: Sequence[Outcome], departures: SyncResult | None = None) -> str:
    """Return the line that counts the outcomes of all files."""
    counts = Counter(outcome.status for outcome in outcomes)
    unchanged = sum(outcome.is_unchanged for outcome in outcomes)
    unchanged_note = f" ({unchanged} unchanged)" if unchanged else ""
    waiting = counts["queued"] + counts["reading"] + counts["paused"]
    others = [f"{waiting} waiting"] if waiting else []
    others += [f"{counts['cancelled']} cancelled"] if counts["cancelled"] else []
    parts = ", ".join(
        [f"{counts['done']} done", f"{counts['warning']} with warnings", f"{counts['failed']} failed", *others]
    )
    left = departures or SyncResult((), ())
    gone = f"; {len(left.moved)} moved, {len(left.removed)} removed" if left.moved or left.removed else ""
    return f"{len(outcomes):,} given, {counts.total():,} accounted for: {parts}{unchanged_note}{gone}"


def _print_departures(departures: SyncResult) -> None:
    console = results()
    for moved in departures.moved:
        console.print(strip_control_chars(f"moved    {moved.document.source} -> {moved.path}"))
    for document in departures.removed:
        console.print(strip_control_chars(f"removed  {document.source}"))


def _print_outcomes(outcomes: Sequence[Outcome]) -> None:
    console = results()
    for outcome in outcomes:
        line = Text.assemble(style_status(outcome.status), "  ", strip_control_chars(outcome.source))
        if outcome.is_unchanged:
            line.append("  (unchanged)", style="dim")
        if outcome.reason:
            line.append(f"\n         {strip_control_chars(outcome.reason)}", style="dim")
        console.print(line)
