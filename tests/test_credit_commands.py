"""Who was handed what and why, what beliefs are worth, and whether they helped, as a user asks on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SPEC = """
from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy
from doxa.environments import Weather
from doxa.memory.holdout import HoldOut

team = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(alpha=0.05), ConceptualCritic(),
)
trial = Experiment(Weather(days=25), team, episodes=6, name="rain", propagation=HoldOut(share=0.4))
plain = Experiment(Weather(days=20), team, episodes=3, name="plain")
"""


COLUMNS = 80
Doxa = Callable[..., Any]


def test_why_shows_every_candidate_and_fits_80_columns(doxa: Doxa) -> None:
    doxa("train", "spec.py:trial")
    known = {b["id"] for b in doxa("beliefs", "last", "--json").json}
    whole = doxa("why", "last", "listener", "5", "--json").json
    assert {c["belief"]["id"] for c in whole["candidates"]} <= known
    assert whole["candidates"]
    assert whole["tokens"] == sum(c["tokens"] for c in whole["candidates"] if c["taken"])
    for agent in ("manager", "listener", "watcher"):
        done = doxa("why", "last", agent, "5")
        assert done.code == 0
        assert f"rain-1, episode 5 (train): what {agent} was handed by HoldOut" in done.out
        assert all(len(line) <= 80 for line in done.out.splitlines())
        for c in doxa("why", "last", agent, "5", "--json").json["candidates"]:
            assert c["belief"]["id"] in done.out
            assert c["reason"].split()[0] in done.out
    early = doxa("why", "last", "manager", "0")
    assert "0 of 0 beliefs, 0 tokens" in early.out


def test_why_names_what_it_does_not_know(doxa: Doxa) -> None:
    doxa("train", "spec.py:plain")
    assert "did you mean 'manager'" in doxa("why", "last", "manger", "0").err
    assert "choose 0 to 2" in doxa("why", "last", "manager", "9").err
    assert doxa("why", "last", "manager", "9").code == 2


def test_lifts_are_shown_by_belief_and_agent_and_unscored_is_not_0(doxa: Doxa) -> None:
    doxa("train", "spec.py:trial")
    told = doxa("beliefs", "last", "--lift", "--json").json
    assert {lift["agent"] for lift in told} >= {None, "manager"}
    done = doxa("beliefs", "last", "--lift")
    for lift in told:
        assert (lift["estimate"] is None) == (0 in (lift["handed"], lift["held"]))
        assert lift["belief"] in done.out
    one = doxa("beliefs", "last", told[0]["belief"], "--lift", "--json").json
    assert {lift["belief"] for lift in one} == {told[0]["belief"]}
    doxa("train", "spec.py:plain")
    plain = doxa("beliefs", "last", "--lift", "--json").json
    assert all(lift["estimate"] is None for lift in plain)


def test_ablate_prints_a_line_per_arm_and_reuses_what_it_ran(doxa: Doxa) -> None:
    first = doxa("ablate", "spec.py:plain", "--arms", "routed,none", "--seeds", "0..1")
    assert first.code == 0
    assert "none, seed 1: plain-none-2 returned" in first.err
    assert "(reused)" not in first.err
    assert "the last training episode, which is no held-out test" in " ".join(first.out.split())
    again = doxa("ablate", "spec.py:plain", "--arms", "routed,none", "--seeds", "0,1")
    assert again.err.count("(reused)") == 4
    assert again.out == first.out
    told = doxa("ablate", "spec.py:plain", "--arms", "none,routed", "--seeds", "0..1", "--json").json
    assert [arm["name"] for arm in told["arms"]] == ["none", "routed"]
    assert told["arms"][0]["difference"] is None
    assert told["arms"][0]["belief_tokens"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--seeds", "zero"), "--seeds zero: write them as 0..4, or as 0,3,5"),
        (("--seeds", "4..0"), "--seeds 4..0"),
        (("--arms", "routed,nobody"), "there is no arm 'nobody'"),
        (("--arms", ","), "at least one"),
    ],
)
def test_wrong_arguments_are_one_message(doxa: Doxa, arguments: tuple[str, ...], message: str) -> None:
    done = doxa("ablate", "spec.py:plain", *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_an_arm_is_run_by_its_ablation_alone(doxa: Doxa) -> None:
    doxa("ablate", "spec.py:plain", "--arms", "none", "--seeds", "0")
    done = doxa("replay", "plain-none-1")
    assert (done.code, "run by: doxa ablate spec.py:plain" in done.err) == (2, True)
