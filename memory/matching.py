"""Filters over JSON values, as LangGraph's stores understand them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def matches(value: Any, wanted: Any) -> bool:  # noqa: ANN401  JSON
    """Whether a value is what a filter wants: equal to it, within its operators, or so field by field.

    Raises:
        ValueError: It has an operator that isn't $eq, $ne, $gt, $gte, $lt or $lte.
    """
    if isinstance(wanted, dict):
        if any(str(name).startswith("$") for name in wanted):
            return all(_holds(value, name, operand) for name, operand in wanted.items())
        return isinstance(value, dict) and all(matches(value.get(name), inner) for name, inner in wanted.items())
    if isinstance(wanted, list | tuple):
        alike = isinstance(value, list | tuple) and len(value) == len(wanted)
        return alike and all(matches(one, other) for one, other in zip(value, wanted, strict=True))
    return bool(value == wanted)


def _holds(value: Any, name: str, operand: Any) -> bool:  # noqa: ANN401  JSON
    if name == "$eq":
        return bool(value == operand)
    if name == "$ne":
        return bool(value != operand)
    if name not in _ORDER:
        raise ValueError(f"unknown filter operator {name!r}: choose from $eq, $ne, {', '.join(sorted(_ORDER))}")
    try:
        return _ORDER[name](float(value), float(operand))
    except (TypeError, ValueError):
        return False  # what is no number is neither above nor below one
