from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.environments.indicators import drawdowns, expanding_cvar, log_return, log_returns, momentum, volatility
from doxa.environments.metrics import cvar

PRICES = st.lists(st.floats(0.01, 1e4), min_size=2, max_size=60)


@given(PRICES)
def test_log_returns_add_up_to_momentum(prices: list[float]) -> None:
    returns = log_returns(prices)
    assert math.isnan(returns[0])
    last = len(prices) - 1
    for horizon in range(1, len(prices)):
        assert momentum(prices, last, horizon) == pytest.approx(sum(returns[-horizon:]), abs=1e-9)
    assert momentum(prices, last, last + 1) is None


@given(PRICES)
def test_volatility_against_numpy(prices: list[float]) -> None:
    returns = log_returns(prices)
    for at in range(len(prices)):
        expected = None if at < 3 else pytest.approx(np.std(returns[at - 2 : at + 1], ddof=1), abs=1e-9)
        assert volatility(returns, at, 3) == expected


@given(PRICES)
def test_drawdowns_against_every_earlier_price(prices: list[float]) -> None:
    expected = [price / max(prices[: at + 1]) - 1 for at, price in enumerate(prices)]
    assert drawdowns(prices) == expected


@given(PRICES, st.data(), st.floats(0.005, 0.5), st.integers(1, 25))
def test_expanding_cvar_is_cvar_of_the_past(prices: list[float], data: st.DataObject, alpha: float, least: int) -> None:
    returns = log_returns(prices)
    first = data.draw(st.integers(0, len(prices) - 1))
    for at, value in enumerate(expanding_cvar(returns, first, alpha, least), start=first):
        past = returns[1 : at + 1]
        assert value == (cvar(past, alpha) if len(past) >= least else None)


def test_log_return_of_far_prices_is_finite() -> None:
    assert math.isfinite(log_return(1e308, 5e-324))
    assert math.isfinite(log_return(5e-324, 1e308))
