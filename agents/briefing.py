"""What a manager is told about a step, whether a model or a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .episode import Episode
from .lawful import refusals_text
from .origins import worded
from .prompts import alerts_text, gap_text, heading, history_text, insight_text, task_text
from .recollection import episodes_text, reflections
from .refinement import sources_text
from .state import EpisodeState


@dataclass(frozen=True)
class Reading:
    """What a manager is told besides the step itself.

    Attributes:
        memory: How many of the last decisions.
        episodes: How many earlier episodes.
        reflections: Whether the last decisions come with what was reflected then.
        refines: Whether it sees how each source has done so far.
    """

    memory: int
    episodes: int
    reflections: bool = False
    refines: bool = False


def situation(state: EpisodeState, episode: Episode, agent: str, reading: Reading) -> list[str]:
    """Earlier episodes, the step, the insights or why there is none, alerts, last decisions, sources, refusals."""
    step = state["step"]
    words = worded(episode.environment.spec)
    insights = state.get("insights", {})
    told = {name: insight_text(name, insight, words=words and _tainted(insight)) for name, insight in insights.items()}
    told |= {name: gap_text(name, gap) for name, gap in state.get("gaps", {}).items()}
    last = episode.history(step, reading.memory)
    return [
        episodes_text(episode, agent, reading.episodes),
        heading(episode.observation, episode.environment.spec.action),
        "\n".join(["# Insights", *(told[name] for name in sorted(told))]),
        alerts_text(state.get("alerts", {})),
        history_text(last, reflections(episode, agent, last) if reading.reflections else {}, words=words),
        sources_text(episode, step) if reading.refines else "",
        refusals_text(episode, words=words),
    ]


def _tainted(insight: Mapping[str, Any]) -> bool:
    """Whether strangers' words may be in it; an agent of one's own needn't say."""
    return bool(insight.get("provenance", {"words": True})["words"])


def for_people(state: EpisodeState, episode: Episode, agent: str, reading: Reading) -> str:
    """The same for a person: the task and what earlier episodes taught first."""
    beliefs = episode.blocks.get(agent, "")
    parts = [
        task_text(episode.environment.spec),
        f"# Beliefs\n{beliefs}" if beliefs else "",
        *situation(state, episode, agent, reading),
    ]
    return "\n\n".join(part for part in parts if part)
