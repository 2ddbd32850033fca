"""Finding beliefs by their vectors.

The journal is the truth and the vectors are kept beside it; an index is made of both, remembers how far it has come,
and is caught up or made anew when it is opened, without embedding anything again. ``home/chroma`` and ``home/library``
may be deleted at any time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np

from ..errors import JournalError
from .belief import Belief
from .embeddings import Vectors
from .generations import replaced
from .journal import Journal
from .state import RevisionResult
from .trouble import trouble
from .vectors import VectorStore

_BATCH = 500

Metadata = Mapping[str, str]
"""Of one vector. ``text`` is what was embedded."""


@dataclass(frozen=True)
class Hit:
    """Something found, and its cosine with what was searched for."""

    id: str
    score: float


@dataclass(frozen=True)
class Progress:
    """How far an index has applied the journal: up to this position, which had this stamp then."""

    position: int = 0
    stamp: str = ""


class DamagedIndexError(Exception):
    """An index can't read its own files; it has to be cleared and filled again. Never leaves this package."""


class VectorIndex(Protocol):
    """Vectors by id. Searches are ranked exactly, equal scores by id."""

    @property
    def progress(self) -> Progress:
        """How far it has applied the journal."""
        ...

    def add(self, ids: Sequence[str], vectors: Vectors, metadata: Sequence[Metadata]) -> None:
        """Put vectors in, or others in their place."""
        ...

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those ids that are there."""
        ...

    def search(self, vector: Vectors, k: int, ids: Sequence[str] | None = None) -> tuple[Hit, ...]:
        """The ``k`` nearest, of all or of these ids."""
        ...

    def mark(self, progress: Progress) -> None:
        """Remember how far the journal is applied."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


class BeliefIndex:
    """Keeps an index of the beliefs of all runs in a home: the statement and the scope's sentence, a vector each."""

    def __init__(self, journal: Journal, store: VectorStore, index: VectorIndex) -> None:
        self._journal = journal
        self._store = store
        self._index = index
        self.catch_up()

    def catch_up(self) -> None:
        """Apply what the journal holds and the index doesn't; start anew if it's damaged or of another journal."""
        try:
            self._apply()
        except (DamagedIndexError, OSError, sqlite3.Error):
            self.renew()

    def renew(self) -> None:
        """Make it anew from the journal and the vectors kept beside it.

        Raises:
            JournalError: It can't be written; the message says what to do.
        """
        with writable():
            self._index.clear()
            self._apply()

    def _apply(self) -> None:
        progress = self._index.progress
        if progress.position and self._journal.stamp_at(progress.position) != progress.stamp:
            self._index.clear()
            progress = Progress()
        events = self._journal.beliefs_since(progress.position)
        here, now = self._store.generation, replaced(self._journal.database)
        while batch := list(islice(events, _BATCH)):
            last = batch[-1].position
            results = [RevisionResult.read(b.event.payload, b.event.run, b.event.episode) for b in batch]
            mine = [r.added for r in results if r.added and now.get(r.generation, r.generation) == here]
            parts = [part for belief in mine for part in _parts(belief)]
            if parts:
                vectors = self._store.of([metadata["text"] for metadata in parts])
                self._index.add([part_id(metadata["belief"], metadata["part"]) for metadata in parts], vectors, parts)
            self._index.mark(Progress(last, self._journal.stamp_at(last) or ""))


@contextmanager
def writable() -> Iterator[None]:
    """Around the making of an index from nothing, which only fails if it can't be written.

    Raises:
        JournalError: It can't; the message says what to do.
    """
    try:
        yield
    except (DamagedIndexError, OSError, sqlite3.Error) as error:
        cause = error.__cause__ if isinstance(error, DamagedIndexError) and error.__cause__ else error
        raise JournalError(
            f"an index beside the journal can't be written: {trouble(cause)}; the journal is whole, and indexes are "
            "made from it again"
        ) from error


def nearest(vector: Vectors, vectors: Mapping[str, Vectors], k: int) -> tuple[Hit, ...]:
    """The ``k`` best of some vectors by cosine, equal ones by id. Exact to six decimals, whatever the machine."""
    if not vectors:
        return ()
    ids = sorted(vectors)
    scores = np.round(np.stack([vectors[i] for i in ids]).astype(np.float64) @ vector.astype(np.float64), 6)
    return tuple(Hit(ids[i], float(scores[i])) for i in np.argsort(-scores, kind="stable")[:k])


def _parts(belief: Belief) -> Iterator[Metadata]:
    about = {"belief": belief.id, "aspect": belief.aspect, "polarity": belief.polarity}
    yield {**about, "part": "statement", "text": belief.statement}
    if belief.scope.sentence:
        yield {**about, "part": "scope", "text": belief.scope.sentence}


def part_id(belief: str, part: str) -> str:
    """The id of a belief's statement or scope in an index."""
    return f"{belief}.{part}"


def belief_of(part: str) -> str:
    """The belief whose part has this id."""
    return part.partition(".")[0]
