"""A library's database as other programs see it: nothing of the library's own guards it."""

from pathlib import Path

import apsw

from ingest.storage.database import define_functions
from ingest.storage.schema import MIGRATIONS

BEFORE_MIGRATION = f"library-before-v{len(MIGRATIONS)}.db"
"""The copy that is kept when an older format is brought up to date."""

ANY_USE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


def raw_database(path: Path, flags: int = ANY_USE) -> apsw.Connection:
    """Open a database with the function that its schema calls."""
    connection = apsw.Connection(str(path), flags=flags)
    define_functions(connection)
    return connection
