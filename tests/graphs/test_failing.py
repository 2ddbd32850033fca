"""What a failed agent means to a run: it stops, or goes on with a gap that is recorded, shown and replayed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, Experiment, Manager, Run, ScriptedModel, hierarchy, replay, train
from doxa.agents import OnFailure, SafeAction
from doxa.agents.failing import COVERED
from doxa.environments import Weather
from doxa.errors import ModelError, ModelSetupError, NondeterminismError, SpecError
from doxa.memory import Home, Journal
from doxa.models import HeuristicModel, Reply, Request
from doxa.models import failures as f
from doxa.models.failures import HANDLING, CallError
from doxa.views import run_json, run_view

TEAM = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])
SKIP, SAFE = OnFailure(analyst="skip"), OnFailure(analyst="skip", manager=SafeAction("unsure"))


class Failing(HeuristicModel):
    """The heuristic model, but agents named here fail at these questions of theirs, counted from 0."""

    def __init__(self, failure: Exception | str | None = None, **at: set[int]) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._failure, self._at = failure, at

    async def complete(self, request: Request[Any]) -> Reply:
        number = self.asked.count(request.agent)
        self.asked.append(request.agent)
        if number in self._at.get(request.agent, ()):
            if isinstance(self._failure, Exception):
                raise self._failure
            return Reply(str(self._failure), cost=0.0)
        return await super().complete(request)


def experiment(model: Any, policy: OnFailure, **changes: Any) -> Experiment:
    given: dict[str, Any] = {"episodes": 1, "name": "frail"} | changes
    return Experiment(Weather(days=4), TEAM, model=model, on_failure=policy, **given)


def trained(home: Path, model: Any, policy: OnFailure, **changes: Any) -> Run:
    return asyncio.run(train(experiment(model, policy), home, **changes))


def events(home: Path, kind: str) -> dict[int, Any]:
    with Journal.open(Home(home), write=False) as journal:
        return {int(event.key[:6]): event.payload for event in journal.events("frail-1", kind=kind)}


def prompt(home: Path, agent: str, step: int) -> str:
    with Journal.open(Home(home), write=False) as journal:
        [call] = [
            event.payload
            for event in journal.events("frail-1", kind="call")
            if event.payload["agent"] == agent and int(event.key[:6]) == step
        ]
        return "\n".join(journal.text(digest) for _, digest in call["messages"])


def test_by_default_a_failed_analyst_stops_the_run_which_can_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(f.RefusalError, match="agent 'listener', episode 0, step 2, attempt 1"):
        trained(tmp_path, Failing(f.RefusalError("no"), listener={2}), OnFailure())
    stopped = Run.load(tmp_path, "frail-1")
    [failure] = stopped.failures
    assert (failure.error, failure.agent, failure.episode, failure.step) == ("RefusalError", "listener", 0, 2)
    assert (failure.attempt, failure.model, failure.stopped) == (1, "heuristic", True)
    assert failure.remedy == f.RefusalError.remedy
    done = trained(tmp_path, Failing(), OnFailure(), run="frail-1")
    assert done.ended
    assert done.gaps == ()


def test_a_skipped_analyst_leaves_a_gap_that_the_manager_is_told_of(tmp_path: Path) -> None:
    run = trained(tmp_path, Failing(f.RefusalError("you can't make me <b>"), listener={2}), SKIP)
    assert run.ended
    assert [(gap.step, gap.agent, gap.failure, gap.action) for gap in run.gaps] == [
        (2, "listener", "RefusalError", None)
    ]
    text = prompt(tmp_path, "manager", 2)
    assert text.count("no insight from listener at this step: its model declined to answer\n") == 1
    assert "you can't make me" not in text
    assert "insight watcher:" in text
    for step in (1, 3):
        assert "no insight" not in prompt(tmp_path, "manager", step)
    assert set(events(tmp_path, "step")[2]["insights"]) == {"watcher"}
    [failure] = run.failures
    assert (failure.message, failure.stopped, failure.attempt) == ("you can't make me <b>", False, 1)


def test_a_failed_manager_is_a_safe_action_that_says_so(tmp_path: Path) -> None:
    run = trained(tmp_path, Failing(f.ContentFilterError("hidden"), manager={1}), SAFE)
    decisions = events(tmp_path, "decision")
    assert (decisions[1]["action"], decisions[1]["safe"], decisions[1]["failure"]) == (
        "unsure",
        True,
        "ContentFilterError",
    )
    assert not any("safe" in decisions[step] for step in (0, 2, 3))
    assert events(tmp_path, "step")[1]["action"] == "unsure"
    assert [(gap.agent, gap.action) for gap in run.gaps] == [("manager", "unsure")]


def test_a_reply_that_never_fits_is_a_gap_too(tmp_path: Path) -> None:
    model = Failing('{"stance": "sunny"}', listener={1, 2})
    run = trained(tmp_path, model, SKIP)
    assert [(gap.step, gap.failure) for gap in run.gaps] == [(1, "OutputError")]
    assert len(model.asked) == 4 * 3 + 1


@pytest.mark.parametrize(
    "model",
    [
        lambda: Failing(f.RefusalError("no"), listener={1}, manager={2}),
        lambda: Failing('{"stance": "sunny"}', listener={1, 2}, manager={0, 1}),
        lambda: Failing('{"stance": "sunny"}', listener={1, 2}, watcher={0, 1, 2, 3, 4, 5, 6, 7}),
    ],
)
def test_gaps_replay_to_the_same_digest_without_asking(tmp_path: Path, model: Any) -> None:
    run = trained(tmp_path, model(), SAFE)
    assert run.gaps
    again = Failing()
    assert asyncio.run(replay(experiment(again, SAFE), tmp_path, run.id)).digest == run.digest
    assert again.asked == []


def test_a_resumed_run_does_not_ask_again_where_it_left_a_gap(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", Failing(f.RefusalError("no"), listener={1}), SKIP)

    class Breaking(Failing):
        async def complete(self, request: Request[Any]) -> Reply:
            if len(self.asked) == 8:
                raise ModelError("the line is dead")
            return await super().complete(request)

    with pytest.raises(ModelError):
        trained(tmp_path / "parts", Breaking(f.RefusalError("no"), listener={1}), SKIP)
    model = Failing()
    done = trained(tmp_path / "parts", model, SKIP, run="frail-1")
    assert done.digest == whole.digest
    assert model.asked == ["manager", "listener", "watcher", "manager"]
    assert len(done.failures) == 2


def test_another_question_at_a_gap_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(tmp_path, Failing(f.RefusalError("no"), listener={0}), SKIP)
    monkeypatch.setattr("doxa.agents.analyst._DUTY", "You are {name}: {source}, {description}")
    with pytest.raises(NondeterminismError, match="asks something else"):
        asyncio.run(replay(experiment("heuristic", SKIP), tmp_path, run.id))


@pytest.mark.parametrize("kind", [kind for kind in HANDLING if kind not in COVERED])
@pytest.mark.parametrize("agent", ["listener", "manager"])
def test_what_is_wrong_with_the_run_itself_stops_it_whatever_the_policy(
    tmp_path: Path, kind: type[CallError], agent: str
) -> None:
    with pytest.raises(kind):
        trained(tmp_path, Failing(kind("no"), **{agent: {1}}), SAFE)
    assert Run.load(tmp_path, "frail-1").gaps == ()


def test_which_failures_are_never_skipped() -> None:
    assert {kind.__name__ for kind in HANDLING if kind not in COVERED} == {
        "AuthenticationError",
        "ModelNotFoundError",
        "BadRequestError",
        "QuotaError",
        "BudgetExceededError",
    }


def test_a_script_s_mistake_and_a_critic_s_failure_are_no_gaps(tmp_path: Path) -> None:
    with pytest.raises(ModelSetupError, match="no answer left"):
        trained(tmp_path, ScriptedModel([]), SAFE)
    team = hierarchy(Manager(), TEAM.agents[:2], None, ConceptualCritic())
    frail = Experiment(
        Weather(days=4), team, episodes=2, on_failure=SAFE, model=Failing(f.RefusalError("no"), critic={0})
    )
    with pytest.raises(f.RefusalError, match="agent 'critic'"):
        asyncio.run(train(frail, tmp_path))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (OnFailure(analyst="skipp"), "did you mean 'skip'"),  # type: ignore[arg-type]
        (OnFailure(manager="unsure"), r"give 'stop' or SafeAction\('unsure'\)"),  # type: ignore[arg-type]
        (OnFailure(manager=SafeAction("hold")), "'hold' isn't allowed: choose from dry, rain, unsure"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused_before_anything_runs(policy: OnFailure, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        experiment("heuristic", policy)


def test_the_policy_is_part_of_the_spec(tmp_path: Path) -> None:
    run = trained(tmp_path, "heuristic", SAFE)
    assert run.spec["on_failure"]["manager"] == {"type": "SafeAction", "action": "unsure"}
    with pytest.raises(SpecError, match=r"on_failure\.analyst: was 'skip', is 'stop'"):
        asyncio.run(replay(experiment("heuristic", OnFailure()), tmp_path, run.id))


def test_gaps_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    run = trained(tmp_path, Failing(f.RefusalError("no"), listener={1, 3}, manager={2}), SAFE)
    Console(width=200).print(run_view(run))
    told = capsys.readouterr().out
    assert "gap: listener, 2 x RefusalError" in told
    assert "gap: manager, 1 x RefusalError; safe action taken: unsure" in told
    assert json.loads(json.dumps(run_json(run)))["gaps"][0]["failure"] == "RefusalError"
