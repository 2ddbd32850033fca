"""When a gate asks a person: typed conditions on decisions and beliefs, checked against the team before a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..environments.protocol import EnvironmentSpec, Json
from ..errors import ActionError, GraphError, options
from ..memory.belief import Belief
from .state import EpisodeState


@dataclass(frozen=True)
class Team:
    """What an occasion's names are checked against."""

    environment: EnvironmentSpec
    agents: tuple[str, ...]
    monitors: tuple[str, ...]


class Occasion(Protocol):
    """A condition on a decision that a manager has made."""

    def check(self, team: Team) -> None:
        """See that it fits the team.

        Raises:
            GraphError: It names what isn't there.
        """
        ...

    def holds(self, decision: Mapping[str, Any], state: EpisodeState) -> bool:
        """Whether a person is to be asked."""
        ...


@dataclass(frozen=True)
class Always:
    """Every decision, or every belief."""

    def check(self, team: Team) -> None:
        """Nothing can be wrong with it."""

    def holds(self, decision: Mapping[str, Any], state: EpisodeState) -> bool:  # noqa: ARG002  as in the protocol
        """Always."""
        return True

    def concerns(self, belief: Belief) -> bool:  # noqa: ARG002  as in the protocol
        """Always."""
        return True


@dataclass(frozen=True)
class Alerted:
    """An alert was raised after the last step; by one of these monitors, if any are named."""

    monitors: tuple[str, ...] = ()

    def check(self, team: Team) -> None:
        """See that the monitors are there, or raise ``GraphError``."""
        _see_known("Alerted", "monitor", self.monitors, team.monitors)

    def holds(self, decision: Mapping[str, Any], state: EpisodeState) -> bool:  # noqa: ARG002  as in the protocol
        """Whether one was."""
        return any(not self.monitors or name in self.monitors for name in state.get("alerts") or {})


@dataclass(frozen=True)
class Unsure:
    """The decision's confidence is below a bound, in (0, 1]."""

    below: float = 0.5

    def check(self, team: Team) -> None:  # noqa: ARG002  as in the protocol
        """See that the bound is one, or raise ``GraphError``."""
        if not 0 < self.below <= 1:
            raise GraphError(f"Unsure(below={self.below}): a confidence is in [0, 1], so give a bound in (0, 1]")

    def holds(self, decision: Mapping[str, Any], state: EpisodeState) -> bool:  # noqa: ARG002  as in the protocol
        """Whether it is."""
        return bool(decision["confidence"] < self.below)


@dataclass(frozen=True)
class Acting:
    """The action is one of these."""

    actions: tuple[Json, ...]

    def check(self, team: Team) -> None:
        """See that the environment has the actions, or raise ``GraphError``."""
        for action in self.actions:
            try:
                team.environment.action.validate(action)
            except ActionError as error:
                raise GraphError(f"Acting names what can't be done in {team.environment.id}: {error}") from None

    def holds(self, decision: Mapping[str, Any], state: EpisodeState) -> bool:  # noqa: ARG002  as in the protocol
        """Whether it is."""
        return decision["action"] in self.actions


@dataclass(frozen=True)
class Dissent:
    """An agent leans to another action than the one decided; one of these agents, if any are named."""

    agents: tuple[str, ...] = ()

    def check(self, team: Team) -> None:
        """See that the agents are there, or raise ``GraphError``."""
        _see_known("Dissent", "agent", self.agents, team.agents)

    def holds(self, decision: Mapping[str, Any], state: EpisodeState) -> bool:
        """Whether one does."""
        said = state.get("insights") or {}
        return any(said[n]["stance"] != decision["action"] for n in said if not self.agents or n in self.agents)


class Doubt(Protocol):
    """A condition on a belief that has been admitted."""

    def concerns(self, belief: Belief) -> bool:
        """Whether a person is to be asked before it is in force."""
        ...


@dataclass(frozen=True)
class Tainted:
    """The belief was made, at least in part, from text that strangers wrote."""

    def concerns(self, belief: Belief) -> bool:
        """Whether it was."""
        return belief.tainted


@dataclass(frozen=True)
class Contested:
    """The belief contradicts another one or takes its place."""

    def concerns(self, belief: Belief) -> bool:
        """Whether it does."""
        return bool(belief.contradicts or belief.supersedes)


def any_concerns(doubts: tuple[Doubt, ...]) -> Callable[[Belief], bool]:
    """Whether any of some doubts concerns a belief."""
    return lambda belief: any(doubt.concerns(belief) for doubt in doubts)


def _see_known(what: str, kind: str, named: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in named:
        if name not in known:
            raise GraphError(f"{what} names an unknown {kind} {name!r}: {options(name, known)}")
