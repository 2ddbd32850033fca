"""Calls whose outcome a crash left unknown: listed, charged at their worst, sent again or halted at."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, Experiment, Manager, Run, hierarchy, train
from doxa.environments import Weather
from doxa.errors import AmbiguousCallError, SpecError
from doxa.graphs.calls import AmbiguousCall
from doxa.models import HeuristicModel, Reply, Request, Usage
from doxa.models.failures import BudgetExceededError, RefusalError
from doxa.models.protocol import WorstCase

TEAM = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])


class CrashError(BaseException):
    """The process dies: nothing that follows is recorded."""


class Metered(HeuristicModel):
    """Ten tokens and a cent a call, a hundred tokens and a dime at most; dies or fails at one call."""

    def __init__(self, error: BaseException | None = None, at: int = -1) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._error, self._at = error, at

    async def complete(self, request: Request[Any]) -> Reply:
        self.asked.append(request.digest(self.name))
        if self._error is not None and len(self.asked) - 1 == self._at:
            raise self._error
        reply = await super().complete(request)
        return Reply(reply.text, Usage(6, 4), 0.01, self.name)

    def worst_case(self, request: Request[Any]) -> WorstCase:  # noqa: ARG002
        return WorstCase(100, 0.1)


def experiment(model: Metered, **changes: Any) -> Experiment:
    return Experiment(Weather(days=3), TEAM, episodes=1, model=model, name="cut", **changes)


def crashed(home: Path, at: int = 4) -> tuple[Run, Metered]:
    """A run whose process died while call number ``at`` was in flight; it may be one of two."""
    model = Metered(CrashError(), at)
    with pytest.raises(CrashError):
        asyncio.run(train(experiment(model), home))
    return Run.load(home, "cut-1"), model


def resumed(home: Path, model: Metered, **changes: Any) -> Run:
    return asyncio.run(train(experiment(model, **changes), home, run="cut-1"))


def test_an_attempt_without_an_outcome_is_listed_with_its_place_and_its_worst_case(tmp_path: Path) -> None:
    run, model = crashed(tmp_path)
    digest = model.asked[4]
    [lost] = [call for call in run.unanswered if call.request == digest]
    assert lost == AmbiguousCall(0, 1, lost.agent, "heuristic", digest, 100, 0.1, resent=False)
    assert lost.agent in {"listener", "watcher"}
    assert (run.calls, run.tokens, run.cost) == (
        len(model.asked) - len(run.unanswered),
        run.calls * 10,
        pytest.approx(run.calls * 0.01),
    )


def test_what_was_sent_again_stays_listed_because_it_may_have_been_paid_twice(tmp_path: Path) -> None:
    run, _ = crashed(tmp_path)
    model = Metered()
    done = resumed(tmp_path, model)
    assert done.ended
    assert [call.request for call in done.unanswered] == [call.request for call in run.unanswered]
    assert all(call.resent for call in done.unanswered)
    assert len(model.asked) == 9 - run.calls
    assert (done.calls, done.tokens) == (9, 90)


def test_a_second_crash_at_the_same_call_is_a_second_payment(tmp_path: Path) -> None:
    run, _ = crashed(tmp_path, at=8)
    assert [(call.step, call.agent) for call in run.unanswered] == [(2, "manager")]
    with pytest.raises(CrashError):
        resumed(tmp_path, Metered(CrashError(), 0))
    twice = Run.load(tmp_path, "cut-1").unanswered
    assert [(call.step, call.agent) for call in twice] == [(2, "manager")] * 2
    with pytest.raises(BudgetExceededError, match=r"280 of 379 tokens spent, up to 100 needed"):
        resumed(tmp_path, Metered(), max_tokens=379)
    assert resumed(tmp_path, Metered(), max_tokens=380).ended


def test_ambiguous_calls_count_in_the_budget_at_their_worst(tmp_path: Path) -> None:
    crashed(tmp_path, at=8)
    model = Metered()
    with pytest.raises(BudgetExceededError, match=r"\$0.1800 of \$0.27 spent, up to \$0.1000 needed"):
        resumed(tmp_path, model, max_usd=0.27)
    assert model.asked == []
    assert resumed(tmp_path, model, max_usd=0.28).ended


def test_halting_names_the_calls_and_the_choice_and_sends_and_writes_nothing(tmp_path: Path) -> None:
    run, _ = crashed(tmp_path, at=8)
    model, before = Metered(), (tmp_path / "journal.sqlite3").read_bytes()
    with pytest.raises(AmbiguousCallError) as caught:
        resumed(tmp_path, model, ambiguous="halt")
    assert caught.value.exit_code == 2
    for part in ("episode 0 step 2 manager", run.unanswered[0].request[:12], "$0.1000", "--ambiguous resend"):
        assert part in str(caught.value)
    assert model.asked == []
    assert (tmp_path / "journal.sqlite3").read_bytes() == before
    assert resumed(tmp_path, model, ambiguous="resend").ended
    with pytest.raises(SpecError, match="did you mean 'resend'"):
        experiment(model, ambiguous="resent")


def test_a_failure_that_is_known_is_not_ambiguous_and_is_charged_as_it_was(tmp_path: Path) -> None:
    refused = Metered(RefusalError("no", usage=Usage(3, 2), cost=0.005), 8)
    with pytest.raises(RefusalError):
        asyncio.run(train(experiment(refused), tmp_path))
    run = Run.load(tmp_path, "cut-1")
    assert run.unanswered == ()
    with pytest.raises(BudgetExceededError, match=r"85 of 100 tokens spent"):
        resumed(tmp_path, Metered(), max_tokens=100, ambiguous="halt")
    assert resumed(tmp_path, Metered(), max_tokens=185, ambiguous="halt").ended
