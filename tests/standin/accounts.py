# SPDX-License-Identifier: GPL-3.0-or-later
"""A busy writer whose data tells when it is torn: accounts write FOLDER, accounts check FOLDER.

Each transaction moves money between two accounts and writes a receipt into a file before it, so the sum never
changes, each entry has the hash of the one before, and each has its file.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sqlite3
import sys
import time
from pathlib import Path

ACCOUNTS, SUM = 50, 50000
SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, money INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, giver INTEGER, taker INTEGER, hash TEXT);
"""


def opened(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "accounts.db", timeout=60, isolation_level=None)
    database.executescript(SCHEMA)
    if not database.execute("SELECT count(*) FROM account").fetchone()[0]:
        for number in range(ACCOUNTS):
            database.execute("INSERT INTO account VALUES (?, ?)", (number, SUM // ACCOUNTS))
    return database


def moved(database: sqlite3.Connection, folder: Path) -> None:
    database.execute("BEGIN IMMEDIATE")
    number, before = database.execute(
        "SELECT coalesce(max(id), 0), coalesce(max(hash), '') FROM entry"
    ).fetchone()
    before = (database.execute("SELECT hash FROM entry WHERE id = ?", (number,)).fetchone() or [""])[0]
    giver, taker = random.sample(range(ACCOUNTS), 2)
    hash_ = hashlib.sha256(f"{before} {number + 1} {giver} {taker}".encode()).hexdigest()
    draft = folder / "receipts" / f".{number + 1}"
    draft.write_text(hash_ * 20)
    draft.replace(folder / "receipts" / str(number + 1))
    database.execute("UPDATE account SET money = money - 1 WHERE id = ?", (giver,))
    database.execute("UPDATE account SET money = money + 1 WHERE id = ?", (taker,))
    database.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (number + 1, giver, taker, hash_))
    database.execute("COMMIT")


def write(folder: Path) -> None:
    (folder / "receipts").mkdir(parents=True, exist_ok=True)
    database = opened(folder)
    while not (folder / "stop").exists():
        moved(database, folder)
        time.sleep(0.02)


def check(folder: Path) -> dict[str, object]:
    database = sqlite3.connect(f"file:{folder}/accounts.db?mode=ro&immutable=1", uri=True)
    total = database.execute("SELECT sum(money) FROM account").fetchone()[0]
    before, count = "", 0
    for number, giver, taker, hash_ in database.execute(
        "SELECT id, giver, taker, hash FROM entry ORDER BY id"
    ):
        count += 1
        wanted = hashlib.sha256(f"{before} {number} {giver} {taker}".encode()).hexdigest()
        if number != count or hash_ != wanted:
            return {"torn": f"entry {number}"}
        if (folder / "receipts" / str(number)).read_text() != hash_ * 20:
            return {"torn": f"receipt {number}"}
        before = hash_
    return {"torn": "" if total == SUM else f"sum {total}", "entries": count, "last": before}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        print(json.dumps(check(Path(sys.argv[2]))))
    sys.stdout.flush()
    os._exit(0)
