"""Which key opens the server for whom: the administrator's of the settings, and the named ones of the library."""

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from pydantic import SecretStr

from ingest.library.library import Library
from ingest.principals import ADMINISTRATOR, LOCAL, Principal, digest_key

FRESH_SECONDS = 0.5
"""Named keys are read again when they are older: so long at most a key that was revoked still opens."""


@dataclass(frozen=True, slots=True)
class _Named:
    """The valid keys by their digest, None if there never was one, and when they were asked for."""

    keys: Mapping[str, Principal] | None
    read_at: float


class KeyRing:
    """Finds the principal of a key. Without any key in settings and library everybody is the administrator.

    A home that has ever had a named key asks for keys, also when all of them are revoked.
    """

    def __init__(
        self, library: Library, admin_key: SecretStr | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._library = library
        self._admin_key = None if admin_key is None else admin_key.get_secret_value().encode()
        self._clock = clock
        self._named: _Named | None = None
        self._reading: Future[_Named] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keys")

    async def find(self, key: str | None) -> Principal | None:
        """Return whom a key belongs to, or None if it opens nothing; raises `LibraryError`.

        `key` is None for a request without one.
        """
        named = await self._read_named()
        if named is None and self._admin_key is None:
            return ADMINISTRATOR
        if key is None:
            return None
        if self._admin_key is not None and hmac.compare_digest(key.encode(), self._admin_key):
            return ADMINISTRATOR
        return (named or {}).get(digest_key(key))

    async def asks_for_keys(self) -> bool:
        """Return whether requests need a key; raises `LibraryError`."""
        return self._admin_key is not None or await self._read_named() is not None

    async def find_owner(self, name: str) -> Principal | None:
        """Return the principal of a name, or None if its key was revoked; raises `LibraryError`.

        It is no administrator: what is opened by a name alone is the owner's, and no more.
        """
        named = await self._read_named()
        if name == LOCAL:
            return Principal(LOCAL)
        return next((Principal(name) for each in (named or {}).values() if each.name == name), None)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)

    async def _read_named(self) -> Mapping[str, Principal] | None:
        """Return the named keys as they were at most `FRESH_SECONDS` ago; requests that come together read once."""
        if self._named is not None and self._clock() - self._named.read_at < FRESH_SECONDS:
            return self._named.keys
        if self._reading is None or self._reading.done():
            self._reading = self._thread.submit(self._read)
        self._named = await asyncio.wrap_future(self._reading)
        return self._named.keys

    def _read(self) -> _Named:
        read_at = self._clock()
        return _Named(self._library.valid_keys(), read_at)
