"""`pincite collections`: list, instruct and remove collections; `maintenance` rebuilds them."""

from rich.text import Text

from api.commands.output import add_row, messages, results, strip_control_chars, table, write_json
from api.commands.resources import open_library
from api.settings import AllSettings
from api.wire.base import JsonObject
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
            collection = library.set_rules(collection.id, text.strip())
    if as_json:
        write_json({"id": collection.id, "name": collection.name, "rules": collection.rules or None})
    else:
        results().print(Text(strip_control_chars(collection.rules or RULES)))
    return 0
