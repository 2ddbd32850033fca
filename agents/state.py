"""The state of an episode's graph: small, bounded, plain JSON.

Nothing in it grows with the episode, so any checkpointer can keep it and the cost of a step doesn't depend on how many
came before. Observations, beliefs in words and the past are fetched through :class:`~doxa.agents.Episode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

Json = dict[str, Any]


def gathered(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Json:
    """Merge what parallel nodes return; ``None`` starts anew."""
    return {} if new is None else {**(old or {}), **new}


class EpisodeState(TypedDict, total=False):
    """What the nodes of one episode hand to each other."""

    step: int
    """Index of the current step, from 0."""
    insights: Annotated[Json, gathered]
    """This step's insights, by agent."""
    gaps: Annotated[Json, gathered]
    """By agent: the failure for which it has no insight at this step."""
    alerts: Annotated[Json, gathered]
    """Alerts that the last step raised, by monitor."""
    decision: Json
    """This step's decision."""
    rulings: Annotated[Json, gathered]
    """What people ruled on it, by gate."""
    beliefs: dict[str, list[str]]
    """Ids of the beliefs that each agent was handed for this episode."""
    over: bool
    """Whether the episode has ended."""
    waiting: Annotated[Json, gathered]
    """By node: ids of the questions that people have to answer before the episode can go on."""


class Update(TypedDict, total=False):
    """What a node may return: a part of the state, or ``None`` for a channel to start anew."""

    step: int
    insights: Json | None
    gaps: Json | None
    alerts: Json | None
    decision: Json
    rulings: Json | None
    beliefs: dict[str, list[str]]
    over: bool
    waiting: Json | None
