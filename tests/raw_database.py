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


def forget_index_entries(path: Path, index: str, change: str) -> None:
    """Run a statement while SQLite does not know an index, so that the index has entries that its table has not."""
    database = raw_database(path)
    database.execute("PRAGMA writable_schema = ON")
    (row,) = database.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE name = ?", (index,))
    database.execute("DELETE FROM sqlite_schema WHERE name = ?", (index,))
    database.close()
    database = raw_database(path)
    database.execute(change)
    database.execute("PRAGMA writable_schema = ON")
    database.execute("INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?)", row)
    database.close()
