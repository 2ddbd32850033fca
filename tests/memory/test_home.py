"""Homes: made for their owner alone, one writer, and clear about what is wrong with them."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from doxa.errors import HomeError
from doxa.memory.formats import FORMAT
from doxa.memory.home import Home
from doxa.memory.journal import Entry, Journal


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal.open(Home(tmp_path / "deep" / "home"), write=True) as journal:
            journal.append("run", [Entry(0, "a", "k")])
            home = journal.home
            assert mode(home.path) == 0o700
            assert {path.name: mode(path) for path in home.path.iterdir()} == {
                "journal.sqlite3": 0o600,
                "journal.sqlite3-wal": 0o600,
                "journal.sqlite3-shm": 0o600,
                "lock": 0o600,
            }
    finally:
        os.umask(before)


def test_a_second_writer_is_refused_and_told_why(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Journal.open(home, write=True):
        with pytest.raises(HomeError, match="another doxa process is writing") as caught:
            Journal.open(home, write=True)
        assert str(tmp_path) in str(caught.value)
    with Journal.open(home, write=True), pytest.raises(HomeError), home.lock():
        pass


WRITE = """
import sys
from pathlib import Path
from doxa.errors import HomeError
from doxa.memory.home import Home
from doxa.memory.journal import Journal
try:
    Journal.open(Home(Path(sys.argv[1])), write=True).close()
except HomeError as error:
    print(error)
"""


def test_a_second_process_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    def attempt() -> str:
        command = [sys.executable, "-c", WRITE, str(tmp_path)]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    with Journal.open(Home(tmp_path), write=True):
        assert "another doxa process is writing" in attempt()
    assert attempt() == ""


def test_readers_need_no_lock(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as writer:
        writer.append("run", [Entry(0, "a", "k")])
        with Journal.open(Home(tmp_path), write=False) as one, Journal.open(Home(tmp_path), write=False) as two:
            assert len(list(one.events("run"))) == len(list(two.events("run"))) == 1


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(HomeError, match="is a file, not a folder; choose another home"):
            Home(path).create()


UNWRITABLE = """
import os, sys
from pathlib import Path
from doxa.errors import HomeError
from doxa.memory.home import Home
from doxa.memory.journal import Journal
import filelock
if os.getuid() == 0:
    os.setuid(65534)  # root may write anywhere
for path in (Path(sys.argv[1]), Path(sys.argv[1]) / "home"):
    try:
        Journal.open(Home(path), write=True)
    except HomeError as error:
        print(error)
"""


def test_an_unwritable_home_is_named_with_a_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        command = [sys.executable, "-c", UNWRITABLE, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
    finally:
        tmp_path.chmod(0o755)
    assert len(done.stdout.splitlines()) == 2
    for line in done.stdout.splitlines():
        assert "can't be written: Permission denied; make it writable or choose another home" in line


def test_reading_where_nothing_was_run(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=r"no doxa home at .*: train first"):
        Journal.open(Home(tmp_path / "nowhere"), write=False)
    assert not (tmp_path / "nowhere").exists()
    Home(tmp_path).create()
    with pytest.raises(HomeError, match="nothing has been run in this home"):
        Journal.open(Home(tmp_path), write=False)


def test_a_journal_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    Journal.open(Home(tmp_path), write=True).close()
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    with connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (str(FORMAT + 1),))
    connection.close()
    for write in (True, False):
        with pytest.raises(HomeError, match=f"from a newer version: format {FORMAT + 1}, .*; upgrade doxa"):
            Journal.open(Home(tmp_path), write=write)


@pytest.mark.parametrize("write", [True, False])
def test_another_programs_file_is_left_alone(tmp_path: Path, *, write: bool) -> None:
    (tmp_path / "journal.sqlite3").write_text("not a database, but longer than nothing" * 40)
    with pytest.raises(HomeError, match="isn't a doxa journal"):
        Journal.open(Home(tmp_path), write=write)
    (tmp_path / "journal.sqlite3").unlink()
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    with connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    with pytest.raises(HomeError, match="isn't a doxa journal"):
        Journal.open(Home(tmp_path), write=write)
