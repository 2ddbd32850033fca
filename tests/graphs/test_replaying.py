"""Whatever was run replays to the same digest, and branches to it, for nothing."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Run, hierarchy, replay, train
from doxa.agents import OnFailure, SafeAction
from doxa.environments import Weather
from doxa.errors import DoxaError
from doxa.graphs import branch
from doxa.memory.propagation import ByConcern, Nothing
from doxa.memory.trajectory import Phase, place_key
from doxa.models import HeuristicModel, Reply, Request
from doxa.models.failures import ContentFilterError, RefusalError


class Moody(HeuristicModel):
    """The heuristic model, but some of its answers are refused, filtered or unfit; which, depends on the question."""

    def __init__(self, salt: int, mood: int) -> None:
        super().__init__()
        self.sent = 0
        self._salt, self._mood = salt, mood

    async def complete(self, request: Request[Any]) -> Reply:
        self.sent += 1
        lot = int(hashlib.sha256(f"{self._salt}/{request.digest(self.name)}".encode()).hexdigest()[:4], 16) % 100
        if request.response_type.__name__ != "Critique" and lot < self._mood:
            if lot % 3 == 0:
                raise RefusalError(f"no, says {lot}")
            if lot % 3 == 1:
                raise ContentFilterError("filtered")
            return Reply("no JSON", cost=0.0)
        return await super().complete(request)


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """A small experiment: any team, seed, length and policy; nothing that stops for good."""
    analysts = [
        Analyst("listener", source="almanac", instructions=draw(st.text(max_size=5))),
        Analyst("watcher", source="barometer"),
    ]
    team = hierarchy(
        Manager(memory=draw(st.integers(0, 3))),
        analysts,
        draw(st.sampled_from([None, CVaRMonitor(alpha=0.2)])),
        draw(st.sampled_from([None, ConceptualCritic(keep=2)])),
    )
    return Experiment(
        Weather(days=draw(st.integers(1, 4))),
        team,
        episodes=draw(st.integers(1, 3)),
        seed=draw(st.integers(0, 9)),
        name="any",
        model=Moody(draw(st.integers(0, 99)), draw(st.sampled_from([0, 10, 40]))),
        evaluation=draw(st.sampled_from([None, Weather(days=2)])),
        propagation=draw(st.sampled_from([ByConcern(), Nothing()])),
        on_failure=OnFailure(
            draw(st.sampled_from(["stop", "skip"])), draw(st.sampled_from(["stop", SafeAction("unsure")]))
        ),
    )


def finished(experiment: Experiment, home: str) -> Run:
    """Train; where the policy is to stop, go on with a model in a better mood."""
    try:
        return asyncio.run(train(experiment, home))
    except DoxaError:
        object.__setattr__(experiment, "model", Moody(0, 0))
        return asyncio.run(train(experiment, home, run="any-1"))


@given(experiments())
@settings(max_examples=12, deadline=None)
def test_any_recorded_run_replays_and_branches_to_the_same_digest_for_nothing(experiment: Experiment) -> None:
    with TemporaryDirectory() as home:
        run = finished(experiment, home)
        model = experiment.model
        assert isinstance(model, Moody)
        sent, before = model.sent, (Path(home) / "journal.sqlite3").read_bytes()
        assert asyncio.run(replay(experiment, home, run.id)).digest == run.digest
        assert (Path(home) / "journal.sqlite3").read_bytes() == before
        twin = asyncio.run(branch(experiment, home, run.id))
        assert (twin.digest, twin.reused, twin.gaps) == (run.digest, run.calls, run.gaps)
        assert model.sent == sent


agents = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,39}", fullmatch=True)
places = st.tuples(st.integers(0, 10**6 - 1), st.sampled_from(list(Phase)), agents, st.integers(0, 20))


@given(places, places)
def test_keys_are_equal_if_and_only_if_places_are(one: Any, other: Any) -> None:
    assert (place_key(*one) == place_key(*other)) == (one == other)
    assert place_key(*one) != place_key(*other[:3]), "an event's key is no call's"
