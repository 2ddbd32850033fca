"""A judge decides what structure and words leave open: journaled, replayed, never paid twice, never a silent merge."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, Experiment, Manager, Run, ScriptedModel, hierarchy, replay, train
from doxa.critics import Case, ModelJudge, Verdict
from doxa.environments import Weather
from doxa.errors import GraphError
from doxa.memory import BeliefMemory, Expansion, Home, Journal, StepRef
from doxa.models.failures import AuthenticationError, ServerError

FIRST = "Take an umbrella when the pressure falls quickly."
SECOND = "Pressure that sinks is a call for rain gear and boots."
THIRD = "Wear rain shoes in the morning if air pressure dipped overnight."


@dataclass(frozen=True)
class Noting:
    """A critic that proposes a lesson after every episode."""

    statements: tuple[str, ...] = (FIRST, SECOND)
    name: str = "critic"

    async def judge(self, case: Case) -> Verdict:
        number = case.current.episode
        said = self.statements[number : number + 1] if number == 0 else self.statements[1:]
        return Verdict({"said": len(said)}, [_lesson(text, number) for text in said])


def _lesson(statement: str, episode: int) -> Expansion:
    steps = (StepRef(episode=episode, step=0),)
    told: dict[str, Any] = {"aspect": "barometer.pressure", "polarity": "for", "reason": "it won", "steps": steps}
    return Expansion(concept=statement.rsplit(maxsplit=1)[-1], statement=statement, **told)


def experiment(model: ScriptedModel, judge: ModelJudge | None = None, *statements: str) -> Experiment:
    team = hierarchy(
        Manager(),
        [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
        critic=Noting(statements or (FIRST, SECOND)),
        judge=judge or ModelJudge(),
    )
    return Experiment(Weather(days=2), team, episodes=2, name="judged", model={"judge": model, "*": "heuristic"})


def trained(home: Path, model: ScriptedModel, judge: ModelJudge | None = None, *statements: str) -> Run:
    return asyncio.run(train(experiment(model, judge, *statements), home))


def told(home: Path, run: str = "judged-1") -> list[tuple[str, str]]:
    with Journal.open(Home(home), write=False) as journal, BeliefMemory(journal, run) as memory:
        return [(e.payload["op"], e.payload["reason"]) for e in memory.journal.events(run, kind="belief")]


@pytest.mark.parametrize(
    ("decision", "op", "reason"),
    [
        ("same", "reinforcement", "the judge says: one rain"),
        ("contradicts", "dispute", "it contradicts"),
        ("different", "expansion", "nothing in force says this"),
    ],
)
def test_what_a_judge_says_is_done_and_replays_for_nothing(tmp_path: Path, decision: str, op: str, reason: str) -> None:
    model = ScriptedModel([{"decision": decision, "reason": "one rain"}])
    run = trained(tmp_path, model)
    assert told(tmp_path)[-1][0] == op
    assert reason in told(tmp_path)[-1][1]
    (request,) = model.requests
    assert FIRST in request.messages[1].text
    assert SECOND in request.messages[1].text
    again = asyncio.run(replay(experiment(ScriptedModel([])), tmp_path, run.id))
    assert again.digest == run.digest
    resumed = asyncio.run(train(experiment(ScriptedModel([])), tmp_path, run=run.id))
    assert resumed.digest == run.digest


def test_a_judge_that_fails_leaves_the_pair_open_and_says_so(tmp_path: Path) -> None:
    model = ScriptedModel(lambda _: ServerError("down"))
    run = trained(tmp_path, model)
    op, reason = told(tmp_path)[-1]
    assert op == "expansion"
    assert "is open: judge couldn't say: its model's provider failed" in reason
    sent = len(model.requests)
    assert asyncio.run(replay(experiment(model), tmp_path, run.id)).digest == run.digest
    assert len(model.requests) == sent, "what failed isn't asked again"


def test_a_run_that_stops_while_a_judge_is_asked_goes_on_to_the_result_it_would_have_had(tmp_path: Path) -> None:
    answer = {"decision": "same", "reason": "one rain"}
    whole = trained(tmp_path / "whole", ScriptedModel([answer, answer]), None, FIRST, SECOND, THIRD)
    model = ScriptedModel([answer, AuthenticationError("no key")])
    with pytest.raises(AuthenticationError):
        trained(tmp_path / "cut", model, None, FIRST, SECOND, THIRD)
    rest = ScriptedModel([answer])
    cut = asyncio.run(train(experiment(rest, None, FIRST, SECOND, THIRD), tmp_path / "cut", run="judged-1"))
    assert cut.digest == whole.digest
    assert len(rest.requests) == 1, "the pair that was answered isn't paid twice"


def test_only_the_nearest_pairs_are_asked_about(tmp_path: Path) -> None:
    model = ScriptedModel([{"decision": "different", "reason": "other gear"}])
    trained(tmp_path, model, ModelJudge(pairs=1), FIRST, SECOND, THIRD)
    assert any("judge is asked about 1 pairs at most" in reason for _, reason in told(tmp_path))


def test_a_judge_is_part_of_the_team() -> None:
    made = experiment(ScriptedModel([]))
    assert made.spec()["graph"]["judge"]["name"] == "judge"
    with pytest.raises(GraphError, match="names have to differ"):
        replace(made, graph=replace(made.graph, judge=ModelJudge(name="manager")))
    with pytest.raises(GraphError, match="at least 1"):
        ModelJudge(pairs=0)
