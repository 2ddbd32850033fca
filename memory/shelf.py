"""A home's library of beliefs, as an index: made when something is to be put in, mended when it's damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from .canonical import sha256
from .embeddings import Vectors
from .home import Home
from .index import DamagedIndexError, Hit, Metadata, Progress
from .journal import Journal
from .library import Library
from .passages import Passage
from .vectors import VectorStore

_FACTS = ("aspect", "polarity", "part")


class Shelf:
    """A library in a home's ``library`` folder, one per embedding generation.

    The home's writer keeps it. A reader uses what it finds if that holds ``progress``, and else a temporary one.
    """

    def __init__(self, home: Home, store: VectorStore, *, write: bool) -> None:
        self._folder = home.library / sha256(store.generation)[:16]
        self._store = store
        self._write = write
        self._library: Library | None = None
        self._fixed = not write

    @property
    def library(self) -> Library:
        """The library; made on first use, because only the embedder may know how long a vector is."""
        if self._library is None:
            self._library = self._opened()
        return self._library

    @property
    def progress(self) -> Progress:
        """How far it has applied the journal."""
        with _sound():
            return self.library.progress if self._library or self._folder.exists() else Progress()

    def add(self, ids: Sequence[str], vectors: Vectors, metadata: Sequence[Metadata]) -> None:
        """Put in what isn't there; an id says the same always, and a belief that two runs added is in it once."""
        with _sound():
            held = self.library.rows(ids)
            fresh = {name: i for i, name in enumerate(ids) if name not in held}
            passages = [
                Passage(name, metadata[i]["text"], {fact: metadata[i][fact] for fact in _FACTS if fact in metadata[i]})
                for name, i in fresh.items()
            ]
            if passages:
                self.library.put(passages, vectors[list(fresh.values())])

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those ids that are there."""
        with _sound():
            rows = self.library.rows(ids)
            return dict(zip(rows, self.library.vectors(np.array([*rows.values()], np.int64)), strict=True))

    def search(self, vector: Vectors, k: int, ids: Sequence[str] | None = None) -> tuple[Hit, ...]:
        """The ``k`` nearest, of all or of these ids."""
        with _sound():
            mask = self.library.mask()
            if ids is not None:
                wanted = np.zeros(len(mask), bool)
                wanted[[*self.library.rows(ids).values()]] = True
                mask &= wanted
            found = self.library.nearest(vector, k, mask)
            hits = map(Hit, self.library.ids(found.rows), found.scores.tolist())
        return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.id))[:k])

    def mark(self, progress: Progress) -> None:
        """Remember how far the journal is applied; nothing is made for a journal without beliefs."""
        with _sound():
            if (self._library or self._folder.exists()) and not self._fixed:
                self.library.mark(progress)

    def clear(self) -> None:
        """Forget everything; a reader leaves the folder alone and goes on with a library of its own."""
        if self._write:
            self.library.clear()
            return
        self.close()
        self._library = self._temporary()

    def close(self) -> None:
        """Let go of the files."""
        if self._library is not None:
            self._library.close()
            self._library = None

    def _opened(self) -> Library:
        if self._write:
            return Library(self._folder, self._store.generation, self._store.dimension, check=True)
        try:
            return Library(self._folder, self._store.generation, self._store.dimension, write=False, check=True)
        except DamagedIndexError:
            return self._temporary()

    def _temporary(self) -> Library:
        self._fixed = False
        return Library.temporary(self._store.generation, self._store.dimension)


@contextmanager
def opened_shelf(journal: Journal, store: VectorStore) -> Iterator[Shelf]:
    """The shelf of a journal's home; for a reader one that holds everything, or that can be filled."""
    shelf = Shelf(journal.home, store, write=journal.writable)
    try:
        if not journal.writable and not _whole(journal, shelf):
            shelf.clear()
        yield shelf
    finally:
        shelf.close()


def _whole(journal: Journal, shelf: Shelf) -> bool:
    """Whether a shelf holds everything that was ever believed."""
    progress = shelf.progress
    if progress.position and journal.stamp_at(progress.position) != progress.stamp:
        return False
    return not any(event.event.payload["added"] for event in journal.beliefs_since(progress.position))


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise DamagedIndexError(str(error)) from error
