"""Runs removed, moved and kept in bounds from the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SPEC = """
from doxa import Analyst, ConceptualCritic, Experiment, Manager, hierarchy
from doxa.environments import Weather

team = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")], None, ConceptualCritic()
)
experiment = Experiment(Weather(days=6), team, episodes=2, name="rain")
"""

Doxa = Callable[..., Any]


def test_runs_are_removed_when_it_is_meant(doxa: Doxa) -> None:
    doxa("train", "spec.py:experiment")
    doxa("train", "spec.py:experiment", "--from", "rain-1")
    doxa("branch", "rain-2")
    needed = doxa("runs", "rm", "rain-1", "--yes")
    assert (needed.code, "rain-2 starts from rain-1" in needed.err) == (2, True)
    unsaid = doxa("runs", "rm", "last")
    assert (unsaid.code, "removes rain-3" in unsaid.err, "--yes" in unsaid.err) == (2, True, True)
    astray = doxa("runs", "--home", ".doxa", "rm", "rain-3", "--yes")
    assert (astray.code, "doxa runs rm --home .doxa" in astray.err) == (2, True)
    assert doxa("runs", "rm", "rain-9", "--yes").code == 2
    assert doxa("runs", "rm", "rain-1", "--home", "nowhere", "--yes").code == 2
    assert [run["id"] for run in doxa("runs", "--json").json] == ["rain-1", "rain-2", "rain-3"]
    digest = doxa("show", "rain-1", "--json").json["digest"]
    gone = doxa("runs", "rm", "rain-2", "--with-descendants", "--yes", "--json").json
    assert gone["runs"] == ["rain-2", "rain-3"]
    assert doxa("replay", "rain-1", "--json").json["digest"] == digest
    assert doxa("memory", "verify").code == 0
    missing = doxa("show", "rain-2")
    assert (missing.code, "'rain-2' has been removed" in missing.err) == (2, True)
    assert doxa("train", "spec.py:experiment", "--json").json["id"] == "rain-4"


METERED = """
from doxa import Analyst, Experiment, Manager, hierarchy
from doxa.environments import Weather
from doxa.models import HeuristicModel, Reply, Usage
from doxa.models.protocol import WorstCase

class Metered(HeuristicModel):
    async def complete(self, request):
        {before}
        return Reply((await super().complete(request)).text, Usage(6, 4), 0.01)
    def worst_case(self, request):
        return WorstCase(100, 0.1)

team = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])
experiment = Experiment(Weather(days={days}), team, episodes=1, model=Metered(), name="rain")
"""


def metered(path: Path, before: str = "pass", days: int = 5) -> None:
    path.write_text(METERED.format(before=before, days=days))


def test_an_interrupted_run_goes_on_in_another_home(
    doxa: Doxa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metered(tmp_path / "metered.py")
    whole = doxa("train", "metered.py:experiment", "--home", "whole", "--json").json
    assert doxa("train", "metered.py:experiment", "--max-tokens", "200").code == 1
    answered = doxa("show", "rain-1", "--json").json["calls"]
    assert doxa("export", "rain-1", "--archive", "run.doxa").code == 0
    away = tmp_path / "away"
    away.mkdir()
    (tmp_path / "run.doxa").rename(away / "run.doxa")
    (tmp_path / "metered.py").rename(away / "here.py")
    monkeypatch.chdir(away)
    assert doxa("import", "run.doxa", "--json").json["runs"][0]["how"] == "new"
    assert doxa("import", "run.doxa").out == "rain-1: is here already\n"
    lost = doxa("resume", "rain-1")
    assert (lost.code, "metered.py:experiment isn't in this folder" in lost.err, "--spec" in lost.err) == (
        2,
        True,
        True,
    )
    assert doxa("resume", "rain-1", "--spec", "here.py:other").code == 2
    done = doxa("resume", "rain-1", "--spec", "here.py:experiment", "--max-tokens", "1000", "--json").json
    assert (done["ended"], done["digest"]) == (True, whole["digest"])
    assert 0 < answered < done["calls"]
    assert doxa("replay", "rain-1", "--spec", "here.py:experiment", "--json").json["sent"] == 0
    (away / "here.py").rename(away / "metered.py")
    assert doxa("replay", "rain-1", "--json").json["digest"] == whole["digest"]
    assert doxa("beliefs", "rain-1").code == doxa("costs", "rain-1").code == 0
    assert doxa("branch", "rain-1", "--json").json["reused"] == done["calls"]


def test_what_is_no_archive_makes_no_home(doxa: Doxa, tmp_path: Path) -> None:
    (tmp_path / "run.doxa").write_text("no")
    for name in ("run.doxa", "nowhere.doxa"):
        done = doxa("import", name, "--home", "new")
        assert (done.code, "can't be read as an archive of a run" in done.err) == (2, True)
    assert not (tmp_path / "new").exists()
    doxa("train", "spec.py:experiment")
    assert doxa("export", "rain-9", "--archive", "x").code == doxa("export", "last", "--archive", "no/x").code == 2


def test_a_spec_that_changed_is_told_with_the_choice(doxa: Doxa, tmp_path: Path) -> None:
    metered(tmp_path / "metered.py")
    doxa("train", "metered.py:experiment", "--max-tokens", "200")
    answered = doxa("show", "rain-1", "--json").json["calls"]
    metered(tmp_path / "metered.py", days=7)
    told = doxa("resume", "rain-1", "--max-tokens", "2000")
    assert told.code == 2
    for part in ("was 5, is 7", "Undo the change", "'doxa branch rain-1'", "'doxa train'"):
        assert part in told.err
    assert not doxa("show", "rain-1", "--json").json["ended"], "nothing was done to it"
    new = doxa("branch", "rain-1", "--max-tokens", "5000", "--json").json
    assert (new["id"], new["ended"], new["reused"]) == ("rain-2", True, answered)
    metered(tmp_path / "metered.py")
    assert doxa("resume", "rain-1", "--max-tokens", "2000", "--json").json["ended"]


HELD = "import sys; print('asked', flush=True); sys.stdin.readline()"


def test_of_two_resumes_at_once_the_second_refuses(doxa: Doxa, tmp_path: Path) -> None:
    metered(tmp_path / "metered.py")
    doxa("train", "metered.py:experiment", "--max-tokens", "200")
    answered = doxa("show", "rain-1", "--json").json["calls"]
    metered(tmp_path / "metered.py", HELD)
    command = [sys.executable, "-m", "doxa.cli", "resume", "rain-1", "--max-tokens", "2000", "--json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stdout.readline() == "asked\n"
        second = doxa("resume", "rain-1", "--max-tokens", "2000")
        assert (second.code, "another doxa process is writing" in second.err) == (2, True)
        assert doxa("show", "rain-1", "--json").json["calls"] == answered
        out, _ = first.communicate("\n" * 100)
        assert first.returncode == 0
    assert doxa("show", "rain-1", "--json").json["ended"]
    assert out.count("asked") == 15 - answered - 1, "each call was sent once, by the first"


def test_gc_keeps_what_is_needed_and_bounds_what_is_kept(doxa: Doxa, tmp_path: Path) -> None:
    for _ in range(3):
        doxa("train", "spec.py:experiment")
    digest = doxa("show", "rain-3", "--json").json["digest"]
    assert doxa("gc", "--dry-run").out == "nothing to collect\n"
    wrong = doxa("gc", "--older-than", "soon")
    assert (wrong.code, "'soon' is no length of time" in wrong.err) == (2, True)
    (tmp_path / ".doxa" / "settings.toml").write_text("[retention]\nkeep_runs = 1\nolder_then = '1d'\n")
    assert "older_then" in doxa("gc").err
    (tmp_path / ".doxa" / "settings.toml").write_text("[retention]\nkeep_runs = 1\n")
    assert doxa("gc", "--older-than", "1d", "--yes", "--json").json["runs"] == []
    assert doxa("gc").code == 2, "runs go only when it's meant"
    assert doxa("gc", "--dry-run", "--json").json["runs"] == ["rain-1", "rain-2"]
    done = doxa("gc", "--yes", "--json").json
    assert (done["runs"], done["freed"] > 0) == (["rain-1", "rain-2"], True)
    assert doxa("gc", "--drop-texts", "0h", "--yes", "--json").json["dropped"] > 0
    assert doxa("gc").out.startswith("nothing to collect")
    assert doxa("replay", "rain-3", "--json").json["digest"] == digest, "a replay compares digests"
    assert doxa("memory", "verify").code == doxa("show", "rain-3").code == 0
    lost = doxa("costs", "rain-3")
    assert (lost.code, "has been dropped to save room" in lost.err) == (2, True)
