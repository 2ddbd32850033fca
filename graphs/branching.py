"""An experiment with one thing changed: what ``doxa branch --change`` does before it runs again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from ..agents.node import Agent
from ..critics.critic import Critic
from ..critics.monitor import Monitor
from ..errors import SpecError, options
from .experiment import Experiment

P = TypeVar("P")

FORM = "write a change as AGENT.FIELD=VALUE, e.g. manager.memory=3"
SWITCHES = {"true": True, "false": False}


def changed(experiment: Experiment, changes: Iterable[str]) -> Experiment:
    """The experiment with fields of its agents, monitors or critic replaced.

    Args:
        experiment: Left as it is.
        changes: ``NAME.FIELD=VALUE`` each; the value takes the type that the field has.

    Raises:
        SpecError: There is no such part or field, or the value doesn't fit it.
        GraphError: The changed team doesn't fit together any more.
    """
    for change in changes:
        experiment = _changed(experiment, change)
    return experiment


def _changed(experiment: Experiment, change: str) -> Experiment:
    place, equals, value = change.partition("=")
    name, dot, field = place.partition(".")
    if not (equals and dot and name and field):
        raise SpecError(f"{change!r} isn't a change: {FORM}")
    graph = experiment.graph
    parts: list[Agent | Monitor | Critic] = [*graph.agents, *graph.monitors, *([graph.critic] if graph.critic else [])]
    names = [part.name for part in parts]
    if name not in names:
        raise SpecError(f"{change!r} names {name!r}, which isn't in the graph: {options(name, names)}")

    def mended(part: P) -> P:
        return _replaced(part, field, value, change) if getattr(part, "name", None) == name else part

    team = replace(
        graph,
        agents=tuple(mended(agent) for agent in graph.agents),
        monitors=tuple(mended(monitor) for monitor in graph.monitors),
        critic=mended(graph.critic),
    )
    return replace(experiment, graph=team)


def _replaced(part: P, field: str, value: str, change: str) -> P:
    if not is_dataclass(part) or isinstance(part, type):
        raise SpecError(f"{change!r}: a {type(part).__name__} is no dataclass, so change it in the SPEC")
    known = {f.name: str(f.type) for f in fields(part) if f.init}
    if field not in known:
        raise SpecError(f"{change!r}: a {type(part).__name__} has no {field!r}: {options(field, known)}")
    return replace(part, **{field: _converted(getattr(part, field), known[field], value, change)})


def _converted(now: Any, annotation: str, value: str, change: str) -> str | int | float | bool:  # noqa: ANN401
    """The value as the type of the one it replaces; text where a field that takes text has none or a model."""
    if isinstance(now, str) or (not isinstance(now, bool | int | float) and "str" in annotation):
        return value
    try:
        if isinstance(now, bool):
            return SWITCHES[value.lower()]
        if isinstance(now, int | float):
            return type(now)(value)
    except (KeyError, ValueError):
        kind = "true or false" if isinstance(now, bool) else "a whole number" if isinstance(now, int) else "a number"
        raise SpecError(f"{change!r}: {value!r} isn't {kind}; it is {now!r} now") from None
    raise SpecError(f"{change!r}: a {type(now).__name__} can't be written on a command line: change it in the SPEC")
