"""FinCon's team: an analyst for every source, none of which sees another's, and a manager that feeds back."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from doxa import Experiment, Manager, Run, ScriptedModel, hierarchy, replay, train
from doxa.agents import Feedback, Recall
from doxa.environments import Choice, Environment, EnvironmentSpec, Outcome, Signal, Source, View
from doxa.errors import GraphError
from doxa.graphs import FinCon, fincon_team
from doxa.memory import Home, Journal
from doxa.models.protocol import Request

SOURCES = ("prices", "news", "filings_10k", "filings_10q", "calls", "reports", "relations")
REWARDS = (0.01, -0.01, 0.012, -0.011, 0.01, 0.2, 0.011, -0.3, 0.01, 0.15)
"""Steps 5, 7 and 9 are far from what came before."""


class Marked(Environment):
    """Every source's text carries a mark of its own; buying brings the day's change, selling its negative."""

    def __init__(self, rewards: tuple[float, ...] = REWARDS) -> None:
        self._rewards, self._now = rewards, 0
        self.spec = EnvironmentSpec(
            id="marked",
            task="Trade it.",
            sources=tuple(Source(n, f"About {n}.", signals=(Signal("level", "buy", "sell", 1.0),)) for n in SOURCES),
            action=Choice(("buy", "hold", "sell")),
            reward={"pnl": 1.0},
            max_steps=len(rewards),
            cautious="hold",
        )

    def _seen(self, components: Mapping[str, float]) -> Outcome:
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=self._now)
        views = {
            n: View(f"- mark-of-{n} on day {self._now}\nlevel: 1", {"level": 1.0}, moment, moment) for n in SOURCES
        }
        return Outcome(moment, views, components, truncated=self._now == len(self._rewards))

    def _begin(self, _: random.Random) -> Outcome:
        self._now = 0
        return self._seen({})

    def _advance(self, action: str) -> Outcome:
        change = self._rewards[self._now] * {"buy": 1, "hold": 0, "sell": -1}[action]
        self._now += 1
        return self._seen({"pnl": change})


def gossip(request: Request[Any]) -> dict[str, Any]:
    """An analyst that puts everything it read into everything it says; the chartist alone is for selling."""
    marks = " ".join(sorted(set(re.findall(r"mark-of-\w+", " ".join(m.text for m in request.messages)))))
    stance = "sell" if request.agent == "chartist" else "buy"
    source = marks.removeprefix("mark-of-")
    evidence = [{"aspect": f"{source}.level", "value": 1.0, "supports": stance}]
    return {"stance": stance, "confidence": 0.5, "rationale": marks, "evidence": evidence, "beliefs": []}


def manage(request: Request[Any]) -> dict[str, Any]:
    """A manager that buys, and tries to tell the reporter what others read."""
    text = request.messages[-1].text
    marks = " ".join(re.findall(r"mark-of-\w+", text))
    told = {"action": "buy", "confidence": 1.0, "reasons": marks, "insights": ["reporter"], "beliefs": []}
    told["reflection"] = "I reflect." if "# Alerts" in text else None
    if "# Contributions" in text:
        said = [
            ("reporter", "news.level"),
            ("reporter", "calls.level"),
            ("nobody", "news"),
            ("chartist", "mark-of-news"),
        ]
        told["feedback"] = [{"analyst": a, "aspect": of, "advice": "trust more"} for a, of in said]
    return told


def team_of(settings: FinCon | None = None) -> tuple[Marked, Any, ScriptedModel]:
    environment = Marked()
    team = fincon_team(environment.spec, settings)
    answers: dict[str, Any] = {agent.name: gossip for agent in team.agents}
    return environment, team, ScriptedModel({**answers, "manager": manage})


def ran(home: Path, settings: FinCon | None = None, episodes: int = 2) -> tuple[Experiment, Run]:
    environment, team, model = team_of(settings)
    of = Experiment(environment, team, episodes=episodes, model={"*": model, "critic": "heuristic"}, name="marked")
    return of, asyncio.run(train(of, home))


def prompts(home: Path, run: str) -> dict[tuple[str, int, int], str]:
    """All that an agent read, by agent, episode and step."""
    found = {}
    with Journal.open(Home(home), write=False) as journal:
        for event in journal.events(run, kind="call"):
            text = "\n".join(journal.text(digest) for _, digest in event.payload["messages"])
            found[event.payload["agent"], event.episode, int(event.key[:6])] = text
    return found


def events(home: Path, run: str, kind: str, episode: int = 0) -> list[dict[str, Any]]:
    with Journal.open(Home(home), write=False) as journal:
        return [dict(e.payload) for e in sorted(journal.events(run, kind=kind, episode=episode), key=lambda e: e.key)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fincon")


@pytest.fixture(scope="module")
def run(home: Path) -> str:
    return ran(home)[1].id


def test_there_are_seven_analysts_with_the_paper_s_memories() -> None:
    team = fincon_team(Marked().spec, FinCon(background="Makes cars."))
    analysts = {a.source: a for a in team.agents if a.role == "analyst"}
    assert tuple(analysts) == SOURCES
    assert len({a.name for a in analysts.values()}) == 7
    assert all("Makes cars." in a.instructions for a in team.agents)  # type: ignore[attr-defined]
    rates = {s: a.recall.fading(s).rate for s, a in analysts.items()}  # type: ignore[attr-defined]
    assert rates["news"] == 0.92
    assert rates["filings_10q"] == rates["calls"] == 0.967
    assert rates["filings_10k"] == 0.988
    assert {a.recall.k for a in analysts.values()} == {5}  # type: ignore[attr-defined]
    assert {m.name for m in team.monitors} == {"cvar"}
    assert team.critic is not None


def test_parts_can_be_taken_away() -> None:
    team = fincon_team(Marked().spec, FinCon(recall=0, feedback=None, monitor=None, critic=None))
    assert team.monitors == ()
    assert team.critic is None
    assert all(getattr(agent, "recall", None) is None for agent in team.agents)
    with pytest.raises(GraphError, match="recall is -1"):
        FinCon(recall=-1)


def test_no_analyst_ever_reads_another_s_source(home: Path, run: str) -> None:
    of = {a.name: a.source for a in team_of()[1].agents}
    seen = {key: text for key, text in prompts(home, run).items() if of.get(key[0])}
    assert len(seen) == 2 * len(REWARDS) * len(SOURCES)
    for (agent, _, _), text in seen.items():
        assert set(re.findall(r"mark-of-(\w+)", text)) == {of[agent]}, agent
    assert any("# Memories" in text for text in seen.values())
    assert any("the manager on news.level: trust more" in text for text in seen.values())


def test_significant_steps_are_fed_back_with_numbers_of_doxa_s_own(home: Path, run: str) -> None:
    given = {g["step"]: g for g in events(home, run, "feedback")}
    assert set(given) == {5, 7, 9}
    gain, loss = given[5], given[7]
    assert gain["to"]["reporter"]["worth"] == pytest.approx(0.2)
    assert gain["to"]["chartist"]["worth"] == pytest.approx(-0.2), "it was for selling"
    assert loss["to"]["chartist"]["worth"] == pytest.approx(0.3)
    assert (gain["to"]["reporter"]["relied"], gain["to"]["chartist"]["relied"]) == (True, False)
    assert "standard deviations" in gain["why"][0]


def test_an_analyst_reads_its_own_feedback_from_the_next_step_on(home: Path, run: str) -> None:
    seen = prompts(home, run)
    assert "# Feedback" not in seen["reporter", 0, 5]
    assert (
        "step 5, a large gain of +0.200000: you said buy with confidence 0.50, worth +0.200000; the manager relied"
        in (seen["reporter", 0, 6])
    )
    assert "you said sell with confidence 0.50, worth -0.200000; the manager did not" in seen["chartist", 0, 6]
    assert "the manager on" not in seen["reporter", 0, 6], "the manager remarks on it at step 6"
    assert "the manager on news.level: trust more" in seen["reporter", 0, 7]
    assert seen["reporter", 0, 9].count(", a large ") == 2
    assert "# Feedback" not in seen["reporter", 1, 4], "a new episode starts afresh"


def test_the_manager_s_remarks_are_kept_to_what_the_analyst_named_itself(home: Path, run: str) -> None:
    decision = events(home, run, "decision")[6]
    assert [(r["analyst"], r["aspect"]) for r in decision["feedback"]] == [("reporter", "news.level")]
    assert len(decision["unknown"]["feedback"]) == 3
    assert "feedback" not in events(home, run, "decision")[5]


def test_what_stood_behind_a_gain_counts_for_more(home: Path, run: str) -> None:
    gain, loss = (g for g in events(home, run, "feedback") if g["step"] in (5, 7))
    assert gain["to"]["reporter"]["critical"]
    assert not gain["to"]["chartist"]["critical"], "it was against it"
    assert not any(to["critical"] for to in loss["to"].values()), "only gains count"
    marked = [m for m in events(home, run, "memory") if m["op"] == "update"]
    assert {m["memory"]["critical"] for m in marked if m["memory"]["agent"] == "reporter"} >= {1, 2}
    recalls = events(home, run, "recall")
    assert max(r["importance"] for recall in recalls for r in recall["recalled"]) == 1.0


def test_the_manager_sees_how_sources_did_and_what_it_reflected(home: Path, run: str) -> None:
    seen = prompts(home, run)
    assert "# Sources so far" not in seen["manager", 0, 0]
    assert "source news: right 1, wrong 1, worth +0.000000" in seen["manager", 0, 2]
    assert "source prices: right 1, wrong 2, worth -0.012000" in seen["manager", 0, 3]
    assert "  reflection: <data>I reflect.</data>" in seen["manager", 0, 4]
    assert "# Earlier episodes" in seen["manager", 1, 0]


def test_it_replays(tmp_path: Path) -> None:
    of, run = ran(tmp_path)
    asyncio.run(replay(of, tmp_path, run.id))


def test_without_the_settings_prompts_are_as_before(tmp_path: Path) -> None:
    environment, fincon, model = team_of()
    analysts = [a for a in fincon.agents if a.role == "analyst"]
    team = hierarchy(Manager(), analysts, fincon.monitors, None)
    run = asyncio.run(train(Experiment(environment, team, episodes=1, model=model), tmp_path))
    text = "\n".join(prompts(tmp_path, run.id).values())
    for heading in ("# Feedback", "# Contributions", "# Sources so far", "reflection: <data>", "feedback:"):
        assert heading not in text
    assert events(tmp_path, run.id, "feedback") == []


def test_an_alert_makes_a_step_significant(tmp_path: Path) -> None:
    settings = FinCon(feedback=Feedback(deviations=1e6, triggers=("loss",)))
    run = ran(tmp_path, settings, episodes=1)[1]
    assert {g["step"]: g["why"] for g in events(tmp_path, run.id, "feedback")} == {
        step: ["alert cvar"] for step, reward in enumerate(REWARDS) if reward < 0
    }


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"deviations": 0.0}, {"minimum": 1}, {"keep": 0}):
        with pytest.raises(GraphError, match="deviations is above 0, minimum at least 2"):
            Feedback(**wrong)  # type: ignore[arg-type]
    assert Recall().k == 5
