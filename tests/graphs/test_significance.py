"""Paired comparisons: equal results show nothing, clear ones something, few pairs no rank test."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from doxa.errors import SpecError
from doxa.graphs.significance import compared

NUMBERS = st.lists(st.floats(-10, 10), min_size=1, max_size=30)


@given(NUMBERS)
@settings(max_examples=10)
def test_equal_results_differ_by_nothing(values: list[float]) -> None:
    found = compared(values, values)
    assert (found.difference.value, found.p) == (0.0, None)


@given(NUMBERS, st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_it_is_scipys_rank_test_on_the_differences(values: list[float], rng: random.Random) -> None:
    other = [rng.uniform(-10, 10) for _ in values]
    told = [a - b for a, b in zip(values, other, strict=True) if a != b]
    found = compared(values, other)
    assert found.pairs == len(values)
    if len(told) < 6:
        assert found.p is None
    else:
        assert found.p == pytest.approx(wilcoxon(told).pvalue, abs=1e-9)


def test_results_that_always_are_better_are_told_from_chance() -> None:
    found = compared([float(k) + 1 for k in range(12)], [float(k) for k in range(12)])
    assert found.difference.value == 1.0
    assert found.p is not None
    assert found.p < 0.001


@pytest.mark.parametrize(("one", "other"), [([1.0], []), ([], []), ([1.0, 2.0], [1.0])])
def test_what_is_no_pairs_is_refused(one: list[float], other: list[float]) -> None:
    with pytest.raises(SpecError, match="one of each"):
        compared(one, other)
