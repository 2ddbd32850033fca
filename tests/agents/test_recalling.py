"""An analyst that recalls reads what it said before, and never what wasn't known yet; by default it recalls nothing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from doxa import (
    Analyst,
    ConceptualCritic,
    Experiment,
    Manager,
    Market,
    Run,
    ScriptedModel,
    evaluate,
    hierarchy,
    replay,
    train,
)
from doxa.agents import Recall
from doxa.environments import Weather
from doxa.errors import BeliefError, GraphError
from doxa.memory import HashingEmbedder, Home, Journal, Note, ProceduralMemory
from doxa.memory.procedural import Place
from doxa.memory.remembering import Insert, Update
from doxa.memory.upkeep import reembed
from doxa.models.protocol import Request

TWO = Recall(k=2)


def experiment(recall: Recall | None = TWO, critic: Any = None, **settings: Any) -> Experiment:
    analysts = [Analyst("listener", source="almanac", recall=recall), Analyst("watcher", source="barometer")]
    team = hierarchy(Manager(), analysts, critic=critic or ConceptualCritic())
    return Experiment(Weather(days=6), team, episodes=3, name="rain", evaluation=Weather(days=4), **settings)


def trained(home: Path, of: Experiment) -> Run:
    return asyncio.run(train(of, home))


def prompts(home: Path, run: str, agent: str = "listener") -> dict[tuple[int, int], str]:
    """What an agent read in its user message, by episode and step."""
    found = {}
    with Journal.open(Home(home), write=False) as journal:
        for event in journal.events(run, kind="call"):
            if event.payload["agent"] == agent:
                (text,) = (journal.text(digest) for role, digest in event.payload["messages"] if role == "user")
                found[event.episode, int(event.key[:6])] = text
    return found


def test_what_was_said_before_stands_before_the_step_as_data(tmp_path: Path) -> None:
    run = trained(tmp_path, experiment())
    seen = prompts(tmp_path, run.id)
    assert "# Memories" not in seen[0, 0], "nothing was said yet"
    assert len(re.findall(r"^\[m-", seen[0, 1], re.MULTILINE)) == 1
    memories, data, step = seen[1, 3].index("# Memories"), seen[1, 3].index("<data source"), seen[1, 3].index("# Step")
    assert memories < data < step
    lines = [line for line in seen[1, 3].splitlines() if line.startswith("[m-")]
    assert len(lines) == 2
    assert all(re.fullmatch(r"\[m-[0-9a-f]{10}\][^<>]* almanac: <data>.*confidence.*</data>", line) for line in lines)
    assert not any("# Memories" in text for text in prompts(tmp_path, run.id, "watcher").values())
    with Journal.open(Home(tmp_path), write=False) as journal:
        recalls = [e.payload["recalled"] for e in journal.events(run.id, kind="recall")]
    assert len(recalls) == len(seen)
    assert {"memory", "relevancy", "importance"} == set(recalls[-1][0])


def test_a_run_replays_and_equal_runs_have_equal_logs(tmp_path: Path) -> None:
    digests = set()
    for home in (tmp_path / "one", tmp_path / "two"):
        run = trained(home, experiment())
        asyncio.run(replay(experiment(), home, run.id))
        with Journal.open(Home(home), write=False) as journal:
            digests.add(journal.digest(run.id))
    assert len(digests) == 1


def test_by_default_nothing_is_kept_or_recalled(tmp_path: Path) -> None:
    run = trained(tmp_path, experiment(None))
    with Journal.open(Home(tmp_path), write=False) as journal:
        assert not list(journal.events(run.id, kind="memory"))
        assert not list(journal.events(run.id, kind="recall"))


@pytest.mark.parametrize("mode", ["train", "evaluate"])
def market(days: int) -> Market:
    start = date(2021, 1, 1)
    prices = {(start + timedelta(days=n)).isoformat(): 100.0 + n % 5 for n in range(days)}
    table = pd.DataFrame({"close": prices.values()}, index=pd.to_datetime(list(prices), utc=True))
    return Market.from_frame(table, asset="ABC", start="2021-01-20")


def test_what_will_be_known_later_is_never_recalled(tmp_path: Path) -> None:
    """What is remembered is poisoned with notes from the future that bear on everything."""
    team = hierarchy(Manager(), [Analyst("chartist", source="prices", recall=TWO)], critic=ConceptualCritic())
    of = Experiment(market(45), team, episodes=1, evaluation=market(45))
    run = trained(tmp_path, of)
    view = next(iter(prompts(tmp_path, run.id, "chartist").values()))
    with Journal.open(Home(tmp_path), write=True) as journal:
        seen = [datetime.fromisoformat(e.payload["as_of"]) for e in journal.events(run.id, kind="observation")]
        later = sorted(seen)[len(seen) // 2]
        memory = ProceduralMemory(journal, run.id)
        notes = [Note(text=f"POISON {view[:80]}", source="prices", event_time=later, known_at=later)]
        memory.note(0, notes, key="900000.20.other", agent="chartist")
        told = [Insert(agent="chartist", text=f"POISONED {view[:80]}", source="prices", reason="no")]
        memory.apply(0, told, key="900000.60.x", author="x", known_at=later)
    for going in (train, evaluate):
        child = asyncio.run(going(of, tmp_path, parent=run.id))
        with Journal.open(Home(tmp_path), write=False) as journal:
            days = [datetime.fromisoformat(e.payload["as_of"]) for e in journal.events(child.id, kind="observation")]
        told_by = prompts(tmp_path, child.id, "chartist")
        assert any("# Memories" in text for text in told_by.values())
        poisoned = {step for (_, step), text in told_by.items() if "POISON" in text}
        assert poisoned, "once it is known it is recalled"
        assert min(days[step] for step in poisoned) >= later


def test_a_critic_s_operations_are_applied_after_the_episode(tmp_path: Path) -> None:
    asked: list[str] = []

    def critique(request: Request[Any]) -> Mapping[str, Any]:
        text = request.messages[-1].text
        asked.append(text)
        named = re.findall(r"^listener \[(m-[0-9a-f]{10})\]", text, re.MULTILINE)
        update = {"kind": "update", "memory": named[-1], "critical": True, "reason": "it came before the gain"}
        said = {"current": [], "previous": [], "better": "equal", "strengths": [], "weaknesses": []}
        return {**said, "direction": "go on", "proposals": [], "memories": [update, {"kind": "skip", "reason": "no"}]}

    critic = ConceptualCritic(memories=3)
    of = experiment(critic=critic, model={"*": "heuristic", "critic": ScriptedModel({"critic": critique})})
    run = trained(tmp_path, of)
    assert len(asked) == 2
    assert all(len(re.findall(r"^listener \[m-", text, re.MULTILINE)) == 3 for text in asked)
    with Journal.open(Home(tmp_path), write=False) as journal:
        results = [e for e in journal.events(run.id, kind="memory") if e.key.split(".")[2] == "critic"]
        assert [(e.episode, e.payload["op"]) for e in results] == [
            (1, "update"),
            (1, "skip"),
            (2, "update"),
            (2, "skip"),
        ]
        critical = results[0].payload["memory"]["id"]
        recalled = {e.key[:6]: e.payload["recalled"] for e in journal.events(run.id, kind="recall", episode=2)}
    assert recalled["000005"][0]["memory"] == critical, "what was critical to a gain comes to mind first"
    asyncio.run(replay(of, tmp_path, run.id))


def test_what_critics_made_of_a_memory_counts_at_once_in_training_only(tmp_path: Path) -> None:
    monday, friday = datetime(2024, 1, 1), datetime(2024, 1, 5)  # noqa: DTZ001
    with Journal.open(Home(tmp_path), write=True) as journal:
        memory = ProceduralMemory(journal, journal.begin("run"))
        [noted] = memory.note(
            0, [Note(text="Rain.", source="news", event_time=monday, known_at=monday)], key="000000.20.a", agent="a"
        )
        assert noted.memory
        told = [Update(memory=noted.memory.id, critical=True, reason="gain")]
        memory.apply(0, told, key="000009.60.c", author="c", known_at=friday)
        later = Place(1)
        assert memory.memories("a", before=later, as_of=monday)[0].critical == 0
        assert memory.memories("a", before=later, as_of=monday, hindsight=True)[0].critical == 1
        assert memory.memories("a", before=later, as_of=monday - timedelta(days=1), hindsight=True) == ()


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"k": 0}, {"critical": -1.0}):
        with pytest.raises(GraphError, match="k is a count of at least 1"):
            Recall(**wrong)  # type: ignore[arg-type]
    with pytest.raises(BeliefError, match="rate above 0"):
        Recall(rate=1.5)
    with pytest.raises(GraphError, match="memories=-1"):
        ConceptualCritic(memories=-1)
    assert json.dumps(Recall().fading("10k").rate) == "0.988"


def test_a_run_replays_after_its_home_was_embedded_again(tmp_path: Path) -> None:
    run = trained(tmp_path, experiment())
    with Journal.open(Home(tmp_path), write=True) as journal:
        before = journal.digest(run.id)
        assert reembed(journal, HashingEmbedder(64)).generation == HashingEmbedder(64).name
    again = asyncio.run(replay(experiment(), tmp_path, run.id))
    assert again.id == run.id
    with Journal.open(Home(tmp_path), write=False) as journal:
        assert journal.digest(run.id) == before
