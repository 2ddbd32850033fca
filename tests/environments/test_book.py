"""Book-keeping: value is neither made nor lost by trading."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.environments.book import Book, Fees

prices = st.lists(st.floats(0.01, 10_000), min_size=1, max_size=8)
weight = st.floats(-2, 2)


@given(st.data(), prices)
def test_before_costs_a_trade_changes_no_value(data: st.DataObject, now: list[float]) -> None:
    first = data.draw(st.lists(weight, min_size=len(now), max_size=len(now)))
    second = data.draw(st.lists(weight | st.none(), min_size=len(now), max_size=len(now)))
    book = Book(1.0, (0.0,) * len(now)).rebalanced(first, now, Fees()).book
    assert math.isclose(book.value(now), 1.0, abs_tol=1e-9)
    assert book.weights(now) == pytest.approx(tuple(first), abs=1e-9)
    traded = book.rebalanced(second, now, Fees())
    assert math.isclose(traded.book.value(now), 1.0, abs_tol=1e-9)
    kept = [w if wanted is None else wanted for w, wanted in zip(first, second, strict=True)]
    assert traded.book.weights(now) == pytest.approx(tuple(kept), abs=1e-9)


@given(st.data(), prices, st.floats(0, 500), st.floats(0, 500))
def test_costs_are_what_is_missing_afterwards(
    data: st.DataObject, now: list[float], costs: float, slippage: float
) -> None:
    wanted = data.draw(st.lists(weight, min_size=len(now), max_size=len(now)))
    traded = Book(1.0, (0.0,) * len(now)).rebalanced(wanted, now, Fees(costs, slippage))
    assert traded.traded == pytest.approx(math.fsum(map(abs, wanted)), abs=1e-9)
    assert traded.costs == pytest.approx(traded.traded * costs / 10_000, abs=1e-12)
    assert traded.book.value(now) == pytest.approx(1 - traded.costs - traded.slippage, abs=1e-9)


@given(st.data(), prices)
def test_value_moves_by_what_the_shares_do(data: st.DataObject, now: list[float]) -> None:
    wanted = data.draw(st.lists(weight, min_size=len(now), max_size=len(now)))
    later = data.draw(st.lists(st.floats(0.01, 10_000), min_size=len(now), max_size=len(now)))
    book = Book(1.0, (0.0,) * len(now)).rebalanced(wanted, now, Fees()).book
    gains = math.fsum(s * (q - p) for s, p, q in zip(book.shares, now, later, strict=True))
    scale = 1 + math.fsum(abs(s) * (p + q) for s, p, q in zip(book.shares, now, later, strict=True))
    assert abs(book.value(later) - book.value(now) - gains) <= 1e-12 * scale


def test_what_is_kept_is_not_traded() -> None:
    book = Book(0.5, (1.0, -2.0))
    assert book.rebalanced([None, None], [3.0, 5.0], Fees(100, 100)).book == book
