"""The manager's feedback: how each analyst's insight contributed to a large gain or loss (FinCon, section 3).

The numbers are Doxa's: what a step brought is set against what every stance would have brought. A model may add what to
trust more or less, in choices about what the analyst itself named, so that no word of another's source can get to it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from ..errors import GraphError
from ..memory.trajectory import Phase, StepRecord, place_key
from .attribution import opposites, worth
from .episode import Episode
from .node import Agent
from .origins import worded
from .outputs import Answer, Decision
from .prompts import said_action
from .recollection import Recall, Recollection

FEEDBACK = "feedback"
"""Kind of the event that feedback leaves, and the place of its watch in an episode."""
ANSWER = """
feedback: when contributions to the last step are shown, for analysts named there: the aspect of its source (as it named
it in its evidence) to trust more, to trust less or as before; [] if you have nothing to add."""


@dataclass(frozen=True)
class Feedback:
    """When the manager feeds back to its analysts what came of their insights.

    A step is significant if its reward is further from 0 than ``deviations`` standard deviations of the episode's
    rewards before it, or if a monitor raised an alert for one of these triggers.

    Attributes:
        deviations: Above 0.
        minimum: Steps before their deviation is used; until then only alerts count.
        triggers: Of alerts that count; a plain loss (``loss``) isn't one of them by default.
        keep: How many of its last feedbacks an analyst reads.
    """

    deviations: float = 1.0
    minimum: int = 5
    triggers: tuple[str, ...] = ("cvar",)
    keep: int = 3

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.deviations < math.inf or self.minimum < 2 or self.keep < 1:
            raise GraphError(f"{self}: deviations is above 0, minimum at least 2 and keep at least 1")


class Remark(Answer):
    """What a manager has to say to an analyst."""

    analyst: Annotated[str, Field(max_length=40)]
    aspect: Annotated[str, Field(max_length=80)]
    """One that the analyst named in its evidence, or its source."""
    advice: Literal["trust more", "trust less", "as before"]


@lru_cache(maxsize=64)
def with_feedback(decision: type[Decision]) -> type[Decision]:
    """Such a decision with remarks to analysts."""
    remarks: Any = Annotated[list[Remark], Field(max_length=12)]
    return create_model(f"{decision.__name__}WithFeedback", __base__=decision, feedback=(remarks, ...))


@dataclass
class Spread:
    """The standard deviation of what has come so far (Welford's way)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Take a value in."""
        self.count += 1
        off = value - self.mean
        self.mean += off / self.count
        self.squares += off * (value - self.mean)

    @property
    def deviation(self) -> float:
        """Of the sample; 0 below two values."""
        return math.sqrt(max(0.0, self.squares) / (self.count - 1)) if self.count > 1 else 0.0


@dataclass
class Given:
    """The feedback of one episode: what each analyst was told, and what the manager may still remark on."""

    spread: Spread = field(default_factory=Spread)
    told: dict[str, deque[dict[str, Any]]] = field(default_factory=dict)
    latest: dict[str, Any] = field(default_factory=dict)

    def keep(self, record: dict[str, Any], most: int) -> None:
        """Take feedback in."""
        self.latest = record
        for name, to in record["to"].items():
            told = {"step": record["step"], "reward": record["reward"], **to, "remarks": []}
            self.told.setdefault(name, deque(maxlen=most)).append(told)

    def remark(self, remarks: Sequence[Mapping[str, str]]) -> None:
        """Add a manager's remarks to what the analysts were told last."""
        for remark in remarks:
            self.told[remark["analyst"]][-1]["remarks"].append(f"{remark['aspect']}: {remark['advice']}")


def feed_back(
    settings: Feedback, manager: str, agents: Sequence[Agent], step: int, episode: Episode, alerts: Mapping[str, Any]
) -> None:
    """Feed back what came of the step just taken, if it was significant: recorded, told, and remembered."""
    given = episode.watches.setdefault(FEEDBACK, Given())
    (taken,) = episode.history(step + 1, 1)
    why = _significance(settings, taken, given.spread, alerts)
    given.spread.add(taken.reward)
    given.latest = {}
    if not why:
        return
    decision = episode.journal.find(episode.run, episode.number, "decision", place_key(step, Phase.MANAGER, manager))
    relied = frozenset(decision.payload["insights"] if decision else ())
    appraisal = _Appraisal(taken, relied, opposites(episode.environment.spec), episode)
    to = {agent.name: appraisal.of(agent) for agent in agents if agent.name in taken.insights}
    record = {"step": step, "reward": taken.reward, "why": why, "to": to}
    episode.record([episode.entry(FEEDBACK, step, Phase.FEEDBACK, manager, record)])
    given.keep(record, settings.keep)


def _significance(settings: Feedback, taken: StepRecord, spread: Spread, alerts: Mapping[str, Any]) -> list[str]:
    """What made the step significant; nothing if it wasn't."""
    why = [f"alert {name}" for name, alert in sorted(alerts.items()) if alert["trigger"] in settings.triggers]
    if spread.count >= settings.minimum and spread.deviation and taken.reward:
        times = abs(taken.reward) / spread.deviation
        if times > settings.deviations:
            why.append(f"{times:.2f} standard deviations")
    return why


@dataclass(frozen=True)
class _Appraisal:
    """A step, the analysts that the manager relied on at it, and which action is the opposite of which."""

    taken: StepRecord
    relied: frozenset[str]
    opposites: Mapping[str, str]
    episode: Episode

    def of(self, agent: Agent) -> dict[str, Any]:
        """What an agent's insight had to do with the step; what stood behind a gain counts for more from now on."""
        insight = self.taken.insights[agent.name]
        value = worth(self.taken, insight["stance"], self.opposites)
        own = [agent.source] if agent.source else []
        return {
            "stance": insight["stance"],
            "confidence": insight["confidence"],
            "relied": agent.name in self.relied,
            "worth": value,
            "aspects": list(dict.fromkeys([*own, *(r["aspect"] for r in insight["evidence"])])),
            "critical": list(self._critical(agent, insight["stance"]) if value > 0 and self.taken.reward > 0 else ()),
        }

    def _critical(self, agent: Agent, stance: Any) -> tuple[str, ...]:  # noqa: ANN401  any action
        recall: Recall | None = getattr(agent, "recall", None)
        if recall is None or agent.source is None:
            return ()
        return Recollection(agent.name, agent.source, recall, self.episode).mark(self.taken.step, stance)


def fresh(episode: Episode, step: int) -> dict[str, Any]:
    """The feedback on the step before, for the manager to remark on; empty if there is none."""
    given = episode.watches.get(FEEDBACK)
    return given.latest if given and given.latest.get("step") == step - 1 else {}


def checked_remarks(remarks: Sequence[Mapping[str, str]], record: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Those remarks that are on an analyst that was fed back to, and on what it named itself."""
    return [r for r in remarks if r["aspect"] in record.get("to", {}).get(r["analyst"], {}).get("aspects", ())]


def contributions_text(record: Mapping[str, Any], *, words: bool = False) -> str:
    """``# Contributions to step 11: reward +0.0123 (1.80 standard deviations)``, then a line per analyst.

    Args:
        record: What was fed back.
        words: Whether strangers' words may be in a stance: it is data then.
    """
    if not record:
        return ""
    heading = f"# Contributions to step {record['step']}: reward {record['reward']:+.6f} ({', '.join(record['why'])})"
    relied = {True: "you relied on it", False: "you did not rely on it"}
    lines = [
        f"contribution {name}: {_said(to, words=words)}; {relied[to['relied']]}" for name, to in record["to"].items()
    ]
    return "\n".join([heading, *lines])


def feedback_text(episode: Episode, agent: str) -> str:
    """``# Feedback from the manager`` and an analyst's own last ones, a line each, remarks below."""
    given, words = episode.watches.get(FEEDBACK), worded(episode.environment.spec)
    lines = []
    for told in given.told.get(agent, ()) if given else ():
        result = "gain" if told["reward"] > 0 else "loss"
        relied = "the manager relied on it" if told["relied"] else "the manager did not rely on it"
        lines.append(
            f"step {told['step']}, a large {result} of {told['reward']:+.6f}: "
            f"you said {_said(told, words=words)}; {relied}"
        )
        lines += [f"  the manager on {remark}" for remark in told["remarks"]]
    return "\n".join(["# Feedback from the manager", *lines]) if lines else ""


def _said(to: Mapping[str, Any], *, words: bool) -> str:
    return f"{said_action(to['stance'], words=words)} with confidence {to['confidence']:.2f}, worth {to['worth']:+.6f}"
