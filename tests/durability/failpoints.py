"""Instants at which a process can be killed, put around the real components from outside.

The package knows nothing of this: a process that is to die calls :func:`watched` before anything is opened.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRITING = ("BEGIN", "COMMIT", "INSERT INTO EVENTS", "UPDATE", "CREATE")


@dataclass
class Instants:
    """Counts what can be interrupted, writes each down, and dies at the chosen one.

    Attributes:
        stop: Number of the instant to die at, from 1; 0 for none.
        trace: Descriptor of the file that they are written to.
    """

    stop: int
    trace: int
    count: int = 0

    def __call__(self, name: str) -> None:
        self.count += 1
        os.write(self.trace, f"{name}\n".encode())
        if self.count == self.stop:
            os.kill(os.getpid(), signal.SIGKILL)


def watched(instants: Instants, *, pragmas: tuple[str, ...] = ()) -> None:
    """Put instants around commits, sends, replies, the index, and every file that takes another's place."""
    _database(instants, pragmas)
    _http(instants)
    _chroma(instants)
    _files(instants)


def _database(instants: Instants, pragmas: tuple[str, ...]) -> None:
    """Around the commits of every SQLite file, which are told apart by the file's name."""
    connect = sqlite3.connect

    class Watched(sqlite3.Connection):
        file = ""

        def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
            if pragmas and sql.startswith("PRAGMA busy_timeout"):
                sql = "PRAGMA busy_timeout = 50"
            name = next((word.lower() for word in WRITING if sql.upper().startswith(word)), "")
            if not name:
                return super().execute(sql, *given)
            instants(f"{self.file} before {name}")
            done = super().execute(sql, *given)
            if name == "commit":
                instants(f"{self.file} after commit")
            return done

        def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
            instants(f"{self.file} before {' '.join(sql.lower().split()[:3])}")
            return super().executemany(sql, rows)

        def executescript(self, sql: str) -> sqlite3.Cursor:
            instants(f"{self.file} before script")
            done = super().executescript(sql)
            instants(f"{self.file} after script")
            return done

    def connected(database: str, **settings: Any) -> sqlite3.Connection:
        if database == ":memory:":
            return connect(database, **settings)
        connection = connect(database, factory=Watched, **settings)
        connection.file = Path(database.partition("?")[0]).stem
        instants(f"{connection.file} opened")
        for pragma in pragmas if connection.file == "journal" else ():
            sqlite3.Connection.execute(connection, f"PRAGMA {pragma}")
        return connection

    sqlite3.connect = connected  # type: ignore[assignment]


def _http(instants: Instants) -> None:
    from aiohttp import ClientResponse
    from aiohttp.client_reqrep import ClientRequest

    _around(instants, ClientRequest, "send", "http send", later=True)
    _around(instants, ClientResponse, "start", "http reply", later=True)


def _chroma(instants: Instants) -> None:
    from chromadb.api.models.Collection import Collection

    from doxa.memory import chroma

    _around(instants, Collection, "upsert", "chroma upsert")
    _around(instants, chroma.ChromaIndex, "mark", "index mark")
    _around(instants, chroma.ChromaIndex, "close", "index close")
    _around(instants, chroma, "PersistentClient", "chroma open")


def _files(instants: Instants) -> None:
    from doxa.memory.journal import Journal

    _around(instants, Path, "replace", "file replace")
    _around(instants, os, "replace", "file replace")
    _around(instants, shutil, "rmtree", "folder removal")
    export = Journal.export

    @functools.wraps(export)
    def exported(*given: Any, **settings: Any) -> Iterator[str]:
        for number, line in enumerate(export(*given, **settings)):
            if number % 20 == 10:
                instants("export line")
            yield line

    Journal.export = exported  # type: ignore[method-assign]


def _around(instants: Instants, owner: Any, name: str, label: str, *, later: bool = False) -> None:
    """An instant before and one after each call; ``later`` if it has to be awaited."""
    inner: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(inner)
    def outer(*given: Any, **settings: Any) -> Any:
        instants(f"before {label}")
        done = inner(*given, **settings)
        instants(f"after {label}")
        return done

    @functools.wraps(inner)
    async def awaited(*given: Any, **settings: Any) -> Any:
        instants(f"before {label}")
        done = await inner(*given, **settings)
        instants(f"after {label}")
        return done

    setattr(owner, name, awaited if later else outer)
