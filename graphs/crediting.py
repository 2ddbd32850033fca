"""Crediting beliefs with what an episode returned, if beliefs are held out at all."""

from __future__ import annotations

from collections.abc import Iterator

from ..agents.episode import Episode
from ..memory.credit import credit, exposures
from ..memory.holdout import HoldOut
from ..memory.journal import Event
from ..memory.state import Beliefs
from ..memory.trajectory import Phase, place_key

CREDIT = (Phase.REFLECT + Phase.END) // 2
"""Rank within a step: after the critics, before the end."""


def settle(episode: Episode, beliefs: Beliefs, value: float, step: int) -> None:
    """Record what a training episode says of the beliefs that were handed out or held out in it.

    Args:
        episode: Which has just come to its end.
        beliefs: As they stand after its critique.
        value: Its return.
        step: How many steps it had.
    """
    policy = episode.policy
    if episode.mode != "train" or not isinstance(policy, HoldOut):
        return
    seen = exposures(_looked_back_on(episode, policy.window), {episode.number: value})
    results = credit(seen, beliefs, known_at=episode.observation.as_of, confidence=policy.confidence)
    episode.memory.record(episode.number, place_key(step, CREDIT, "credit"), results)


def _looked_back_on(episode: Episode, window: int) -> Iterator[Event]:
    """Propagations of the last episodes and the ends of those before this one, whatever else is recorded already."""
    for number in range(max(0, episode.number - window + 1), episode.number + 1):
        yield from episode.journal.events(episode.run, kind="propagation", episode=number)
        if number < episode.number:
            yield from episode.journal.events(episode.run, kind="episode.ended", episode=number)
