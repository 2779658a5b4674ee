# pyright: basic
"""Read the signs that symbol fonts draw for letters: a PDF may say "m" of the glyph μ.

A program that draws a symbol font with another one, as LibreOffice does with OpenSymbol, writes down the code of the
sign in its text, not the sign that the page shows.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.parsers.symbol_fonts import decode_letters, is_symbol_font

_MAX_NAME_BYTES = 200
_STANDS_FOR = {"OpenSymbol": "Symbol", "StarSymbol": "Symbol"}
"""Fonts with which programs draw the signs of another font."""


def replace_symbols(codes: NDArray[np.uint32], texts: Sequence[Any], textpage: Any) -> NDArray[np.uint32]:
    """Return the code points of a page's characters, with the signs for those in symbol fonts.

    `texts` are the handles of its text objects, `textpage` that of its text.
    """
    if not _has_symbol_font(texts):
        return codes
    replaced = codes.copy()
    name, flags = ctypes.create_string_buffer(_MAX_NAME_BYTES), ctypes.c_int()
    for index in np.flatnonzero((codes > 0x20) & (codes <= 0xFF)).tolist():
        pdfium.FPDFText_GetFontInfo(textpage, index, name, _MAX_NAME_BYTES, flags)
        font = _find_font(name.value)
        if font:
            replaced[index] = ord(decode_letters(chr(codes[index]), font))
    return replaced


def _has_symbol_font(texts: Sequence[Any]) -> bool:
    fonts = {ctypes.cast(font, ctypes.c_void_p).value: font for font in map(pdfium.FPDFTextObj_GetFont, texts) if font}
    name = ctypes.create_string_buffer(_MAX_NAME_BYTES)
    for font in fonts.values():
        pdfium.FPDFFont_GetBaseFontName(font, name, _MAX_NAME_BYTES)
        if _find_font(name.value):
            return True
    return False


def _find_font(stored: bytes) -> str:
    """Return the symbol font whose signs a font shows; empty if it shows letters."""
    name = stored.decode("utf-8", "replace").rpartition("+")[2]
    font = _STANDS_FOR.get(name.split("-")[0].split(",")[0], name)
    return font if is_symbol_font(font) else ""
