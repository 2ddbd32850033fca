"""Runs gathered from homes in a shared journal: as often as one likes, only what isn't there yet is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import DataError
from .archive import Dropped, Replaced, Text, Vector, naming, needed
from .database import Row
from .journal import Journal
from .references import References, batches

if TYPE_CHECKING:
    from .postgres import Connected, Server

REEMBEDDED = "reembedded "
"""Begins the key under which it is kept which embedding generation stands for another one."""
_EVENTS = (
    "SELECT run, episode, seq, kind, key, payload, prev_hash, hash, at, latency, attempts "
    "FROM events LEFT JOIN times ON times.event = events.id WHERE run = ? AND seq > ? ORDER BY seq"
)
_PUT = "INSERT INTO doxa.events VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_NAME = (
    "INSERT INTO doxa.names VALUES (%s, %s) ON CONFLICT (name) "
    "DO UPDATE SET number = greatest(doxa.names.number, excluded.number)"
)
_NEXT = (
    "INSERT INTO doxa.names VALUES (%s, %s) ON CONFLICT (name) "
    "DO UPDATE SET number = greatest(doxa.names.number + 1, excluded.number) RETURNING number"
)


def reserved(connection: Connected, name: str, lowest: int) -> int:
    """The next number for a run of this name, at least ``lowest``, that no home of a shared journal has got before."""
    (row,) = connection.execute(_NEXT, (name, lowest)).fetchall()
    return int(row[0])


def gather(server: Server, connection: Connected, journal: Journal, run: str) -> int:
    """Write a run, and what it starts from, to the shared journal, each whole or not at all.

    Returns:
        How many events were new there.

    Raises:
        NotFoundError: There is no such run.
        DataError: Another run has its name there.
    """
    return sum(_gather(server, connection, journal, name) for name in needed(journal, journal.require(run)))


def _gather(server: Server, connection: Connected, journal: Journal, run: str) -> int:
    origin = next(reversed(journal.ancestors(run)), None)
    told = (origin.run, origin.seq) if origin else (None, None)
    with connection.transaction():
        sql = "INSERT INTO doxa.runs (name, parent, parent_seq) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
        connection.execute(sql, (run, *told))
        known = connection.execute("SELECT parent, parent_seq FROM doxa.runs WHERE name = %s FOR UPDATE", (run,))
        if known.fetchall() != [told]:
            raise _other(server, run)
        there = _there(server, connection, journal, run)
        events = journal.database.rows(_EVENTS, (run, there))
        if events:
            _put_named(connection, journal, events)
            with connection.cursor() as cursor:
                cursor.executemany(_PUT, events)
            name, _, number = run.rpartition("-")
            if number.isdecimal():
                connection.execute(_NAME, (name, int(number)))
        return len(events)


def _there(server: Server, connection: Connected, journal: Journal, run: str) -> int:
    """How far the run is there; what both have has to be the same, by the hash of the last event that both have."""
    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM doxa.events WHERE run = %s", (run,)).fetchall()
    both = min(int(last[0]), journal.length(run))
    here = journal.database.rows("SELECT hash FROM events WHERE run = ? AND seq = ?", (run, both))
    there = connection.execute("SELECT hash FROM doxa.events WHERE run = %s AND seq = %s", (run, both)).fetchall()
    if here != there:
        raise _other(server, run)
    return int(last[0])


def _put_named(connection: Connected, journal: Journal, events: Sequence[Row]) -> None:
    """Write the texts and vectors that events name."""
    found = References()
    for event in journal.events(events[0][0]):
        if event.seq >= events[0][2]:
            found.add(event.kind, event.payload)
    known = set[str]()
    for some in batches(sorted(found.texts)):
        rows = connection.execute("SELECT digest FROM doxa.texts WHERE digest = ANY(%s)", (list(some),)).fetchall()
        known.update(digest for (digest,) in rows)
    found.texts.difference_update(known)
    parts = list(naming(journal, found))
    texts = [(part.digest, part.plain.encode("utf-8", "surrogatepass")) for part in parts if isinstance(part, Text)]
    dropped = [(part.digest,) for part in parts if isinstance(part, Dropped)]
    vectors = [(part.generation, part.digest, part.blob) for part in parts if isinstance(part, Vector)]
    reembedded = [(f"{REEMBEDDED}{part.old}", part.new) for part in parts if isinstance(part, Replaced)]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO doxa.texts VALUES (%s, %s) ON CONFLICT DO NOTHING", texts)
        cursor.executemany("INSERT INTO doxa.dropped VALUES (%s) ON CONFLICT DO NOTHING", dropped)
        cursor.executemany("INSERT INTO doxa.vectors VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", vectors)
        cursor.executemany("INSERT INTO doxa.meta VALUES (%s, %s) ON CONFLICT DO NOTHING", reembedded)


def _other(server: Server, run: str) -> DataError:
    return DataError(
        f"{server.shown} holds another run {run}, from another home: runs that begin with --journal get names that are "
        "free there, older ones may not have: sweep in a new home to gather it"
    )
