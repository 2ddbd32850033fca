from __future__ import annotations

import math
from importlib.util import find_spec
from statistics import mean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.environments.metrics import (
    annual_volatility,
    cumulative_return,
    cvar,
    max_drawdown,
    measure,
    sharpe,
)

RETURNS = st.lists(st.floats(-0.9, 0.9), min_size=2, max_size=60)


@given(RETURNS)
def test_cumulative_return_and_volatility_against_numpy(returns: list[float]) -> None:
    assert cumulative_return(returns) == pytest.approx(np.sum(returns), abs=1e-12)
    assert annual_volatility(returns, 365) == pytest.approx(np.std(returns, ddof=1) * math.sqrt(365), abs=1e-9)


@given(RETURNS)
def test_max_drawdown_against_every_pair_of_days(returns: list[float]) -> None:
    value = [1.0, *np.cumprod(1 + np.array(returns)).tolist()]
    worst = max(1 - value[j] / value[i] for i in range(len(value)) for j in range(i, len(value)))
    assert max_drawdown(returns) == pytest.approx(worst, abs=1e-12)


@given(RETURNS, st.floats(0.001, 0.999))
def test_cvar_against_its_definition(returns: list[float], alpha: float) -> None:
    share = [sum(other <= value for other in returns) / len(returns) for value in returns]
    var = min(value for value, below in zip(returns, share, strict=True) if below >= alpha)
    assert cvar(returns, alpha) == pytest.approx(mean(r for r in returns if r <= var), abs=1e-12)


def test_cvar_takes_no_step_too_many() -> None:
    """0.07 * 100 is a little above 7 in floats."""
    assert cvar([float(i) for i in range(100)], 0.07) == 3.0


def test_sharpe_counts_prices_not_steps() -> None:
    returns = [0.01, -0.02, 0.03]
    volatility = annual_volatility(returns, 252)
    assert volatility is not None
    assert sharpe(returns, 252) == pytest.approx((0.02 / (4 / 252)) / volatility)


def test_undefined_is_none() -> None:
    nothing = measure([])
    assert (nothing.steps, nothing.cumulative_return, nothing.max_drawdown, nothing.cvar) == (0, None, None, None)
    one = measure([0.1])
    assert (one.cumulative_return, one.annual_volatility, one.sharpe) == (0.1, None, None)
    flat = measure([0.0] * 5)
    assert (flat.cumulative_return, flat.annual_volatility, flat.sharpe, flat.max_drawdown) == (0.0, 0.0, None, 0.0)
    constant = measure([0.1] * 7)
    assert constant.sharpe is None


def test_a_lost_value_stays_lost() -> None:
    assert max_drawdown([0.1, -1.5, -3.0]) == 1.0


def test_measure_hands_its_settings_on() -> None:
    returns = [0.01 * (-1) ** i * i for i in range(30)]
    metrics = measure(returns, periods=365, alpha=0.1)
    assert metrics.annual_volatility == annual_volatility(returns, 365)
    assert metrics.sharpe == sharpe(returns, 365)
    assert metrics.cvar == cvar(returns, 0.1) == pytest.approx(-0.27)


@pytest.mark.skipif(find_spec("skfolio") is None, reason="skfolio isn't installed: pip install 'doxa[finance]'")
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
@settings(max_examples=50)
def test_figures_are_skfolios(seed: int, hundreds: int) -> None:
    from skfolio.measures import cvar as theirs
    from skfolio.measures import get_drawdowns

    count = 100 * hundreds
    returns = np.random.default_rng(seed).normal(0.0005, 0.02, count)
    found = measure(returns.tolist(), alpha=0.05)
    assert found.annual_volatility == pytest.approx(returns.std(ddof=1) * math.sqrt(252), abs=1e-9)
    ratio = returns.mean() / returns.std(ddof=1) * math.sqrt(252) * count / (count + 1)  # a price more than returns
    assert found.sharpe == pytest.approx(ratio, abs=1e-9)
    assert found.cvar == pytest.approx(-theirs(returns, beta=0.95), abs=1e-9)
    assert found.max_drawdown == pytest.approx(-get_drawdowns(returns, compounded=True).min(), abs=1e-9)
