"""Critics that learn less than the one they stand in for: what learning is compared with."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from ..errors import GraphError
from ..models.protocol import Model
from .critic import Case, Critic, Trajectory, Verdict


@dataclass(frozen=True)
class _Control:
    """Goes by the name of the critic that it stands in for, and asks its model."""

    critic: Critic

    @property
    def name(self) -> str:
        """That of the critic."""
        return self.critic.name

    @property
    def model(self) -> Model | str | None:
        """That of the critic."""
        return getattr(self.critic, "model", None)


@dataclass(frozen=True)
class FrozenCritic(_Control):
    """Learns from the first episodes and is silent afterwards, so that beliefs stay as they are then.

    Attributes:
        critic: Who judges until then.
        after: From so many training episodes it learns.
    """

    after: int

    def __post_init__(self) -> None:
        """Check the number."""
        if self.after < 1:
            raise GraphError(f"FrozenCritic: after={self.after}; it is a number of episodes, at least 1")

    async def judge(self, case: Case) -> Verdict:
        """The critic's judgement, or none."""
        if case.current.episode >= self.after:
            return Verdict({"skipped": f"beliefs are frozen after {self.after} episodes"}, budget=0)
        return await self.critic.judge(case)


@dataclass(frozen=True)
class ShuffledCritic(_Control):
    """Judges episodes whose outcomes were dealt out anew among the steps: the same numbers, but nothing follows.

    What was seen at a step, what was done and what came of it are put together from three different steps. The critic
    judges as much as ever, and what it learns is chance.

    Attributes:
        critic: Who judges.
        seed: Another seed deals otherwise.
    """

    seed: int = 0

    async def judge(self, case: Case) -> Verdict:
        """The critic's judgement of what never happened."""
        before = None if case.previous is None else self._dealt(case.previous)
        return await self.critic.judge(replace(case, current=self._dealt(case.current), previous=before))

    def _dealt(self, trajectory: Trajectory) -> Trajectory:
        rng = random.Random(f"{self.seed}/{trajectory.episode}")  # noqa: S311  an experiment, not a secret
        seen, came = list(trajectory.steps), list(trajectory.steps)
        rng.shuffle(seen)
        rng.shuffle(came)
        steps = (
            replace(step, insights=one.insights, reward=other.reward, components=other.components)
            for step, one, other in zip(trajectory.steps, seen, came, strict=True)
        )
        return Trajectory(trajectory.episode, tuple(steps))
