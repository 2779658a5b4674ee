"""The key that a request carries, in each of the forms that clients use. Pure."""

from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from api.errors import KeyInUrlError

KEY_HEADERS = ("x-api-key", "api-key")
"""Anthropic's and Azure's; all others send `Authorization: Bearer`."""
KEY_PARAMETERS = frozenset({"api_key", "api-key", "apikey", "x-api-key", "key", "access_token", "token"})


def read_key(headers: Headers) -> str | None:
    """Return the key that a request sends, None if it sends none."""
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    return next((headers[name].strip() for name in KEY_HEADERS if name in headers), None)


def refuse_key_in_url(query: bytes) -> None:
    """Raise `KeyInUrlError` if a query has a key: what stands in a URL is kept by logs and histories."""
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name.lower() in KEY_PARAMETERS:
            raise KeyInUrlError(param=name)
