"""The within-episode risk monitor of FinCon (arXiv 2407.06567 v3, section 3 and appendix)."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from ..environments.metrics import worst_mean
from ..errors import GraphError
from ..memory.trajectory import StepRecord
from .monitor import Alert

ROUNDING = 1e-12
"""A mean of equal rewards may differ from them by as much as this."""


@dataclass(frozen=True)
class CVaRMonitor:
    """Raises an alert when the tail risk grows or the last step lost.

    VaR_a = inf{l : P(PnL <= l) >= a} and CVaR_a = E[PnL | PnL <= VaR_a] over all rewards of the episode so far (an
    expanding window). An alert is raised after step t if CVaR_t < CVaR_{t-1} or r_t < 0.

    Attributes:
        alpha: Share of worst steps, in (0, 1); the paper's is 0.01.
        minimum: Steps before CVaR is used; until then only a loss triggers.
        name: Unique within its graph.
    """

    alpha: float = 0.01
    minimum: int = 20
    name: str = "cvar"

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.alpha < 1:
            raise GraphError(
                f"CVaRMonitor: alpha is {self.alpha}; it's a share of steps, between 0 and 1 (paper: 0.01)"
            )
        if self.minimum < 1:
            raise GraphError(f"CVaRMonitor: minimum is {self.minimum}; at least 1 step is needed (default: 20)")

    def watch(self) -> CVaRWatch:
        """Begin an episode."""
        return CVaRWatch(self.alpha, self.minimum)


@dataclass
class CVaRWatch:
    """The rewards of one episode, sorted, and the last CVaR."""

    alpha: float
    minimum: int
    rewards: list[float] = field(default_factory=list)
    last: float | None = None
    """CVaR after the step before; ``None`` while there are too few steps."""

    def see(self, step: StepRecord) -> Alert | None:
        """Take in a reward; the cost is that of inserting into a sorted list."""
        before = self.last
        insort(self.rewards, step.reward)
        self.last = self._cvar()
        if before is not None and self.last is not None and self.last < before - ROUNDING:
            text = f"CVaR at {self.alpha:.0%} fell from {before:+.6f} to {self.last:+.6f} (reward {step.reward:+.6f})"
            return Alert(text, "cvar", {"cvar": self.last, "before": before, "reward": step.reward})
        if step.reward < 0:
            return Alert(f"the last step lost: reward {step.reward:+.6f}", "loss", {"reward": step.reward})
        return None

    def _cvar(self) -> float | None:
        """Mean of the rewards at or below VaR; ``None`` below the minimum."""
        return None if len(self.rewards) < self.minimum else worst_mean(self.rewards, self.alpha)
