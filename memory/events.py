"""What a journal is made of: entries to record, events recorded, and the chain that links them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from ..errors import DoxaError, JournalError, NondeterminismError, NotFoundError
from .canonical import canonical, difference, sha256
from .database import Row

SELECT = "SELECT run, episode, seq, kind, key, payload, prev_hash, hash FROM events"
"""What :func:`event_of` reads."""


@dataclass(frozen=True)
class Entry:
    """Something to record. ``payload`` is JSON; keys are opaque here, and callers make them sortable."""

    episode: int
    kind: str
    key: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """Something recorded.

    Attributes:
        run: Id of the run.
        episode: Index of the episode, from 0; -1 for what belongs to no episode.
        seq: Position in the run in order of arrival, from 1.
        kind: What sort of thing happened.
        key: Where in the episode it happened.
        text: What happened, as canonical JSON.
        prev_hash: Hash of the event before; empty for the first.
        hash: A sha256 over all of the above.
    """

    run: str
    episode: int
    seq: int
    kind: str
    key: str
    text: str
    prev_hash: str
    hash: str

    @cached_property
    def payload(self) -> dict[str, Any]:
        """What happened.

        Raises:
            JournalError: What is stored isn't JSON.
        """
        try:
            found: dict[str, Any] = json.loads(self.text)
        except ValueError as error:
            raise JournalError(f"the payload at seq {self.seq} isn't JSON: {error}") from error
        return found


@dataclass(frozen=True)
class Positioned:
    """An event and its position among all runs' events, in order of arrival."""

    position: int
    event: Event


@dataclass(frozen=True)
class Timing:
    """When an event was written, on the wall clock; beside the journal, never part of a hash or an export.

    Attributes:
        seq: Of the event.
        at: Seconds since 1970, UTC.
        latency: Seconds that the recorded call took; ``None`` if nothing was called.
        attempts: Requests that went over the wire for it.
    """

    seq: int
    at: float
    latency: float | None
    attempts: int | None


@dataclass(frozen=True)
class Ancestor:
    """A run that another one started from, as far as it had come then: up to the event at ``seq``."""

    run: str
    seq: int


class Head(NamedTuple):
    """The end of a run's chain."""

    seq: int
    hash: str


def payload_text(run: str, entry: Entry) -> str:
    """The payload as it is stored and hashed.

    Raises:
        JournalError: It isn't JSON.
    """
    try:
        return canonical(dict(entry.payload))
    except (TypeError, ValueError, RecursionError) as error:
        where = f"run {run}, episode {entry.episode}, {entry.kind} {entry.key!r}"
        raise JournalError(f"{where}: the payload isn't JSON: {error}") from error


def linked(run: str, head: Head, entry: Entry, text: str) -> Event:
    """The event that follows ``head``."""
    seq = head.seq + 1
    digest = event_hash(head.hash, run, entry.episode, seq, entry.kind, entry.key, text)
    return Event(run, entry.episode, seq, entry.kind, entry.key, text, head.hash, digest)


def event_hash(prev_hash: str, run: str, episode: int, seq: int, kind: str, key: str, payload: str) -> str:
    """A sha256 over an event and, through the hash before it, over all before it."""
    before, after = (
        f"{canonical(prev_hash)},{canonical(run)}",
        f"{canonical(kind)},{canonical(key)},{canonical(payload)}",
    )
    return sha256(f"[{before},{episode},{seq},{after}]")  # the canonical list; texts alone are encoded much faster


def event_of(row: Row) -> Event:
    """An event as it stands in the database."""
    return Event(*row)


def place_of(event: Event) -> str:
    """An event's place, in words."""
    return f"run {event.run}, episode {event.episode}, {event.kind} {event.key!r}"


def nondeterminism(recorded: Event, text: str) -> NondeterminismError:
    """What to raise when ``text`` was to be recorded where ``recorded`` is."""
    return NondeterminismError(
        f"{place_of(recorded)}: this isn't what was recorded there: {difference(recorded.payload, json.loads(text))}; "
        f"the code, the data, the settings or a model's name have changed since; undo that, or 'doxa branch "
        f"{recorded.run}' goes on as a new run with every answer that still fits"
    )


def missing_text(digest: str, *, dropped: bool) -> DoxaError:
    """What to raise when a text is asked for that isn't there."""
    if dropped:
        return NotFoundError(
            f"the text {digest[:12]} has been dropped to save room (doxa gc --drop-texts); 'doxa show' and "
            "'doxa replay' do without it"
        )
    return JournalError(f"the journal has no text {digest}")
