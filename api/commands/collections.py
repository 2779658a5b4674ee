"""`pincite collections`: list, instruct, share and remove collections; `maintenance` rebuilds them."""

from collections.abc import Sequence

from rich.text import Text

from api.commands.output import CommandError, add_row, messages, results, strip_control_chars, table, write_json
from api.commands.resources import open_library
from api.settings import AllSettings
from api.wire.base import JsonObject
from ingest.library.library import Library
from ingest.principals import Share
from ingest.types import CollectionChanges
from rag.context.prompt import RULES


def list_collections(settings: AllSettings, *, as_json: bool) -> int:
    """List the collections with their sizes."""
    with open_library(settings) as library:
        rows: list[JsonObject] = []
        for collection in library.collections():
            counts = library.counts(collection.id)
            rows.append(
                {
                    "id": collection.id,
                    "name": collection.name,
                    "documents": counts.total,
                    "chunks": counts.chunks,
                    "embedder": collection.passport.model,
                }
            )
    if as_json:
        write_json(rows)
        return 0
    listing = table("name", "documents", "chunks", "embedder", "id")
    for row in rows:
        add_row(listing, (row["name"], row["documents"], row["chunks"], row["embedder"], row["id"]))
    results().print(listing)
    return 0


def remove_collection(settings: AllSettings, name: str, *, as_json: bool) -> int:
    """Delete a collection with everything in it."""
    with open_library(settings) as library:
        collection = library.collection(name)
        library.delete_collection(collection.id)
    if as_json:
        write_json({"id": collection.id, "name": collection.name, "deleted": True})
    messages().print(f"collection {strip_control_chars(collection.name)} removed")
    return 0


def collection_rules(settings: AllSettings, name: str, text: str | None, *, as_json: bool) -> int:
    """Show the instructions that models get for a collection, or replace them with `text`."""
    with open_library(settings) as library:
        collection = library.collection(name)
        if text is not None:
            collection = library.update_collection(collection.id, CollectionChanges(rules=text.strip()))
    if as_json:
        write_json({"id": collection.id, "name": collection.name, "rules": collection.rules or None})
    else:
        results().print(Text(strip_control_chars(collection.rules or RULES)))
    return 0


def share_collection(
    settings: AllSettings, name: str, principal: str | None, *, write: bool, stop: bool, as_json: bool
) -> int:
    """Share a collection or stop to; without a principal show who may use it."""
    if stop and (write or principal is None):
        raise CommandError("--stop needs a name, and no --write", exit_code=2)
    with open_library(settings) as library:
        collection_id = library.collection(name).id
        shares = _change_shares(library, collection_id, principal, write=write, stop=stop)
    if as_json:
        write_json([{"principal": share.principal, "access": share.access} for share in shares])
        return 0
    rows = table("who", "may")
    for share in shares:
        add_row(rows, (share.principal, share.access))
    results().print(rows)
    return 0


def _change_shares(
    library: Library, collection_id: str, principal: str | None, *, write: bool, stop: bool
) -> Sequence[Share]:
    if principal is None:
        return library.collection_shares(collection_id)
    if stop:
        return library.unshare_collection(collection_id, principal)
    return library.share_collection(collection_id, principal, "write" if write else "read")
