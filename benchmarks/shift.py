"""What is still believed after the world has changed.

``python benchmarks/shift.py`` plays a bandit with two levers for thirty episodes. Two beliefs of an earlier run are
handed out: to trust a tip that is right nine times in ten until the tenth episode and hardly ever after it, and to
trust one that is right three times in four all along. Printed, with and without the seeded hold-out that tells what a
belief is worth, and with both beliefs pinned by a person: in how many of the episodes each stood in a prompt - before
the change, in the twelve episodes after it, and later.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from doxa import Analyst, Experiment, Manager, Run, hierarchy, train
from doxa.environments.protocol import (
    Choice,
    Environment,
    EnvironmentSpec,
    Json,
    Observation,
    Outcome,
    Signal,
    Source,
    View,
)
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

    def reset(self, seed: int) -> Observation:
        """Begin an episode; its seed tells on which side of the change it lies."""
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


def main() -> None:
    spans = ((0, SHIFT), (SHIFT, SHIFT + K), (SHIFT + K, EPISODES))
    heads = "".join(f"{f'{first}-{end - 1}':>8}" for first, end in spans)
    print(f"episodes with a belief in a prompt; the world changes before episode {SHIFT}")
    print(f"{'policy':<26}{'belief':<9}{heads}")
    for name, policy, pinned in (
        ("hold-out", HELD, False),
        ("hold-out, both pinned", HELD, True),
        ("no hold-out", HELD.policy, False),
    ):
        with tempfile.TemporaryDirectory() as folder:
            run = played(Path(folder), policy, pinned=pinned)
            for kind, belief in (("stale", HERALD), ("useful", STEADY)):
                episodes = handed(Path(folder), run.id, belief)
                counts = [sum(first <= e < end for e in episodes) for first, end in spans]
                cells = "".join(f"{f'{n}/{end - first}':>8}" for n, (first, end) in zip(counts, spans, strict=True))
                print(f"{name:<26}{kind:<9}{cells}", flush=True)


if __name__ == "__main__":
    main()
