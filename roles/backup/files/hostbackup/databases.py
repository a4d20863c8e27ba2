# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLite databases: copied by SQLite itself, as copied files may be torn, and asked what is in them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from .problem import Problem

#: How long a writer may hold the database before the copy gives up.
PATIENCE = 60.0


def copy(source: Path, target: Path) -> None:
    """Make a copy of one moment. Writers go on in WAL mode; in the other modes they wait meanwhile."""
    try:
        _copy(source, target, "mode=ro")
    except sqlite3.OperationalError:
        # What a crash left half done is rolled back by the next who opens the database for writing.
        try:
            _copy(source, target, "mode=rw")
        except sqlite3.Error as error:
            raise Problem(
                f"The database {source} can't be copied: {error}. Look at it with `sqlite3 {source}`."
            ) from None
    except sqlite3.DatabaseError as error:
        raise Problem(
            f"The database {source} is damaged: {error}. Bring it back with `restore --part`."
        ) from None


def _copy(source: Path, target: Path, how: str) -> None:
    target.unlink(missing_ok=True)
    with closing(_opened(source, how)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new, pages=-1)


def facts(path: Path) -> Mapping[str, int]:
    """Rows by table of a database that nobody writes. Raises Problem when it is damaged."""
    try:
        with closing(_opened(path, "mode=ro&immutable=1")) as database:
            told = [row[0] for row in database.execute("PRAGMA integrity_check(3)")]
            if told != ["ok"]:
                raise Problem(f"The database {path} is damaged: {'; '.join(told)[:300]}")
            tables = database.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"
                " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
            ).fetchall()
            return {name: _rows(database, name) for (name,) in tables}
    except sqlite3.Error as error:
        raise Problem(f"The database {path} is damaged: {error}") from None


def _rows(database: sqlite3.Connection, table: str) -> int:
    name = table.replace('"', '""')
    return int(database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])


def _opened(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(os.fsencode(path))}?{how}", uri=True, timeout=PATIENCE)
