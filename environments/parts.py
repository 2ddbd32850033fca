"""Actions that have parts: one choice for each of several things at once, e.g. a direction for every asset.

Whoever speaks about one part names the choice ``PART=OPTION``, e.g. ``TSLA=buy``: signals do, evidence does, and the
whole action is written as ``TSLA=buy MSFT=hold``. A reward component that is called like a part is what that part
brought, and what is learned about the part is learned from it.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import TypedDict

from ..errors import ActionError, EnvironmentContractError, options
from .actions import Json, drawn, named, shown, written

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)


@dataclass(frozen=True)
class Parts:
    """One of the same few options for every part: an object ``{part: option}``.

    Attributes:
        names: The parts, in the order in which agents read them: letters, digits, ``.``, ``_`` and ``-``.
        options: What can be chosen for each.

    Raises:
        EnvironmentContractError: There are no parts or no options, or a name can't stand in a prompt.
    """

    names: tuple[str, ...]
    options: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the names."""
        for what, found in (("parts", self.names), ("options", self.options)):
            if not found or len(set(found)) < len(found):
                raise EnvironmentContractError(f"Parts: {what} are {list(found)}; give one or more, all different")
            for name in found:
                if not _NAME.fullmatch(name):
                    raise EnvironmentContractError(
                        f"Parts: {name!r} can't be a name; use letters, digits, '.', '_' and '-'"
                    )

    def validate(self, action: Json) -> Json:
        """Return the action with its parts in order, else raise ``ActionError``."""
        if not isinstance(action, Mapping):
            raise ActionError(f"action {shown(action)} isn't allowed: give {self.describe()}")
        for name in self.names:
            if name not in action:
                raise ActionError(f"the action says nothing about {name!r}: give {self.describe()}")
        for name, option in action.items():
            if name not in self.names:
                raise ActionError(f"the action has no part {name!r}: {options(str(name), self.names)}")
            if option not in self.options:
                instead = options(named(option), self.options)
                raise ActionError(f"action {shown(option)} for {name!r} isn't allowed: {instead}")
        return {name: action[name] for name in self.names}

    def describe(self) -> str:
        """Name the parts and the options."""
        return f"for each of {', '.join(self.names)} one of: {', '.join(self.options)}"

    def annotation(self) -> Any:  # noqa: ANN401  as in the protocol
        """An object with every part and nothing else."""
        kind = TypedDict("Parts", dict.fromkeys(self.names, Literal[self.options]))  # type: ignore[misc]
        kind.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]
        return kind

    @property
    def size(self) -> int:
        """How many actions there are."""
        return math.prod(len(self.options) for _ in self.names)

    def sample(self, rng: random.Random) -> Json:
        """An option for every part."""
        return {name: drawn(self.options, rng) for name in self.names}

    def all(self, option: str) -> dict[str, str]:
        """The action that chooses the same for every part."""
        return dict.fromkeys(self.names, option)


def action_text(action: Json) -> str:
    """An action in a prompt: ``buy``, or ``TSLA=buy MSFT=hold``."""
    if isinstance(action, Mapping):
        return " ".join(f"{part}={written(option)}" for part, option in action.items())
    return written(action)


def choices(action: Json) -> frozenset[str]:
    """Everything that an action chooses: ``buy``, or ``TSLA=buy`` and ``MSFT=hold``."""
    if isinstance(action, Mapping):
        return frozenset(f"{part}={written(option)}" for part, option in action.items())
    return frozenset({written(action)})
