"""The names of documents as a person writes them: with or without spaces, hyphens, capitals, accents. Pure."""

import re
import unicodedata
from pathlib import PurePosixPath

MIN_ABBREVIATION = 3
"""The fewest letters with which a word stands for a longer one that it begins, as lab does for laboratory."""

_SEPARATORS = re.compile(r"[\W_]+")
_ACCENTS = re.compile(r"[\u0300-\u036F]+")


def make_name_key(name: str) -> str:
    """Return the letters and digits of a name: `Travel_Policy`, `travel policy` and `travel-policy` have one key."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFC", _SEPARATORS.sub("", bare))


def make_name_keys(filename: str, title: str) -> tuple[str, ...]:
    """Return the keys by which a document can be named, each once: file name, file name without suffix, title."""
    names = (filename, PurePosixPath(filename).stem, title)
    return tuple(dict.fromkeys(key for name in names if (key := make_name_key(name))))
