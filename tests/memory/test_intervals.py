"""Intervals: as wide as they say."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.memory.intervals import Estimate, difference, paired, t_quantile
from doxa.memory.lots import lot

numbers = st.floats(-100, 100).map(lambda x: round(x, 3))


@pytest.mark.parametrize(
    ("probability", "freedom", "value"),
    [(0.975, 1, 12.7062047362), (0.975, 4, 2.7764451052), (0.995, 10, 3.1692726726), (0.975, 1e6, 1.9599663)],
)
def test_the_quantiles_are_those_of_the_tables(probability: float, freedom: float, value: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(value, rel=1e-7)


@given(st.floats(0.5, 0.9995), st.floats(0.8, 500))
@settings(deadline=None)
def test_the_quantiles_are_scipys(probability: float, freedom: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert t_quantile(probability, freedom) == pytest.approx(
        float(stats.t.ppf(probability, freedom)), rel=1e-6, abs=1e-7
    )


def test_welchs_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    rng = random.Random(1)
    covered = 0
    for _ in range(1000):
        estimate = difference([rng.gauss(1, 1) for _ in range(12)], [rng.gauss(0, 3) for _ in range(4)])
        assert estimate is not None
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 1 <= estimate.high
    assert 0.93 <= covered / 1000 <= 0.97


def test_too_little_to_tell_is_none_and_never_0() -> None:
    assert difference([], [1.0]) is None
    assert difference([1.0], []) is None
    assert difference([3.0], [1.0, 2.0]) == Estimate(1.5)
    assert paired([]) is None
    assert paired([0.5]) == Estimate(0.5)


def test_numbers_that_never_vary_leave_no_doubt() -> None:
    assert difference([2.0, 2.0], [1.0, 1.0]) == Estimate(1.0, 1.0, 1.0)


@given(st.lists(numbers, min_size=2, max_size=6))
@settings(deadline=None)
def test_the_bootstrap_is_always_drawn_the_same_and_stays_within_the_data(values: list[float]) -> None:
    estimate = paired(values, resamples=200)
    assert estimate == paired(values, resamples=200)
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert min(values) - 1e-9 <= estimate.low <= estimate.high <= max(values) + 1e-9
    assert estimate.value == pytest.approx(fmean(values), abs=1e-9)


def test_the_bootstrap_covers_about_as_often_as_it_says() -> None:
    rng, covered = random.Random(2), 0
    for _ in range(300):
        estimate = paired([rng.gauss(1, 2) for _ in range(30)], resamples=400)
        assert estimate is not None
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 1 <= estimate.high
    assert 0.88 <= covered / 300 <= 0.98


def test_lots_are_even_and_depend_on_nothing_else() -> None:
    drawn = [lot(7, episode, "b-0123456789") for episode in range(4000)]
    assert all(0 <= x < 1 for x in drawn)
    assert fmean(drawn) == pytest.approx(0.5, abs=0.03)
    assert lot(7, 0, "b-0123456789") == 0.39626836885566874
