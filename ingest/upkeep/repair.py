"""Mend what a checkup has found."""

from collections.abc import Sequence

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage import counts, jobs, maintenance
from ingest.upkeep.check import Problem


def repair(library: Library, index: SearchIndex, findings: Sequence[Problem]) -> list[str]:
    """Mend those of the findings that can be; return the collections with documents that are to be read again.

    A document whose content is wrong is queued: whoever reads the queue reads it from its original. Raises
    `LibraryError` where the library cannot be written.
    """
    chosen = [finding for finding in findings if finding.can_repair]
    areas = {finding.area for finding in chosen}
    queued = _mend_rows(library, chosen)
    if "leftover" in areas:
        library.storage.tidy()
    if "reading" in areas:
        _recover(library)
    for collection_id in {finding.collection_id for finding in chosen if finding.area == "index"}:
        with library.storage.database.write() as db:
            maintenance.reset_history(db, collection_id)
    for collection in library.collections():
        if areas - {"leftover"} and collection.id not in queued:
            index.save(collection.id)
    library.storage.remove_unused([])
    return queued


def _mend_rows(library: Library, findings: Sequence[Problem]) -> list[str]:
    """Mend the rows in one transaction; return the collections with documents that are queued."""
    queued: dict[str, None] = {}
    with library.storage.database.write() as db:
        maintenance.delete_orphans(db)
        for finding in findings:
            if finding.document is not None:
                maintenance.requeue(db, finding.document)
                queued[finding.document.collection_id] = None
        if any(finding.area in ("words", "orphans", "content") for finding in findings):
            maintenance.rebuild_lexical_indexes(db)
        if any(finding.area == "counts" for finding in findings):
            counts.recount(db)
    return list(queued)


def _recover(library: Library) -> None:
    with library.storage.database.read() as db:
        half_read = jobs.find_half_read_passports(db)
    for passport in half_read:
        library.storage.recover_unattended(passport)
