"""Belief events read back: what a run's beliefs are a fold of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .journal import Ancestor, Journal
from .state import Beliefs, RevisionResult

END = 2**63 - 1
"""A position after all others."""


@dataclass(frozen=True)
class Recorded:
    """A result with its place."""

    run: str
    episode: int
    key: str
    result: RevisionResult


def recorded(journal: Journal, run: str, until: int | None = None) -> list[Recorded]:
    """A run's results up to a position, in the order of its log, which isn't that of arrival."""
    events = (e for e in journal.events(run, kind="belief") if until is None or e.seq <= until)
    return [
        Recorded(run, e.episode, e.key, RevisionResult.read(e.payload, run, e.episode))
        for e in sorted(events, key=lambda e: (e.episode, e.key))
    ]


def chain(journal: Journal, run: str, until: int = END) -> tuple[Ancestor, ...]:
    """A run with all that it started from, the oldest first."""
    return (*journal.ancestors(run), Ancestor(run, until))


def results_of(journal: Journal, runs: Iterable[Ancestor]) -> list[RevisionResult]:
    """What became of every proposal in these runs, in order."""
    return [r.result for run in runs for r in recorded(journal, run.run, run.seq)]


def believed(journal: Journal, runs: Sequence[Ancestor]) -> Beliefs:
    """What is believed after these runs."""
    return Beliefs().after(results_of(journal, runs))
