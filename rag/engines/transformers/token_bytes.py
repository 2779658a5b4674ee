"""The bytes that each token adds to a text, for byte-level and SentencePiece vocabularies. Pure."""

import re
from collections.abc import Mapping

BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")
"""SentencePiece's name of a single byte (byte fallback)."""
SENTENCEPIECE_SPACE = "\u2581"


def map_byte_characters() -> dict[str, int]:
    """Return the byte of each printable character in byte-level vocabularies (GPT-2's `bytes_to_unicode`)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    characters = {chr(byte): byte for byte in printable}
    return characters | {chr(256 + index): byte for index, byte in enumerate(others)}


def decode_token(token: str, byte_of: Mapping[str, int] | None) -> bytes:
    """Return what `token` adds to a text; `byte_of` is that of `map_byte_characters` for byte-level vocabularies."""
    if byte_of is not None:
        return b"".join(bytes([byte_of[char]]) if char in byte_of else char.encode() for char in token)
    if byte := BYTE_TOKEN.fullmatch(token):
        return bytes.fromhex(byte[1])
    return token.replace(SENTENCEPIECE_SPACE, " ").encode()
