"""The alternative texts of pictures, as they stand in the text of a document. Pure."""

import re

_FILE_NAME = re.compile(
    r"(?:.*[/\\])?[^\s/\\]+\.(?:png|jpe?g|gif|bmp|tiff?|svg|emf|wmf|webp|heic|eps)|.*[\\/].*\.\w{3,4}", re.I
)
_PLACEHOLDER = re.compile(r"(?:picture|image|graphic|photo|bild|grafik|figura|imagen?|immagine|logo)?[\s_-]*\d*", re.I)
_GENERATED = re.compile(
    r"\s*(?:description automatically generated|ai-generated content may be incorrect\.?)\s*$", re.I
)
_BRACKETS = str.maketrans("[]", "()")


def describe_picture(alternative_text: str) -> str:
    """Return the alternative text of a picture as the text has it; empty for a blank one, a file name or a number."""
    words = " ".join(_GENERATED.sub("", alternative_text).translate(_BRACKETS).split()).rstrip(" ,")
    if _FILE_NAME.fullmatch(words) or _PLACEHOLDER.fullmatch(words):
        return ""
    return f"[picture: {words}]"
