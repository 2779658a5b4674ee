"""`pincite documents`: list, show and remove documents."""

from api.commands.output import add_row, messages, results, strip_control_chars, style_status, table, write_json
from api.commands.resources import open_library
from api.settings import AllSettings
from api.wire.base import JsonObject
from api.wire.documents import DocumentObject
from api.wire.pages import PageObject
from ingest.errors import FileNotInLibraryError
from ingest.library.library import Library
from ingest.types import DocumentRecord


def list_documents(settings: AllSettings, collection_name: str | None, *, as_json: bool) -> int:
    """Show the documents of one collection or of all."""
    with open_library(settings) as library:
        documents = _documents(library, collection_name)
    if as_json:
        write_json([DocumentObject.of(document).json_object() for document in documents])
        return 0
    rows = table("id", "collection", "status", "pages", "chunks", "source")
    for document in documents:
        status = style_status(document.status)
        add_row(rows, (document.file_id, document.collection, status, document.pages, document.chunks, document.source))
    results().print(rows)
    for document in documents:
        if document.reason:
            messages().print(strip_control_chars(f"{document.file_id}  {document.reason}"))
    return 0


def show_document(settings: AllSettings, file_id: str, collection_name: str | None, *, as_json: bool) -> int:
    """Show a document with the text of its pages."""
    with open_library(settings) as library:
        document = find_documents(library, file_id, collection_name)[0]
        text = library.document_text(document.collection_id, file_id)
        pages = [
            PageObject.of(page, text[page.start : page.end]) for page in library.pages(document.collection_id, file_id)
        ]
    if as_json:
        write_json({**DocumentObject.of(document).json_object(), "pages": [page.json_object() for page in pages]})
        return 0
    console = results()
    console.print(
        strip_control_chars(f"{document.source}\n{document.collection}  {document.status}  {document.reason}")
    )
    for name, value in document.metadata.items():
        console.print(strip_control_chars(f"{name}: {value}"))
    for page in pages:
        console.rule(strip_control_chars(f"{document.unit} {page.number}  {page.label}".rstrip()))
        console.print(strip_control_chars(page.text))
    return 0


def remove_documents(settings: AllSettings, file_ids: list[str], collection_name: str | None, *, as_json: bool) -> int:
    """Remove documents from one collection, or everywhere; the original goes with the last of them."""
    with open_library(settings) as library:
        collection_id = None if collection_name is None else library.collection(collection_name).id
        chosen = list(dict.fromkeys(file_ids))
        # All ids are looked up first, so that an unknown one leaves the others in place.
        removed = [row for file_id in chosen for row in _removable(library, file_id, collection_name)]
        for file_id in chosen:
            library.remove(file_id, collection_id)
    if as_json:
        write_json(removed)
    messages().print(f"{len(removed)} removed")
    return 0


def _documents(
    library: Library, collection_name: str | None, *, file_ids: tuple[str, ...] | None = None
) -> list[DocumentRecord]:
    collection_id = None if collection_name is None else library.collection(collection_name).id
    return library.documents(collection_id, file_ids=file_ids)


def find_documents(library: Library, file_id: str, collection_name: str | None = None) -> list[DocumentRecord]:
    """Return a file's documents, one for each collection that it is in; raises `FileNotInLibraryError` if none is."""
    documents = _documents(library, collection_name, file_ids=(file_id,))
    if not documents:
        raise FileNotInLibraryError(file_id=file_id)
    return documents


def _removable(library: Library, file_id: str, collection_name: str | None) -> list[JsonObject]:
    """Return what `documents rm` removes: a file's documents, or the file alone if it has no document."""
    try:
        return [
            DocumentObject.of(document).json_object() for document in find_documents(library, file_id, collection_name)
        ]
    except FileNotInLibraryError:
        if collection_name is not None:
            raise
        file = library.file(file_id)
        row = {"id": file.id, "collection": None, "source": file.source, "status": None, "reason": ""}
        return [{**row, "pages": 0, "chunks": 0, "sha256": file.sha256}]
