"""Who may use a library: principals, their keys, and what they share. Pure.

Every row of a library has an owner, which is the name of a principal. The administrator's rows are those of `LOCAL`:
everything in a home without keys, what the commands on this machine make, and what `PINCITE_API_KEY` opens.
"""

import hashlib
import re
import secrets
import string
from dataclasses import dataclass
from typing import Literal

LOCAL = "local"
"""The owner of everything that was made without a named key."""
EVERY_OWNER = "*"
"""The view of the library's own work, such as the queue, over the rows of all owners; no principal has this name."""

KEY_PREFIX = "pincite-"
KEY_BYTES = 32
LMSTUDIO_PREFIX = "sk-lm-"
LMSTUDIO_HALVES = (8, 20)
ALPHANUMERICS = string.ascii_letters + string.digits
MAX_PRINCIPAL_CHARS = 64
PRINCIPAL_PATTERN = rf"^[a-z0-9][a-z0-9._@-]{{0,{MAX_PRINCIPAL_CHARS - 1}}}$"

KeyForm = Literal["pincite", "lmstudio"]
SharedAccess = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request: the owner of what it makes. An administrator also manages models, queue and server."""

    name: str
    is_admin: bool = False

    @property
    def has_named_key(self) -> bool:
        """Whether it is one of several people, and not the only one, who needs no name."""
        return self.name != LOCAL


ADMINISTRATOR = Principal(LOCAL, is_admin=True)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A named key, without the key itself, which nobody can read again. Times are in Unix seconds."""

    name: str
    is_admin: bool
    created_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A principal that may use a collection of another one."""

    principal: str
    access: SharedAccess


def check_principal_name(text: str) -> str:
    """Return the name of a new principal; raises `ValueError` if it is not allowed."""
    if not re.fullmatch(PRINCIPAL_PATTERN, text):
        raise ValueError(
            f"a name has 1 to {MAX_PRINCIPAL_CHARS} lower-case letters, digits or . _ @ - and begins with a letter "
            "or digit"
        )
    if text == LOCAL:
        raise ValueError(f"{LOCAL!r} is the administrator on this machine; choose another name")
    return text


def generate_key(form: KeyForm = "pincite") -> str:
    """Return a new key: of 256 random bits, or of 166 in the form of LM Studio's API tokens, `sk-lm-<8>:<20>`.

    LM Studio's SDKs send no key of another form as their API token.
    """
    if form == "lmstudio":
        identifier, passkey = ("".join(secrets.choice(ALPHANUMERICS) for _ in range(size)) for size in LMSTUDIO_HALVES)
        return f"{LMSTUDIO_PREFIX}{identifier}:{passkey}"
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def digest_key(key: str) -> str:
    """Return what is stored of a key. It is random, so that one round of SHA-256 cannot be reversed by guessing."""
    return hashlib.sha256(key.encode()).hexdigest()
