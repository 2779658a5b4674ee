"""What responses say of where a document came from."""

from pathlib import PurePosixPath


def show_source(source: str) -> str:
    """Return a source as responses show it: a path on the server's disk by its last part, anything else as it is.

    The folders of a server are no business of those who may ask it; `pincite documents show` has the whole path.
    """
    path = PurePosixPath(source)
    return path.name if path.is_absolute() else source
