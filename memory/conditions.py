"""Conditions and situations as people write them: ``asset == AAPL``, ``asset = AAPL, vol = 0.1``."""

from __future__ import annotations

from math import isfinite

from ..errors import BeliefError
from .belief import Given, Predicate, Situation

_OPS = ("==", "!=", "<", "<=", ">", ">=", "in")


def condition(text: str) -> Predicate:
    """``FACT OP VALUE``; what reads as a number is one, and ``in`` takes several with commas between them.

    Raises:
        BeliefError: It isn't of that form.
    """
    parts = text.split(maxsplit=2)
    if len(parts) != 3 or parts[1] not in _OPS:
        raise BeliefError(f"{text!r}: write it as FACT OP VALUE with one of {', '.join(_OPS)}")
    fact, op, value = parts
    if op == "in":
        told: object = tuple(_value(each.strip()) for each in value.split(","))
    else:
        told = _value(value)
    return Predicate.model_validate({"fact": fact, "op": op, "value": told})


def situation(text: str) -> Situation:
    """``FACT = VALUE, FACT = VALUE``.

    Raises:
        BeliefError: It isn't of that form.
    """
    given = []
    for part in text.split(","):
        fact, equals, value = (each.strip() for each in part.partition("="))
        if not (fact and equals and value) or value.startswith("="):
            raise BeliefError(f"{text!r}: write it as FACT = VALUE, with commas between several")
        given.append(Given(fact=fact, value=_value(value)))
    return Situation(given=tuple(given))


def _value(text: str) -> str | float:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else text
