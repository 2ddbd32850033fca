"""What an insight was worth: whether its stance was followed, and what came of that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..environments.parts import choices
from ..environments.protocol import EnvironmentSpec
from ..memory.trajectory import StepRecord


def opposites(environment: EnvironmentSpec) -> dict[str, str]:
    """For each action that a signal names, the one at the signal's other end."""
    signals = [signal for source in environment.sources for signal in source.signals]
    return {a: b for signal in signals for a, b in ((signal.above, signal.below), (signal.below, signal.above))}


def brought(step: StepRecord, choice: str) -> float:
    """What came of the part that a choice is about; of the whole step, if it has no parts or none has a reward."""
    part, named, _ = choice.partition("=")
    return step.components.get(part, step.reward) if named else step.reward


def judged(step: StepRecord, choice: str, taken: frozenset[str], opposites: Mapping[str, str]) -> float:
    """What following a choice was worth: the reward if it was taken, its negative if the opposite was; else 0."""
    if choice in taken:
        return brought(step, choice)
    return -brought(step, choice) if opposites.get(choice) in taken else 0.0


def worth(step: StepRecord, stance: Any, opposites: Mapping[str, str]) -> float:  # noqa: ANN401  any action
    """What a stance was worth at a step; 0 where it neither agreed with the action nor contradicted it.

    A stance with parts is worth what its parts are, as far as they have rewards of their own.
    """
    taken = choices(step.action)
    if not isinstance(stance, Mapping):
        return judged(step, str(stance), taken, opposites)
    said = [f"{part}={option}" for part, option in stance.items() if part in step.components]
    return math.fsum(judged(step, choice, taken, opposites) for choice in said)
