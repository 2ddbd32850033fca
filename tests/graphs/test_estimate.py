"""An estimate is what a run then uses, and costs nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from doxa import Analyst, ConceptualCritic, Experiment, Manager, OpenAIModel, ScriptedModel, hierarchy, train
from doxa.agents.node import EpisodeRuntime
from doxa.agents.state import EpisodeState, Update
from doxa.environments import Weather
from doxa.errors import SpecError
from doxa.graphs.estimate import REPLY, SAMPLE, Estimate, estimate
from doxa.memory.trajectory import Phase
from doxa.models.prices import Price, price_of
from doxa.models.protocol import Reply, Request
from doxa.models.resolve import resolve_model
from doxa.models.tokens import measure
from doxa.testing import OpenAIServer

TEAM = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")], None, ConceptualCritic()
)


class Counting:
    """The heuristic model, counting what it is really asked."""

    name = "counting"

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        self.tokens: dict[str, int] = {}
        self._rules, self._measure = resolve_model("heuristic"), measure()

    async def complete(self, request: Request[Any]) -> Reply:
        self.calls[request.agent] = self.calls.get(request.agent, 0) + 1
        self.tokens[request.agent] = self.tokens.get(request.agent, 0) + self._measure.prompt(request)
        return await self._rules.complete(request)


def experiment(days: int = 30, **options: Any) -> Experiment:
    return Experiment(Weather(days=days), TEAM, **{"episodes": 3, **options})


def estimated(experiment: Experiment) -> Estimate:
    return asyncio.run(estimate(experiment))


def test_short_episodes_are_estimated_to_the_token(tmp_path: Path) -> None:
    model = Counting()
    whole = experiment(evaluation=Weather(days=10), model=model)
    found = {agent.agent: agent for agent in estimated(whole).agents}
    asyncio.run(train(whole, tmp_path))
    assert {name: agent.calls for name, agent in found.items()} == model.calls
    assert {name: agent.prompt_tokens for name, agent in found.items()} == model.tokens


def test_long_episodes_are_multiplied_up(tmp_path: Path) -> None:
    model, days = Counting(), 4 * SAMPLE + 7
    whole = experiment(days, episodes=2, evaluation=Weather(days=10), model=model)
    found = {agent.agent: agent for agent in estimated(whole).agents}
    asyncio.run(train(whole, tmp_path))
    assert {name: agent.calls for name, agent in found.items()} == model.calls
    for name in ("listener", "watcher", "manager"):
        assert found[name].prompt_tokens == pytest.approx(model.tokens[name], rel=0.1)
    assert whole.environment.spec.max_steps == days


def test_replies_are_taken_long_and_priced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    dear = OpenAIModel("any", base_url="http://localhost:1/v1", price=Price(1.0, 10.0))
    models = {"*": "openai/gpt-4o-mini", "manager": dear, "watcher": ScriptedModel([])}
    told = estimated(experiment(5, episodes=1, model=models))
    found = {agent.agent: agent for agent in told.agents}
    assert found["listener"].completion_tokens >= 5 * REPLY
    known = price_of("openai/gpt-4o-mini")
    assert known is not None
    assert found["listener"].cost == pytest.approx(
        (found["listener"].prompt_tokens * known.prompt + found["listener"].completion_tokens * known.completion) / 1e6
    )
    manager = found["manager"]
    assert manager.cost == pytest.approx((manager.prompt_tokens + 10 * manager.completion_tokens) / 1e6)
    assert found["watcher"].cost is None
    assert told.cost is None
    assert told.calls == 15


def test_nothing_is_sent_and_no_home_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with OpenAIServer("{}") as server:
        estimated(experiment(5, episodes=2, model=OpenAIModel("any", base_url=server.url)))
        assert server.requests == []
    assert list(tmp_path.iterdir()) == []


class Forecast(BaseModel):
    """An answer that no rule knows."""

    chance: float


class Forecaster(Analyst):
    """Asks for a forecast."""

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        await runtime.context.ask(Request(self.name, (), Forecast), state["step"], Phase.AGENT)
        return {}


def test_an_agent_that_nobody_can_stand_in_for_is_named() -> None:
    team = hierarchy(Manager(), [Forecaster("oracle", source="almanac"), Analyst("watcher", source="barometer")])
    with pytest.raises(SpecError, match=r"can't be estimated.*'Forecast'.*'oracle'"):
        estimated(Experiment(Weather(days=5), team))
