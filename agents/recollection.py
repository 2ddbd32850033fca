"""What the manager remembers of earlier episodes, as it reads it."""

from __future__ import annotations

from ..memory.episodic import episodes, render
from .episode import Episode


def episodes_text(episode: Episode, agent: str, last: int) -> str:
    """``# Earlier episodes`` and the last few of them in numbers; the same in every step, and read once per episode.

    In evaluation only episodes that were over before this one began. Training that passes over one window several times
    remembers the earlier passes, as FinCon's does.
    """
    if not last:
        return ""
    place = f"episodes of {agent}"
    if place not in episode.watches:
        now = episode.observation.as_of if episode.mode == "evaluate" else None
        found = episodes(episode.journal, episode.run, agent=agent, before=episode.number, last=last, as_of=now)
        episode.watches[place] = f"# Earlier episodes\n{render(found)}" if found else ""
    return str(episode.watches[place])
