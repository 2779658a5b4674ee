"""The exact place of a search result, as the metadata of a document of a framework."""

from typing import Any

from api.wire.search import SearchResult


def pin_of(result: SearchResult) -> dict[str, Any]:
    """Return file, page and offsets of a result, its score, and the attributes of its document."""
    return {**result.attributes, "file_id": result.file_id, "filename": result.filename, "score": result.score}
