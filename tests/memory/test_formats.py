"""Formats of the journal: every old one is read, migrated whole or not at all, and never lost."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from doxa.errors import HomeError
from doxa.memory import BeliefMemory, Home, Journal, formats

OLD = Path(__file__).with_name("format-1.sql")
DIGEST = "4caea6699b5330a430f2e24c052c045dbd71494f22394e13d14b9696af2f1414"


@pytest.fixture
def old(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    with closing(sqlite3.connect(home.journal)) as connection:
        connection.executescript(OLD.read_text())
        connection.execute("PRAGMA journal_mode = WAL")
    return home


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def tables(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def told(journal: Journal) -> None:
    """Everything that the old file says."""
    assert journal.runs() == ("rain-1", "rain-2")
    assert journal.digest("rain-1") == DIGEST
    assert journal.verify("rain-1") == 6
    with BeliefMemory(journal, "rain-2") as memory:
        assert [b.statement for b in memory.beliefs()] == ["Trust rising pressure."]


def test_an_old_journal_is_read_as_it_is(old: Home) -> None:
    before = dump(old.journal)
    with Journal.open(old, write=False) as journal:
        told(journal)
    assert dump(old.journal) == before
    assert not list(old.path.glob("*.format-*"))


def test_an_old_journal_is_copied_and_migrated_when_it_is_written(old: Home, tmp_path: Path) -> None:
    before = dump(old.journal)
    with Journal.open(old, write=True) as journal:
        told(journal)
        assert journal.begin("rain") == "rain-3"
    with Journal.open(Home(tmp_path / "new"), write=True):
        pass
    assert tables(old.journal) == tables(tmp_path / "new" / "journal.sqlite3"), "it can't be told from a new one"
    copy = old.path / "journal.sqlite3.format-1"
    assert dump(copy) == before
    assert copy.stat().st_mode & 0o077 == 0


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from doxa.memory import formats
path = Path(sys.argv[1])
connection = sqlite3.connect(path, isolation_level=None)
connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
first, *rest = formats.STEPS
last = formats.Step("CREATE TABLE more (a); INSERT INTO meta VALUES ('x', 'y'); SELECT die();", "")
formats.migrate(connection, path, 1, (first, last))
"""


def test_a_migration_that_is_killed_leaves_a_whole_format(old: Home) -> None:
    before = dump(old.journal)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(old.journal)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert dump(old.path / "journal.sqlite3.format-1") == before
    left = tables(old.journal)
    assert ("removed" in left, "more" in left) == (True, False), "the first step is whole, the second undone"
    with closing(sqlite3.connect(old.journal)) as connection:
        assert connection.execute("SELECT key, value FROM meta").fetchall() == [("format", "2")]
    with Journal.open(old, write=True) as journal:
        told(journal)


def test_a_migration_that_fails_changes_nothing_and_says_why(old: Home) -> None:
    before = dump(old.journal)
    with closing(sqlite3.connect(old.journal, isolation_level=None)) as connection:
        wrong = formats.Step("CREATE TABLE more (a); SELECT nonsense;", "")
        with pytest.raises(sqlite3.Error, match="nonsense"):
            formats.migrate(connection, old.journal, 1, (wrong,))
        assert not connection.in_transaction
    assert dump(old.journal) == before
    (old.path / "journal.sqlite3.format-1").unlink()
    (old.path / "journal.sqlite3.format-1.partial").mkdir()  # in the copy's way
    with pytest.raises(HomeError, match=r"format 1 .* the copy can't be written: .*Nothing was changed"):
        Journal.open(old, write=True)
    assert dump(old.journal) == before


@pytest.mark.parametrize("said", ["0", "-1", "two", ""])
def test_a_format_that_is_none_is_refused(old: Home, said: str) -> None:
    with closing(sqlite3.connect(old.journal)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (said,))
    with pytest.raises(HomeError, match="upgrade doxa"):
        Journal.open(old, write=False)
