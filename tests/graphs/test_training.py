"""The loop as a whole: what a run is, and that beliefs reach the prompts of those they concern and no others."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Run, evaluate, hierarchy, replay, train
from doxa.environments import Weather
from doxa.errors import ModelError, NondeterminismError, NotFoundError, SpecError
from doxa.graphs.run import Failure
from doxa.memory import BeliefMemory, Home, Journal
from doxa.memory.propagation import Nothing
from doxa.models import HeuristicModel, Limits, Reply, Request
from doxa.models.failures import ContentFilterError
from doxa.models.heuristic_team import decide
from doxa.models.protocol import Message, T
from doxa.models.reading import Prompt

TEAM = hierarchy(
    Manager(),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(alpha=0.05),
    ConceptualCritic(),
)
SOURCES = ("almanac", "barometer")


def experiment(**changes: Any) -> Experiment:
    settings: dict[str, Any] = {"episodes": 3, "name": "test", "evaluation": Weather(days=15)} | changes
    return Experiment(Weather(days=30), TEAM, **settings)


def trained(home: Path, **changes: Any) -> Run:
    return asyncio.run(train(experiment(**changes), home))


def prompts(home: Path, run: str) -> dict[tuple[int, int, str], str]:
    """What every agent really read, by episode, step and agent."""
    found = {}
    with Journal.open(Home(home), write=False) as journal:
        for event in journal.events(run, kind="call"):
            text = "\n".join(journal.text(digest) for _, digest in event.payload["messages"])
            found[event.episode, int(event.key[:6]), event.payload["agent"]] = text
    return found


class Counted:
    """A heuristic model that counts what it is asked, and can break down."""

    name = "heuristic"

    def __init__(self, breaks_at: int | None = None) -> None:
        self.asked: list[str] = []
        self._breaks_at, self._model = breaks_at, HeuristicModel()

    async def complete(self, request: Request[T]) -> Reply:
        if len(self.asked) == self._breaks_at:
            raise ModelError("the line is dead")
        self.asked.append(request.digest(self.name))
        return await self._model.complete(request)


def test_a_run_has_its_episodes_and_beats_not_knowing(tmp_path: Path) -> None:
    run = trained(tmp_path)
    assert [(e.mode, e.steps, e.ended) for e in run.episodes] == [("train", 30, True)] * 3 + [("evaluate", 15, True)]
    assert run.ended
    assert run.calls == (30 * 3 + 15) * 3 + 2
    assert run.cost == 0.0
    assert run.episodes[0].beliefs == run.episodes[1].beliefs == 0
    assert run.episodes[2].beliefs > 0


def test_n_analysts_and_a_manager_make_n_plus_one_calls_a_step(tmp_path: Path) -> None:
    run = trained(tmp_path, episodes=1, evaluation=None)
    asked = prompts(tmp_path, run.id)
    assert len(asked) == 30 * 3
    assert {agent for _, _, agent in asked} == {"listener", "watcher", "manager"}


def test_beliefs_are_in_the_prompts_of_those_they_concern_and_no_others(tmp_path: Path) -> None:
    run = trained(tmp_path, episodes=4)
    asked = prompts(tmp_path, run.id)
    with Journal.open(Home(tmp_path), write=False) as journal, BeliefMemory(journal, run.id) as memory:
        born = {b.id: (b, min(e.episode for e in memory.history(b.id))) for b in memory.beliefs()}
    assert born
    sources = {"listener": "almanac", "watcher": "barometer"}
    reached = set()
    for (episode, _, agent), text in asked.items():
        if agent == "critic":
            continue
        for belief, since in born.values():
            if belief.id in text:
                reached.add((belief.id, agent))
                assert since < episode
                assert agent == "manager" or belief.aspect.partition(".")[0] == sources[agent]
    for belief, _ in born.values():
        owner = next(a for a, s in sources.items() if s == belief.aspect.partition(".")[0])
        assert {(belief.id, "manager"), (belief.id, owner)} <= reached or belief.status != "active"


def test_with_propagation_off_beliefs_are_in_no_prompt_and_nothing_else_changes(tmp_path: Path) -> None:
    on, off = trained(tmp_path, episodes=2, evaluation=None), trained(tmp_path, evaluation=None, propagation=Nothing())
    asked = prompts(tmp_path, off.id)
    assert not any("# Beliefs" in text for (_, _, agent), text in asked.items() if agent != "critic")
    assert any("# Beliefs\n[b-" in text for (_, _, agent), text in asked.items() if agent == "critic")
    assert prompts(tmp_path, on.id).items() <= asked.items()


def test_a_prompt_has_its_parts_in_the_order_that_keeps_prefixes_stable(tmp_path: Path) -> None:
    run = trained(tmp_path)
    asked = prompts(tmp_path, run.id)
    first, later = asked[2, 3, "manager"], asked[2, 4, "manager"]
    shared = first[: next(i for i, (a, b) in enumerate(zip(first, later, strict=False)) if a != b)]
    assert shared.index("# Task") < shared.index("# Answer") < shared.index("# Beliefs")
    assert "# Step" not in shared.splitlines()[:-1]


def test_a_belief_against_a_source_turns_its_vote_in_the_managers_real_prompt(tmp_path: Path) -> None:
    run = trained(tmp_path, episodes=1, evaluation=None)
    against = "\n\n# Beliefs\n" + "\n".join(
        f"[b-012345678{i}] {s} | against | 0.90 | X." for i, s in enumerate(SOURCES)
    )
    turned = 0
    with Journal.open(Home(tmp_path), write=False) as journal:
        for event in journal.events(run.id, kind="call"):
            said = json.loads(event.payload["reply"])
            if event.payload["agent"] != "manager" or said["action"] == "unsure" or said["reflection"]:
                continue
            system, user = (journal.text(digest) for _, digest in event.payload["messages"])
            taught = decide(Prompt((Message("system", system + against), Message("user", user))))
            assert taught["action"] == {"dry": "rain", "rain": "dry"}[said["action"]]
            turned += 1
    assert turned


def test_the_outcome_of_a_step_reaches_no_prompt_before_the_action(tmp_path: Path) -> None:
    run = trained(tmp_path, episodes=1, evaluation=None)
    assert not any("truth" in text for text in prompts(tmp_path, run.id).values())


def test_an_alert_makes_the_manager_reflect(tmp_path: Path) -> None:
    run = trained(tmp_path, episodes=1, evaluation=None)
    with Journal.open(Home(tmp_path), write=False) as journal:
        alerts = {int(e.key[:6]) for e in journal.events(run.id, kind="alert")}
        decisions = {int(e.key[:6]): e.payload for e in journal.events(run.id, kind="decision")}
    assert alerts
    for step, decision in decisions.items():
        assert decision["alerted"] is (step - 1 in alerts)
        assert bool(decision["reflection"]) is decision["alerted"]


def test_the_same_seed_is_the_same_run_and_another_seed_is_not(tmp_path: Path) -> None:
    first, again, other = trained(tmp_path / "a"), trained(tmp_path / "b"), trained(tmp_path / "b", seed=1)
    assert first.digest == again.digest != other.digest
    assert (again.id, other.id) == ("test-1", "test-2")


@pytest.mark.parametrize(
    "surroundings",
    [{"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"}, {"PYTHONHASHSEED": "2", "TZ": "America/Lima"}],
)
def test_the_digest_is_the_same_wherever_it_is_run(tmp_path: Path, surroundings: Mapping[str, str]) -> None:
    spec = Path(__file__).parent.parent.parent / "examples" / "hello.py"
    if not spec.is_file():
        pytest.skip("the examples are only in a checkout")
    digests = set()
    for number, environment in enumerate([{}, surroundings]):
        folder = tmp_path / str(number)
        folder.mkdir()
        command = [sys.executable, "-m", "doxa.cli", "train", f"{spec}:experiment", "--json"]
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=True
        )
        digests.add(json.loads(done.stdout)["digest"])
    assert len(digests) == 1


def test_a_changed_belief_is_another_digest(tmp_path: Path) -> None:
    class Wordy(HeuristicModel):
        async def complete(self, request: Request[T]) -> Reply:
            reply = await super().complete(request)
            return dataclasses.replace(reply, text=reply.text.replace("Trust ", "Do trust "))

    assert trained(tmp_path).digest != trained(tmp_path, model=Wordy()).digest


def test_a_run_that_broke_down_goes_on_without_asking_again(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    broken, mended = Counted(breaks_at=200), Counted()
    with pytest.raises(ModelError, match="the line is dead") as caught:
        trained(tmp_path / "parts", model=broken)
    assert any("doxa resume test-1" in note for note in caught.value.__notes__)
    interrupted = Run.load(tmp_path / "parts", "test-1")
    assert (interrupted.ended, interrupted.calls, len(interrupted.unanswered)) == (False, 200, 1)
    assert [str(failure) for failure in interrupted.failures] == ["ModelError: the line is dead"]
    done = asyncio.run(train(experiment(model=mended), tmp_path / "parts", run="test-1"))
    assert done.ended
    assert done.digest == whole.digest
    assert len(broken.asked) + len(mended.asked) == whole.calls
    assert done.failures == interrupted.failures


def test_an_agents_own_bug_is_recorded_and_raised(tmp_path: Path) -> None:
    class Buggy(HeuristicModel):
        async def complete(self, request: Request[T]) -> Reply:
            raise ZeroDivisionError(f"a bug with {request.agent[:0]}you")

    with pytest.raises(ZeroDivisionError):
        trained(tmp_path, model=Buggy())
    assert Run.load(tmp_path, "test-1").failures == (Failure("ZeroDivisionError", "a bug with you"),)
    assert asyncio.run(train(experiment(), tmp_path, run="test-1")).ended


def test_a_finished_run_replays_without_sending_or_writing(tmp_path: Path) -> None:
    run = trained(tmp_path)
    before = (tmp_path / "journal.sqlite3").read_bytes()
    model = Counted(breaks_at=0)
    again = asyncio.run(replay(experiment(model=model), tmp_path, run.id))
    assert again.digest == run.digest
    assert model.asked == []
    assert (tmp_path / "journal.sqlite3").read_bytes() == before


def test_a_replay_with_another_prompt_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(tmp_path)
    monkeypatch.setattr("doxa.agents.manager._DUTY", "You are {name}, and you guess.")
    with pytest.raises(NondeterminismError, match="'manager' asks something else"):
        asyncio.run(replay(experiment(), tmp_path, run.id))


def test_a_changed_experiment_cannot_go_on_with_a_run(tmp_path: Path) -> None:
    run = trained(tmp_path)
    with pytest.raises(SpecError, match=r"spec\.seed: was 0, is 5"):
        asyncio.run(train(experiment(seed=5), tmp_path, run=run.id))
    with pytest.raises(NotFoundError, match=r"'test-9'.*test-1"):
        asyncio.run(train(experiment(), tmp_path, run="test-9"))


def test_evaluation_freezes_the_beliefs_of_another_run(tmp_path: Path) -> None:
    run = trained(tmp_path, evaluation=None)
    taught = asyncio.run(evaluate(experiment(), tmp_path, parent=run.id))
    blank = asyncio.run(evaluate(experiment(), tmp_path))
    assert (taught.mode, taught.parent, taught.episodes[0].beliefs > 0) == ("evaluate", run.id, True)
    assert blank.episodes[0].beliefs == 0
    with Journal.open(Home(tmp_path), write=False) as journal:
        assert list(journal.events(taught.id, kind="belief")) == []
    again = asyncio.run(replay(experiment(), tmp_path, taught.id))
    assert again.digest == taught.digest


def test_two_runs_in_one_home_share_no_beliefs(tmp_path: Path) -> None:
    first, second = trained(tmp_path), trained(tmp_path)
    assert first.digest == second.digest


class Unhurried(HeuristicModel):
    """Answers after a pause that depends on the request, so that calls in flight arrive in another order."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self._at_once = at_once
        self._room: asyncio.Semaphore | None = None

    async def complete(self, request: Request[T]) -> Reply:
        self._room = self._room or asyncio.Semaphore(self._at_once)
        async with self._room:
            for _ in range(int(request.digest(str(self._at_once))[:2], 16) % 50):
                await asyncio.sleep(0)
            return await super().complete(request)


def test_the_order_in_which_calls_arrive_changes_nothing(tmp_path: Path) -> None:
    digests = {n: trained(tmp_path / str(n), model=Unhurried(n), episodes=2).digest for n in (1, 64)}
    assert digests[1] == digests[64]
    with (
        Journal.open(Home(tmp_path / "1"), write=False) as one,
        Journal.open(Home(tmp_path / "64"), write=False) as many,
    ):
        arrived = [[event.key for event in journal.events("test-1", kind="call")] for journal in (one, many)]
    assert arrived[0] != arrived[1]


def test_a_fallback_answers_where_the_model_fails_over(tmp_path: Path) -> None:
    class Refusing(Counted):
        async def complete(self, request: Request[T]) -> Reply:
            raise ContentFilterError(f"no word to {request.agent}")

    plain = trained(tmp_path / "plain")
    run = trained(tmp_path / "fallen", model=Refusing(), fallbacks=("heuristic",), limits=Limits(concurrency=2))
    assert run.ended
    assert run.digest == plain.digest
