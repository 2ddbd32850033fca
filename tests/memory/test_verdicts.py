"""What can be known of a run's very end, which no hash chain can tell."""

from __future__ import annotations

from pathlib import Path

from doxa.memory import Entry, Home, Journal, upkeep


def cut(journal: Journal, run: str, after: int) -> None:
    """Take away what is behind a position, as somebody with a SQLite shell could."""
    with journal.database.transaction() as connection:
        connection.execute("DROP TRIGGER events_are_never_deleted")
        connection.execute("DELETE FROM times")
        connection.execute("DELETE FROM events WHERE run = ? AND seq > ?", (run, after))


def test_events_missing_at_the_end_show_where_another_run_saw_them(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal:
        run = journal.begin("parent", first=[Entry(0, "note", str(number)) for number in range(5)])
        child = journal.begin("child", parent=run, first=[Entry(0, "note", "")])
        assert [v.error for v in upkeep.verify(journal)] == [None, None]
        cut(journal, run, 3)
        parent, other = upkeep.verify(journal)
        assert parent.good == 3
        assert parent.error is not None
        assert f"2 events are missing at its end: {child} started from what it held at seq 5" in parent.error
        assert other.error is None


def test_a_verdict_says_whether_the_end_is_recorded(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal:
        run = journal.begin("run", first=[Entry(0, "note", "")])
        assert not upkeep.verify(journal)[0].ended
        journal.append(run, [Entry(2**31 - 1, "run.ended", "")])
        assert upkeep.verify(journal)[0].ended
