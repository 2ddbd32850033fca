"""The manager: the one agent that decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..errors import GraphError
from ..memory.trajectory import Phase
from ..models.protocol import Message, Model, Request
from .briefing import Reading, situation
from .consulting import ANSWER, Consultation, SimulatedUser
from .episode import Episode
from .feedback import ANSWER as FEEDBACK_ANSWER
from .feedback import FEEDBACK, Feedback, checked_remarks, contributions_text, fresh, with_feedback
from .node import EpisodeRuntime, Role, checked_name
from .origins import worded
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
        reflections: Whether its last decisions are shown with what it reflected then.
        refines: Whether it sees how often each source has been right so far in the episode, and what that was worth.
        feedback: When it feeds back to the analysts what came of their insights; ``None`` for never.
        consults: Whom it may ask a question before it decides, and how often; ``None`` for nobody.
    """

    name: str = "manager"
    instructions: str = ""
    model: Model | str | None = None
    memory: int = 5
    episodes: int = 0
    reflections: bool = False
    refines: bool = False
    feedback: Feedback | None = None
    consults: Consultation | None = None
    role: ClassVar[Role] = "manager"
    source: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Check the name and how far it looks back."""
        checked_name(self.name)
        for what, count in (("memory", self.memory), ("episodes", self.episodes)):
            if count < 0:
                raise GraphError(f"{self.name}: {what} is {count}; give how many it sees, 0 for none")

    @property
    def helpers(self) -> tuple[SimulatedUser, ...]:
        """Who else is asked on its behalf and needs a model."""
        whom = self.consults.whom if self.consults else None
        return (whom,) if isinstance(whom, SimulatedUser) else ()

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Return this step's decision."""
        episode = runtime.context
        alerted = bool(state.get("alerts"))
        # what it said to its analysts before an action of it was refused stands
        contributions = {} if episode.refused else fresh(episode, state["step"])
        answer = await self._decided(state, episode, contributions, alerted=alerted)
        decision = checked_decision(answer, state, self.name, alerted=alerted)
        if "feedback" in answer:
            decision["feedback"] = checked_remarks(answer["feedback"], contributions)
            decision["unknown"]["feedback"] = [r for r in answer["feedback"] if r not in decision["feedback"]]
            episode.watches[FEEDBACK].remark(decision["feedback"])
        return {"decision": decision}

    async def _decided(
        self, state: EpisodeState, episode: Episode, contributions: Mapping[str, Any], *, alerted: bool
    ) -> dict[str, Any]:
        step, instructions = state["step"], self._instructions(episode)
        told = situation(state, episode, self.name, self.reading)
        told.append(contributions_text(contributions, words=worded(episode.environment.spec)))
        response = episode.answers.alerted if alerted else episode.answers.decision
        response = with_feedback(response) if contributions else response
        if self.consults is not None:
            return await self.consults.decision(self.name, instructions, told, step, episode, response)
        answer = await episode.ask(
            Request(self.name, (instructions, user_message(told)), response), step, Phase.MANAGER
        )
        return answer.value.model_dump(mode="json")

    @property
    def reading(self) -> Reading:
        """What it is told besides the step itself."""
        return Reading(self.memory, self.episodes, reflections=self.reflections, refines=self.refines)

    @property
    def _answer(self) -> str:
        asked = _ANSWER + (FEEDBACK_ANSWER if self.feedback else "")
        if self.consults is None:
            return asked
        return ANSWER.format(whom=self.consults.whom.name) + asked.removeprefix("# Answer\n")

    def _instructions(self, episode: Episode) -> Message:
        spec = episode.environment.spec
        parts = [
            _DUTY.format(name=self.name),
            self.instructions,
            task_text(spec),
            *(signals_text(source) for source in spec.sources),
            self._answer,
            DATA_RULE,
        ]
        return system_message(parts, episode.blocks.get(self.name, ""))


def checked_decision(answer: Mapping[str, Any], state: EpisodeState, agent: str, *, alerted: bool) -> dict[str, Any]:
    """A decision with only those insights and beliefs that were really there; the rest is named apart."""
    known = {"insights": set(state.get("insights", {})), "beliefs": set(state.get("beliefs", {}).get(agent, ()))}
    unknown = {key: [name for name in answer[key] if name not in real] for key, real in known.items()}
    kept = {key: [name for name in answer[key] if name in real] for key, real in known.items()}
    return {**answer, **kept, "unknown": unknown, "alerted": alerted}
