"""The names of collections: how they are normalized, and which are allowed. Pure."""

import re
import unicodedata

MAX_NAME_CHARS = 100
MAX_LABEL_CHARS = 256
NUMBER_CHARS = 10
"""What a number behind a name may take."""

INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U00013438"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
"""Control and format characters, as the inside of a character class.

Unassigned characters are none of them, because which those are depends on the version of Unicode.
"""
NAME_PATTERN = rf"^\s*[^{INVISIBLE}\s/\\]([^{INVISIBLE}/\\]*[^{INVISIBLE}\s/\\])?\s*$"
"""What the name of a collection looks like before it is normalized, for JSON Schema; it may not be an id either."""

LABEL_PATTERN = rf"^\s*[^{INVISIBLE}\s]([^{INVISIBLE}]*[^{INVISIBLE}\s])?\s*$"
"""The same for a label, which may have slashes."""

_INVISIBLE = re.compile(f"[{INVISIBLE}\ud800-\udfff]")
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
    name = check_label(text)
    if len(name) > MAX_NAME_CHARS:
        raise ValueError(f"a name has 1 to {MAX_NAME_CHARS} characters")
    if "/" in name or "\\" in name:
        raise ValueError("a name has no slashes")
    return name


def check_label(text: str) -> str:
    """Return what a client calls a collection as the library stores it; raises `ValueError` if it is not allowed."""
    # Before spaces are normalized: a line break inside a name is a slip, not a space.
    if _INVISIBLE.search(text.strip()):
        raise ValueError("a name has no control or invisible characters")
    label = normalize_name(text)
    if not 1 <= len(label) <= MAX_LABEL_CHARS:
        raise ValueError(f"a name has 1 to {MAX_LABEL_CHARS} characters")
    if is_collection_id(label):
        raise ValueError("this name looks like a collection's id; choose another")
    return label


def name_label(label: str) -> str:
    """Return the name for a label, without slashes and short enough for a number behind it."""
    short = label if len(label) <= MAX_NAME_CHARS else label[: MAX_NAME_CHARS - NUMBER_CHARS]
    return normalize_name(short.replace("/", "-").replace("\\", "-"))
