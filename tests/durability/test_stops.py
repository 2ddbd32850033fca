"""No room, no permission, a lock that another program holds: a clean stop with the remedy, then the same run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from crashing import Ended, Range, Undisturbed, answer, begun, half_written, trainees

from doxa.memory import Home, Journal
from doxa.testing import OpenAIServer

GO_ON = "go on with: doxa resume killed-1"


@dataclass
class Faults:
    """What happens to the home while requests come in: ``hooks`` by number of the request, from 1."""

    hooks: dict[int, Callable[[], None]] = field(default_factory=dict)
    served: int = 0

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self.served += 1
        self.hooks.pop(self.served, lambda: None)()
        return answer(body)

    def on(self, request: int, hook: Callable[[], None]) -> None:
        self.served, self.hooks = 0, {request: hook}


@dataclass(frozen=True)
class Field:
    range: Range
    whole: Undisturbed
    faults: Faults


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    faults = Faults()
    with OpenAIServer(faults.answer) as server, trainees() as trainee:
        found = Range(trainee, server, tmp_path_factory.mktemp("stops"), days=1)
        yield Field(found, found.undisturbed(), faults)


def some(values: list[Any], default: set[Any]) -> list[Any]:
    """All values, most of them only in the slow tests."""
    return [value if value in default else pytest.param(value, marks=pytest.mark.slow) for value in values]


def clean(place: Path, stopped: Ended, remedy: str) -> None:
    """One message with the remedy, the convention's exit code, and nothing half done."""
    told = stopped.err.partition("error: ")[2]
    assert stopped.code in (1, 2)
    assert "Traceback" not in stopped.err
    assert stopped.err.count("error: ") == 1
    assert remedy in told
    assert half_written(place) == []
    if begun(place / "home") is not None:
        assert stopped.code == 2 or GO_ON in told
        with Journal.open(Home(place / "home"), write=False) as journal:
            journal.verify("killed-1")


def ends_the_same(trials: Field, place: Path) -> None:
    order = trials.range.resume(place)
    assert trials.range.compared(place, trials.whole, trials.range.trainee.run(order)) == []


@pytest.mark.parametrize("pages", some([2, 12, 20, 24, 28, 32, 36, 40], {12, 28}))
def test_a_journal_that_may_not_grow_stops_the_run(trials: Field, pages: int) -> None:
    place = trials.range.place()
    stopped = trials.range.trainee.run(trials.range.train(place, pragmas=[f"max_page_count={pages}"]))
    clean(place, stopped, "make room on its disk")
    ends_the_same(trials, place)


@pytest.mark.parametrize("size", some([1_000, 60_000, 100_000, 160_000, 220_000, 280_000, 340_000, 400_000], {100_000}))
def test_a_limit_on_file_sizes_stops_the_run(trials: Field, size: int) -> None:
    place = trials.range.place()
    stopped = trials.range.trainee.run(trials.range.train(place, bytes=size))
    clean(place, stopped, "see whether its disk is full")
    ends_the_same(trials, place)


@pytest.mark.parametrize("request_", some([1, 4, 9, 15, 18], {9}))
def test_a_journal_that_another_program_locks_stops_the_run(trials: Field, request_: int) -> None:
    place = trials.range.place()
    held: list[sqlite3.Connection] = []

    def lock() -> None:
        connection = sqlite3.connect(place / "home" / "journal.sqlite3", isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN IMMEDIATE")
        held.append(connection)

    trials.faults.on(request_, lock)
    stopped = trials.range.trainee.run(trials.range.train(place, pragmas=["busy_timeout=50"]))
    held[0].close()
    clean(place, stopped, "another program holds its lock")
    ends_the_same(trials, place)


def test_a_home_that_is_in_use_is_refused(trials: Field) -> None:
    place = trials.range.place()
    trials.range.trainee.run(trials.range.train(place, stop=200))
    with Home(place / "home").lock():
        refused = trials.range.trainee.run(trials.range.resume(place))
    assert refused.code == 2
    clean(place, refused, "wait for it or choose another home")
    ends_the_same(trials, place)


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """A file system of its own at ``folder``, where that is allowed."""
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"needs to mount a file system: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def remounted(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


@pytest.mark.parametrize("size", some([40, 160, 300, 420, 480, 540, 600, 660, 720, 780], {300, 540, 660}))
def test_a_full_disk_stops_the_run(trials: Field, size: int) -> None:
    place = trials.range.place()
    with mounted(place / "home", f"{size}k"):
        stopped = trials.range.trainee.run(trials.range.train(place))
        clean(place, stopped, "disk")
        remounted(place / "home", "size=64m")
        ends_the_same(trials, place)


@pytest.mark.parametrize("request_", some([1, 7, 14], {7}))
def test_a_disk_that_becomes_read_only_stops_the_run(trials: Field, request_: int) -> None:
    place = trials.range.place()
    with mounted(place / "home", "64m"):
        killed = trials.range.trainee.run(trials.range.train(place, stop=80 * request_ // 3))
        assert killed.code == -9
        remounted(place / "home", "ro")
        stopped = trials.range.trainee.run(
            replace(trials.range.resume(place), commands=[["resume", "killed-1", "--home", "home"]])
        )
        assert stopped.code == 2
        clean(place, stopped, "make it writable")
        remounted(place / "home", "rw")
        ends_the_same(trials, place)


@pytest.mark.parametrize("request_", some([2, 9, 16], {9}))
def test_a_disk_that_fills_while_the_run_goes_on_stops_it(trials: Field, request_: int) -> None:
    place = trials.range.place()
    with mounted(place / "home", "64m"):
        hog = place / "home" / "hog"

        def fill() -> None:
            with suppress(OSError), hog.open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass

        trials.faults.on(request_, fill)
        stopped = trials.range.trainee.run(trials.range.train(place))
        clean(place, stopped, "disk")
        hog.unlink()
        ends_the_same(trials, place)


@pytest.mark.parametrize("request_", some([2, 9, 16], {9}))
def test_a_home_that_turns_read_only_while_the_run_goes_on_stops_it(trials: Field, request_: int) -> None:
    """Files that are open for writing keep a disk from being remounted, so the whole file system is made to refuse."""
    place = trials.range.place()
    with mounted(place / "home", "64m"):
        refused: list[int] = []

        def lock() -> None:
            command = ["mount", "-o", "remount,ro", place / "home"]
            refused.append(subprocess.run(command, check=False, capture_output=True).returncode)

        trials.faults.on(request_, lock)
        stopped = trials.range.trainee.run(trials.range.train(place))
        if refused[0]:
            pytest.skip("the kernel doesn't turn a disk read-only while a file on it is open for writing")
        clean(place, stopped, "make it writable")
        remounted(place / "home", "rw")
        ends_the_same(trials, place)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to run a process as another user, as root can write everywhere")
def test_a_home_without_permission_is_refused(trials: Field) -> None:
    place = trials.range.place()
    trials.range.trainee.run(trials.range.train(place, stop=200))
    top = Path(tempfile.gettempdir())
    for folder in takewhile(lambda parent: parent not in (top, *top.parents), (place, *place.parents)):
        folder.chmod(0o755)
    (place / "home").chmod(0o555)
    (place / "home" / "journal.sqlite3").chmod(0o444)
    order = replace(
        trials.range.resume(place), commands=[["resume", "killed-1", "--home", "home"]], user=65_534, traced=False
    )
    stopped = trials.range.trainee.run(order)
    assert stopped.code == 2
    clean(place, stopped, "writable")
    (place / "home").chmod(0o700)
    (place / "home" / "journal.sqlite3").chmod(0o600)
    ends_the_same(trials, place)
