"""`pincite models`: list the models, and fetch one."""

from pathlib import Path

from api.commands.output import CommandError, add_row, messages, results, table, write_json
from api.settings import AllSettings
from api.wire.base import JsonObject
from ingest.embedders.embedder import find_embedder
from rag.models.downloads.fetch import SourceName, fetch_model, find_offer
from rag.models.registry import ModelRegistry


def list_models(settings: AllSettings, *, as_json: bool) -> int:
    """List the language models, default first, and the embedder."""
    embedder = find_embedder(settings.ingest.embedder)
    rows: list[JsonObject] = [
        {"id": entry.id, "kind": entry.kind, "path": str(entry.path), "loaded": entry.is_loaded}
        for entry in ModelRegistry(settings.rag).list_models()
    ]
    rows.append({"id": embedder.name, "kind": "embedding", "path": str(embedder.path), "loaded": False})
    if as_json:
        write_json(rows)
        return 0
    listing = table("id", "kind", "size", "path")
    for row in rows:
        add_row(listing, (row["id"], row["kind"], _megabytes(Path(row["path"])), row["path"]))
    results().print(listing)
    return 0


def get_model(settings: AllSettings, name: str, source: SourceName | None) -> int:
    """Fetch an offered model and say where it is; progress goes to stderr."""
    offer = find_offer(name)
    console = messages()
    try:
        path = fetch_model(offer, settings.home, lambda step: console.print(f"{offer.name}: {step}"), source)
    except OSError as error:
        raise CommandError(f"{offer.name} cannot be stored: {error}; make room, and repeat the command") from error
    results().print(f"{path}\n{offer.name} is ready, licence {offer.licence}; restart a running server to use it")
    return 0


def _megabytes(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return f"{sum(file.stat().st_size for file in files) / 1e6:,.0f} MB"
