"""Asking a propagation policy, and checking its answer: a choice per candidate, none that mustn't be handed out."""

from __future__ import annotations

from ..errors import BeliefError
from .propagation import AgentProfile, Choice, Propagation, PropagationContext, Vectorise, objection
from .state import Beliefs


def chosen(
    policy: Propagation, agent: AgentProfile, candidates: Beliefs, context: PropagationContext, vectors: Vectorise
) -> tuple[Choice, ...]:
    """What a policy chooses for an agent.

    Raises:
        BeliefError: It left a candidate out, or hands out what status, time or scope forbid.
    """
    beliefs = [candidates[i] for i in sorted(candidates)]
    choices = policy.choose(agent, beliefs, context, vectors)
    if sorted((c.agent, c.belief) for c in choices) != [(agent.name, b.id) for b in beliefs]:
        raise BeliefError(
            f"the propagation policy {type(policy).__name__} returned {len(choices)} choices for the "
            f"{len(beliefs)} candidates of {agent.name}; it has to return exactly one for each"
        )
    for choice in (c for c in choices if c.taken):
        if against := objection(candidates[choice.belief], context, agent, audience=False):
            raise BeliefError(
                f"the propagation policy {type(policy).__name__} hands {choice.belief} to {agent.name}, but "
                f"{against}; ask memory.propagation.objection first"
            )
    return choices
