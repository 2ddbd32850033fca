"""Asking a propagation policy, and checking its answer: a choice per candidate, none that mustn't be handed out.

What behaviours stand for is settled here, whatever the policy: an agent that is handed a behaviour isn't handed its
parents, and a behaviour with a parent that isn't active isn't handed to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ..errors import BeliefError
from .behaviours import standing_for, waiting
from .belief import Belief, Status
from .filling import rivals
from .holdout import HELD_OUT
from .propagation import AgentProfile, Choice, Propagation, PropagationContext, Vectorise, objection, tokens
from .provenance import TOP, crowded
from .state import HANDED, Beliefs


def chosen(
    policy: Propagation, agent: AgentProfile, candidates: Beliefs, context: PropagationContext, vectors: Vectorise
) -> tuple[Choice, ...]:
    """What a policy chooses for an agent.

    The policy is asked without the parents of all behaviours first. Those of behaviours that it doesn't take come back,
    and it is asked again.

    Raises:
        BeliefError: It left a candidate out, or hands out what status, time or scope forbid.
    """
    beliefs = [candidates[i] for i in sorted(candidates)]
    objects = partial(objection, context=context, agent=agent, audience=False)
    left = [_left(agent, b, why) for b in beliefs if b.status in HANDED and (why := waiting(b, candidates, objects))]
    idle = {c.belief for c in left}
    behaviours = [b for b in beliefs if b.kind == "behaviour" and b.status in HANDED and b.id not in idle]
    while True:
        replaced = standing_for(behaviours, candidates)
        shown = [b for b in beliefs if b.id not in idle and b.id not in replaced]
        choices = _asked(policy, agent, shown, context, vectors)
        taken = {c.belief for c in choices if c.taken}
        kept = [b for b in behaviours if b.id in taken]
        if kept == behaviours:
            break
        behaviours = kept
    doubled = standing_for([candidates[i] for i in taken if candidates[i].kind == "behaviour"], candidates)
    once = [
        replace(c, taken=False, reason=_told(doubled[c.belief])) if c.taken and c.belief in doubled else c
        for c in choices
    ]
    return (*once, *(_left(agent, candidates[i], _told(by)) for i, by in sorted(replaced.items())), *left)


def _asked(
    policy: Propagation,
    agent: AgentProfile,
    beliefs: Sequence[Belief],
    context: PropagationContext,
    vectors: Vectorise,
) -> tuple[Choice, ...]:
    """What the policy says of these, checked, and asked again without what mustn't be handed out beside the rest.

    That is what would crowd the top with one source, and what is disputed by others of which none is handed out.
    """
    left: dict[str, Choice] = {}
    while True:
        shown = [b for b in beliefs if b.id not in left]
        choices = _checked(policy, agent, shown, context, vectors)
        by_id = {b.id: b for b in shown}
        taken = [by_id[c.belief] for c in choices if c.taken]
        more = {b.id: _left(agent, b, _second(c.source)) for c in crowded(taken) for b in [taken[c.place]]}
        more = more or _alone(agent, choices, beliefs, context)
        if not more:
            return (*choices, *(left[i] for i in sorted(left)))
        left |= more


def _alone(
    agent: AgentProfile, choices: Sequence[Choice], beliefs: Sequence[Belief], context: PropagationContext
) -> dict[str, Choice]:
    """Disputed beliefs that the policy takes, although it leaves all those that contradict them and might be told.

    What a lot alone holds out counts as taken: leaving out one of a pair is how outcomes decide between the two.
    """
    open_to = [b for b in beliefs if b.status is Status.DISPUTED and objection(b, context, agent) is None]
    wanted = {c.belief for c in choices if c.taken or c.reason == HELD_OUT}
    left: dict[str, Choice] = {}
    for i, others in rivals(open_to).items():
        belief, against = open_to[i], {open_to[j].id for j in others}
        if belief.id in wanted and not wanted & against:
            left[belief.id] = _left(agent, belief, _unpaired(sorted(against)))
    return left


def _checked(
    policy: Propagation,
    agent: AgentProfile,
    beliefs: Sequence[Belief],
    context: PropagationContext,
    vectors: Vectorise,
) -> tuple[Choice, ...]:
    """What the policy says of these, checked."""
    candidates = {b.id: b for b in beliefs}
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


def _second(source: str) -> str:
    return f"source: words of {source} are among the first {TOP} already"


def _unpaired(against: Sequence[str]) -> str:
    return f"disputed: none of those that contradict it is handed out beside it: {', '.join(against)}"


def _told(behaviour: str) -> str:
    return f"replaced by behaviour {behaviour}"


def _left(agent: AgentProfile, belief: Belief, reason: str) -> Choice:
    return Choice(agent.name, belief.id, taken=False, reason=reason, tokens=tokens(belief))
