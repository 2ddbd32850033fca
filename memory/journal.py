"""The append-only record of everything that happened: the single source of truth.

A run is a sequence of events. Each has a place - episode, kind and key - and there is one event per place: recording
the same thing at the same place again changes nothing, recording another thing there is an error. That is the whole
mechanism of resuming and replaying: do everything again, and let the journal answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from ..errors import HomeError, JournalError, NondeterminismError, NotFoundError, options
from . import formats
from .canonical import canonical, sha256
from .database import Database, Row
from .events import (
    SELECT,
    Ancestor,
    Entry,
    Event,
    Positioned,
    Timing,
    event_hash,
    event_of,
    missing_text,
)
from .home import Home
from .writer import Writer, see_name

__all__ = ["LOCAL_KINDS", "Ancestor", "Entry", "Event", "Journal", "Positioned", "Timing"]

LOCAL_KINDS = frozenset(
    {
        "call.intent",
        "call.again",
        "call.failed",
        "call.reused",
        "run.imported",
        "run.place",
        "run.resumed",
        "run.interrupted",
        "run.summary",
        "proof.worth",
        "failure",
        "question.form",
        "answer.given",
    }
)
"""Kinds that tell how a run went on one machine: kept, but no part of what the run *is*."""

_PAGE = 256
_LAST = 2**63 - 1


class Journal:
    """The journal of one home; open it with :meth:`open`, best in a ``with`` statement."""

    def __init__(self, home: Home, database: Database, resources: ExitStack) -> None:
        self.home = home
        self.database = database
        self._resources = resources
        self._writer = Writer(database)
        self._numbers: dict[str, int] = {}
        self.reserve: Callable[[str, int], int] = lambda _, lowest: lowest
        """Given a name and the lowest number that is free here, the one to take: homes may share their runs' names."""
        self._answers = False

    @classmethod
    def open(cls, home: Home, *, write: bool) -> Journal:
        """Open a home's journal; ``write`` makes the home if need be and locks it against other writers.

        Raises:
            HomeError: The home can't be used; the message says why and what to do.
        """
        if not write and not home.exists:
            raise HomeError(f"there is no doxa home at {home.path}: train first, or name the home you trained in")
        with ExitStack() as stack:
            if write:
                home.create()
                stack.enter_context(home.lock())
            database = Database.open(home, write=write)
            stack.callback(database.close)
            return cls(home, database, stack.pop_all())
        raise AssertionError("unreachable: the stack above swallows nothing")

    def close(self) -> None:
        """Write what is left, close the file and give up the lock."""
        try:
            self._writer.write()
        finally:
            self._resources.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except JournalError:
            if error is None:  # else what came first says more
                raise

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self.database.write

    # -- runs -----------------------------------------------------------------------------------------------------

    def begin(
        self, name: str, *, parent: str | None = None, until: int | None = None, first: Sequence[Entry] = ()
    ) -> str:
        """Start a run: its id is ``name-1``, or the next number that no run has or had.

        Args:
            name: Lower-case letters, digits and hyphens.
            parent: The run whose beliefs it starts from.
            until: The position in the parent up to which it is seen, if that isn't all.
            first: What is recorded in the same transaction, so that no crash leaves a run without its beginning.

        Raises:
            HomeError: The name has other characters; the message proposes one that fits.
            NotFoundError: There is no such parent.
        """
        with self._writer.turn:
            run = f"{name}-{self._number(name)}"
            if parent is None and self._writer.opened(run):
                self.append(run, first)
                return run
            seq = None if parent is None else self.length(self.require(parent)) if until is None else until
            self.database.stage("INSERT INTO runs (name, parent, parent_seq) VALUES (?, ?, ?)", (run, parent, seq))
            if first:
                self.append(run, first)
            else:
                self.database.flush()
            return run

    def link(self, run: str, parent: str, until: int | None = None) -> None:
        """Let ``run`` start from what ``parent`` holds now; what the parent records later stays unseen.

        ``until`` is the position in the parent up to which it is seen, if that isn't all.

        Raises:
            NotFoundError: There is no such run.
            NondeterminismError: The run started from another parent.
        """
        self.require(run)
        self.require(parent)
        ancestors = self.ancestors(run)
        if ancestors and ancestors[-1].run == parent:
            return
        if ancestors or run in {parent, *(ancestor.run for ancestor in self.ancestors(parent))}:
            origin = ancestors[-1].run if ancestors else "nothing"
            raise NondeterminismError(f"run {run} started from {origin}, it can't start from {parent}: start a new run")
        with self.database.lock:
            seq = self.length(parent) if until is None else until
            with self.database.transaction() as connection:
                connection.execute("UPDATE runs SET parent = ?, parent_seq = ? WHERE name = ?", (parent, seq, run))

    def ancestors(self, run: str) -> tuple[Ancestor, ...]:
        """The runs that ``run`` starts from, the oldest first."""
        rows = self._rows_of("SELECT parent, parent_seq FROM runs WHERE name = ? AND parent IS NOT NULL", (run,))
        return (*self.ancestors(rows[0][0]), Ancestor(*rows[0])) if rows else ()

    def runs(self) -> tuple[str, ...]:
        """All runs, in the order in which they began."""
        return tuple(name for (name,) in self._rows_of("SELECT name FROM runs ORDER BY id"))

    def require(self, run: str) -> str:
        """Return ``run``, or raise :class:`NotFoundError` naming the runs there are."""
        if not self._writer.knows(run) and not self._rows_of("SELECT 1 FROM runs WHERE name = ?", (run,)):
            gone = self.database.rows("SELECT 1 FROM removed WHERE run = ?", (run,))
            told = f"run {run!r} has been removed from" if gone else f"there is no run {run!r} in"
            raise NotFoundError(f"{told} {self.home.path}: {options(run, self.runs())}")
        return run

    # -- writing --------------------------------------------------------------------------------------------------

    def append(
        self, run: str, entries: Sequence[Entry], *, latency: float | None = None, attempts: int | None = None
    ) -> tuple[Event, ...]:
        """Record ``entries``, all or none, and return their events; what is recorded already is left as it is.

        Args:
            run: Id of the run; one that never began begins here.
            entries: What to record.
            latency: Seconds that the recorded call took.
            attempts: Requests that went over the wire for it.

        Raises:
            NondeterminismError: Something else is recorded at the same place.
            JournalError: A payload isn't JSON, or the journal can't be written.
        """
        return self._writer.append(run, entries, latency, attempts)

    def grouped(self) -> AbstractContextManager[None]:
        """Inside, ``append`` returns at once and many runs' events are written together: see :meth:`durable`.

        Everything is written at the end. Once something can't be, nothing more is recorded.

        Raises:
            JournalError: It can't be written.
        """
        return self._writer.grouped()

    async def durable(self) -> None:
        """Wait until everything appended before is on disk; within :meth:`grouped`, together with all who wait.

        Raises:
            JournalError: It can't be written.
        """
        await self._writer.durable()

    def forget(self, runs: Iterable[str]) -> None:
        """Read the ends of these runs from the file again: what is there has been changed beside the journal."""
        self._writer.forget(runs)

    def put_text(self, text: str) -> str:
        """Keep a text under its digest, to be named by events; it is written together with the next one.

        Returns:
            The text's sha256.
        """
        return self._writer.put_text(text)

    # -- reading --------------------------------------------------------------------------------------------------

    def text(self, digest: str) -> str:
        """The text with this digest.

        Raises:
            NotFoundError: It has been dropped, to save room.
            JournalError: It isn't there, or isn't what its digest says.
        """
        if (held := self._writer.text(digest)) is not None:
            return held
        rows = self._rows_of("SELECT CAST(text AS BLOB) FROM texts WHERE digest = ?", (digest,))
        if not rows:
            dropped = self.database.rows("SELECT 1 FROM dropped WHERE digest = ?", (digest,))
            raise missing_text(digest, dropped=bool(dropped))
        blob: bytes = rows[0][0]
        text = blob.decode("utf-8", "surrogatepass")
        if sha256(text) != digest:
            raise JournalError(f"the text {digest} has been changed")
        return text

    def find(self, run: str, episode: int, kind: str, key: str) -> Event | None:
        """The event at this place, if there is one."""
        return self._writer.find(run, episode, kind, key)

    def answer(self, request: str) -> Event | None:
        """The first answer that any run got to the request with this digest; the first use of it makes an index."""
        with self.database.lock:
            if self.writable and not self._answers:
                with self.database.transaction() as connection:
                    connection.execute(formats.ANSWERS)
                self._answers = True
            where = " INDEXED BY answers WHERE kind = 'call' AND json_extract(payload, '$.request') = ? ORDER BY id"
            rows = self._rows_of(f"{SELECT}{where} LIMIT 1", (request,))
        return event_of(rows[0]) if rows else None

    def events(
        self, run: str, *, kind: str | None = None, episode: int | None = None, after: int = 0
    ) -> Iterator[Event]:
        """A run's events in order of arrival, optionally of one kind or one episode, or after a position only.

        Raises:
            NotFoundError: There is no such run.
        """
        self.require(run)
        if self._writer.lacks(run, kind):
            return iter(())
        where = (" AND kind = ?" if kind is not None else "") + (" AND episode = ?" if episode is not None else "")
        given = [value for value in (kind, episode) if value is not None]
        return map(event_of, self._rows(run, where, given, after))

    def beliefs_since(self, position: int) -> Iterator[Positioned]:
        """The belief events of all runs after a position in the whole journal, in order of arrival."""
        sql = (
            "SELECT events.run, episode, seq, kind, key, payload, prev_hash, hash, events.id "
            "FROM runs CROSS JOIN events INDEXED BY events_by_kind ON events.run = runs.name AND kind = 'belief' "
            "WHERE events.id > ? ORDER BY events.id LIMIT ?"
        )
        while rows := self._rows_of(sql, (position, _PAGE)):
            yield from (Positioned(row[-1], event_of(row[:-1])) for row in rows)
            position = rows[-1][-1]

    def length(self, run: str) -> int:
        """The position of a run's last event; 0 if it has none."""
        rows = self._rows_of("SELECT seq FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1", (run,))
        return int(rows[0][0]) if rows else 0

    def stamp_at(self, position: int) -> str | None:
        """What tells an index that the journal up to a position is what it was; ``None`` if nothing is there.

        The hash of the event at that position, and how many runs have been removed so far, if any.
        """
        rows = self._rows_of("SELECT hash, (SELECT max(id) FROM removed) FROM events WHERE id = ?", (position,))
        return ".".join(str(part) for part in rows[0] if part is not None) if rows else None

    def times(self, run: str) -> Iterator[Timing]:
        """When a run's events were written."""
        self.require(run)
        sql = (
            "SELECT seq, at, latency, attempts FROM events JOIN times ON times.event = events.id "
            "WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?"
        )
        last = 0
        while rows := self._rows_of(sql, (run, last, _PAGE)):
            yield from (Timing(*row) for row in rows)
            last = rows[-1][0]

    # -- what a run is --------------------------------------------------------------------------------------------

    def export(self, run: str, until: int | None = None) -> Iterator[str]:
        """The run as canonical JSON lines, the same wherever and in whatever order it was computed.

        Sorted by episode, key and kind; without :data:`LOCAL_KINDS`, run id, positions, hashes and times. ``until`` is
        the position up to which events count.
        """
        self.require(run)
        sql = (
            "SELECT episode, key, kind, payload FROM events "
            "WHERE run = ? AND (episode, key, kind) > (?, ?, ?) AND seq <= ? "
            "ORDER BY episode, key, kind LIMIT ?"
        )
        last: Row = (-(2**63), "", "")
        while rows := self._rows_of(sql, (run, *last, _LAST if until is None else until, _PAGE)):
            for episode, key, kind, payload in rows:
                if kind not in LOCAL_KINDS:
                    place = f'"episode":{episode},"key":{canonical(key)},"kind":{canonical(kind)}'
                    yield f'{{{place},"payload":{payload}}}'
            last = rows[-1][:3]

    def digest(self, run: str, until: int | None = None) -> str:
        """A sha256 over the exported run: two runs with the same digest did the same."""
        total = hashlib.sha256()
        for line in self.export(run, until):
            total.update(f"{line}\n".encode())
        return total.hexdigest()

    def verify(self, run: str) -> int:
        """Recompute the run's hash chain and return the position of its last event.

        A chain can't tell that events are missing at its very end: that is what a crash leaves, too.

        Raises:
            JournalError: An event has been changed, removed or put in; the message names the last good position.
        """
        self.require(run)
        last, last_hash = 0, ""
        for row in self._rows(run):
            _, episode, seq, kind, key, payload, prev_hash, digest = row
            whole = seq == last + 1 and prev_hash == last_hash
            if not whole or digest != event_hash(last_hash, run, episode, seq, kind, key, payload):
                raise JournalError(
                    f"run {run}: what stands at seq {seq} isn't what was written; the journal is good up to "
                    f"seq {last}: restore it from a backup, or train again in another home"
                )
            last, last_hash = seq, digest
        return last

    # -- inside ---------------------------------------------------------------------------------------------------

    def _number(self, name: str) -> int:
        """The next number that no run of this name has or had."""
        see_name(name)
        if name not in self._numbers or not self._writer.grouping:
            taken = (*self.runs(), *(run for (run,) in self.database.rows("SELECT run FROM removed")))
            rests = [run.removeprefix(f"{name}-") for run in taken if run.startswith(f"{name}-")]
            self._numbers[name] = max((int(rest) for rest in rests if rest.isdecimal()), default=0)
        self._numbers[name] = self.reserve(name, self._numbers[name] + 1)
        return self._numbers[name]

    def _rows_of(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Everything a query returns, what waits to be written included."""
        self._writer.write()
        return self.database.rows(sql, parameters)

    def _rows(self, run: str, where: str = "", given: Sequence[str | int] = (), last: int = 0) -> Iterator[Row]:
        sql = f"{SELECT} WHERE run = ? AND seq > ?{where} ORDER BY seq LIMIT ?"
        self._writer.write_of(run)
        while rows := self.database.rows(sql, (run, last, *given, _PAGE)):
            yield from rows
            last = rows[-1][2]
