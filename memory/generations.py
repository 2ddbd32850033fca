"""Which embedding generation stands for which: what has been embedded again counts as of the new one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .database import Database

_KEY = "reembedded"


def replaced(database: Database) -> Mapping[str, str]:
    """Generations that have been replaced, and by which."""
    rows = database.rows("SELECT value FROM meta WHERE key = ?", (_KEY,))
    return {str(old): str(new) for old, new in json.loads(rows[0][0]).items()} if rows else {}


def generations(database: Database) -> tuple[str, ...]:
    """Those that any vector here is of, whether replaced or not."""
    return tuple(str(name) for (name,) in database.rows("SELECT DISTINCT generation FROM vectors ORDER BY generation"))


def current(database: Database, generation: str) -> str:
    """The generation whose vectors stand for those of ``generation`` now."""
    return replaced(database).get(generation, generation)


def switch(database: Database, generations: Iterable[str], new: str) -> None:
    """Let ``new`` stand for all of these from now on, in one transaction with the vectors that are staged."""
    old = {*generations, *replaced(database), *replaced(database).values()} - {new}
    with database.transaction() as connection:
        value = json.dumps(dict.fromkeys(sorted(old), new))
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEY, value))
