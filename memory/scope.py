"""When a belief applies: scopes resolved against facts, and compared with each other. Exact, no model in the loop.

Some facts have a name of their own; all others are tags of the environment and features of its sources, by theirs:

===============  ===================================================================================================
``environment``  id of the task
``regime``       the environment's word for the times, if it gives a tag of this name: ``calm``, ``crisis``, ...
``episode``      number of the episode in its run, for hints
``agent``        name of the agent that would be handed the belief
``role``         its role: ``manager``, ``analyst``
===============  ===================================================================================================
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf, nextafter

from .belief import Facts, Predicate, Scope

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(predicate: Predicate, fact: str | float) -> bool:
    """Whether a fact meets a condition; a comparison that makes no sense, as of a number with a text, isn't met."""
    if not _sensible(predicate, fact):
        return False
    value = predicate.value
    if isinstance(value, tuple):
        return fact in value
    if isinstance(fact, str) or isinstance(value, str) or predicate.op not in _ORDER:
        return (fact == value) == (predicate.op == "==")
    return _ORDER[predicate.op](fact, value)


def excludes(predicate: Predicate, fact: str | float) -> bool:
    """Whether a fact meets an exclusion, or can't be compared with it: nobody knows then that it doesn't."""
    return not _sensible(predicate, fact) or holds(predicate, fact)


def _sensible(predicate: Predicate, fact: str | float) -> bool:
    """Whether a condition says anything about a fact: a number about numbers, a text about texts."""
    op, value = predicate.op, predicate.value
    if isinstance(value, tuple) or op == "in":
        return isinstance(value, tuple) and op == "in" and _listed(fact, value)
    if isinstance(value, str):
        return isinstance(fact, str) and op in {"==", "!="}
    return not isinstance(fact, str)


def _listed(fact: str | float, values: Sequence[str | float]) -> bool:
    """Whether a list says anything about a fact: one of texts about texts, one of numbers about numbers."""
    return any(isinstance(v, str) == isinstance(fact, str) for v in values) if values else isinstance(fact, str)


def unmet(scope: Scope, facts: Facts) -> str | None:
    """Why the scope doesn't apply, or ``None`` if it does. A fact that isn't known fails its condition."""
    for p in scope.when:
        if p.fact not in facts:
            return f"fact {p.fact!r} is unknown"
        if not holds(p, facts[p.fact]):
            return f"{p.fact} {p.op} {p.value!r} doesn't hold, it is {facts[p.fact]!r}"
    for p in scope.unless:
        if p.fact not in facts:
            return f"fact {p.fact!r} is unknown, and excluded if {p.fact} {p.op} {p.value!r}"
        if excludes(p, facts[p.fact]):
            return f"{p.fact} {p.op} {p.value!r} is excluded, and it is {facts[p.fact]!r}"
    return None


def instance(scope: Scope) -> tuple[Predicate, ...]:
    """The conditions that bind a scope to an instance, ``asset == AAPL``, and not just to a task or to who is told."""
    general = {"environment", "role", "agent", "regime"}
    return tuple(p for p in scope.when if p.op == "==" and p.fact not in general)


def same(one: Scope, other: Scope) -> bool:
    """Whether two scopes have the same conditions and exclusions; their sentences aren't compared."""
    return _set(one.when) == _set(other.when) and _set(one.unless) == _set(other.unless)


def overlap(one: Scope, other: Scope) -> bool:
    """Whether there can be a situation in which both apply, by their conditions and exclusions."""
    when, unless = (*one.when, *other.when), (*one.unless, *other.unless)
    facts = {p.fact for p in (*when, *unless)}
    return all(_possible([p for p in when if p.fact == f], [p for p in unless if p.fact == f]) for f in facts)


def _set(conditions: Sequence[Predicate]) -> set[tuple[str, str, frozenset[str | float]]]:
    """Conditions to be compared: the order of a list says nothing, and a list of one value is that value."""
    return {_plain(p) for p in conditions}


def _plain(p: Predicate) -> tuple[str, str, frozenset[str | float]]:
    if isinstance(p.value, tuple):
        return p.fact, p.op, frozenset(p.value)
    return p.fact, "in" if p.op == "==" else p.op, frozenset((p.value,))


def _possible(when: Sequence[Predicate], unless: Sequence[Predicate]) -> bool:
    """Whether one fact can meet all of these conditions and none of the exclusions.

    A condition holds or not for whole ranges of values: tried are all values that are named, one between any two
    numbers, one beyond them, and a text that nobody names. That's every case there is.
    """
    return any(
        all(holds(p, value) for p in when) and not any(excludes(p, value) for p in unless)
        for value in _cases([*when, *unless])
    )


def _cases(conditions: Sequence[Predicate]) -> Iterator[str | float]:
    """A value of every kind that these conditions can tell apart."""
    named = {v for p in conditions for v in (p.value if isinstance(p.value, tuple) else (p.value,))}
    texts = sorted(v for v in named if isinstance(v, str))
    yield from texts
    yield "".join(texts) + "."  # longer than any of them
    numbers = sorted(v for v in named if not isinstance(v, str))
    yield from numbers
    yield from (low / 2 + high / 2 for low, high in pairwise(numbers))
    yield from (nextafter(numbers[0], -inf), nextafter(numbers[-1], inf)) if numbers else (0.0,)
