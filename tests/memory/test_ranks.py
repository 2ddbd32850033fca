"""What a lot alone can do to ranks, against counting every draw."""

from __future__ import annotations

import random
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.memory import ranks
from doxa.memory.ranks import chance_as_low

NUMBERS = st.lists(st.integers(-2, 2).map(float) | st.floats(-1e300, 1e300), max_size=5)


@given(NUMBERS, NUMBERS)
def test_it_is_the_share_of_all_draws(drawn: list[float], rest: list[float]) -> None:
    every = [*drawn, *rest]
    rank = [sum(o < n for o in every) + (sum(o == n for o in every) + 1) / 2 for n in every]
    own = sum(rank[: len(drawn)])
    draws = list(combinations(rank, len(drawn)))
    assert chance_as_low(drawn, rest) == pytest.approx(sum(sum(draw) <= own for draw in draws) / len(draws))


@given(NUMBERS, NUMBERS)
def test_only_the_order_counts_and_both_sides_are_told_alike(drawn: list[float], rest: list[float]) -> None:
    place = {number: i for i, number in enumerate(sorted({*drawn, *rest}))}
    assert chance_as_low([place[n] for n in drawn], [place[n] for n in rest]) == chance_as_low(drawn, rest)
    assert chance_as_low([-n for n in rest], [-n for n in drawn]) == pytest.approx(chance_as_low(drawn, rest))


@pytest.mark.parametrize(("drawn", "rest"), [(3, 6), (17, 3), (1, 1), (20, 20)])
def test_a_few_numbers_cant_be_surprising(drawn: int, rest: int) -> None:
    rarest = chance_as_low(range(drawn), range(drawn, drawn + rest))
    assert rarest == 1 / comb(drawn + rest, drawn)


def test_what_stands_in_for_counting_is_near_it_and_finds_nothing_more_surprising(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(0)
    for shift in (0.0, 0.3, 1.0, 2.0):
        drawn = [rng.choice((rng.gauss(0, 1), 0.0)) for _ in range(40)]
        rest = [rng.choice((rng.gauss(0, 1), 0.0)) + shift for _ in range(15)]
        with monkeypatch.context() as patched:
            counted = [chance_as_low(drawn, rest), chance_as_low(rest, drawn)]
            patched.setattr(ranks, "MANY", 0)
            near = [chance_as_low(drawn, rest), chance_as_low(rest, drawn)]
        assert near == pytest.approx(counted, abs=0.01)
        assert all(n >= 0.98 * c for n, c in zip(near, counted, strict=True) if c < 0.02)


def test_a_window_of_thousands_of_episodes_takes_no_time() -> None:
    rest, drawn = [float(number) for number in range(4000)], [number + 0.5 for number in range(4000)]
    assert 0.4 < chance_as_low(drawn, rest) < 0.6
    assert chance_as_low([1.0] * 4000, [1.0] * 4000) == 1


def test_without_numbers_there_is_no_surprise() -> None:
    assert chance_as_low([], [1.0]) == chance_as_low([1.0], []) == chance_as_low([], []) == 1
