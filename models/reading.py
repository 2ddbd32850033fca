"""Reading a rendered prompt back: the line forms that the offline model understands.

Nothing but the messages is read, so whatever isn't rendered can't influence the offline model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from ..errors import ModelSetupError
from .protocol import Message

_SIGNAL = re.compile(
    r"^signal (?P<aspect>\S+): above 0 speaks for (?P<above>[^,]+), below 0 for (?P<below>[^;]+); "
    r"usual size (?P<scale>\S+); read from the (?:(?P<tone>tone of the items)(?: of (?P<about>\S+))?|number)$"
)
_BELIEF = re.compile(
    r"^\[(?P<id>b-[0-9a-f]+)\] (?:(?P<kind>behaviour|hint) [^|]+ \| )?(?P<aspect>[^|]+) \| (?P<polarity>for|against) "
    r"\| (?P<strength>[01]\.\d+) \| (?P<rest>.*)$"
)
_SAID = re.compile(r"(?: \(disputed\))?(?: \| when: [^|]*)?$")
"""What follows the statement on a belief's line."""
_INSIGHT = re.compile(
    r"^insight (?P<agent>[^:]+): (?:<data>)?(?P<stance>.+?)(?:</data>)?, confidence (?P<confidence>[01]\.\d+)$"
)
_EVIDENCE = re.compile(r"^  evidence (?P<aspect>\S+) = (?P<value>\S+) speaks for (?P<supports>.+)$")
_EXPERIENCE = re.compile(r"^step (?P<step>\d+): (?P<seen>[^|]*) \| (?P<action>[^|]+) \| (?P<reward>\S+)$")
_STEP = re.compile(
    r"^episode (?P<episode>\d+) step (?P<step>\d+) (?P<result>won|lost) \S+ with (?P<action>[^:]+): (?P<said>.*)$"
)
_TALLY = re.compile(
    r"^episode (?P<episode>\d+) tally (?P<aspect>\S+): right (?P<right>\d+), wrong (?P<wrong>\d+), "
    r"worth \S+, t (?P<t>[-+]\d+\.\d+)$"
)
_RETURN = re.compile(r"^# Episode (?P<episode>\d+) \((?P<label>current|previous)\): return (?P<value>\S+) over")
_OPEN = re.compile(r"^(?:a (?:whole )?number from |a text of at most |a JSON object with )")
"""Actions that no list could name."""
_PARTS = re.compile(r"^for each of (?P<parts>.+) one of: (?P<options>.+)$")
_NUMBER = re.compile(r"^(?P<name>[A-Za-z_]\w*): (?P<value>[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)$")
_NOW = "Actions now: "


@dataclass(frozen=True)
class SignalRule:
    """A rule of thumb as it stands in a prompt."""

    aspect: str
    above: str
    below: str
    scale: float
    tone: bool
    about: str = ""
    """With ``tone``: only items that begin with this name count."""

    @property
    def name(self) -> str:
        """The feature's name, without its source."""
        return self.aspect.partition(".")[2]


@dataclass(frozen=True)
class BeliefLine:
    """The typed part of a belief as it stands in a prompt; of a behaviour, on one of its aspects."""

    id: str
    aspect: str
    polarity: str
    strength: float
    disputed: bool
    kind: str = "belief"
    statement: str = ""

    @property
    def source(self) -> str:
        """The source that it bears on."""
        return self.aspect.partition(".")[0]


@dataclass(frozen=True)
class InsightLine:
    """An insight as the manager reads it."""

    agent: str
    stance: str
    confidence: float
    source: str
    """Taken from the aspects of its evidence; empty if there is none."""
    readings: Mapping[str, float] = field(default_factory=dict)
    """The numbers of its evidence, by aspect."""

    def on(self, ballot: Ballot) -> str | None:
        """Its choice on a ballot; ``None`` if it says nothing about that."""
        said = self.stance.split() if ballot.part else [self.stance]
        return next((choice for choice in said if choice in ballot.choices), None) if ballot.part else said[0]

    def took(self, choice: str) -> bool:
        """Whether it is for this."""
        return choice == self.stance or ("=" in choice and choice in self.stance.split())


@dataclass(frozen=True)
class TallyLine:
    """How an aspect did over an episode, as the critic reads it."""

    episode: int
    aspect: str
    right: int
    wrong: int
    t: float


@dataclass(frozen=True)
class StepLine:
    """A winning or losing step as the critic reads it."""

    episode: int
    step: int
    won: bool
    action: str
    said: dict[str, str]
    """Which action every aspect spoke for."""

    def took(self, choice: str) -> bool:
        """Whether this was chosen, as the action or as a part of it."""
        return choice == self.action or ("=" in choice and choice in self.action.split())


@dataclass(frozen=True)
class ExperienceLine:
    """A step as a critic of facts reads it.

    Attributes:
        step: Its index.
        seen: What the analysts read before the action, by aspect.
        action: What was done.
        reward: What came of it.
    """

    step: int
    seen: Mapping[str, float]
    action: str
    reward: float


@dataclass(frozen=True)
class Ballot:
    """One thing to choose: the action, or a part of it.

    Attributes:
        part: Its name; empty for an action without parts.
        choices: What stands for each option wherever something speaks for it: ``buy``, or ``TSLA=buy``.
        cautious: The choice with the least at stake, if there is one.
    """

    part: str
    choices: tuple[str, ...]
    cautious: str | None


class Prompt:
    """A request's messages, read line by line."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._texts = [message.text for message in messages]
        self._lines = [line for text in self._texts for line in text.splitlines()]
        self._step = messages[-1].text.splitlines()

    @property
    def step(self) -> Sequence[str]:
        """The lines of the last message, which belongs to the step alone."""
        return self._step

    @property
    def ballots(self) -> tuple[Ballot, ...]:
        """What is to be chosen, in the order given; one ballot for an action without parts.

        Raises:
            ModelSetupError: The task takes numbers, texts or objects, which nobody can vote for.
        """
        allowed, cautious = self._after("Actions: "), self._after("Cautious action: ")
        parts = _PARTS.match(allowed)
        if parts is None:
            if not self._legal and _OPEN.match(allowed):
                raise ModelSetupError(
                    f"the heuristic model chooses among named actions; this task takes {allowed}: give the team a real "
                    "model, or HeuristicModel the task's own rules"
                )
            choices = tuple((self._legal or allowed).split(", "))
            return (Ballot("", choices, cautious if cautious in choices else None),)
        careful = {choice.partition("=")[0]: choice for choice in cautious.split()}
        return tuple(
            Ballot(part, tuple(f"{part}={option}" for option in parts["options"].split(", ")), careful.get(part))
            for part in parts["parts"].split(", ")
        )

    @cached_property
    def alerted(self) -> bool:
        """Whether a monitor raised an alert."""
        return any(line.startswith("alert ") for line in self._step)

    @cached_property
    def numbers(self) -> dict[str, float]:
        """The lines ``name: value`` of the step."""
        found = (_NUMBER.match(line) for line in self._step)
        return {m["name"]: float(m["value"]) for m in found if m}

    @property
    def items(self) -> tuple[str, ...]:
        """The lines ``- text`` of the step."""
        return tuple(line[2:] for line in self._step if line.startswith("- "))

    def items_about(self, name: str) -> tuple[str, ...]:
        """The texts of the lines ``- NAME: text`` of the step."""
        return tuple(text.removeprefix(f"{name}: ") for text in self.items if text.startswith(f"{name}: "))

    @property
    def signals(self) -> tuple[SignalRule, ...]:
        """The rules of thumb."""
        return tuple(
            SignalRule(m["aspect"], m["above"], m["below"], float(m["scale"]), m["tone"] is not None, m["about"] or "")
            for m in self._matches(_SIGNAL)
        )

    @cached_property
    def beliefs(self) -> tuple[BeliefLine, ...]:
        """The belief block. A behaviour is what it was distilled from: a line for each of its aspects."""
        return tuple(belief for text in self._texts for belief in _beliefs(text))

    @cached_property
    def insights(self) -> tuple[InsightLine, ...]:
        """The insights, each with the source that its evidence names."""
        found: list[InsightLine] = []
        for line in self._step:
            if m := _INSIGHT.match(line):
                found.append(InsightLine(m["agent"], m["stance"], float(m["confidence"]), ""))
            elif (m := _EVIDENCE.match(line)) and found:
                found[-1] = _with_reading(found[-1], m)
        return tuple(found)

    @property
    def steps(self) -> tuple[StepLine, ...]:
        """The winning and losing steps of both episodes."""
        return tuple(
            StepLine(
                int(m["episode"]),
                int(m["step"]),
                m["result"] == "won",
                m["action"],
                dict(pair.split("=", 1) for pair in m["said"].split() if "=" in pair),
            )
            for m in self._matches(_STEP)
        )

    @property
    def tallies(self) -> tuple[TallyLine, ...]:
        """How the aspects did in both episodes."""
        return tuple(
            TallyLine(int(m["episode"]), m["aspect"], int(m["right"]), int(m["wrong"]), float(m["t"]))
            for m in self._matches(_TALLY)
        )

    @property
    def experience(self) -> tuple[ExperienceLine, ...]:
        """An episode step by step, as a critic of facts is told of it."""
        return tuple(
            ExperienceLine(int(m["step"]), _seen(m["seen"]), m["action"], float(m["reward"]))
            for m in self._matches(_EXPERIENCE)
        )

    def told(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first place, anywhere in the messages, where a pattern is found."""
        return next((m for line in self._lines if (m := pattern.search(line))), None)

    @property
    def returns(self) -> dict[str, float]:
        """The returns of the ``current`` and the ``previous`` episode."""
        return {m["label"]: float(m["value"]) for m in self._matches(_RETURN)}

    @property
    def current(self) -> int | None:
        """Index of the current episode, if a critic asks."""
        return next((int(m["episode"]) for m in self._matches(_RETURN) if m["label"] == "current"), None)

    @property
    def _legal(self) -> str:
        """What is legal now if not everything is: the line below the last heading, where no text of others stands."""
        pairs = zip(self._step, self._step[1:], strict=False)
        told = [line for step, line in pairs if step.startswith("# Step ") and line.startswith(_NOW)]
        return told[-1].removeprefix(_NOW) if told else ""

    def _after(self, prefix: str) -> str:
        return next((line.removeprefix(prefix) for line in self._lines if line.startswith(prefix)), "")

    def _matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        return (m for line in self._lines if (m := pattern.match(line)))


@lru_cache(maxsize=64)
def _beliefs(text: str) -> tuple[BeliefLine, ...]:
    """The beliefs in a message; kept, since a team's instructions are the same at every step of an episode."""
    return tuple(
        BeliefLine(
            m["id"],
            aspect,
            m["polarity"],
            float(m["strength"]),
            "(disputed)" in m["rest"],
            m["kind"] or "belief",
            _SAID.sub("", m["rest"]),
        )
        for m in filter(None, map(_BELIEF.match, text.splitlines()))
        for aspect in (m["aspect"].split(", ") if m["kind"] == "behaviour" else [m["aspect"]])
    )


def _with_reading(insight: InsightLine, evidence: re.Match[str]) -> InsightLine:
    """An insight and one more piece of its evidence; ``-`` stands where nothing could be measured."""
    read = {} if evidence["value"] == "-" else {evidence["aspect"]: float(evidence["value"])}
    return replace(insight, source=evidence["aspect"].partition(".")[0], readings={**insight.readings, **read})


def _seen(text: str) -> dict[str, float]:
    pairs = (pair.partition("=") for pair in text.split())
    return {aspect: float(value) for aspect, _, value in pairs}
