"""An agent's node in a run that may go on after its model failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..memory.trajectory import GAP, place_key
from ..models.failures import CallError
from ..models.protocol import Place
from .episode import Episode
from .failing import COVERED, SafeAction
from .node import Agent, EpisodeRuntime
from .state import EpisodeState, Update


@dataclass(frozen=True)
class Failsafe:
    """An agent's node, and what happens if its model fails."""

    agent: Agent

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """The agent's update; after a failure that the run's policy covers, the update that stands for it."""
        try:
            return await self.agent(state, runtime)
        except CallError as failure:
            episode = runtime.context
            kind = episode.on_failure.covers(self.agent.role, failure)
            if kind is None or failure.place is None:
                raise
            return self._go_on(episode, state, kind, failure, failure.place)

    def _go_on(
        self, episode: Episode, state: EpisodeState, kind: type[CallError], failure: CallError, place: Place
    ) -> Update:
        policy = episode.on_failure.manager
        safe = policy.action if self.agent.role == "manager" and isinstance(policy, SafeAction) else None
        gap = {
            "agent": self.agent.name,
            "role": self.agent.role,
            "failure": kind.__name__,
            "reason": COVERED[kind],
            "request": failure.request,
            "action": None if safe is None else episode.environment.spec.action.validate(safe),
        }
        _record(episode, place, gap, failure)
        if self.agent.role == "manager":
            return {"decision": safe_decision(gap, alerted=bool(state.get("alerts")))}
        return {"gaps": {self.agent.name: {"failure": gap["failure"], "reason": gap["reason"]}}}


def _record(episode: Episode, place: Place, gap: Mapping[str, Any], failure: CallError) -> None:
    """Record the gap; and, the first time, how the failure came about on this machine."""
    key = place_key(place.step, place.phase, place.agent)
    entries = [episode.entry(GAP, place.step, place.phase, place.agent, gap)]
    if episode.journal.find(episode.run, episode.number, GAP, key) is None:
        told = {**failure.facts(), "stopped": False}
        entries.append(episode.entry("failure", place.step, place.phase, place.agent, told))
    episode.record(entries)


def safe_decision(gap: Mapping[str, Any], *, alerted: bool) -> dict[str, Any]:
    """The safe action as a decision that nobody can take for the manager's."""
    nothing: dict[str, list[str]] = {"insights": [], "beliefs": []}
    return {
        "action": gap["action"],
        "confidence": 0.0,
        "reasons": f"safe action: {gap['reason']}",
        **nothing,
        "unknown": nothing,
        "reflection": None,
        "alerted": alerted,
        "safe": True,
        "failure": gap["failure"],
    }
