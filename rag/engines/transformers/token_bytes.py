"""The bytes that each token adds to a text, from how its tokenizer decodes. Pure."""

import re
from collections.abc import Mapping

BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")
"""How vocabularies of the SentencePiece kind write a single byte."""
SPACE = "\u2581"


def byte_signs() -> dict[str, int]:
    """Return the printable sign that stands for each byte in vocabularies of the GPT-2 kind."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    signs = {chr(byte): byte for byte in printable}
    return signs | {chr(256 + index): byte for index, byte in enumerate(others)}


def token_bytes(token: str, signs: Mapping[str, int] | None) -> bytes:
    """Return what `token` adds to a text; `signs` where its vocabulary is of the GPT-2 kind, else None."""
    if signs is not None:
        return b"".join(bytes([signs[sign]]) if sign in signs else sign.encode() for sign in token)
    if byte := BYTE_TOKEN.fullmatch(token):
        return bytes.fromhex(byte[1])
    return token.replace(SPACE, " ").encode()
