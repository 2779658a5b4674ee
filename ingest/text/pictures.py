"""Write the alternative text of a picture, so that it is read as the description of a picture. Pure."""

import re

_BRACKETS = str.maketrans("[]", "()")
_FILE_NAME = re.compile(r"[^\n]{1,200}\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?|emf|wmf|avif)", re.I)
_KIND_ONLY = re.compile(
    r"(?:an? )?(?:image|picture|photo(?:graph)?|graphic|figure|illustration|icon|logo|spacer|bullet|cover|cover image"
    r"|cover page|banner|bild|foto|grafik|figura|afbeelding|immagine|imagen|imagem"
    r"|изображение|картинка|图片|画像)\W*\d*\W*|[\s_-]*\d+",
    re.I,
)
_GENERATED = re.compile(
    r"\s*(?:description automatically generated|ai-generated content may be incorrect\.?)\s*$", re.I
)
"""What PowerPoint and Word add to a description that they have made up themselves."""
_MAX_CHARS = 4000


def describe_picture(alternative: str) -> str:
    """Return an alternative text in brackets that say that it is of a picture: `[picture: Map of the strait]`.

    A text of one or two signs (an emoji, a sign of a formula) stays as it is. Empty if it says no more than that there
    is a picture, or is a file name.
    """
    content = " ".join(_GENERATED.sub("", alternative).translate(_BRACKETS).split())[:_MAX_CHARS].rstrip(" ,")
    if not content or _KIND_ONLY.fullmatch(content) or _FILE_NAME.fullmatch(content):
        return ""
    is_sign = len(content) <= 2 or not any(sign.isalnum() for sign in content)
    return content if is_sign else f"[picture: {content}]"
