"""The manager's node where an action may turn out not to be allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ..environments.actions import written
from ..errors import ActionError
from ..memory.trajectory import Phase
from .episode import Episode
from .illegal import ILLEGAL, Refusal
from .node import EpisodeRuntime
from .prompts import marked
from .state import EpisodeState, Update

SHOWN = 1_000
"""Characters of a refused action, and of the reason, that a manager reads."""


class Node(Protocol):
    """What decides."""

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Return an update with a decision."""
        ...


@dataclass(frozen=True)
class Lawful:
    """A manager's node, and what happens if its action isn't allowed.

    Every such decision is recorded, with what came of it, before anything else happens.
    """

    name: str
    manager: Node

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """The manager's update with a decision that can be taken, or with the framework's in its place."""
        episode = runtime.context
        try:
            return await self._decided(state, runtime, episode)
        finally:
            episode.refused = ()

    async def _decided(self, state: EpisodeState, runtime: EpisodeRuntime, episode: Episode) -> Update:
        while True:
            update = await self.manager(state, runtime)
            decision = update.get("decision")
            if not decision:
                return update
            try:
                episode.environment.allowed(decision["action"])
            except ActionError as error:
                refusal = Refusal(decision["action"], str(error))
            else:
                return update
            then = self._then(decision, episode)
            self._record(refusal, then, state["step"], episode)
            if then != "retry":
                return {**update, "decision": _instead(decision, refusal, then, episode)}
            episode.refused = (*episode.refused, refusal)

    def _then(self, decision: dict[str, Any], episode: Episode) -> str:
        """A safe action is the same however often it is asked for; anything else may be mended."""
        rule = episode.on_illegal
        mends = len(episode.refused) < rule.retries and not decision.get("safe")
        return "retry" if mends else rule.then

    def _record(self, refusal: Refusal, then: str, step: int, episode: Episode) -> None:
        number = len(episode.refused)
        told = {"agent": self.name, "action": refusal.action, "reason": refusal.reason, "then": then}
        episode.record([episode.entry(ILLEGAL, step, Phase.MANAGER, f"{self.name}.{number}", told)])


def cut(text: str) -> str:
    """A text of at most :data:`SHOWN` characters."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _instead(decision: dict[str, Any], refusal: Refusal, then: str, episode: Episode) -> dict[str, Any]:
    """The decision that stands for one that can't be taken.

    Raises:
        ActionError: The run is to stop.
    """
    if then == "stop":
        raise ActionError(
            f"{refusal.reason}. The manager decided so {len(episode.refused) + 1} times; 'doxa branch' runs it on "
            "from here with another policy, e.g. illegal='forfeit'"
        )
    told = {**decision, "proposed": refusal.action, "illegal": then}
    return told | {"action": episode.environment.spec.default} if then == "default" else told


def refusals_text(episode: Episode, *, words: bool = False) -> str:
    """``# Refused`` and a line for each action that couldn't be taken at this step, with the reason.

    Args:
        episode: In which.
        words: Whether strangers' words may be in an action: it is data then, and so is the reason, which repeats it.
    """
    if not episode.refused:
        return ""
    lines = [f"{cut(written(r.action))}: {cut(' '.join(r.reason.split()))}" for r in episode.refused]
    lines = [marked(f"refused: {line}") for line in lines] if words else lines
    return "\n".join(["# Refused", "You decided on what can't be done. Decide on something else.", *lines])
