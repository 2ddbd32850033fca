"""What a home holds and doesn't need: found first, so that it can be shown, then collected in one go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .database import Database
from .generations import replaced
from .home import Home
from .journal import Journal
from .references import References, batches
from .removal import Removal, clear_index, ended, planned, remove
from .retention import Retention, expired, last


@dataclass(frozen=True)
class Heap:
    """Rows of a table that can go, by their keys, and their bytes."""

    keys: tuple[str | int, ...]
    bytes: int


@dataclass(frozen=True)
class Garbage:
    """What can go.

    Attributes:
        removal: Runs past their time, with what only they need; ``None`` for none.
        texts: That no event names.
        dropped: That only runs name which ended long enough ago; their digests stay.
        vectors: Of texts that no event names.
        old: Vectors of embedding generations that others stand for.
        indexes: Bytes of indexes, if some of them are of generations that nothing is of any more.
        drafts: Files that a killed process left half written.
    """

    removal: Removal | None
    texts: Heap
    dropped: Heap
    vectors: Heap
    old: Heap
    indexes: int
    drafts: tuple[Path, ...]


def found(journal: Journal, keep: Retention, now: float) -> Garbage:
    """Look for it; nothing is changed. ``now`` is in seconds since 1970."""
    runs = expired(journal, keep, now)
    removal = planned(journal, runs) if runs else None
    gone = frozenset[str]() if removal is None else removal.texts | removal.vectors
    stay = [run for run in journal.runs() if run not in runs]
    past = [] if keep.drop_texts is None else [r for r in stay if _over(journal, r, now - keep.drop_texts)]
    fresh = References.of(journal, [run for run in stay if run not in past])
    aged = References.of(journal, past)
    sizes = dict(_pairs(journal.database, "SELECT digest, length(text) FROM texts"))
    left = {digest for digest in sizes if digest not in gone}
    named = fresh.texts | aged.texts
    embedded, lasting = fresh.embedded | aged.embedded, fresh.lasting | aged.lasting
    vectors, old, now_of = list[tuple[int, int]](), list[tuple[int, int]](), replaced(journal.database)
    sql = "SELECT id, digest, generation, length(vector) FROM vectors"
    for row, digest, generation, size in journal.database.rows(sql):
        if digest not in embedded and digest not in gone:
            vectors.append((row, size))
        elif generation in now_of and digest not in lasting and digest not in gone:
            old.append((row, size))
    return Garbage(
        removal=removal,
        texts=_heap((digest, sizes[digest]) for digest in sorted(left - named)),
        dropped=_heap((digest, sizes[digest]) for digest in sorted(left & aged.texts - fresh.texts)),
        vectors=_heap(vectors),
        old=_heap(old),
        indexes=_bytes(journal.home) if old or vectors else 0,
        drafts=tuple(sorted(journal.home.path.glob("*.partial"))),
    )


def collect(journal: Journal, garbage: Garbage) -> int:
    """Delete it, give its room back to the disk, and return by how many bytes the home is smaller now."""
    before = size(journal.home)
    if garbage.removal is not None:
        remove(journal, garbage.removal)
    with journal.database.transaction() as connection:
        for some in batches(garbage.dropped.keys):
            connection.executemany("INSERT OR IGNORE INTO dropped VALUES (?)", [(key,) for key in some])
        for table, column, heap in (
            ("texts", "digest", garbage.texts),
            ("texts", "digest", garbage.dropped),
            ("vectors", "id", garbage.vectors),
            ("vectors", "id", garbage.old),
        ):
            sql = f"DELETE FROM {table} WHERE {column} = ?"  # noqa: S608
            connection.executemany(sql, [(key,) for key in heap.keys])
    journal.forget(journal.runs())
    if garbage.indexes:
        clear_index(journal.home)
    for draft in garbage.drafts:
        draft.unlink(missing_ok=True)
    journal.database.vacuum()
    return before - size(journal.home)


def size(home: Home) -> int:
    """Bytes of all files of a home."""
    return sum(path.stat().st_size for path in home.path.rglob("*") if path.is_file())


def _over(journal: Journal, run: str, moment: float) -> bool:
    return ended(journal, run) and last(journal, run) < moment


def _pairs(database: Database, sql: str) -> Iterable[tuple[str, int]]:
    return ((str(key), int(size)) for key, size in database.rows(sql))


def _heap(rows: Iterable[tuple[str | int, int]]) -> Heap:
    known = tuple(rows)
    return Heap(tuple(key for key, _ in known), sum(size for _, size in known))


def _bytes(home: Home) -> int:
    folders = (home.chroma, home.library)
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
