"""The manager: the one agent that decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..memory.trajectory import Phase
from ..models.protocol import Message, Model, Request
from .briefing import situation
from .episode import Episode
from .node import EpisodeRuntime, Role, checked_name
from .prompts import DATA_RULE, signals_text, system_message, task_text, user_message
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
        decision = answer.value.model_dump(mode="json")
        return {"decision": checked_decision(decision, state, self.name, alerted=alerted)}

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
        return user_message(situation(state, episode, self.name, memory=self.memory, episodes=self.episodes))


def checked_decision(answer: Mapping[str, Any], state: EpisodeState, agent: str, *, alerted: bool) -> dict[str, Any]:
    """A decision with only those insights and beliefs that were really there; the rest is named apart."""
    known = {"insights": set(state.get("insights", {})), "beliefs": set(state.get("beliefs", {}).get(agent, ()))}
    unknown = {key: [name for name in answer[key] if name not in real] for key, real in known.items()}
    kept = {key: [name for name in answer[key] if name in real] for key, real in known.items()}
    return {**answer, **kept, "unknown": unknown, "alerted": alerted}
