"""Weights: the optimum against the closed form and against cvxpy, and what is done without enough data."""

from __future__ import annotations

import cvxpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.environments.allocation import EqualSplit, Markowitz, MeanVariance, estimated, optimal, scaled
from doxa.errors import DataError


def returns(seed: int, assets: int, days: int = 120) -> np.ndarray:
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0005, 0.01, (days, 1))
    return market + rng.normal(0, 0.01, (days, assets))


def objective(w: np.ndarray, mu: np.ndarray, sigma: np.ndarray, aversion: float) -> float:
    return float(mu @ w - aversion * w @ sigma @ w)


@given(st.integers(0, 10_000), st.integers(2, 8), st.floats(0.5, 500))
@settings(max_examples=40, deadline=None)
def test_no_feasible_weights_are_better_than_cvxpys(seed: int, assets: int, aversion: float) -> None:
    estimate = estimated(returns(seed, assets))
    directions = np.random.default_rng(seed).integers(-1, 2, assets)
    found = optimal(estimate.mu, estimate.sigma, list(directions), aversion)
    assert np.all((found >= np.minimum(directions, 0)) & (found <= np.maximum(directions, 0)))
    w = cvxpy.Variable(assets)
    gain = estimate.mu @ w - aversion * cvxpy.quad_form(w, cvxpy.psd_wrap(estimate.sigma))
    limits = [w >= np.minimum(directions, 0), w <= np.maximum(directions, 0)]
    best = cvxpy.Problem(cvxpy.Maximize(gain), limits).solve(solver=cvxpy.CLARABEL)
    assert objective(found, estimate.mu, estimate.sigma, aversion) >= best - 1e-8


@given(st.integers(0, 10_000), st.integers(2, 6))
@settings(max_examples=40, deadline=None)
def test_inside_the_bounds_it_is_the_closed_form(seed: int, assets: int) -> None:
    estimate = estimated(returns(seed, assets))
    free = np.linalg.solve(estimate.sigma, estimate.mu) / 2
    aversion = float(np.abs(free).max()) * 2  # so averse that no bound binds
    free = free / aversion
    found = optimal(estimate.mu, estimate.sigma, [1 if w > 0 else -1 for w in free], aversion)
    assert found == pytest.approx(free, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(2, 8), st.floats(0.5, 500))
@settings(max_examples=30, deadline=None)
def test_markowitz_is_fully_invested_and_no_worse_than_cvxpys(seed: int, assets: int, aversion: float) -> None:
    table = returns(seed, assets)
    estimate = estimated(table)
    found = np.array(Markowitz(risk_aversion=aversion).weights([0] * assets, table))
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1, abs=1e-5)
    w = cvxpy.Variable(assets, nonneg=True)
    gain = estimate.mu @ w - aversion * cvxpy.quad_form(w, cvxpy.psd_wrap(estimate.sigma))
    best = cvxpy.Problem(cvxpy.Maximize(gain), [cvxpy.sum(w) == 1]).solve(solver=cvxpy.CLARABEL)
    assert objective(found, estimate.mu, estimate.sigma, aversion) >= best - 1e-5 * (1 + aversion * 1e-3)


def test_with_too_few_days_the_amount_is_split_equally() -> None:
    assert MeanVariance().weights([1, -1, 0], returns(1, 3, 20)) == (0.5, -0.5, 0.0)
    assert MeanVariance().weights([1, -1, 0], returns(1, 3, 21)) != (0.5, -0.5, 0.0)


def test_equal_weight_really_is() -> None:
    assert EqualSplit().weights([1, 1, 1, 1], returns(1, 4)) == (0.25,) * 4
    assert EqualSplit().weights([0, 0], returns(1, 2)) == (0.0, 0.0)


def test_prices_that_never_move_are_named() -> None:
    with pytest.raises(DataError, match="singular"):
        MeanVariance().weights([1, 1], np.zeros((50, 2)))


def test_a_covariance_that_is_not_positive_definite_is_named() -> None:
    with pytest.raises(DataError, match="positive definite"):
        optimal(np.array([0.1, 0.1]), np.ones((2, 2)), [1, 1])


@pytest.mark.parametrize(
    "wrong", [{"minimum": 1}, {"lookback": 5, "minimum": 6}, {"risk_aversion": 0}, {"risk_aversion": float("inf")}]
)
def test_settings_out_of_range_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError, match="MeanVariance"):
        MeanVariance(**wrong)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9), st.floats(0.1, 3))
def test_scaling_is_down_only_and_linear(weights: list[float], gross: float) -> None:
    found = scaled(weights, gross)
    total = sum(map(abs, weights))
    assert sum(map(abs, found)) == pytest.approx(min(total, gross), abs=1e-12)
    factor = min(1.0, gross / total) if total else 1.0
    assert found == pytest.approx([w * factor for w in weights], abs=1e-12)
