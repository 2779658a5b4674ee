"""Headers of e-mail as people read them, whatever is wrong with them.

The standard library's own parser of addresses takes seconds for a long list and recurses into comments.
"""

import binascii
import re
from email.message import MIMEPart
from itertools import groupby

from ingest.parsers.document_builder import normalize_text
from ingest.parsers.encoding import decode

_WORD = re.compile(r"=\?([\w.:-]+)(?:\*[\w-]*)?\?([BbQq])\?([^?]*)\?=")
_WORDS = re.compile(r"(?:=\?[\w.:-]+(?:\*[\w-]*)?\?[BbQq]\?[^?]*\?=)+")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")


def read_header(message: MIMEPart, name: str) -> str:
    """Return all headers of that name on one line, decoded; an empty string where there is none."""
    values = (str(value) for key, value in message.raw_items() if key.lower() == name.lower())
    # Raw bytes, which the parser keeps as halves of surrogate pairs, are in any encoding.
    texts = [decode(value.encode("utf-8", "surrogateescape")).text for value in values]
    return " ".join(normalize_text(decode_words(", ".join(texts))).split())


def decode_words(text: str) -> str:
    """Return `text` with its encoded words (RFC 2047) decoded; those that are broken stay as they are."""
    return _WORDS.sub(_decoded_run, _BETWEEN_WORDS.sub("", text))


def _decoded_run(run: re.Match[str]) -> str:
    """Return what adjacent words say; a sign may begin in one and end in the next."""
    words = [(charset.lower(), code.upper(), content) for charset, code, content in _WORD.findall(run[0])]
    try:
        return "".join(
            decode(b"".join(_bytes(code, content) for _, code, content in same), charset).text
            for charset, same in groupby(words, key=lambda word: word[0])
        )
    except ValueError:
        return run[0]


def _bytes(code: str, content: str) -> bytes:
    if code == "Q":
        return binascii.a2b_qp(content.encode("ascii"), header=True)
    return binascii.a2b_base64(content.encode("ascii") + b"===")
