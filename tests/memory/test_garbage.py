"""What nothing names goes; what anything names stays, whoever else let go of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from doxa.errors import SetupError
from doxa.memory import Entry, Home, Journal
from doxa.memory.embeddings import HashingEmbedder
from doxa.memory.garbage import collect, found
from doxa.memory.generations import switch
from doxa.memory.retention import Retention, expired, last, retention, seconds
from doxa.memory.vectors import VectorStore

DAY = 86400.0


class Newer(HashingEmbedder):
    """Another generation."""

    @property
    def name(self) -> str:
        return "newer"


def test_texts_and_vectors_that_nothing_names_go(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal:
        old, new = (VectorStore(journal.database, made) for made in (HashingEmbedder(), Newer()))
        old.of(["said", "unsaid", "remembered"])
        new.of(["said"])
        named, _ = journal.put_text("named"), journal.put_text("unnamed")
        journal.append("run", [Entry(0, "call", "k", {"messages": [["user", named]]})])
        journal.append("run", [Entry(0, "belief", "k", {"added": None, "statement": "said"})])
        journal.append("run", [Entry(0, "memory", "k", {"text": "remembered"})])
        switch(journal.database, [old.generation], "newer")
        (tmp_path / "draft.partial").write_text("half")
        garbage = found(journal, Retention(), 0.0)
        assert [len(h.keys) for h in (garbage.texts, garbage.dropped, garbage.vectors, garbage.old)] == [1, 0, 1, 1]
        collect(journal, garbage)
        assert journal.text(named) == "named"
        rows = journal.database.rows("SELECT generation FROM vectors ORDER BY generation")
        assert [g for (g,) in rows] == [old.generation, "newer"], "a memory's vector isn't replaced"
        assert not (tmp_path / "draft.partial").exists()
        again = found(journal, Retention(), 0.0)
        assert not any(h.keys for h in (again.texts, again.dropped, again.vectors, again.old))


def test_a_run_stays_while_another_that_stays_needs_it(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal:
        one, two, three = journal.begin("run"), journal.begin("run"), journal.begin("run")
        for run in (one, two):
            journal.append(run, [Entry(9, "run.ended", "")])
        journal.append(three, [Entry(0, "step", "k")])
        now = last(journal, three) + 90 * DAY
        assert expired(journal, Retention(), now) == ()
        assert expired(journal, Retention(keep_runs=0), now) == (one, two), "one that hasn't ended stays"
        assert expired(journal, Retention.model_validate({"older_than": "91d"}), now) == ()
        assert expired(journal, Retention.model_validate({"keep_runs": 2, "older_than": "89d"}), now) == (one,)
        journal.link(three, two)
        assert expired(journal, Retention(keep_runs=0), now) == (one,)


@pytest.mark.parametrize("told", ["soon", "1", "-1d", "1y", 5, None])
def test_a_length_of_time_is_hours_days_or_weeks(told: object) -> None:
    assert seconds("12h") == DAY / 2
    with pytest.raises(ValueError, match="hours, days or weeks"):
        seconds(told)


def test_settings_are_read_strictly(tmp_path: Path) -> None:
    home, path = Home(tmp_path), tmp_path / "settings.toml"
    assert retention(home) == Retention()
    path.write_text("[retention]\nkeep_runs = 3\nolder_than = '2w'\n")
    assert retention(home, keep_runs=5) == Retention.model_validate({"keep_runs": 5, "older_than": "14d"})
    for wrong in ("[retention]\nkeep_runs = -1", "[retention]\nkept = 1", "[retention", "retention = 3"):
        path.write_text(wrong)
        with pytest.raises(SetupError):
            retention(home)
