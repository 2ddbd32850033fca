"""A journal's write-ahead log that is cut off anywhere, and an index that was deleted, corrupted or is stale."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from crashing import RUN, Order, Range, Undisturbed, ranges

from doxa.errors import HomeError
from doxa.memory import Home, Journal

OFFSETS = 200
RESUMED = (30, 90, 150)
"""Cuts after which the run is gone on with, too."""


@dataclass(frozen=True)
class Field:
    """A run that was killed late, its files as they lay there, and what it had recorded."""

    range: Range
    whole: Undisturbed
    killed: Path
    events: tuple[str, ...]


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with ranges(tmp_path_factory.mktemp("damage"), days=1) as found:
        whole, place = found.undisturbed(), found.place()
        killed = found.trainee.run(found.train(place, stop=len(whole.instants) - 40))
        assert killed.code == -9
        shutil.copytree(place / "home", place / "copy")  # reading below may put the log into the file
        yield Field(found, whole, place / "copy", recorded(place / "home"))


def recorded(home: Path) -> tuple[str, ...]:
    """The hashes of the run's events in order of arrival; the chain is verified."""
    with Journal.open(Home(home), write=False) as journal:
        if RUN not in journal.runs():
            return ()
        journal.verify(RUN)
        return tuple(event.hash for event in journal.events(RUN))


def cut(trials: Field, number: int, home: Path) -> None:
    """Copy the killed run's home, its write-ahead log cut off at one of 200 offsets."""
    shutil.copytree(trials.killed, home)
    log = home / "journal.sqlite3-wal"
    size = log.stat().st_size
    with log.open("r+b") as file:
        file.truncate(size * number // OFFSETS + random.Random(number).randrange(-40, 40) % (size // OFFSETS))


def test_a_log_that_is_cut_anywhere_opens_as_an_exact_prefix(trials: Field, tmp_path: Path) -> None:
    lengths = []
    for number in range(OFFSETS):
        home = tmp_path / str(number)
        cut(trials, number, home)
        try:
            found = recorded(home)
        except HomeError:  # not even the tables were there yet
            found = ()
        assert found == trials.events[: len(found)]
        lengths.append(len(found))
        shutil.rmtree(home)
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 50


@pytest.mark.parametrize("number", RESUMED)
def test_a_run_whose_log_was_cut_ends_the_same(trials: Field, number: int) -> None:
    place = trials.range.place()
    cut(trials, number, place / "home")
    done = trials.range.trainee.run(trials.range.resume(place))
    assert trials.range.compared(place, trials.whole, done) == []


def overwritten(path: Path, start: int, size: int, byte: bytes = b"\xff") -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(byte * min(size, path.stat().st_size - start))


def segment(home: Path, name: str) -> Path:
    return next((home / "chroma").glob(f"*/{name}"))


def halved(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def emptied(home: Path) -> None:
    with sqlite3.connect(home / "chroma" / "chroma.sqlite3") as connection:
        connection.execute("DELETE FROM embeddings")
    connection.close()


def forgetful(home: Path) -> None:
    note = home / "chroma" / "doxa.json"
    told = json.loads(note.read_text())
    told["collections"] = {name: {**told_, "stamp": "another"} for name, told_ in told["collections"].items()}
    note.write_text(json.dumps(told))


def ahead(home: Path) -> None:
    note = home / "chroma" / "doxa.json"
    note.write_text(note.read_text().replace('"position": ', '"position": 9'))


def replaced(path: Path, make: Callable[[Path], None]) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    make(path)


def stale(home: Path) -> None:
    """The index as it was before the last beliefs."""
    shutil.rmtree(home / "chroma")
    shutil.copytree(home.parent / "early", home / "chroma")


DAMAGE: dict[str, Callable[[Path], None]] = {
    "folder deleted": lambda home: shutil.rmtree(home / "chroma"),
    "folder emptied": lambda home: replaced(home / "chroma", Path.mkdir),
    "a file in its place": lambda home: replaced(home / "chroma", Path.touch),
    "database deleted": lambda home: (home / "chroma" / "chroma.sqlite3").unlink(),
    "database emptied": lambda home: (home / "chroma" / "chroma.sqlite3").write_bytes(b""),
    "database halved": lambda home: halved(home / "chroma" / "chroma.sqlite3"),
    "database's head overwritten": lambda home: overwritten(home / "chroma" / "chroma.sqlite3", 0, 100),
    "database's pages overwritten": lambda home: overwritten(home / "chroma" / "chroma.sqlite3", 4096, 40_960),
    "database's rows deleted": emptied,
    "database a folder": lambda home: replaced(home / "chroma" / "chroma.sqlite3", Path.mkdir),
    "segment deleted": lambda home: shutil.rmtree(segment(home, "header.bin").parent),
    "header deleted": lambda home: segment(home, "header.bin").unlink(),
    "header overwritten": lambda home: overwritten(segment(home, "header.bin"), 0, 100),
    "header halved": lambda home: halved(segment(home, "header.bin")),
    "vectors overwritten": lambda home: overwritten(segment(home, "data_level0.bin"), 0, 4_096),
    "vectors halved": lambda home: halved(segment(home, "data_level0.bin")),
    "lengths overwritten": lambda home: overwritten(segment(home, "length.bin"), 0, 4_096),
    "note deleted": lambda home: (home / "chroma" / "doxa.json").unlink(),
    "note of another journal": forgetful,
    "note ahead of the journal": ahead,
    "stale": stale,
    "library deleted": lambda home: shutil.rmtree(home / "library"),
    "library's vectors overwritten": lambda home: overwritten(next(home.glob("library/*/vectors.exact")), 0, 400),
}


@pytest.fixture(scope="module")
def ended(trials: Field) -> Path:
    """A run that has ended, and, beside its home, its index as it was earlier."""
    place = trials.range.place()
    trials.range.trainee.run(trials.range.train(place))
    early = trials.range.place()
    stop = next(i for i, name in enumerate(trials.whole.instants, 1) if name == "after index mark")
    trials.range.trainee.run(trials.range.train(early, stop=stop))
    shutil.copytree(early / "home" / "chroma", place / "early")
    return place


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_index_damaged_in_any_way_finds_the_same_again(trials: Field, ended: Path, damage: str) -> None:
    place = trials.range.place()
    shutil.copytree(ended / "home", place / "home", copy_function=shutil.copy2)
    shutil.copytree(ended / "early", place / "early", copy_function=shutil.copy2)
    DAMAGE[damage](place / "home")
    done = trials.range.trainee.run(Order(place, [["probe", "home", RUN]], traced=False))
    assert (done.code, done.err) == (0, "")
    assert (place / "probe.json").read_text() == trials.whole.probe
