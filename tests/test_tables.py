"""``doxa costs`` as a user meets it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from doxa import Analyst, Experiment, Manager, hierarchy, train
from doxa.cli import app
from doxa.environments import Weather
from doxa.errors import SpecError
from doxa.graphs.costs import Spending
from doxa.models.protocol import Reply, Request, Usage
from doxa.models.resolve import resolve_model
from doxa.tables import paid

TEAM = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])
SPENDING = Spending("manager", 3, 0, 3, 300, 30, 0, 0, 0, 0.25, 0, 0.0, None)


class Metered:
    """The heuristic model, counted and priced."""

    def __init__(self, name: str, cost: float | None, usage: Usage) -> None:
        self.name = name
        self._cost, self._usage = cost, usage
        self._rules = resolve_model("heuristic")

    async def complete(self, request: Request[Any]) -> Reply:
        return Reply((await self._rules.complete(request)).text, self._usage, self._cost, self.name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    model = {
        "*": Metered("priced", 0.01, Usage(1_000, 10, 600)),
        "manager": Metered("unpriced", None, Usage()),
    }
    asyncio.run(train(Experiment(Weather(days=4), TEAM, episodes=1, model=model, name="paid"), tmp_path))
    return tmp_path


def told(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_costs_are_shown_by_agent_episode_and_model(home: Path) -> None:
    shown = told("costs", "last", "--home", str(home))
    lines = {line.split()[0]: line.split() for line in shown.splitlines() if line.strip()}
    assert lines["listener"][:6] == ["listener", "4", "4,000", "2,400", "40", "0.0%"]
    assert lines["priced"][:2] == ["priced", "8"]
    assert "$0.0800 + 4 calls of unknown price" in shown
    assert "cost unknown" in " ".join(lines["manager"])
    assert "not reported" in " ".join(lines["manager"])
    assert "4 calls without reported tokens" in shown


def test_costs_as_json_have_no_cost_where_a_price_is_unknown(home: Path) -> None:
    shown = json.loads(told("costs", "paid-1", "--home", str(home), "--json"))
    assert shown["total"]["cost"] is None
    assert shown["total"]["known_cost"] == pytest.approx(0.08)
    assert {part["name"]: part["cost"] for part in shown["models"]} == {"priced": pytest.approx(0.08), "unpriced": None}


@pytest.mark.parametrize(
    ("unpriced", "reused", "shown"),
    [
        (0, 0, "$0.2500"),
        (1, 0, "$0.2500 + 1 calls of unknown price"),
        (3, 0, "cost unknown"),
        (2, 1, "cost unknown"),
    ],
)
def test_what_is_unknown_is_never_shown_as_nothing(unpriced: int, reused: int, shown: str) -> None:
    assert paid(replace(SPENDING, unpriced=unpriced, reused=reused)) == shown


SPEC = """
from doxa import Analyst, Experiment, Manager, hierarchy
from doxa.environments import Weather

team = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])
models = {"*": "openai/gpt-4o-mini", "manager": "litellm/no-such/model"}
experiment = Experiment(Weather(days=5), team, episodes=2, model=models)
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "spec.py").write_text(SPEC)
    return "spec.py:experiment"


def test_an_estimate_needs_neither_key_nor_home(spec: str, tmp_path: Path) -> None:
    shown = told("train", spec, "--estimate")
    lines = {line.split()[0]: line.split() for line in shown.splitlines() if line.strip()}
    assert lines["listener"][1:3] == ["openai/gpt-4o-mini", "10"]
    assert lines["listener"][-1].startswith("$0.0")
    assert lines["manager"][-2:] == lines["total"][-2:] == ["cost", "unknown"]
    assert "nothing was sent" in shown
    assert "litellm/no-such/model has no known price" in shown
    assert not (tmp_path / ".doxa").exists()
    as_json = json.loads(told("train", spec, "--estimate", "--json"))
    assert as_json["total"]["calls"] == 30
    assert as_json["total"]["cost"] is None


def test_an_estimate_starts_without_beliefs(spec: str) -> None:
    with pytest.raises(SpecError, match="leave --from out"):
        told("train", spec, "--estimate", "--from", "paid-1")
