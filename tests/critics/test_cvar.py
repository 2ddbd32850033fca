"""The within-episode monitor against a plain reading of its definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.critics import CVaRMonitor
from doxa.errors import GraphError
from doxa.memory.trajectory import StepRecord

rewards = st.lists(st.floats(-0.2, 0.2, allow_nan=False).map(lambda r: round(r, 3)), min_size=1, max_size=120)


def record(step: int, reward: float) -> StepRecord:
    return StepRecord(step, None, "buy", reward, {}, {})


def cvar(seen: list[float], alpha: float) -> float:
    """VaR = inf{l : P(PnL <= l) >= alpha}; CVaR = E[PnL | PnL <= VaR]."""
    var = min(level for level in seen if sum(r <= level for r in seen) / len(seen) >= alpha)
    tail = [r for r in seen if r <= var]
    return math.fsum(tail) / len(tail)


@given(rewards, st.sampled_from([0.01, 0.05, 0.3]), st.integers(1, 25))
def test_alerts_follow_the_definition_of_both_triggers(seen: list[float], alpha: float, minimum: int) -> None:
    watch = CVaRMonitor(alpha=alpha, minimum=minimum).watch()
    for i, reward in enumerate(seen):
        alert = watch.see(record(i, reward))
        fell = i >= minimum and cvar(seen[: i + 1], alpha) < cvar(seen[:i], alpha) - 1e-12
        if fell:
            assert alert is not None
            assert alert.trigger == "cvar"
            assert alert.values["cvar"] == pytest.approx(cvar(seen[: i + 1], alpha))
        elif reward < 0:
            assert alert is not None
            assert alert.trigger == "loss"
        else:
            assert alert is None


def test_below_the_minimum_only_a_loss_triggers() -> None:
    watch = CVaRMonitor(minimum=20).watch()
    alerts = [watch.see(record(i, -0.01 * i)) for i in range(20)]
    assert [alert.trigger for alert in alerts if alert] == ["loss"] * 19


def test_two_episodes_share_nothing() -> None:
    monitor = CVaRMonitor(minimum=1)
    first, second = monitor.watch(), monitor.watch()
    first.see(record(0, 0.5))
    assert second.see(record(0, 0.1)) is None


@pytest.mark.parametrize("alpha", [0, 1, -0.5, 1.5])
def test_alpha_is_a_share(alpha: float) -> None:
    with pytest.raises(GraphError, match="between 0 and 1"):
        CVaRMonitor(alpha=alpha)


def test_minimum_is_a_count() -> None:
    with pytest.raises(GraphError, match="at least 1"):
        CVaRMonitor(minimum=0)
