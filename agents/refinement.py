"""Which sources matter here: how each has done so far in an episode (FinCon: the manager's refinement)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..memory.trajectory import StepRecord
from .attribution import opposites, worth
from .episode import Episode

PLACE = "sources"
"""Where the standing of an episode's sources is kept."""


@dataclass
class Standing:
    """How often a source has been right, and what that was worth."""

    right: int = 0
    wrong: int = 0
    worth: float = 0.0


@dataclass
class Standings:
    """The sources of an episode, each step taken in once."""

    opposites: dict[str, str]
    steps: int = 0
    sources: dict[str, Standing] = field(default_factory=dict)

    def see(self, step: StepRecord) -> None:
        """Take a step in: a stance is right if it was followed and won, or contradicted what lost."""
        self.steps = step.step + 1
        for agent, insight in sorted(step.insights.items()):
            value = worth(step, insight["stance"], self.opposites)
            if value:
                standing = self.sources.setdefault(insight["source"] or agent, Standing())
                standing.right += value > 0
                standing.wrong += value < 0
                standing.worth += value


def sources_text(episode: Episode, step: int) -> str:
    """``# Sources so far in this episode``, then ``source news: right 12, wrong 8, worth +0.031200`` a line."""
    place = episode.watches.get(PLACE)
    standings: Standings = place or episode.watches.setdefault(PLACE, Standings(opposites(episode.environment.spec)))
    for taken in episode.history(step, step - standings.steps):
        standings.see(taken)
    lines = [
        f"source {name}: right {s.right}, wrong {s.wrong}, worth {s.worth:+.6f}"
        for name, s in sorted(standings.sources.items())
    ]
    return "\n".join(["# Sources so far in this episode", *lines]) if lines else ""
