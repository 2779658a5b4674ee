"""Repair the problems of a consistency check."""

from collections.abc import Sequence

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage import counts, jobs, maintenance
from ingest.storage.recovery import recover_home, recover_unattended
from ingest.upkeep.check import Problem


def repair(library: Library, index: SearchIndex, problems: Sequence[Problem]) -> list[str]:
    """Repair the problems that can be; return the collections with documents that are to be read again.

    A document whose content is wrong is queued, to be read again from its original. Raises `LibraryError` if the
    library cannot be written.
    """
    repairable = [problem for problem in problems if problem.can_repair]
    areas = {problem.area for problem in repairable}
    queued = _repair_rows(library, repairable)
    if "leftover" in areas:
        recover_home(library.storage)
    if "reading" in areas:
        _recover(library)
    for collection_id in {problem.collection_id for problem in repairable if problem.area == "index"}:
        with library.storage.database.write() as db:
            maintenance.reset_history(db, collection_id)
    for collection in library.collections():
        if areas - {"leftover"} and collection.id not in queued:
            index.save(collection.id)
    library.storage.remove_unused([])
    return queued


def _repair_rows(library: Library, problems: Sequence[Problem]) -> list[str]:
    """Repair the rows in one transaction; return the collections with documents that are queued."""
    queued: dict[str, None] = {}
    with library.storage.database.write() as db:
        maintenance.delete_orphans(db)
        for problem in problems:
            if problem.document is not None:
                maintenance.requeue(db, problem.document)
                queued[problem.document.collection_id] = None
        if any(problem.area in ("words", "orphans", "content") for problem in problems):
            maintenance.rebuild_lexical_indexes(db)
        if any(problem.area == "counts" for problem in problems):
            counts.recount(db)
    return list(queued)


def _recover(library: Library) -> None:
    with library.storage.database.read() as db:
        half_read = jobs.find_half_read_passports(db)
    for passport in half_read:
        recover_unattended(library.storage, passport)
