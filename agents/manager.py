"""The manager: the one agent that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..memory.trajectory import Phase
from ..models.protocol import Message, Model, Request
from .episode import Episode
from .node import EpisodeRuntime, Role, checked_name
from .outputs import Decision
from .prompts import (
    DATA_RULE,
    alerts_text,
    gap_text,
    heading,
    history_text,
    insight_text,
    signals_text,
    system_message,
    task_text,
    user_message,
)
from .recollection import episodes_text
from .state import EpisodeState, Update

_DUTY = (
    "You are {name}, the manager: the only one who decides. Analysts hand you one insight each; weigh them by what "
    "earlier episodes taught you, and decide."
)
_ANSWER = """# Answer
action: one of the actions; confidence: 0 to 1; reasons: one note of at most 280 characters; insights: names of the
analysts you relied on; beliefs: ids of the beliefs you relied on, [] if none; reflection: null, or, when an alert was
raised, what your last decisions and the alert tell you, in at most 280 characters."""


@dataclass(frozen=True)
class Manager:
    """An agent that turns insights into a decision.

    Attributes:
        name: Unique within its graph.
        instructions: What it should know beyond its duty.
        model: Its own model, or the experiment's if ``None``.
        memory: How many of its last decisions it sees.
        episodes: How many earlier episodes it remembers, in numbers; they stand before the step in its prompt.
    """

    name: str = "manager"
    instructions: str = ""
    model: Model | str | None = None
    memory: int = 5
    episodes: int = 0
    role: ClassVar[Role] = "manager"
    source: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Check the name."""
        checked_name(self.name)

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Return this step's decision."""
        episode = runtime.context
        alerted = bool(state.get("alerts"))
        response = episode.answers.alerted if alerted else episode.answers.decision
        request = Request(self.name, (self._instructions(episode), self._situation(state, episode)), response)
        answer = await episode.ask(request, state["step"], Phase.MANAGER)
        return {"decision": self._decision(answer.value, state, alerted=alerted)}

    def _instructions(self, episode: Episode) -> Message:
        spec = episode.environment.spec
        parts = [
            _DUTY.format(name=self.name),
            self.instructions,
            task_text(spec),
            *(signals_text(source) for source in spec.sources),
            _ANSWER,
            DATA_RULE,
        ]
        return system_message(parts, episode.blocks.get(self.name, ""))

    def _situation(self, state: EpisodeState, episode: Episode) -> Message:
        told = {name: insight_text(name, insight) for name, insight in state.get("insights", {}).items()}
        told |= {name: gap_text(name, gap) for name, gap in state.get("gaps", {}).items()}
        return user_message(
            [
                episodes_text(episode, self.name, self.episodes),
                heading(episode.observation),
                "\n".join(["# Insights", *(told[name] for name in sorted(told))]),
                alerts_text(state.get("alerts", {})),
                history_text(episode.history(state["step"], self.memory)),
            ]
        )

    def _decision(self, answer: Decision, state: EpisodeState, *, alerted: bool) -> dict[str, Any]:
        """The decision with only those insights and beliefs that were really there; the rest is named apart."""
        decision = answer.model_dump(mode="json")
        handed = set(state.get("beliefs", {}).get(self.name, ()))
        known = {"insights": set(state.get("insights", {})), "beliefs": handed}
        unknown = {key: [name for name in decision[key] if name not in real] for key, real in known.items()}
        kept = {key: [name for name in decision[key] if name in real] for key, real in known.items()}
        return {**decision, **kept, "unknown": unknown, "alerted": alerted}
