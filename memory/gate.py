"""The gate between a candidate and an active belief. Exact rules, no model in the loop.

A proposal whose evidence resolves and whose examples pass comes in

* **quarantined** if it is *self-talk*: it speaks of the critic, its budget, proposals or prompt instead of the task; or
  an *echo*: every episode it cites had it, or a belief of the same aspect, polarity and scope in near words that is no
  longer in force, in a prompt, so that its evidence is what it brought about itself; or
  *suspicious* (:mod:`~doxa.memory.suspicion`): it addresses an agent, names another's duties, asks to ignore, hide or
  send something; or *tainted* by strangers' words and not supported widely enough (:mod:`~doxa.memory.vetting`);
* as a **candidate** if its own count of steps doesn't support it: none agrees, or more disagree;
* **active** otherwise.

To restate a belief in force is no echo if it brings outcomes: at least one cited step that the belief doesn't cite yet.
What only repeats steps that count already is rejected, and adds nothing to credence or evidence. What agents say they
relied on is never evidence, only a record of use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .belief import Belief, Credence, Examples, Scope, Status
from .lengths import oversized
from .past import Past
from .scope import instance, overlap, unmet
from .suspicion import suspicion
from .terms import Terms
from .vetting import TAINTED

_SELF_TALK = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bas an? (?:ai|a\.i\.|assistant|language model|llm|critic)\b",
        r"\b(?:i|we) (?:am|'m|are|'re) an? (?:ai|assistant|language model|llm|critic)\b",
        r"\b(?:the|this|that|my|your|our|a|an|each|every|next|last|previous|earlier|future) (?:\w+ )?critic(?:s|'s)?\b",
        r"\b(?:the|this|that|my|your|our|next|last|previous|earlier|future|current) critiques?\b",
        r"\b(?:the|these|those|my|your|our|all|more|fewer|any|previous|earlier) (?:belief )?proposals?\b",
        r"\bproposals? (?:are|is|was|were|will|may|should|can)\b",
        r"\b(?:edit|edits|proposal|critique)(?:'s)? budget\b",
        r"\b(?:my|your) (?:budget|answer|reply|response|instructions?|prompt|training|task|output)\b",
        r"\b(?:system prompt|belief operations?|json schema|knowledge cutoff)\b",
    )
)  # fmt: skip

UNSUPPORTED = "no support"
"""How the reason of a candidate begins that the support of later steps can put in force."""


@dataclass(frozen=True)
class Standing:
    """How a proposal comes in, and why if it is held back."""

    status: Status
    reason: str = ""


def self_talk(*texts: str) -> str | None:
    """The words in which a text speaks of the critic instead of the task; ``None`` if it doesn't."""
    found = (pattern.search(text) for text in texts for pattern in _SELF_TALK)
    return next((match[0] for match in found if match), None)


def lifted(held: Belief, credence: Credence) -> bool:
    """Whether a candidate has the support now that it lacked; one that waits for a person goes on waiting."""
    waits = held.status is Status.CANDIDATE and held.held_back.startswith(UNSUPPORTED)
    return waits and supported(credence)


def supported(credence: Credence) -> bool:
    """Whether outcomes speak for a belief: some do, and not more against it."""
    return credence.alpha > 1 and credence.alpha >= credence.beta


def standing(new: Belief, terms: Terms, twins: Iterable[str]) -> Standing:
    """How a critic's proposal comes in.

    Args:
        new: The belief that it would make.
        terms: Under which it is judged.
        twins: Ids of beliefs that say the same and aren't in force; its own belongs to them.
    """
    if words := self_talk(new.concept, new.statement, new.scope.sentence):
        return Standing(Status.QUARANTINED, f"self-talk: it speaks of the critic, not of the task ({words!r})")
    if found := suspicion(worded(new), terms.guard.agents):
        return Standing(Status.QUARANTINED, f"suspicious: {found}")
    if heard := echoes(new, terms.past, frozenset(twins)):
        named = ", ".join(map(str, heard))
        told = f"echo: it, or what says the same, stood in prompts of every episode it cites ({named})"
        return Standing(Status.QUARANTINED, told)
    if new.tainted and (lacks := terms.guard.vetting.against(new)):
        return Standing(Status.QUARANTINED, tainted_reason(new.words, lacks))
    if not supported(new.credence):
        return Standing(Status.CANDIDATE, f"{UNSUPPORTED}: {_lack(new)}")
    return Standing(Status.ACTIVE)


def tainted_reason(words: Iterable[str], lacks: str) -> str:
    """Why a tainted belief is held back."""
    return f"{TAINTED} by words of {', '.join(words) or 'strangers'}: {lacks}"


def worded(belief: Belief) -> tuple[str, ...]:
    """Everything in a belief that a model worded and a prompt may show."""
    conditions = (*belief.scope.when, *belief.scope.unless)
    return (
        belief.concept,
        belief.statement,
        belief.aspect,
        belief.scope.sentence,
        *(text for p in conditions for text in (p.fact, str(p.value))),
    )


def _lack(new: Belief) -> str:
    """What support a belief lacks, in words."""
    if new.imagined:
        return "it was imagined, and no real episode has shown it yet"
    good, bad = new.credence.alpha - 1, new.credence.beta - 1
    return f"{good:g} of the steps looked at agree, {bad:g} disagree"


def echoes(new: Belief, past: Past, twins: frozenset[str]) -> tuple[int, ...]:
    """The episodes that a belief cites, if each of them had one of these in a prompt; else none."""
    episodes = tuple(sorted({e.episode for e in new.evidence if e.steps}))
    return episodes if all(twins & past.handed(episode) for episode in episodes) else ()


def brings_outcomes(new: Belief, held: Belief) -> bool:
    """Whether a restatement cites a step that the belief doesn't cite yet; a person's word cites none, and counts."""
    counted = {(e.run, e.episode, step) for e in held.evidence for step in e.steps}
    return any(not e.steps or any((e.run, e.episode, s) not in counted for s in e.steps) for e in new.evidence)


def failing(scope: Scope, examples: Examples) -> str | None:
    """The first example that a scope gets wrong, in words; ``None`` if it gets all of them right."""
    for situation in examples.fire:
        if reason := unmet(scope, situation.facts):
            return f"it must apply where {situation}, and doesn't: {reason}"
    for situation in examples.quiet:
        if unmet(scope, situation.facts) is None:
            return f"it mustn't apply where {situation}, and does"
    return None


def unfit(belief: Belief) -> str | None:
    """What keeps a belief from being kept at all: a text too long, a scope nothing meets, an example."""
    if long := oversized(belief):
        return long
    if not overlap(belief.scope, belief.scope):
        return (
            f"it could never apply: nothing meets {' and '.join(belief.scope.conditions)}; a fact that may have one of "
            "several values takes the operator in and a list of them"
        )
    if belief.kind == "hint" and not instance(belief.scope):
        return "a hint is for one instance: give its scope a condition FACT == VALUE that names it"
    return failing(belief.scope, belief.examples)
