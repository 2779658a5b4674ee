"""Decode the headers of e-mail for people (RFC 2047), malformed ones included.

The address parser of the standard library takes seconds for a long list and recurses into comments.
"""

import binascii
import re
from email.message import MIMEPart
from itertools import groupby

from ingest.parsers.document_builder import normalize_text
from ingest.parsers.encoding import decode

_ENCODED_WORD = re.compile(r"=\?([\w.:-]+)(?:\*[\w-]*)?\?([BbQq])\?([^?]*)\?=")
_ENCODED_WORDS = re.compile(r"(?:=\?[\w.:-]+(?:\*[\w-]*)?\?[BbQq]\?[^?]*\?=)+")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")


def read_header(message: MIMEPart, name: str) -> str:
    """Return all headers of a name, decoded and on one line; empty if there are none."""
    values = (str(value) for key, value in message.raw_items() if key.lower() == name.lower())
    # The parser keeps raw bytes, which are in any encoding, as lone surrogates.
    texts = [decode(value.encode("utf-8", "surrogateescape")).text for value in values]
    return " ".join(normalize_text(decode_words(", ".join(texts))).split())


def decode_words(text: str) -> str:
    """Return `text` with its encoded words (RFC 2047) decoded; malformed ones stay unchanged."""
    return _ENCODED_WORDS.sub(_decode_run, _BETWEEN_WORDS.sub("", text))


def _decode_run(run: re.Match[str]) -> str:
    """Return the text of adjacent encoded words; a character may begin in one and end in the next."""
    words = [(charset.lower(), code.upper(), content) for charset, code, content in _ENCODED_WORD.findall(run[0])]
    try:
        return "".join(
            decode(b"".join(_decode_content(code, content) for _, code, content in same), charset).text
            for charset, same in groupby(words, key=lambda word: word[0])
        )
    except ValueError:
        return run[0]


def _decode_content(code: str, content: str) -> bytes:
    if code == "Q":
        return binascii.a2b_qp(content.encode("ascii"), header=True)
    return binascii.a2b_base64(content.encode("ascii") + b"===")
