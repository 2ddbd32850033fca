"""Removing runs: whole runs, never parts of one, and none that another one needs.

A run that is gone keeps its name: it is never given to another, since beliefs elsewhere may cite it as evidence.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import SetupError
from .home import Home
from .journal import Journal
from .recorded import believed, chain
from .references import References, batches, sizes

_ALLOWED = "DROP TRIGGER events_are_never_deleted"
_FORBIDDEN = """CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
    BEGIN SELECT RAISE (ABORT, 'events are append-only'); END"""


@dataclass(frozen=True)
class Dependent:
    """A run that names another one.

    Attributes:
        run: Which.
        on: What it names.
        why: How: what would be lost without that.
    """

    run: str
    on: str
    why: str

    def __str__(self) -> str:
        """In words."""
        return f"{self.run} {self.why} {self.on}"


@dataclass(frozen=True)
class Mention:
    """A belief that something is said about: one that is pinned in a run, or in another run and cites it."""

    run: str
    belief: str


@dataclass(frozen=True)
class Removal:
    """What would go.

    Attributes:
        runs: Their ids.
        events: How many they have.
        texts: Digests of texts that nothing else names.
        vectors: Digests of texts whose vectors nothing else needs.
        bytes: Of those texts and vectors, and of the events.
        interrupted: Those of the runs that haven't ended.
        pinned: Beliefs that a person pinned in them.
        cited: Beliefs of runs that stay, whose evidence is in them.
    """

    runs: tuple[str, ...]
    events: int
    texts: frozenset[str]
    vectors: frozenset[str]
    bytes: int
    interrupted: tuple[str, ...]
    pinned: tuple[Mention, ...]
    cited: tuple[Mention, ...]


def dependents(journal: Journal, runs: Iterable[str]) -> tuple[Dependent, ...]:
    """Other runs that start from one of these, were branched from one, or merged one's beliefs."""
    gone = set(runs)
    return tuple(d for d in _dependencies(journal) if d.on in gone and d.run not in gone)


def with_dependents(journal: Journal, runs: Iterable[str]) -> tuple[str, ...]:
    """These runs and all that depend on them, directly or by way of others; in the order in which they began."""
    found, all_of_them = set(runs), tuple(_dependencies(journal))
    while more := {d.run for d in all_of_them if d.on in found} - found:
        found |= more
    return tuple(run for run in journal.runs() if run in found)


def planned(journal: Journal, runs: Sequence[str]) -> Removal:
    """What removing these runs would take.

    Raises:
        NotFoundError: There is no such run.
        SetupError: Another run depends on one of them.
    """
    gone = tuple(dict.fromkeys(journal.require(run) for run in runs))
    if needing := dependents(journal, gone):
        told = "; ".join(map(str, needing[:5])) + (f" (and {len(needing) - 5} more)" if len(needing) > 5 else "")
        raise SetupError(
            f"nothing was removed: {told}. Keep what others need, or remove those others, too: --with-descendants"
        )
    stay = [run for run in journal.runs() if run not in gone]
    going, staying = References.of(journal, gone), References.of(journal, stay)
    texts = sizes(journal.database, "texts", going.texts - staying.texts)
    vectors = sizes(journal.database, "vectors", going.embedded - staying.embedded)
    counts = [_count(journal, run) for run in gone]
    return Removal(
        runs=gone,
        events=sum(count.events for count in counts),
        texts=frozenset(texts),
        vectors=frozenset(vectors),
        bytes=sum(count.bytes for count in counts) + sum(texts.values()) + sum(vectors.values()),
        interrupted=tuple(run for run in gone if not ended(journal, run)),
        pinned=tuple(m for run in gone for m in pinned(journal, run)),
        cited=tuple(_citing(journal, stay, set(gone))),
    )


def remove(journal: Journal, removal: Removal) -> None:
    """Remove it in one transaction; the index, if it had anything of it, is made anew when it's needed next."""
    with journal.database.transaction() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute(_ALLOWED)
        for run in removal.runs:
            head = connection.execute("SELECT hash FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1", (run,))
            gone = (run, (head.fetchone() or ("",))[0], time.time())
            connection.execute("INSERT INTO removed (run, hash, at) VALUES (?, ?, ?)", gone)
            connection.execute("DELETE FROM times WHERE event IN (SELECT id FROM events WHERE run = ?)", (run,))
            connection.execute("DELETE FROM events WHERE run = ?", (run,))
            connection.execute("DELETE FROM runs WHERE name = ?", (run,))
            connection.execute("DELETE FROM meta WHERE key = ?", (imported_key(run),))
        connection.execute(_FORBIDDEN)
        for table, digests in (("texts", removal.texts), ("vectors", removal.vectors)):
            for some in batches(sorted(digests)):
                marks = ", ".join("?" * len(some))
                connection.execute(f"DELETE FROM {table} WHERE digest IN ({marks})", some)  # noqa: S608
    journal.forget(removal.runs)
    clear_index(journal.home)


def imported_key(run: str) -> str:
    """Under which it is kept that a run came from an archive."""
    return f"imported {run}"


def clear_index(home: Home) -> None:
    """Delete the indexes; they are made anew from the journal when needed next, and nothing is embedded for that."""
    shutil.rmtree(home.chroma, ignore_errors=True)  # what is left of it is of another stamp, and cleared on opening
    shutil.rmtree(home.library, ignore_errors=True)


def ended(journal: Journal, run: str) -> bool:
    """Whether a run came to its end; a store's never does."""
    return next(journal.events(run, kind="run.ended"), None) is not None


def pinned(journal: Journal, run: str) -> tuple[Mention, ...]:
    """The beliefs that are pinned in a run, and weren't in what it started from."""
    before = believed(journal, journal.ancestors(run))
    held = believed(journal, chain(journal, run))
    return tuple(Mention(run, i) for i in sorted(held) if held[i].pinned and not (i in before and before[i].pinned))


@dataclass(frozen=True)
class _Count:
    events: int
    bytes: int


def _count(journal: Journal, run: str) -> _Count:
    sql = "SELECT count(*), coalesce(sum(length(CAST(payload AS BLOB)) + length(key)), 0) FROM events WHERE run = ?"
    return _Count(*journal.database.rows(sql, (run,))[0])


def _dependencies(journal: Journal) -> Iterator[Dependent]:
    """Every way in which runs of a home depend on each other."""
    for run, parent in journal.database.rows("SELECT name, parent FROM runs WHERE parent IS NOT NULL ORDER BY id"):
        yield Dependent(run, parent, "starts from")
    for run in journal.runs():
        if (source := place(journal, run).get("source")) is not None:
            yield Dependent(run, str(source), "was branched from")
        for merged in sorted(_merged(journal, run)):
            yield Dependent(run, merged, "merged the beliefs of")


def place(journal: Journal, run: str) -> Mapping[str, object]:
    """How a run was started: its SPEC, its folder, what it was branched from."""
    event = next(journal.events(run, kind="run.place"), None)
    return {} if event is None else event.payload


def _merged(journal: Journal, run: str) -> set[str]:
    proposals = (event.payload.get("proposal", {}) for event in journal.events(run, kind="belief"))
    return {proposal["run"] for proposal in proposals if proposal.get("kind") == "merger"}


def _citing(journal: Journal, runs: Iterable[str], gone: set[str]) -> Iterator[Mention]:
    for run in runs:
        held = believed(journal, chain(journal, run))
        yield from (Mention(run, i) for i in sorted(held) if any(e.run in gone for e in held[i].evidence))
