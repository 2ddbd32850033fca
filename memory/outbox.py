"""Events on their way to disk: kept in order, found by their place, written many at once."""

from __future__ import annotations

import time
from collections import Counter, deque
from threading import Lock
from typing import NamedTuple

from .database import Database, Row
from .events import Event

_INSERT = (
    "INSERT INTO events (id, run, episode, seq, kind, key, payload, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_TIMES = "INSERT INTO times VALUES (?, ?, ?, ?)"
_RUN = "INSERT OR IGNORE INTO runs (name) VALUES (?)"


class Outgoing(NamedTuple):
    """An event that isn't written yet.

    Attributes:
        event: The event.
        latency: Seconds that the recorded call took.
        attempts: Requests that went over the wire for it.
        at: Seconds since 1970, UTC.
    """

    event: Event
    latency: float | None
    attempts: int | None
    at: float

    def row(self, position: int) -> Row:
        """As it stands among all runs' events."""
        e = self.event
        return (position, e.run, e.episode, e.seq, e.kind, e.key, e.text, e.prev_hash, e.hash)

    def timing(self, position: int) -> Row:
        """When it was recorded."""
        return (position, self.at, self.latency, self.attempts)


class Outbox:
    """Takes events in the order of their chains and writes all that it holds in one transaction.

    Events may be added while another thread writes: they go with the next transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Outgoing] = deque()
        self._events: dict[tuple[str, int, str, str], Event] = {}
        self._runs: Counter[str] = Counter()
        self._counting = Lock()
        self._texts: dict[str, str] = {}

    def add(self, event: Event, latency: float | None, attempts: int | None) -> None:
        """Take an event in."""
        self._events[event.run, event.episode, event.kind, event.key] = event
        with self._counting:
            self._runs[event.run] += 1
        self._waiting.append(Outgoing(event, latency, attempts, time.time()))

    def put_text(self, digest: str, text: str) -> None:
        """Take a text in; events that name it come after it."""
        blob = text.encode("utf-8", "surrogatepass")
        self._database.stage("INSERT OR IGNORE INTO texts VALUES (?, ?)", (digest, blob))
        self._texts[digest] = text

    def holds(self, run: str) -> bool:
        """Whether anything of a run is held here."""
        return self._runs[run] > 0

    def find(self, run: str, episode: int, kind: str, key: str) -> Event | None:
        """The event at this place, if it is held here."""
        return self._events.get((run, episode, kind, key))

    def text(self, digest: str) -> str | None:
        """The text with this digest, if it is held here."""
        return self._texts.get(digest)

    def write(self) -> None:
        """Write what is held, all or nothing; what can't be written is forgotten.

        Raises:
            JournalError: It can't be written.
        """
        with self._database.lock:
            # counted before the transaction takes the staged texts, so that no event goes without those it names
            count, texts = len(self._waiting), list(self._texts)
            if not count:
                return
            outgoing = [self._waiting.popleft() for _ in range(count)]
            try:
                self._insert(outgoing)
            except BaseException:
                self._waiting.clear()
                self._events.clear()
                self._runs.clear()
                raise
            for sent in outgoing:
                event = sent.event
                self._events.pop((event.run, event.episode, event.kind, event.key), None)
            with self._counting:
                self._runs.subtract(sent.event.run for sent in outgoing)
            for digest in texts:
                self._texts.pop(digest, None)

    def _insert(self, outgoing: list[Outgoing]) -> None:
        with self._database.transaction() as connection:
            first = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM events").fetchone()[0]
            connection.executemany(_RUN, [(sent.event.run,) for sent in outgoing if sent.event.seq == 1])
            connection.executemany(_INSERT, [sent.row(first + i) for i, sent in enumerate(outgoing)])
            connection.executemany(_TIMES, [sent.timing(first + i) for i, sent in enumerate(outgoing)])
