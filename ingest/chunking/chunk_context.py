"""Read the context that the chunker has written: the title and headings of a chunk, the header of its table. Pure."""

from ingest.chunking.chunker import PATH_SEPARATOR
from ingest.types import BlockKind, Chunk


def list_titles(chunk: Chunk) -> list[str]:
    """Return the document's title and the headings above a chunk, the highest level first, with single spaces."""
    path = chunk.context.partition("\n")[0].split(PATH_SEPARATOR)
    return list(dict.fromkeys(" ".join(title.split()) for title in (*path, *chunk.heading_path) if title.strip()))


def list_header_lines(chunk: Chunk) -> tuple[str, ...]:
    """Return the lines of the header of a chunk's table; none without a table or a header."""
    return tuple(chunk.context.splitlines()[1:]) if chunk.kind is BlockKind.TABLE else ()


def measure_header(chunk: Chunk) -> int:
    """Return the length of the header's lines at the beginning of a chunk: 0 for all chunks but a table's first."""
    header = "\n".join(list_header_lines(chunk))
    if not header or not chunk.text.startswith(header):
        return 0
    line_end = chunk.text.find("\n", len(header))  # the context may have lost the end of a long header
    return len(chunk.text) if line_end < 0 else line_end
