"""Links that open the page of a citation: plain if the server asks for no key, else signed and expiring.

A browser that follows a link sends no key, so the link itself says on whose behalf it opens which span of which
document, and until when. It opens that page alone. The secret that signs links stays in the home and depends on no key:
a link outlives the exchange of the administrator's key, and ends when its owner's key is revoked.
"""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from api.errors import PageLinkError
from ingest.runtime.atomic_files import open_incoming_file, sync_file
from rag.types import Quote, Verdict

LINK_PREFIX = "/cite/"
"""What the path of every link begins with."""
SIGNATURE, OWNER, EXPIRES = "signature", "owner", "expires"
FILE_NAME = "link-secret"
"""The file of the secret in its home."""
SECRET_BYTES = 32

Query = Sequence[tuple[str, str]]


class LinkSigner:
    """Signs links with the secret of a home, and checks them."""

    def __init__(self, secret: bytes, *, lifetime_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._lifetime_seconds = lifetime_seconds
        self._clock = clock

    def sign(self, path: str, query: Query, owner: str) -> list[tuple[str, str]]:
        """Return the query of a link that opens `path` as `owner` may see it."""
        expires = str(int(self._clock() + self._lifetime_seconds))
        named = [*query, (OWNER, owner), (EXPIRES, expires)]
        return [*named, (SIGNATURE, self._signature(path, named))]

    def find_owner(self, path: str, query: Query) -> str:
        """Return on whose behalf a link opens `path`; raises `PageLinkError`."""
        signatures = [value for name, value in query if name == SIGNATURE]
        named = [(name, value) for name, value in query if name != SIGNATURE]
        fields = dict(named)
        expected = self._signature(path, named)
        is_genuine = len(signatures) == 1 and hmac.compare_digest(signatures[0].encode(), expected.encode())
        if not is_genuine or len(fields) != len(named):
            raise PageLinkError("this link was not made by this server, or was changed: open it as the answer has it")
        if int(fields[EXPIRES]) < self._clock():
            raise PageLinkError("this link has expired: ask the question again, and its answer has a new one")
        return fields[OWNER]

    def _signature(self, path: str, query: Query) -> str:
        signed = f"{path}?{urlencode(sorted(query))}".encode()
        return hmac.new(self._secret, signed, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Makes the links of one request's answer; a `signer` is there if the server asks for keys.

    `base_url` is the server's address as its client reaches it, without a slash at its end.
    """

    base_url: str
    owner: str
    signer: LinkSigner | None = None

    def url(self, cited: Quote, verdict: Verdict) -> str:
        """Return the link that opens the page of a quote, and shows the verdict on the sentence that cites it."""
        path = f"{LINK_PREFIX}{quote(cited.collection_id)}/{quote(cited.file_id)}/{cited.page}"
        query = [("start", str(cited.start)), ("end", str(cited.end)), ("verdict", verdict)]
        signed = query if self.signer is None else self.signer.sign(path, query, self.owner)
        return f"{self.base_url}{path}?{urlencode(signed)}"


def load_secret(home: Path) -> bytes:
    """Return the secret of a home, made at the first call; one for this process alone if the home cannot be written."""
    path = home / FILE_NAME
    if (secret := _read_secret(path)) is None:
        fresh = secrets.token_bytes(SECRET_BYTES)
        with suppress(OSError), open_incoming_file(home) as (file, incoming):
            file.write(fresh)
            sync_file(file)
            os.link(incoming, path)  # fails if another process was faster: then its secret is the home's
        secret = _read_secret(path) or fresh
    return secret


def _read_secret(path: Path) -> bytes | None:
    try:
        secret = path.read_bytes()
    except OSError:
        return None
    return secret if len(secret) == SECRET_BYTES else None
