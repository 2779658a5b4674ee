"""`pincite check`, `purge`, `backup`, `restore` and `collections rebuild`: maintenance of a library."""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from api.commands.ingest_progress import start_reading
from api.commands.output import (
    CommandError,
    confirm,
    messages,
    results,
    strip_control_chars,
    style_status,
    write_json,
)
from api.commands.resources import open_library, open_services
from api.services import Services
from api.settings import AllSettings
from api.wire.base import JsonObject
from ingest.embedders.embedder import find_embedder
from ingest.errors import EmbedderNotFoundError, EmbedderUnfitError, LibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.principals import EVERY_OWNER
from ingest.storage.rebuilds import RebuildState
from ingest.upkeep.backup import Backup, back_up, verify
from ingest.upkeep.check import ConsistencyCheck, Problem, report_damage
from ingest.upkeep.purge import purge as purge_library
from ingest.upkeep.rebuild import Rebuild, RebuildResult
from ingest.upkeep.rebuild import rebuild as rebuild_collection
from ingest.upkeep.repair import repair as repair_library
from ingest.upkeep.restore import restore as restore_backup

POLL_SECONDS = 0.2


def check(settings: AllSettings, *, repair: bool, as_json: bool) -> int:
    """Check the integrity of a home and, with `repair`, repair it; return 1 if something remains wrong."""
    try:
        before, after = _repair_home(settings) if repair else (_check_home(settings), None)
    except LibraryError as error:  # the library cannot be opened
        before, after = [report_damage(error.home, error.detail)], None
    remaining = before if after is None else after
    if as_json:
        repaired = None if after is None else [_finding(each) for each in _repaired_findings(before, after)]
        write_json({"findings": [_finding(each) for each in remaining], "repaired": repaired})
    else:
        _print_findings(before, after)
    return 1 if any(not each.is_harmless for each in remaining) else 0


def purge(settings: AllSettings, *, yes: bool, as_json: bool) -> int:
    """Erase deleted data from disk; asks first unless `yes` is set."""
    if not yes:
        confirm(
            "Everything that was deleted is overwritten, and the copies from before updates of Pincite are removed. "
            "This cannot be undone.",
            verb="purge",
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
    """Write a backup, or verify one."""
    if verify_path is not None:
        if destination is not None:
            raise CommandError("give a folder to write a backup to, or --verify and a backup; not both", exit_code=2)
        return _verify(verify_path, as_json=as_json)
    with open_library(settings) as library:
        backup = back_up(library, destination or Path.cwd())
    if as_json:
        write_json(_backup_object(backup))
    else:
        results().print(str(backup.folder))
    counts = backup.manifest.counts
    messages().print(
        f"{counts['documents']} documents, {len(backup.manifest.files)} files, {backup.size_bytes / 1e6:,.1f} MB"
    )
    for sha256 in backup.manifest.missing:
        messages().print(f"the original {sha256} was gone or damaged before; `pincite check` says which file it is")
    return 0


def restore(settings: AllSettings, source: Path, *, force: bool, as_json: bool) -> int:
    """Restore a backup into an empty home."""
    if not source.is_dir():
        raise CommandError(f"there is no backup {source}", exit_code=2)
    restored = restore_backup(source, settings.home, force=force)
    with open_library(settings) as library:  # opening migrates it to the current schema
        documents = library.as_owner(EVERY_OWNER).counts().total
    aside = None if restored.aside is None else str(restored.aside)
    if as_json:
        write_json({"home": str(settings.home), "counts": restored.counts, "moved_aside": aside})
    messages().print(f"{documents} documents restored to {settings.home}")
    if aside:
        messages().print(f"the library that was there is now in {aside}")
    return 0


def rebuild(settings: AllSettings, name: str, *, force: bool, cancel: bool, as_json: bool) -> int:
    """Read a collection again for the current embedder, beside the old index, then replace that one."""
    if force and cancel:
        raise CommandError("--force and --cancel exclude each other", exit_code=2)
    if cancel:
        return _cancel_rebuild(settings, name, as_json=as_json)
    with open_services(settings) as services:
        library = services.library.as_owner(EVERY_OWNER)
        if Rebuild(library, name, services.ingestor.passport).is_needed:
            start_reading(services)
        with _progress_bar() as bar:
            task = bar.add_task("reading", total=None)

            def show(state: RebuildState) -> None:
                done = state.read + state.failed
                bar.update(task, completed=done, total=done + state.waiting)

            result = rebuild_collection(library, name, services.ingestor.passport, force=force, on_progress=show)
        services.ingestor.save_index(result.collection.id)
    if as_json:
        write_json(_rebuild_object(result))
    _print_rebuild(result)
    return 0


def _check_home(settings: AllSettings) -> list[Problem]:
    """Check the library without starting any worker."""
    try:
        passport = find_embedder(settings.ingest.embedder).passport()
    except (
        EmbedderNotFoundError,
        EmbedderUnfitError,
    ):  # `pincite doctor` says so; the library can be examined all the same
        passport = None
    with open_library(settings) as own:
        library = own.as_owner(EVERY_OWNER)
        return ConsistencyCheck(library, SearchIndex(library), passport=passport).run()


def _repair_home(settings: AllSettings) -> tuple[list[Problem], list[Problem]]:
    """Repair the library, read again what was lost, and return the findings before and after."""
    with open_services(settings) as services:
        library = services.library.as_owner(EVERY_OWNER)
        check = ConsistencyCheck(library, SearchIndex(library), passport=services.ingestor.passport)
        before = check.run()
        queued = repair_library(library, SearchIndex(library), before)
        if queued:
            _read_queued(services, queued)
        return before, check.run()


def _read_queued(services: Services, collection_ids: Sequence[str]) -> None:
    """Wait until the documents of some collections are read, unless the queue is paused."""
    start_reading(services)
    while (state := services.library.as_owner(EVERY_OWNER).queue_state(collection_ids)).queued or state.reading:
        if state.is_paused:
            messages().print(f"{state.queued} documents will be read again when the queue is resumed")
            return
        time.sleep(POLL_SECONDS)
    for collection_id in collection_ids:
        services.ingestor.save_index(collection_id)


def _finding(finding: Problem) -> JsonObject:
    return {
        "area": finding.area,
        "where": finding.where,
        "what": finding.what,
        "can_repair": finding.can_repair,
        "advice": finding.advice,
        "is_harmless": finding.is_harmless,
    }


def _print_findings(before: Sequence[Problem], after: Sequence[Problem] | None) -> None:
    console = results()
    remaining = before if after is None else after
    for finding in _repaired_findings(before, remaining):
        console.print(Text.assemble(style_status("ok"), f"       {_describe(finding)} (repaired)"))
    for finding in remaining:
        console.print(
            Text.assemble(style_status("warning" if finding.is_harmless else "failed"), f"  {_describe(finding)}")
        )
    if not remaining:
        messages().print("the library is sound")
    elif after is None and any(finding.can_repair for finding in remaining):
        messages().print("`pincite check --repair` repairs what can be repaired")


def _repaired_findings(before: Sequence[Problem], after: Sequence[Problem]) -> list[Problem]:
    remaining = {(finding.area, finding.where, finding.what) for finding in after}
    return [finding for finding in before if (finding.area, finding.where, finding.what) not in remaining]


def _describe(finding: Problem) -> str:
    advice = f"; {finding.advice}" if finding.advice else ""
    return strip_control_chars(f"{finding.area:<9} {finding.where}: {finding.what}{advice}")


def _verify(folder: Path, *, as_json: bool) -> int:
    if not folder.is_dir():
        raise CommandError(f"there is no backup {folder}", exit_code=2)
    problems = verify(folder)
    if as_json:
        write_json({"path": str(folder), "is_whole": not problems, "problems": problems})
    else:
        for problem in problems:
            results().print(strip_control_chars(problem))
    messages().print("the backup is damaged" if problems else "the backup is whole")
    return 1 if problems else 0


def _backup_object(backup: Backup) -> JsonObject:
    manifest = backup.manifest
    return {
        "path": str(backup.folder),
        "bytes": backup.size_bytes,
        "files": len(manifest.files),
        "counts": manifest.counts,
        "missing": list(manifest.missing),
    }


def _cancel_rebuild(settings: AllSettings, name: str, *, as_json: bool) -> int:
    passport = find_embedder(settings.ingest.embedder).passport()
    with closing(Library(settings.home)) as library:
        is_cancelled = Rebuild(library.as_owner(EVERY_OWNER), name, passport).cancel()
    if as_json:
        write_json({"collection": name, "cancelled": is_cancelled})
    messages().print("the rebuild is cancelled" if is_cancelled else "there was no rebuild to cancel")
    return 0


def _rebuild_object(result: RebuildResult) -> JsonObject:
    return {
        "id": result.collection.id,
        "name": result.collection.name,
        "embedder": result.collection.passport.model,
        "rebuilt": result.is_new,
        "read": result.read,
        "failed": result.failed,
        "lost": list(result.lost),
    }


def _print_rebuild(result: RebuildResult) -> None:
    name = strip_control_chars(result.collection.name)
    if not result.is_new:
        messages().print(f"collection {name} is up to date: embedder and parsers are the current ones")
        return
    messages().print(f"collection {name} rebuilt: {result.read} documents read, {result.failed} failed")
    if result.lost:
        messages().print(f"could be read before and cannot now: {strip_control_chars(', '.join(result.lost))}")


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=messages(),
        transient=True,
    )
