"""What a manager is told about a step, whether a model or a person decides."""

from __future__ import annotations

from .episode import Episode
from .prompts import alerts_text, gap_text, heading, history_text, insight_text, task_text
from .recollection import episodes_text
from .state import EpisodeState


def situation(state: EpisodeState, episode: Episode, agent: str, *, memory: int, episodes: int) -> list[str]:
    """Earlier episodes, the step, the insights or why there is none, the alerts, the last decisions."""
    told = {name: insight_text(name, insight) for name, insight in state.get("insights", {}).items()}
    told |= {name: gap_text(name, gap) for name, gap in state.get("gaps", {}).items()}
    return [
        episodes_text(episode, agent, episodes),
        heading(episode.observation),
        "\n".join(["# Insights", *(told[name] for name in sorted(told))]),
        alerts_text(state.get("alerts", {})),
        history_text(episode.history(state["step"], memory)),
    ]


def for_people(state: EpisodeState, episode: Episode, agent: str, *, memory: int, episodes: int) -> str:
    """The same for a person: the task and what earlier episodes taught first."""
    beliefs = episode.blocks.get(agent, "")
    parts = [
        task_text(episode.environment.spec),
        f"# Beliefs\n{beliefs}" if beliefs else "",
        *situation(state, episode, agent, memory=memory, episodes=episodes),
    ]
    return "\n\n".join(part for part in parts if part)
