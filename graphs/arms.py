"""What a sweep runs: one experiment per arm, told apart by the values of what is swept over."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any

from ..agents.episode import Mode
from ..environments.protocol import Environment
from ..errors import SpecError
from ..memory.canonical import canonical, sha256
from .branching import changed
from .experiment import Experiment
from .loading import loader

MOST = 1000
"""Arms that a sweep may have without being told that so many are meant."""
RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
FORM = "write it as KEY=FIRST..LAST or KEY=VALUE,VALUE,..., e.g. --over seed=0..9"


@dataclass(frozen=True)
class Arm:
    """One experiment of a sweep: all that is needed to run it, here or on another machine.

    Attributes:
        values: What it differs in from the other arms, by the name of what is swept over.
        reference: How it is loaded: ``spec``, ``settings``, ``changes`` and ``folder``; empty for one made in Python.
        load: Makes the experiment; every call makes a new one, whose task nobody else uses.
    """

    values: Mapping[str, str]
    reference: Mapping[str, Any]
    load: Callable[[], Experiment] = field(repr=False, compare=False)

    @property
    def label(self) -> str:
        """Its name within the sweep: ``asset=AAPL seed=0``."""
        return " ".join(f"{key}={value}" for key, value in self.values.items())


@dataclass(frozen=True)
class Plan:
    """A sweep: its arms, and what tells it from another one.

    Attributes:
        name: Of its experiments; the sweep is recorded as ``name-sweep-1``, ``name-sweep-2``, ...
        mode: Whether every arm trains, or only evaluates.
        over: What is swept over, and the values of each.
        told: How it was asked for, as JSON: an equal one is the same sweep, and goes on.
        arms: In order.
    """

    name: str
    mode: Mode
    over: Mapping[str, tuple[str, ...]]
    told: Mapping[str, Any]
    arms: tuple[Arm, ...]


def axes(over: Sequence[str], *, many: bool = False) -> dict[str, tuple[str, ...]]:
    """What ``--over`` says: ``seed=0..99`` stands for all numbers from 0 to 99, ``asset=AAPL,MSFT`` for two names.

    Raises:
        SpecError: One isn't of that form, is empty, or says something twice; or there are more than :data:`MOST` arms
            and ``many`` isn't set.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in over:
        key, equals, values = text.partition("=")
        if not equals or not key:
            raise SpecError(f"--over {text}: {FORM}")
        if key in found:
            raise SpecError(f"--over {text}: {key!r} is swept over already; give all its values at once")
        found[key] = _values(text, values)
    if not found:
        raise SpecError(f"a sweep needs something to sweep over: {FORM}")
    count = prod(len(values) for values in found.values())
    if count > MOST and not many:
        raise SpecError(f"these are {count:,} arms, more than {MOST:,}: sweep over less, or add --yes if you mean it")
    return found


def _values(text: str, values: str) -> tuple[str, ...]:
    if found := RANGE.fullmatch(values):
        first, last = int(found[1]), int(found[2])
        if first > last:
            raise SpecError(f"--over {text}: the range {values} is empty; its first number has to be the smaller one")
        return tuple(str(number) for number in range(first, last + 1))
    given = tuple(value.strip() for value in values.split(","))
    if ".." in values or "" in given:
        raise SpecError(f"--over {text}: {values!r} is neither a range nor a list of values; {FORM}")
    for value in given:
        if given.count(value) > 1:
            raise SpecError(f"--over {text}: {value!r} is there {given.count(value)} times; give it once")
    return given


def planned(
    spec: str,
    over: Mapping[str, tuple[str, ...]],
    *,
    settings: Mapping[str, str],
    folder: str,
    changes: Sequence[str] = (),
    mode: Mode = "train",
    adjust: Callable[[Experiment], Experiment] = lambda experiment: experiment,
) -> Plan:
    """A sweep of a SPEC: its arms are all combinations of values. Every value is tried once, before anything is run.

    Args:
        spec: As :func:`~doxa.graphs.loading.load_experiment` takes it; a function, since arms are its settings.
        over: What :func:`axes` found.
        settings: Those that all arms have.
        folder: Where the SPEC is loaded, for those who load it again.
        changes: As ``doxa branch`` takes them.
        mode: Whether every arm trains, or only evaluates.
        adjust: What is done to every experiment after it is loaded.

    Raises:
        SetupError: The SPEC can't be loaded, or a value doesn't fit it.
    """
    twice = next((key for key in over if key in settings), None)
    if twice is not None:
        raise SpecError(f"{twice!r} is both set to {settings[twice]!r} and swept over; leave one out")
    load = loader(spec)

    def experiment(values: Mapping[str, str]) -> Experiment:
        return adjust(changed(load({**settings, **values}), changes))

    first = {key: values[0] for key, values in over.items()}
    name = experiment(first).name
    for key, values in over.items():
        for value in values[1:]:
            experiment({**first, key: value})
    given = [f"{key}={value}" for key, value in settings.items()]
    told = {"spec": spec, "settings": given, "changes": list(changes), "folder": folder}
    arms = []
    for combination in product(*over.values()):
        chosen = dict(zip(over, combination, strict=True))
        reference = {**told, "settings": [*given, *(f"{key}={value}" for key, value in chosen.items())]}
        arms.append(Arm(chosen, reference, lambda chosen=chosen: experiment(chosen)))  # type: ignore[misc]
    return Plan(
        name,
        mode,
        over,
        {**told, "mode": mode, "over": [[key, list(values)] for key, values in over.items()]},
        tuple(arms),
    )


def gathered(experiments: Sequence[Experiment], mode: Mode) -> Plan:
    """A sweep of experiments made in Python, told apart by their number and seed; each gets a task of its own.

    Raises:
        SpecError: There are none, or two are alike.
    """
    if not experiments:
        raise SpecError("a sweep needs at least one experiment")
    known: dict[str, int] = {}
    for number, experiment in enumerate(experiments):
        same = known.setdefault(sha256(canonical(experiment.spec())), number)
        if same != number:
            raise SpecError(f"experiments {same} and {number} are the same: give each only once")
    arms = [
        Arm({"number": str(number), "seed": str(e.seed)}, {}, lambda e=e: own_task(e))  # type: ignore[misc]
        for number, e in enumerate(experiments)
    ]
    over = {key: tuple(dict.fromkeys(arm.values[key] for arm in arms)) for key in ("number", "seed")}
    return Plan(experiments[0].name, mode, over, {"mode": mode, "experiments": list(known)}, tuple(arms))


def own_task(experiment: Experiment) -> Experiment:
    """The experiment with a task of its own: episodes that run at the same time can't share one."""
    evaluation = experiment.evaluation
    return replace(
        experiment,
        environment=_copy(experiment.environment),
        evaluation=None if evaluation is None else _copy(evaluation),
    )


def _copy(environment: Environment) -> Environment:
    """Another task of the same kind; its description, which nobody changes, is shared."""
    return copy.deepcopy(environment, {id(environment.spec): environment.spec})
