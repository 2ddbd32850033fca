"""When a belief applies: scopes resolved against facts, and compared with each other. Exact, no model in the loop."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from math import inf

from .belief import Facts, Predicate, Scope

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(predicate: Predicate, fact: str | float) -> bool:
    """Whether a fact meets a condition; a comparison that makes no sense, as of a number with a text, isn't met."""
    value = predicate.value
    if predicate.op == "in":
        return isinstance(value, tuple) and fact in value
    if isinstance(fact, str) or not isinstance(value, float):
        alike = isinstance(fact, str) and isinstance(value, str)
        return alike and ((predicate.op == "==" and fact == value) or (predicate.op == "!=" and fact != value))
    if predicate.op in _ORDER:
        return _ORDER[predicate.op](fact, value)
    return (fact == value) == (predicate.op == "==")


def unmet(scope: Scope, facts: Facts) -> str | None:
    """Why the scope doesn't apply, or ``None`` if it does. A fact that isn't known fails its condition."""
    for p in scope.when:
        if p.fact not in facts:
            return f"fact {p.fact!r} is unknown"
        if not holds(p, facts[p.fact]):
            return f"{p.fact} {p.op} {p.value!r} doesn't hold, it is {facts[p.fact]!r}"
    return None


def same(one: Scope, other: Scope) -> bool:
    """Whether two scopes have the same conditions; their sentences aren't compared."""
    return {p.model_dump_json() for p in one.when} == {p.model_dump_json() for p in other.when}


def overlap(one: Scope, other: Scope) -> bool:
    """Whether there can be a situation in which both apply, by their conditions."""
    together = sorted((*one.when, *other.when), key=lambda p: p.fact)
    return all(_possible(list(about)) for _, about in groupby(together, key=lambda p: p.fact))


def _possible(conditions: Sequence[Predicate]) -> bool:
    """Whether one fact can meet all of these conditions."""
    named: list[str | float] = []
    for p in conditions:
        if p.op == "in" and isinstance(p.value, tuple):
            named += p.value
        elif p.op == "==" and not isinstance(p.value, tuple):
            named.append(p.value)
    if any(p.op in {"==", "in"} for p in conditions):
        return any(all(holds(p, value) for p in conditions) for value in named)
    if not all(isinstance(p.value, float) for p in conditions):
        return all(p.op == "!=" and isinstance(p.value, str) for p in conditions)  # there is always another text
    return _room([(p.op, p.value) for p in conditions if isinstance(p.value, float)])


def _room(bounds: Sequence[tuple[str, float]]) -> bool:
    """Whether a number is left between the bounds."""
    low = max((value for op, value in bounds if op in {">", ">="}), default=-inf)
    high = min((value for op, value in bounds if op in {"<", "<="}), default=inf)
    if low != high:
        return low < high
    return all(op in {"<=", ">="} or value != low for op, value in bounds)
