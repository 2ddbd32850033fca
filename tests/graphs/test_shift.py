"""After the world has changed: what no longer holds is handed out no more, what is useful or pinned stays."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from doxa import Analyst, Experiment, Manager, Run, hierarchy, train
from doxa.environments.protocol import Choice, Environment, EnvironmentSpec, Json, Outcome, Signal, Source, View
from doxa.environments.rendering import signed, view
from doxa.graphs.training import episode_seed
from doxa.memory import Belief, BeliefMemory, ByConcern, Credence, Home, Journal, RevisionResult, Status
from doxa.memory.belief import belief_id
from doxa.memory.holdout import HoldOut
from doxa.memory.operations import Expansion, StepRef
from doxa.memory.propagation import Propagation

SHIFT, EPISODES, K = 10, 30, 12
HELD = HoldOut(ByConcern(), share=0.35, window=12)


class Bandit(Environment):
    """Two levers and two tips which to pull. ``steady`` is mostly right; ``herald`` nearly always, until the shift."""

    def __init__(self, before: frozenset[int], steps: int = 8) -> None:
        self._before, self._right, self._now = before, 0.0, 0
        self._days: list[tuple[str, dict[str, float]]] = []
        tips = Source(
            "tips",
            "Two tips which lever to pull.",
            trusted=True,
            signals=tuple(Signal(name, above="left", below="right", scale=1.0) for name in ("herald", "steady")),
        )
        self.spec = EnvironmentSpec(
            id="bandit",
            task="Pull a lever.",
            sources=(tips,),
            action=Choice(("left", "right")),
            reward={"win": 1.0},
            max_steps=steps,
        )

    def reset(self, seed: int) -> Any:
        self._right = 0.95 if seed in self._before else 0.05
        return super().reset(seed)

    def _begin(self, rng: random.Random) -> Outcome:
        self._days, self._now = [], 0
        for _ in range(self.spec.max_steps + 1):
            best = "left" if rng.random() < 0.5 else "right"
            tips = {
                name: (3.0 if (rng.random() < right) is (best == "left") else -3.0)
                for name, right in (("herald", self._right), ("steady", 0.75))
            }
            self._days.append((best, tips))
        return Outcome(None, self._views(), {})

    def _advance(self, action: Json) -> Outcome:
        best, self._now = self._days[self._now][0], self._now + 1
        return Outcome(None, self._views(), {"win": 1.0 if action == best else -1.0})

    def _views(self) -> dict[str, View]:
        tips = self._days[self._now][1]
        return {"tips": view("The tips.", {name: signed(value) for name, value in tips.items()})}


def lore(name: str, *, pinned: bool = False) -> RevisionResult:
    """A belief of an earlier run, learned when it held."""
    aspect, statement = f"tips.{name}", f"Trust tips.{name}."
    told = Expansion(
        concept=name,
        statement=statement,
        aspect=aspect,
        polarity="for",
        steps=(StepRef(episode=0, step=0),),
        reason="it won",
    )
    key = belief_id(name, statement, aspect, "for", told.scope)
    credence = Credence(alpha=19, beta=1) if name == "herald" else Credence(alpha=14, beta=6)
    new = Belief(
        id=key,
        concept=name,
        statement=statement,
        aspect=aspect,
        polarity="for",
        credence=credence,
        evidence=(),
        author="critic",
        known_at=None,
        status=Status.ACTIVE,
        pinned=pinned,
    )
    return RevisionResult(op="expansion", reason="it was so", belief=key, proposal=told, added=new, author="critic")


HERALD, STEADY = (str(lore(name).belief) for name in ("herald", "steady"))


def played(home: Path, policy: Propagation, *, pinned: bool = False) -> Run:
    with Journal.open(Home(home), write=True) as journal, BeliefMemory(journal, journal.begin("lore")) as memory:
        told = [replace_generation(lore(n, pinned=pinned), memory.generation) for n in ("herald", "steady")]
        memory.record(0, "000000.60.critic", told)
    before = frozenset(episode_seed(0, number) for number in range(SHIFT))
    team = hierarchy(Manager(), [Analyst("scout", source="tips")])
    experiment = Experiment(Bandit(before), team, episodes=EPISODES, name="bandit", propagation=policy)
    return asyncio.run(train(experiment, home, parent="lore-1"))


def replace_generation(result: RevisionResult, generation: str) -> RevisionResult:
    return result.model_copy(update={"generation": generation})


def handed(home: Path, run: str, belief: str) -> list[int]:
    """The episodes in which a belief stood in an agent's prompt."""
    with Journal.open(Home(home), write=False) as journal:
        found = {
            event.episode
            for event in journal.events(run, kind="call")
            if any(belief in journal.text(digest) for _, digest in event.payload["messages"])
        }
    return sorted(found)


def test_stale_beliefs_are_in_no_prompt_k_episodes_after_the_world_has_changed_and_useful_ones_are(
    tmp_path: Path,
) -> None:
    run = played(tmp_path, HELD)
    assert SHIFT - 1 in handed(tmp_path, run.id, HERALD) or SHIFT - 2 in handed(tmp_path, run.id, HERALD)
    assert max(handed(tmp_path, run.id, HERALD)) < SHIFT + K
    assert sum(episode >= SHIFT + K for episode in handed(tmp_path, run.id, STEADY)) >= (EPISODES - SHIFT - K) / 3
    with Journal.open(Home(tmp_path), write=False) as journal, BeliefMemory(journal, run.id) as memory:
        assert memory.get(HERALD).status is Status.RETIRED
        assert memory.get(STEADY).status is Status.ACTIVE
        assert any("demotion by outcomes: episodes without it" in e.what for e in memory.history(HERALD))


def test_pinned_beliefs_stay(tmp_path: Path) -> None:
    run = played(tmp_path, HELD, pinned=True)
    assert any(episode >= SHIFT + K for episode in handed(tmp_path, run.id, HERALD))


def test_without_a_hold_out_nobody_notices(tmp_path: Path) -> None:
    run = played(tmp_path, HELD.policy)
    assert any(episode >= SHIFT + K for episode in handed(tmp_path, run.id, HERALD))
