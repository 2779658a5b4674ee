"""`pincite documents`, `collections` and `models`: look at what is stored, and remove it."""

from pathlib import Path

from rich.text import Text

from api.cli_output import add_row, messages, printable, results, styled, table, write_json
from api.commands.opening import open_library
from api.objects import JsonObject, document_object, page_object
from api.settings import AllSettings
from ingest.embedders.embedder import find_embedder
from ingest.errors import FileNotInLibraryError
from ingest.library.library import Library
from ingest.types import DocumentRecord
from rag.context.prompt import RULES
from rag.models.registry import Models


def list_documents(settings: AllSettings, collection_name: str | None, *, as_json: bool) -> int:
    """Show the documents of one collection or of all."""
    with open_library(settings) as library:
        documents = _documents(library, collection_name)
    if as_json:
        write_json([document_object(document) for document in documents])
        return 0
    shown = table("id", "collection", "status", "pages", "chunks", "source")
    for each in documents:
        add_row(shown, (each.file_id, each.collection, styled(each.status), each.pages, each.chunks, each.source))
    results().print(shown)
    for each in documents:
        if each.reason:
            messages().print(printable(f"{each.file_id}  {each.reason}"))
    return 0


def show_document(settings: AllSettings, file_id: str, collection_name: str | None, *, as_json: bool) -> int:
    """Show a document with the text of its pages."""
    with open_library(settings) as library:
        document = _find(library, file_id, collection_name)[0]
        text = library.document_text(document.collection_id, file_id)
        pages = [
            page_object(page, text[page.start : page.end]) for page in library.pages(document.collection_id, file_id)
        ]
    if as_json:
        write_json({**document_object(document), "pages": pages})
        return 0
    console = results()
    console.print(printable(f"{document.source}\n{document.collection}  {document.status}  {document.reason}"))
    for name, value in document.metadata.items():
        console.print(printable(f"{name}: {value}"))
    for page in pages:
        console.rule(printable(f"{document.unit} {page['number']}  {page['label']}".rstrip()))
        console.print(printable(str(page["text"])))
    return 0


def remove_documents(settings: AllSettings, file_ids: list[str], collection_name: str | None, *, as_json: bool) -> int:
    """Remove documents from one collection, or everywhere; the original goes with the last of them."""
    with open_library(settings) as library:
        collection_id = None if collection_name is None else library.collection(collection_name).id
        chosen = list(dict.fromkeys(file_ids))
        # All of them are looked up first: one that is mistyped leaves the others where they are.
        removed = [row for file_id in chosen for row in _removable(library, file_id, collection_name)]
        for file_id in chosen:
            library.remove(file_id, collection_id)
    if as_json:
        write_json(removed)
    messages().print(f"{len(removed)} removed")
    return 0


def list_collections(settings: AllSettings, *, as_json: bool) -> int:
    """Show the collections and how much is in them."""
    with open_library(settings) as library:
        rows: list[JsonObject] = []
        for collection in library.collections():
            documents = library.documents(collection.id)
            rows.append(
                {
                    "id": collection.id,
                    "name": collection.name,
                    "documents": len(documents),
                    "chunks": sum(document.chunks for document in documents),
                    "embedder": collection.passport.model,
                }
            )
    if as_json:
        write_json(rows)
        return 0
    shown = table("name", "documents", "chunks", "embedder", "id")
    for row in rows:
        add_row(shown, (row["name"], row["documents"], row["chunks"], row["embedder"], row["id"]))
    results().print(shown)
    return 0


def remove_collection(settings: AllSettings, name: str, *, as_json: bool) -> int:
    """Delete a collection with everything in it."""
    with open_library(settings) as library:
        collection = library.collection(name)
        library.delete_collection(collection.id)
    if as_json:
        write_json({"id": collection.id, "name": collection.name, "deleted": True})
    messages().print(f"collection {printable(collection.name)} removed")
    return 0


def collection_rules(settings: AllSettings, name: str, text: str | None, *, as_json: bool) -> int:
    """Show what models are told about answering from a collection, or replace it where there is a `text`."""
    with open_library(settings) as library:
        collection = library.collection(name)
        if text is not None:
            collection = library.set_rules(collection.id, text.strip())
    if as_json:
        write_json({"id": collection.id, "name": collection.name, "rules": collection.rules or None})
    else:
        results().print(Text(printable(collection.rules or RULES)))
    return 0


def list_models(settings: AllSettings, *, as_json: bool) -> int:
    """Show the models that can answer, the default one first, and the embedder."""
    embedder = find_embedder(settings.ingest.embedder)
    rows: list[JsonObject] = [
        {"id": entry.id, "kind": entry.kind, "path": str(entry.path), "loaded": entry.is_loaded}
        for entry in Models(settings.rag).entries()
    ]
    rows.append({"id": embedder.name, "kind": "embedding", "path": str(embedder.path), "loaded": False})
    if as_json:
        write_json(rows)
        return 0
    shown = table("id", "kind", "size", "path")
    for row in rows:
        add_row(shown, (row["id"], row["kind"], _megabytes(Path(row["path"])), row["path"]))
    results().print(shown)
    return 0


def _megabytes(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return f"{sum(file.stat().st_size for file in files) / 1e6:,.0f} MB"


def _documents(library: Library, collection_name: str | None) -> list[DocumentRecord]:
    collection_id = None if collection_name is None else library.collection(collection_name).id
    return library.documents(collection_id)


def _find(library: Library, file_id: str, collection_name: str | None) -> list[DocumentRecord]:
    """Return a file's documents, one for each collection that it is in."""
    found = [document for document in _documents(library, collection_name) if document.file_id == file_id]
    if not found:
        raise FileNotInLibraryError(file_id=file_id)
    return found


def _removable(library: Library, file_id: str, collection_name: str | None) -> list[JsonObject]:
    """Return what `documents rm` takes away: a file's documents, or the file alone where nothing was made of it."""
    try:
        return [document_object(document) for document in _find(library, file_id, collection_name)]
    except FileNotInLibraryError:
        if collection_name is not None:
            raise
        file = library.file(file_id)
        row = {"id": file.id, "collection": None, "source": file.source, "status": None, "reason": ""}
        return [{**row, "pages": 0, "chunks": 0, "sha256": file.sha256}]
