"""The names of collections: how they are normalized, and which are allowed. Pure."""

import re
import unicodedata

MAX_NAME_CHARS = 100

_ID = re.compile(r"vs_[0-9a-f]{24}")


def is_collection_id(text: str) -> bool:
    """Whether `text` is formed like the id of a collection, which no name may be."""
    return _ID.fullmatch(text) is not None


def normalize_name(name_or_id: str) -> str:
    """Return a name or id as the library stores it: NFC, with single spaces and none around it.

    Nothing is refused: no collection has a name that is not allowed.
    """
    return " ".join(unicodedata.normalize("NFC", name_or_id).split())


def check_collection_name(text: str) -> str:
    """Return a new collection's name as the library stores it; raises `ValueError` if it is not allowed."""
    # Before spaces are normalized: a line break inside a name is a slip, not a space.
    if any(unicodedata.category(char)[0] == "C" for char in text.strip()):
        raise ValueError("a name has no control or invisible characters")
    name = normalize_name(text)
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise ValueError(f"a name has 1 to {MAX_NAME_CHARS} characters")
    if "/" in name or "\\" in name:
        raise ValueError("a name has no slashes")
    if is_collection_id(name):
        raise ValueError("this name looks like a collection's id; choose another")
    return name
