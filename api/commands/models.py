"""`pincite models`: list the models."""

from pathlib import Path

from api.commands.output import add_row, results, table, write_json
from api.settings import AllSettings
from api.wire.base import JsonObject
from ingest.embedders.embedder import find_embedder
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


def _megabytes(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return f"{sum(file.stat().st_size for file in files) / 1e6:,.0f} MB"
