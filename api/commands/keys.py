"""`pincite keys`: make, list and revoke keys, and delete what their holders own."""

from datetime import UTC, datetime

from api.commands.output import add_row, confirm, messages, results, table, write_json
from api.commands.resources import open_library
from api.settings import AllSettings
from api.wire.base import JsonObject
from ingest.principals import KeyForm, KeyRecord
from ingest.upkeep.departure import delete_principal


def create_key(settings: AllSettings, name: str, *, is_admin: bool, as_json: bool, form: KeyForm = "pincite") -> int:
    """Make a key, and print it to stdout alone, the only time that it can be read."""
    with open_library(settings) as library:
        key = library.create_key(name, is_admin=is_admin, form=form)
    if as_json:
        write_json({"name": name, "is_admin": is_admin, "key": key})
    else:
        results().print(key, soft_wrap=True)
    messages().print(f"this is the key of {name}; it is shown once and cannot be read again")
    return 0


def list_keys(settings: AllSettings, *, as_json: bool) -> int:
    """Show whose keys there are, never the keys."""
    with open_library(settings) as library:
        keys = library.list_keys()
    if as_json:
        write_json([_key(key) for key in keys])
        return 0
    rows = table("name", "may", "made", "revoked")
    for key in keys:
        may = "manage the server" if key.is_admin else "use the server"
        add_row(rows, (key.name, may, _date(key.created_at), _date(key.revoked_at)))
    results().print(rows)
    return 0


def revoke_key(settings: AllSettings, name: str, *, as_json: bool) -> int:
    """Revoke a key."""
    with open_library(settings) as library:
        revoked = library.revoke_key(name)
    if as_json:
        write_json(_key(revoked))
    messages().print(f"the key of {name} is revoked; what {name} owns stays")
    return 0


def delete_key(settings: AllSettings, name: str, *, yes: bool, as_json: bool) -> int:
    """Delete a key and all that its holder owns; asks first unless `yes` is set."""
    if not yes:
        confirm(
            f"All collections, files and conversations of {name} are deleted. This cannot be undone.", verb="delete"
        )
    with open_library(settings) as library:
        delete_principal(library, name)
    if as_json:
        write_json({"name": name, "deleted": True})
    messages().print(f"{name} and everything of {name} is deleted")
    return 0


def _key(key: KeyRecord) -> JsonObject:
    return {
        "name": key.name,
        "is_admin": key.is_admin,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def _date(seconds: int | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
