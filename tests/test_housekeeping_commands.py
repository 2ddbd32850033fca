"""Runs removed, moved and kept in bounds from the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SPEC = """
from doxa import Analyst, ConceptualCritic, Experiment, Manager, hierarchy
from doxa.environments import Weather

team = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")], None, ConceptualCritic()
)
experiment = Experiment(Weather(days=30), team, episodes=2, name="rain")
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
