"""What is run: a team, a task, how many episodes, which model, which seed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from ..agents.consulting import SimulatedUser
from ..agents.failing import OnFailure
from ..agents.illegal import OnIllegal
from ..agents.node import Agent
from ..critics.critic import Critic
from ..critics.judge import Judge
from ..environments.boundary import Boundary
from ..environments.protocol import Environment
from ..environments.staged import Player, Role
from ..errors import SpecError, options
from ..memory.embeddings import Embedder
from ..memory.omissions import as_recorded
from ..memory.propagation import ByConcern, Propagation
from ..memory.vetting import Vets, Vetting
from ..models.budget import see_limits
from ..models.limits import Limits
from ..models.protocol import Model
from ..models.resolve import resolve_model
from ..models.retries import RetryPolicy
from .graph import EpisodeGraph
from .players import IMAGINATION, players, see_playable
from .specification import specify

LIMITS = ("max_usd", "max_tokens", "ambiguous", "cache", "retries", "limits", "fallbacks", "nondeterministic")
"""Settings of an experiment that are no part of its spec: they may be another when a run is gone on with."""


@dataclass(frozen=True)
class Experiment:
    """The specification of a run.

    Attributes:
        environment: The task that the team is trained on.
        graph: The team.
        episodes: How many training episodes; at least 2 are needed to learn anything.
        model: One for all agents, by name or object, or one by agent's name with ``"*"`` for the others.
        seed: From which every episode's seed is derived.
        name: Names its runs: ``name-1``, ``name-2``, ...
        evaluation: The task that the trained team is evaluated on, beliefs frozen; ``None`` for none.
        propagation: Which beliefs are handed to whom.
        boundary: The user's own limits on actions, which no agent can go beyond; ``None`` for none.
        vetting: Lets beliefs with strangers' words in, or says what they lack until a person approves them.
        embedder: How texts become vectors, by name or object; ``None`` for the offline default.
        on_failure: What a failed agent means to a run; by default it stops, and can be resumed.
        illegal: What a run does about an action that isn't allowed: ``retry`` tells the manager why and asks again, at
            most twice, and then stops; ``default`` takes the environment's default action, ``forfeit`` ends the
            episode; or an ``OnIllegal``.
        max_usd: What the run's model calls may cost in US dollars; ``None`` for no limit. No part of the spec: a run
            that stopped at its limit may be resumed with a higher one.
        max_tokens: The same in tokens.
        cache: Whether to reuse any answer that a run in the same home got to the same request. No part of the spec.
        ambiguous: What a resumed run does about calls whose outcome a crash left unknown: ``resend`` them, or ``halt``
            before anything is sent. Either way they count in the budget at their worst. No part of the spec.
        retries: When a failed attempt at a model call is made again; ``None`` for the default. No part of the spec.
        limits: Concurrency, requests and tokens per minute of every endpoint, or by the endpoint's name. No part of
            the spec.
        fallbacks: Models to ask, in this order, when an agent's own fails over. No part of the spec: which model
            answered stands with every recorded reply.
        nondeterministic: Whether runs are allowed in an environment that isn't deterministic, though they can't be
            resumed, replayed or branched. No part of the spec.
        imagined: Episodes that a model imagines before the first real one; what is learned from them is a candidate
            until a real episode shows it, too, and their outcomes count for nothing.
        imagination: The model that imagines them; ``None`` for the one that ``model`` has for ``imagination``.
    """

    environment: Environment
    graph: EpisodeGraph
    episodes: int = 4
    model: str | Model | Mapping[str, str | Model] = "heuristic"
    seed: int = 0
    name: str = "run"
    evaluation: Environment | None = None
    propagation: Propagation = field(default_factory=ByConcern)
    boundary: Boundary | None = None
    vetting: Vets = field(default_factory=Vetting)
    embedder: str | Embedder | None = None
    on_failure: OnFailure = field(default_factory=OnFailure)
    illegal: OnIllegal | Literal["retry", "default", "forfeit"] = field(default_factory=OnIllegal)
    max_usd: float | None = None
    max_tokens: int | None = None
    cache: bool = False
    ambiguous: Literal["resend", "halt"] = "resend"
    retries: RetryPolicy | None = None
    limits: Limits | Mapping[str, Limits] | None = None
    fallbacks: tuple[str | Model, ...] = ()
    nondeterministic: bool = False
    imagined: int = 0
    imagination: str | Model | None = None

    def __post_init__(self) -> None:
        """Check everything that can be checked without running."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", self.name):
            raise SpecError(
                f"{self.name!r} can't be an experiment's name: use 1 to 40 lower-case letters, digits and hyphens"
            )
        if self.episodes < 1:
            raise SpecError(f"episodes is {self.episodes}; at least 1 is needed, and 2 to learn anything")
        see_limits(self.max_usd, self.max_tokens)
        if self.imagined < 0:
            raise SpecError(f"imagined is {self.imagined}; give the number of imagined episodes, 0 for none")
        if self.imagination is not None and not self.imagined:
            raise SpecError("imagination is given and imagined is 0: say how many episodes, e.g. imagined=2")
        if self.ambiguous not in ("resend", "halt"):
            raise SpecError(f"ambiguous is {self.ambiguous!r}: {options(self.ambiguous, ('resend', 'halt'))}")
        illegal = OnIllegal.of(self.illegal)
        object.__setattr__(self, "illegal", illegal)
        for environment in (self.environment, self.evaluation):
            if environment is not None:
                self.graph.check(environment.spec)
                self.on_failure.check(environment.spec)
                illegal.check(environment.spec)
                if self.boundary is not None:
                    self.boundary.check(environment)
        self.players()

    def spec(self) -> dict[str, Any]:
        """The experiment as canonical JSON; equal specs describe the same runs."""
        parts = [f.name for f in fields(self) if f.name not in LIMITS]
        return {part: specify(getattr(self, part)) for part in parts}

    def spec_as(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The spec as an earlier version would have recorded it: equal to ``recorded`` if it is the same experiment.

        A field that ``recorded`` lacks counts as its default, at any depth; a setting that was part of the spec then
        and is a limit now counts as it was.
        """
        told: dict[str, Any] = as_recorded(self, self.spec(), recorded, specify)
        return told | {name: recorded[name] for name in LIMITS if name in recorded}

    def models(self, resolve: Callable[[str | Model], Model] = resolve_model) -> dict[str, Model]:
        """The model of every agent and critic: its own if it has one, else the experiment's for it.

        Args:
            resolve: Makes a model of a name.

        Raises:
            ModelSetupError: A model is unknown or can't be set up.
            SpecError: An agent has none, or the mapping names nobody.
        """
        models = {name: resolve(choice) for name, choice in self.choices().items()}
        see_playable((player.name for player in self.players()), models)
        return models

    def players(self) -> tuple[Player, ...]:
        """Who else than the team is asked: those who answer in the environments, and who imagines one.

        Raises:
            SpecError: One has the name of a part of the graph.
        """
        found = players((self.environment, self.evaluation), self.graph)
        return (*found, Role(IMAGINATION, self.imagination)) if self.imagined else found

    def choices(self) -> dict[str, str | Model]:
        """The model of every agent, critic and player as it was given: a name, or the model itself.

        Raises:
            SpecError: An agent has none, or the mapping names nobody.
        """
        askers: list[Agent | Critic | Judge | SimulatedUser | Player] = [
            a for a in self.graph.agents if getattr(a, "asks", True)
        ]
        askers += self.graph.helpers
        askers += [part for part in (self.graph.critic, self.graph.judge) if part]
        askers += self.players()
        given = self.model if isinstance(self.model, Mapping) else {"*": self.model}
        names = [asker.name for asker in askers]
        for name in given:
            if name not in (*names, "*"):
                raise SpecError(f"model= names {name!r}, which isn't in the graph: {options(name, [*names, '*'])}")
        chosen = {a.name: getattr(a, "model", None) or given.get(a.name, given.get("*")) for a in askers}
        for name, choice in chosen.items():
            if choice is None:
                raise SpecError(f"model= has nothing for {name!r}: name it, or add '*' for all others")
        return {name: choice for name, choice in chosen.items() if choice is not None}
