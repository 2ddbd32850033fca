"""``doxa sweep`` as a user meets it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SPEC = """
from doxa import Analyst, CVaRMonitor, Experiment, Manager, hierarchy
from doxa.environments import Weather

DAYS = 4
team = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")], CVaRMonitor()
)
class Broken(Weather):
    def _advance(self, action):
        raise RuntimeError("the barometer fell off the wall")
def rain(seed: int, days: int = DAYS, kind: str = "whole"):
    if kind not in ("whole", "broken"):
        raise ValueError(f"no weather of the kind {kind}")
    task = Broken(days=days) if kind == "broken" else Weather(days=days)
    return Experiment(task, team, episodes=1, seed=seed, name="rain")
"""

Doxa = Callable[..., Any]
SWEEP = ("sweep", "spec.py:rain", "--over", "seed=0..2", "--over", "days=3,4")


def test_every_combination_is_a_run_of_its_own(doxa: Doxa) -> None:
    told = doxa(*SWEEP, "--json").json
    assert told["sweep"] == "rain-sweep-1"
    assert [row["arm"] for row in told["rows"]] == [f"seed={s} days={d}" for s in range(3) for d in (3, 4)]
    assert all(row["status"] == "ended" and row["calls"] == 3 * int(row["values"]["days"]) for row in told["rows"])
    assert [(s["values"], s["arms"]) for s in told["settings"]] == [({"days": "3"}, 3), ({"days": "4"}, 3)]
    spread = told["settings"][0]["metrics"]["return"]
    assert spread["mean"]["low"] <= spread["mean"]["value"] <= spread["mean"]["high"]
    assert spread["count"] == 3


def test_an_arm_is_the_same_run_as_alone(doxa: Doxa) -> None:
    rows = doxa(*SWEEP, "--json").json["rows"]
    alone = doxa("train", "spec.py:rain", "--set", "seed=2", "--set", "days=3", "--home", "other", "--json").json
    run = next(row["run"] for row in rows if row["arm"] == "seed=2 days=3")
    assert doxa("show", run, "--json").json["digest"] == alone["digest"]
    assert doxa("replay", run, "--json").json["digest"] == alone["digest"]


def test_tables_for_people(doxa: Doxa) -> None:
    done = doxa(*SWEEP)
    assert done.code == 0
    assert "rain-sweep-1: 6 of 6 arms ended" in done.out
    assert "days=3" in done.out
    assert "seed=1 days=4: rain-" in done.err
    listed = doxa("runs").out.splitlines()
    assert [line.split()[0] for line in listed[1:]] == ["rain-sweep-1", *(f"rain-{n}" for n in range(1, 7))]
    assert "6 begun" in listed[1]
    for call in (
        ("replay", "rain-sweep-1"),
        ("branch", "rain-sweep-1"),
        ("train", "spec.py:rain", "--from", "rain-sweep-1", "--set", "seed=1", "--set", "days=2"),
    ):
        refused = doxa(*call)
        assert (refused.code, "is a sweep, not a run: name one of its arms" in refused.err) == (2, True), refused.err
    assert "seed=0 days=3" in listed[2]


def test_the_same_command_again_runs_nothing_again(doxa: Doxa) -> None:
    before = doxa(*SWEEP, "--json").json
    for again in (doxa(*SWEEP, "--json"), doxa("sweep", "--resume", "rain-sweep-1", "--json")):
        assert again.code == 0
        assert all(row["reused"] for row in again.json["rows"])
        assert [row["run"] for row in again.json["rows"]] == [row["run"] for row in before["rows"]]
    assert len(doxa("runs", "--json").json) == 7


def test_failed_arms_are_told_and_the_rest_goes_on(doxa: Doxa) -> None:
    asked = ("sweep", "spec.py:rain", "--over", "kind=broken,whole", "--over", "seed=0,1")
    done = doxa(*asked)
    assert done.code == 1
    assert done.out.count("RuntimeError: the barometer fell off the wall") == 2
    assert "2 of 4 arms ended" in done.out
    assert "go on with it: doxa sweep --resume rain-sweep-1" in done.out
    rows = doxa(*asked, "--json").json["rows"]
    assert [row["status"] for row in rows] == ["failed", "failed", "ended", "ended"]
    assert [row["reused"] for row in rows] == [False, False, True, True]


def test_a_sweep_that_is_to_stop_begins_no_arm_after_a_failure(doxa: Doxa) -> None:
    asked = ("sweep", "spec.py:rain", "--over", "kind=broken,whole", "--set", "seed=0", "--concurrency", "1")
    rows = doxa(*asked, "--stop-on-failure", "--json").json["rows"]
    assert [row["status"] for row in rows] == ["failed", "not begun"]


def test_a_spec_that_changed_is_refused_by_name(doxa: Doxa, tmp_path: Path) -> None:
    doxa(*SWEEP)
    spec = tmp_path / "spec.py"
    spec.write_text(spec.read_text().replace("episodes=1", "episodes=2"))
    done = doxa(*SWEEP)
    assert done.code == 2
    assert "run rain-1 began as another experiment: spec.episodes: was 1, is 2" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("spec.py:rain", "--over", "sead=0..2"), "takes no setting 'sead'"),
        (("spec.py:rain", "--over", "sead=0..2"), "seed"),
        (("spec.py:rain", "--over", "seed=5..2"), "the range 5..2 is empty"),
        (("spec.py:rain", "--over", "seed="), "neither a range nor a list"),
        (("spec.py:rain", "--over", "seed=0..x"), "'0..x' is neither a range nor a list"),
        (("spec.py:rain", "--over", "seed"), "write it as KEY=FIRST..LAST"),
        (("spec.py:rain", "--over", "seed=1,2,1"), "'1' is there 2 times"),
        (("spec.py:rain", "--over", "seed=0,one"), "--set seed=one: 'one' isn't a whole number"),
        (("spec.py:rain", "--over", "seed=0..1", "--over", "kind=whole,odd"), "no weather of the kind odd"),
        (("spec.py:rain", "--over", "seed=0..1", "--over", "seed=3"), "swept over already"),
        (("spec.py:rain", "--over", "seed=0..1", "--set", "seed=3"), "both set to '3' and swept over"),
        (("spec.py:rain", "--over", "seed=0..99", "--over", "days=1..11"), "1,100 arms, more than 1,000"),
        (("spec.py:rain",), "needs something to sweep over"),
        ((), "a sweep needs a SPEC and --over"),
        (("spec.py:rain", "--over", "seed=0..1", "--concurrency", "0"), "concurrency is 0"),
        (("--resume", "rain-sweep-9"), "there is no doxa home"),
    ],
)
def test_bad_input_is_refused_and_nothing_written(
    doxa: Doxa, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = doxa("sweep", *arguments)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / ".doxa").exists()


def test_an_unknown_sweep_is_named(doxa: Doxa) -> None:
    doxa(*SWEEP)
    done = doxa("sweep", "--resume", "rain-sweep-9")
    assert done.code == 2
    assert "there is no sweep 'rain-sweep-9'" in done.err
    assert "rain-sweep-1" in done.err
    assert "doxa sweep --resume rain-sweep-1" in doxa("resume", "rain-sweep-1").err


def test_a_second_sweep_on_a_home_is_refused(doxa: Doxa, tmp_path: Path) -> None:
    from doxa.memory import Home, Journal

    with Journal.open(Home(tmp_path / ".doxa"), write=True):
        done = doxa(*SWEEP)
    assert done.code == 2
    assert "another doxa process is writing" in done.err
