"""`pincite check`, `purge`, `backup`, `restore` and `collections rebuild`: keep a library sound, small and safe."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from api.commands.output import CommandError, messages, printable, results, styled, write_json
from api.commands.resources import open_library, open_services
from api.objects import JsonObject
from api.services import Services
from api.settings import AllSettings
from ingest.embedders.embedder import find_embedder
from ingest.errors import EmbedderNotFoundError, EmbedderUnfitError, LibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage.rebuilds import RebuildState
from ingest.upkeep.backup import Backup, back_up, verify
from ingest.upkeep.check import Checkup, Finding, damaged
from ingest.upkeep.purge import purge as purge_library
from ingest.upkeep.rebuild import Rebuild, RebuildResult
from ingest.upkeep.rebuild import rebuild as rebuild_collection
from ingest.upkeep.repair import repair as repair_library
from ingest.upkeep.restore import restore as restore_backup

POLL_SECONDS = 0.2


def check(settings: AllSettings, *, repair: bool, as_json: bool) -> int:
    """Say what is wrong in the home and, with `repair`, mend it; return 1 where something stays wrong."""
    try:
        before, after = _repaired(settings) if repair else (_examined(settings), None)
    except LibraryError as error:  # what cannot even be opened
        before, after = [damaged(error.home, error.detail)], None
    left = before if after is None else after
    if as_json:
        mended = None if after is None else [_finding(each) for each in _mended(before, after)]
        write_json({"findings": [_finding(each) for each in left], "repaired": mended})
    else:
        _print_findings(before, after)
    return 1 if any(not each.is_harmless for each in left) else 0


def purge(settings: AllSettings, *, yes: bool, as_json: bool) -> int:
    """Leave no trace of what was deleted; asks first, unless told not to."""
    if not yes:
        _confirm(
            "Everything that was deleted is overwritten, and the copies from before updates of Pincite are removed. "
            "This cannot be undone."
        )
    with open_library(settings) as library:
        report = purge_library(library)
    if as_json:
        write_json(
            {
                "bytes_before": report.bytes_before,
                "bytes_after": report.bytes_after,
                "files_removed": report.files_removed,
            }
        )
    messages().print(
        f"purged: {report.bytes_before / 1e6:,.1f} MB before, {report.bytes_after / 1e6:,.1f} MB after, "
        f"{report.files_removed} old files removed"
    )
    return 0


def backup(settings: AllSettings, destination: Path | None, *, verify_path: Path | None, as_json: bool) -> int:
    """Write a backup, or read one back and say whether it is whole."""
    if verify_path is not None:
        if destination is not None:
            raise CommandError("give a folder to write a backup to, or --verify and a backup; not both", exit_code=2)
        return _verify(verify_path, as_json=as_json)
    with open_library(settings) as library:
        made = back_up(library, destination or Path.cwd())
    if as_json:
        write_json(_backup(made))
    else:
        results().print(str(made.folder))
    counts = made.manifest.counts
    messages().print(
        f"{counts['documents']} documents, {len(made.manifest.files)} files, {made.size_bytes / 1e6:,.1f} MB"
    )
    for sha256 in made.manifest.missing:
        messages().print(f"the original {sha256} was gone or damaged before; `pincite check` says which file it is")
    return 0


def restore(settings: AllSettings, source: Path, *, force: bool, as_json: bool) -> int:
    """Bring a backup back into an empty home."""
    if not source.is_dir():
        raise CommandError(f"there is no backup {source}", exit_code=2)
    restored = restore_backup(source, settings.home, force=force)
    with open_library(settings) as library:  # it is brought to the format of today
        documents = len(library.documents())
    aside = None if restored.aside is None else str(restored.aside)
    if as_json:
        write_json({"home": str(settings.home), "counts": restored.counts, "moved_aside": aside})
    messages().print(f"{documents} documents restored to {settings.home}")
    if aside:
        messages().print(f"what was there before is in {aside}")
    return 0


def rebuild(settings: AllSettings, name: str, *, force: bool, cancel: bool, as_json: bool) -> int:
    """Read a collection anew for the embedder of today, beside the old one, and put it in that one's place."""
    if force and cancel:
        raise CommandError("--force and --cancel exclude each other", exit_code=2)
    if cancel:
        return _cancel_rebuild(settings, name, as_json=as_json)
    with open_services(settings) as services:
        services.queue.start()
        with _progress_bar() as bar:
            task = bar.add_task("reading", total=None)

            def show(state: RebuildState) -> None:
                done = state.read + state.failed
                bar.update(task, completed=done, total=done + state.waiting)

            result = rebuild_collection(
                services.library, name, services.ingestor.passport, force=force, on_progress=show
            )
        services.ingestor.save_index(result.collection.id)
    if as_json:
        write_json(_rebuilt(result))
    _tell_rebuilt(result)
    return 0


def _examined(settings: AllSettings) -> list[Finding]:
    """Examine the library without starting anything."""
    try:
        passport = find_embedder(settings.ingest.embedder).passport()
    except (
        EmbedderNotFoundError,
        EmbedderUnfitError,
    ):  # `pincite doctor` says so; the library can be examined all the same
        passport = None
    with open_library(settings) as library:
        return Checkup(library, SearchIndex(library), passport=passport).findings()


def _repaired(settings: AllSettings) -> tuple[list[Finding], list[Finding]]:
    """Mend the library, have read again what has to be, and return what was found before and after."""
    with open_services(settings) as services:
        checkup = Checkup(services.library, SearchIndex(services.library), passport=services.ingestor.passport)
        before = checkup.findings()
        queued = repair_library(services.library, SearchIndex(services.library), before)
        if queued:
            _read_queued(services, queued)
        return before, checkup.findings()


def _read_queued(services: Services, collection_ids: Sequence[str]) -> None:
    """Wait until the documents of some collections are read, unless the queue is paused."""
    services.queue.start()
    services.queue.wake()
    while (state := services.library.queue_state(collection_ids)).queued or state.reading:
        if state.is_paused:
            messages().print(f"{state.queued} documents are to be read again when the queue is resumed")
            return
        time.sleep(POLL_SECONDS)
    for collection_id in collection_ids:
        services.ingestor.save_index(collection_id)


def _finding(finding: Finding) -> JsonObject:
    return {
        "area": finding.area,
        "where": finding.where,
        "what": finding.what,
        "can_repair": finding.can_repair,
        "advice": finding.advice,
        "is_harmless": finding.is_harmless,
    }


def _print_findings(before: Sequence[Finding], after: Sequence[Finding] | None) -> None:
    console = results()
    left = before if after is None else after
    for finding in _mended(before, left):
        console.print(Text.assemble(styled("ok"), f"       {_words(finding)} (mended)"))
    for finding in left:
        console.print(Text.assemble(styled("warning" if finding.is_harmless else "failed"), f"  {_words(finding)}"))
    if not left:
        messages().print("everything is as it should be")
    elif after is None and any(finding.can_repair for finding in left):
        messages().print("`pincite check --repair` mends what can be mended")


def _mended(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    left = {(each.area, each.where, each.what) for each in after}
    return [each for each in before if (each.area, each.where, each.what) not in left]


def _words(finding: Finding) -> str:
    advice = f"; {finding.advice}" if finding.advice else ""
    return printable(f"{finding.area:<9} {finding.where}: {finding.what}{advice}")


def _confirm(what: str) -> None:
    """Ask a person; whoever is no person has to say so beforehand."""
    if not sys.stdin.isatty():
        raise CommandError("say --yes to purge without being asked", exit_code=2)
    messages().print(what)
    messages().print("Go on? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was changed")


def _verify(folder: Path, *, as_json: bool) -> int:
    if not folder.is_dir():
        raise CommandError(f"there is no backup {folder}", exit_code=2)
    problems = verify(folder)
    if as_json:
        write_json({"path": str(folder), "is_whole": not problems, "problems": problems})
    else:
        for problem in problems:
            results().print(printable(problem))
    messages().print("the backup is damaged" if problems else "the backup is whole")
    return 1 if problems else 0


def _backup(made: Backup) -> JsonObject:
    manifest = made.manifest
    return {
        "path": str(made.folder),
        "bytes": made.size_bytes,
        "files": len(manifest.files),
        "counts": manifest.counts,
        "missing": list(manifest.missing),
    }


def _cancel_rebuild(settings: AllSettings, name: str, *, as_json: bool) -> int:
    passport = find_embedder(settings.ingest.embedder).passport()
    with closing(Library(settings.home)) as library:
        is_cancelled = Rebuild(library, name, passport).cancel()
    if as_json:
        write_json({"collection": name, "cancelled": is_cancelled})
    messages().print("the rebuild is given up" if is_cancelled else "there was no rebuild to give up")
    return 0


def _rebuilt(result: RebuildResult) -> JsonObject:
    return {
        "id": result.collection.id,
        "name": result.collection.name,
        "embedder": result.collection.passport.model,
        "rebuilt": result.is_new,
        "read": result.read,
        "failed": result.failed,
        "lost": list(result.lost),
    }


def _tell_rebuilt(result: RebuildResult) -> None:
    name = printable(result.collection.name)
    if not result.is_new:
        messages().print(f"collection {name} is built with the embedder of today already")
        return
    messages().print(f"collection {name} rebuilt: {result.read} documents read, {result.failed} failed")
    if result.lost:
        messages().print(f"could be read before and cannot any more: {printable(', '.join(result.lost))}")


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=messages(),
        transient=True,
    )
