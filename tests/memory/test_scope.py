"""Scopes: resolved exactly, failing closed, and compared by what situations they allow."""

from __future__ import annotations

from itertools import product
from math import nextafter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.memory.belief import Predicate, Scope
from doxa.memory.conditions import condition
from doxa.memory.scope import holds, overlap, same, unmet

# around and between the values that predicates use, so that every satisfiable scope is satisfied by one of them
NUMBERS = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
TEXTS = ("AAPL", "MSFT", "else")

numeric = st.builds(
    Predicate,
    fact=st.sampled_from(["x", "y"]),
    op=st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    value=st.sampled_from([0.0, 1.0, 2.0]),
)
textual = st.builds(
    Predicate, fact=st.sampled_from(["asset", "x"]), op=st.sampled_from(["==", "!="]), value=st.sampled_from(TEXTS[:2])
)
listed = st.builds(
    Predicate,
    fact=st.sampled_from(["asset", "x"]),
    op=st.just("in"),
    value=st.lists(st.sampled_from((*TEXTS[:2], 0.0, 1.0)), max_size=2).map(tuple),
)
conditions = numeric | textual | listed
scopes = st.builds(
    Scope, when=st.lists(conditions, max_size=3).map(tuple), unless=st.lists(conditions, max_size=2).map(tuple)
)


def applies(scope: Scope, facts: dict[str, str | float]) -> bool:
    return unmet(scope, facts) is None


@given(scopes, scopes)
@settings(max_examples=400, deadline=None)
def test_scopes_overlap_exactly_when_a_situation_meets_both(one: Scope, other: Scope) -> None:
    values = (*NUMBERS, *TEXTS)
    situations = ({"x": x, "y": y, "asset": asset} for x, y, asset in product(values, values, values))
    assert overlap(one, other) == any(applies(one, s) and applies(other, s) for s in situations)
    assert overlap(one, other) == overlap(other, one)


@pytest.mark.parametrize(
    ("op", "value", "fact", "met"),
    [
        ("==", "AAPL", "AAPL", True),
        ("==", "AAPL", "MSFT", False),
        ("!=", "AAPL", "MSFT", True),
        ("!=", "AAPL", "AAPL", False),
        ("<", 0.02, 0.01, True),
        ("<", 0.02, 0.02, False),
        ("<=", 0.02, 0.02, True),
        (">", 0.02, 0.03, True),
        (">=", 0.02, 0.02, True),
        (">=", 0.02, 0.01, False),
        ("==", 2, 2.0, True),
        ("!=", 2, 2.0, False),
        ("in", ("AAPL", "MSFT"), "MSFT", True),
        ("in", ("AAPL",), "MSFT", False),
        ("in", (11, 12), 12.0, True),
        ("in", (11, 12), 11.5, False),
        ("in", (11, "noon"), "noon", True),
        ("in", (11, "noon"), 11.0, True),
        # what can't be compared isn't met, whichever way it is asked
        ("==", "1", 1.0, False),
        ("!=", "1", 1.0, False),
        ("!=", 1.0, "1", False),
        ("<", "b", "a", False),
        ("<", 1.0, "a", False),
        ("<", "9", 1.0, False),
        ("in", "AAPL", "AAPL", False),
        ("==", ("AAPL",), "AAPL", False),
        ("in", ("11", "12"), 11.0, False),
        ("in", (11, 12), "11", False),
    ],
)
def test_a_condition_is_met_or_not(op: str, value: object, fact: str | float, *, met: bool) -> None:
    predicate = Predicate.model_validate({"fact": "f", "op": op, "value": value})
    assert holds(predicate, fact) is met


def test_the_reason_names_the_fact() -> None:
    scope = Scope(when=(Predicate(fact="asset", op="==", value="AAPL"), Predicate(fact="vol", op=">", value=0.02)))
    assert unmet(scope, {"asset": "AAPL", "vol": 0.03}) is None
    assert unmet(scope, {"asset": "AAPL"}) == "fact 'vol' is unknown"
    assert unmet(scope, {"asset": "MSFT", "vol": 0.03}) == "asset == 'AAPL' doesn't hold, it is 'MSFT'"
    assert unmet(Scope(), {}) is None
    but = Scope(unless=scope.when)
    assert unmet(but, {"asset": "MSFT", "vol": 0.01}) is None
    assert unmet(but, {"asset": "AAPL", "vol": 0.01}) == "asset == 'AAPL' is excluded, and it is 'AAPL'"
    assert unmet(but, {"asset": "MSFT"}) == "fact 'vol' is unknown, and excluded if vol > 0.02"
    assert unmet(but, {"asset": "MSFT", "vol": "high"}) == "vol > 0.02 is excluded, and it is 'high'"


def test_scopes_are_the_same_whatever_the_order_of_their_conditions() -> None:
    a, b = Predicate(fact="asset", op="==", value="AAPL"), Predicate(fact="vol", op=">", value=0.02)
    assert same(Scope(when=(a, b)), Scope(when=(b, a, a), sentence="in other words"))
    assert not same(Scope(when=(a,)), Scope(when=(a, b)))
    assert same(Scope(unless=(a, b)), Scope(unless=(b, a)))
    assert not same(Scope(when=(a,), unless=(b,)), Scope(when=(a,)))


def test_the_order_of_a_list_says_nothing_and_a_list_of_one_value_is_that_value() -> None:
    def scope(op: str, *value: str | float) -> Scope:
        told = value if op == "in" else value[0]
        return Scope(when=(Predicate.model_validate({"fact": "hour", "op": op, "value": told}),))

    assert same(scope("in", 11, 12), scope("in", 12, 11, 12))
    assert not same(scope("in", 11, 12), scope("in", 11))
    assert same(scope("in", 11), scope("==", 11))
    assert not same(scope("in", 11), scope("!=", 11))
    assert not same(scope("in", "11"), scope("in", 11))
    assert overlap(scope("in", 11, 12), scope("in", 12, 13))
    assert not overlap(scope("in", 11, 12), scope("in", 13, 14))
    assert not overlap(scope("in", 11, 12), scope(">", 12))


def test_a_list_of_numbers_excludes_those_and_what_is_no_number() -> None:
    scope = Scope(unless=(Predicate(fact="hour", op="in", value=(11, 12)),))
    assert unmet(scope, {"hour": 13.0}) is None
    assert unmet(scope, {"hour": 12.0}) == "hour in (11.0, 12.0) is excluded, and it is 12.0"
    assert unmet(scope, {"hour": "late"}) is not None


def test_conditions_are_written_as_people_write_them() -> None:
    told = ["hour in 11, 12.5", "asset in AAPL, MSFT", "month == 1", "vol > 0.02", "asset != AAPL"]
    assert [str(condition(text)) for text in told] == told
    scope = Scope(when=(condition(told[0]),), unless=(condition(told[4]),))
    assert scope.conditions == ("hour in 11, 12.5", "not asset != AAPL")
    assert condition("hour in 11,12").value == (11.0, 12.0)


def test_neighbouring_numbers_leave_no_room_between_them() -> None:
    low, high = 1.0, nextafter(1.0, 2.0)
    above, below = (Predicate(fact="x", op=op, value=v) for op, v in ((">", low), ("<", high)))
    assert not overlap(Scope(when=(above,)), Scope(when=(below,)))
    assert not overlap(Scope(when=(above,)), Scope(unless=(Predicate(fact="x", op=">=", value=high),)))
    assert overlap(Scope(when=(above,)), Scope(unless=(Predicate(fact="x", op=">", value=high),)))


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Predicate(fact="x", op="<", value=float("nan"))
