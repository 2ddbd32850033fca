"""Ten small runs of different kinds, and how to record them: ``python tests/durability/record.py``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from doxa import (
    Analyst,
    ConceptualCritic,
    CVaRMonitor,
    Experiment,
    Manager,
    evaluate,
    hierarchy,
    train,
)
from doxa.agents import OnFailure, SafeAction
from doxa.environments import Weather
from doxa.errors import RunError
from doxa.graphs import branch
from doxa.memory import HoldOut, LastK
from doxa.models import Model, RetryPolicy, ScriptedModel
from doxa.models.failures import RefusalError
from doxa.models.protocol import Request

LISTENER, WATCHER = Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")
LONG = hierarchy(Manager(episodes=2), [LISTENER, WATCHER])
TEAM = hierarchy(Manager(), [LISTENER, WATCHER], CVaRMonitor(), ConceptualCritic())
PLAIN = hierarchy(Manager(), [LISTENER, WATCHER])
INSIGHT = {"stance": "dry", "confidence": 0.5, "rationale": "so it seems", "evidence": [], "beliefs": []}
DECISION = {"action": "dry", "confidence": 0.5, "reasons": "so they say", "insights": [], "beliefs": []}


@dataclass(frozen=True)
class Recording:
    """One run.

    Attributes:
        experiment: Made of the model that answers; another one's name must be the same.
        record: Runs it in a home, and returns the run's id.
    """

    experiment: Callable[[Model | str], Experiment]
    record: Callable[[Callable[[Model | str], Experiment], Path], str]


def scripted(**answers: Any) -> ScriptedModel:
    """A model whose agents say what is usual, or what is given."""
    usual = {"listener": always(INSIGHT), "watcher": always(INSIGHT), "manager": always(DECISION)}
    return ScriptedModel({**usual, **answers})


def always(answer: Mapping[str, Any]) -> Callable[[Request[Any]], Any]:
    def said(request: Request[Any]) -> Any:
        return answer if "reflection" not in request.response_type.model_fields else {**answer, "reflection": None}

    return said


def refuses_once(answer: Mapping[str, Any], failure: BaseException) -> Callable[[Request[Any]], Any]:
    """Fails at the second request, and answers all others."""
    asked: list[Request[Any]] = []

    def said(request: Request[Any]) -> Any:
        asked.append(request)
        if len(asked) == 2:
            raise failure
        return always(answer)(request)

    return said


def trained(model: Model | str) -> Callable[[Callable[[Model | str], Experiment], Path], str]:
    return lambda make, home: asyncio.run(train(make(model), home)).id


def evaluated(model: Model | str) -> Callable[[Callable[[Model | str], Experiment], Path], str]:
    return lambda make, home: asyncio.run(evaluate(make(model), home)).id


def with_parent(make: Callable[[Model | str], Experiment], home: Path) -> str:
    parent = asyncio.run(train(make("heuristic"), home)).id
    return asyncio.run(evaluate(make("heuristic"), home, parent=parent)).id


def branched(make: Callable[[Model | str], Experiment], home: Path) -> str:
    before = replace(make("heuristic"), graph=TEAM)
    return asyncio.run(branch(make("heuristic"), home, asyncio.run(train(before, home)).id)).id


def cut_off(make: Callable[[Model | str], Experiment], home: Path) -> str:
    """Stopped by Ctrl-C while a call is in flight, and resumed: the call is ambiguous for ever."""
    with suppress(KeyboardInterrupt):
        asyncio.run(evaluate(make(scripted(manager=refuses_once(DECISION, KeyboardInterrupt()))), home))
    return asyncio.run(evaluate(make(scripted()), home, run="recorded-1")).id


def stopped(make: Callable[[Model | str], Experiment], home: Path) -> str:
    """Stopped by a failure, and resumed."""
    with suppress(RunError):
        asyncio.run(evaluate(make(scripted(manager=refuses_once(DECISION, RefusalError("no")))), home))
    return asyncio.run(evaluate(make(scripted()), home, run="recorded-1")).id


def made(graph: Any, *, days: int = 3, episodes: int = 1, **settings: Any) -> Callable[[Model | str], Experiment]:
    def make(model: Model | str) -> Experiment:
        retries = RetryPolicy(attempts=1)
        return Experiment(
            Weather(days), graph, episodes=episodes, model=model, retries=retries, name="recorded", **settings
        )

    return make


RECORDINGS: dict[str, Recording] = {
    "learned": Recording(made(TEAM, days=16, episodes=3, evaluation=Weather(3)), trained("heuristic")),
    "held-out": Recording(made(TEAM, days=12, episodes=4, propagation=HoldOut(share=0.5)), trained("heuristic")),
    "last-k": Recording(made(TEAM, episodes=3, propagation=LastK(2)), trained("heuristic")),
    "evaluated": Recording(made(PLAIN), evaluated("heuristic")),
    "remembering": Recording(
        made(hierarchy(Manager(episodes=2), [LISTENER, WATCHER]), episodes=3), trained("heuristic")
    ),
    "gap": Recording(
        made(PLAIN, on_failure=OnFailure(analyst="skip")),
        evaluated(scripted(listener=refuses_once(INSIGHT, RefusalError("no")))),
    ),
    "safe-action": Recording(
        made(PLAIN, on_failure=OnFailure(manager=SafeAction("unsure"))),
        evaluated(scripted(manager=refuses_once(DECISION, RefusalError("no")))),
    ),
    "inherited": Recording(made(TEAM, episodes=3), with_parent),
    "branched": Recording(
        made(hierarchy(Manager(instructions="Be bold."), [LISTENER, WATCHER], CVaRMonitor(), ConceptualCritic())),
        branched,
    ),
    "ambiguous": Recording(made(PLAIN), cut_off),
    "stopped": Recording(made(PLAIN), stopped),
}
