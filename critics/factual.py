"""The factual critic: reads one episode step by step and proposes facts about the task, one belief each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..agents.node import checked_name
from ..agents.origins import worded
from ..agents.prompts import DATA_RULE, said_action, task_text
from ..environments.protocol import EnvironmentSpec, Source
from ..memory.propagation import render
from ..memory.trajectory import StepRecord
from ..models.protocol import Message, Model, Request, Settings
from .critic import Case, Trajectory, Verdict
from .critique import Critique

_DUTY = (
    "You are {name}, the critic. A training episode has ended. Below it stands step by step: what the analysts read "
    "before each action, the action, and the reward. Say what it shows to be a fact of the task, and revise what is "
    "believed."
)
_ANSWER = """# Answer
current, previous: []; better: equal; strengths and weaknesses: []; direction: one sentence on what was learned;
proposals: belief operations. An expansion adds a belief; a revision puts one in the place of the belief it names; a
contraction gives one up that the episode disproves. A belief is one fact: a concept (a few words), a statement (one
sentence an agent can act on), an aspect (the source it bears on, a dot, and a name for the fact), a polarity (for, or
against where it says what doesn't work), the numbers of steps that support it and speak against it, and the steps
that show it. Restate a belief that held: that strengthens it."""


@dataclass(frozen=True)
class FactualCritic:
    """Turns an episode's steps into facts, one belief each; the first episode already teaches.

    Unlike :class:`~doxa.critics.conceptual.ConceptualCritic` it compares nothing: it suits tasks whose steps show what
    holds, as where a wall stands. It sees numbers and choices only: what the analysts gave as evidence.

    Attributes:
        name: Unique within its graph.
        instructions: What it should know beyond its duty.
        model: Its own model, or the experiment's if ``None``.
    """

    name: str = "critic"
    instructions: str = ""
    model: Model | str | None = None

    def __post_init__(self) -> None:
        """Check the name."""
        checked_name(self.name)

    async def judge(self, case: Case) -> Verdict:
        """Ask for the facts at temperature 0; whatever is proposed may be admitted."""
        request = Request(self.name, self._messages(case), Critique, Settings(temperature=0))
        critique = (await case.ask(request)).value
        return Verdict(critique.model_dump(mode="json", include={"direction"}), critique.proposals)

    def _messages(self, case: Case) -> tuple[Message, ...]:
        words = worded(case.environment)
        rule = DATA_RULE if words else ""
        fixed = [_DUTY.format(name=self.name), self.instructions, _task(case.environment), _ANSWER, rule]
        told = [
            "# Beliefs\n" + (render(case.beliefs) or "none yet"),
            "Agents: " + ", ".join(case.agents),
            experience_text(case.current, words=words),
        ]
        return Message("system", "\n\n".join(part for part in fixed if part)), Message("user", "\n\n".join(told))


def _task(spec: EnvironmentSpec) -> str:
    """The task and its sources, so that readings can be understood."""
    return "\n".join([task_text(spec), *(_source(source) for source in spec.sources)])


def _source(source: Source) -> str:
    return f"source {source.name}: {source.description}"


def experience_text(trajectory: Trajectory, *, words: bool = False) -> str:
    """``# Episode 2 (current): return ... over 31 steps``, then a line for every step.

    Args:
        trajectory: The episode.
        words: Whether strangers' words may be in actions: these are data then.
    """
    value = sum(step.reward for step in trajectory.steps)
    heading = f"# Episode {trajectory.episode} (current): return {value:+.6f} over {len(trajectory.steps)} steps"
    return "\n".join([heading, *(step_text(step, words=words) for step in trajectory.steps)])


def step_text(step: StepRecord, *, words: bool = False) -> str:
    """``step 17: taxi.row=2 taxi.column=0 | north | -1``."""
    readings = " ".join(f"{aspect}={value:g}" for aspect, value in _readings(step.insights).items())
    return f"step {step.step}: {readings} | {said_action(step.action, words=words)} | {step.reward:g}"


def _readings(insights: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The numbers of all evidence; an aspect is one word, so that no sentence can hide in it."""
    return {
        reading["aspect"]: reading["value"]
        for _, insight in sorted(insights.items())
        for reading in insight["evidence"]
        if reading["value"] is not None and not set(reading["aspect"]) & set(" |=\n")
    }
