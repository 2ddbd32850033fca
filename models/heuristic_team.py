"""The offline model's rules for analysts and managers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from .reading import BeliefLine, Prompt, SignalRule

Tone: TypeAlias = Callable[[str], float]

UNDECIDED = 0.05
"""A lead below this share of the votes decides nothing."""
UNDER_ALERT = 0.35
"""The lead that a decision under an alert needs."""


class Measured(NamedTuple):
    """A signal and what it reads at this step."""

    rule: SignalRule
    value: float


class Vote(NamedTuple):
    """An action and its lead over the next, as a share of all votes."""

    action: str
    lead: float


def weight(aspect: str, beliefs: Iterable[BeliefLine]) -> float:
    """How much an aspect counts: 1 without a belief, else twice the credence, negative where it says "against".

    Disputed beliefs cancel each other and count for nothing.
    """
    about = [b for b in beliefs if b.aspect == aspect and not b.disputed]
    if not about:
        return 1.0
    return sum((2 if b.polarity == "for" else -2) * b.strength for b in about)


def distil(prompt: Prompt, tone: Tone) -> dict[str, Any]:
    """An analyst's insight: each signal's reading, scaled to (-1, 1), times its weight, votes for an action."""
    beliefs, readings = prompt.beliefs, _readings(prompt, tone)
    votes: dict[str, float] = defaultdict(float)
    for rule, value in readings:
        pull = math.tanh(value / rule.scale) * weight(rule.aspect, beliefs)
        votes[rule.above if pull > 0 else rule.below] += abs(pull)
    bound = sum(abs(weight(rule.aspect, beliefs)) for rule, _ in readings)
    stance, lead = _winner(votes, bound, prompt, UNDECIDED)
    aspects = {rule.aspect for rule, _ in readings}
    return {
        "stance": stance,
        "confidence": round(lead, 4),
        "rationale": _rationale(readings),
        "evidence": [
            {"aspect": rule.aspect, "value": value, "supports": rule.above if value > 0 else rule.below}
            for rule, value in readings[:12]
        ],
        "beliefs": [b.id for b in beliefs if b.aspect in aspects and not b.disputed],
    }


def decide(prompt: Prompt) -> dict[str, Any]:
    """A manager's decision: insights vote with their confidence times the weight of their source."""
    beliefs, insights = prompt.beliefs, prompt.insights
    opposite = _opposites(prompt.signals)
    votes: dict[str, float] = defaultdict(float)
    for insight in insights:
        pull = insight.confidence * weight(insight.source, beliefs)
        stance = insight.stance if pull >= 0 else opposite.get(insight.stance, insight.stance)
        votes[stance] += abs(pull)
    bound = sum(abs(weight(i.source, beliefs)) for i in insights)
    action, lead = _winner(votes, bound, prompt, UNDER_ALERT if prompt.alerted else UNDECIDED)
    sources = {insight.source for insight in insights}
    return {
        "action": action,
        "confidence": round(lead, 4),
        "reasons": "votes: " + (", ".join(f"{a} {v:.2f}" for a, v in sorted(votes.items())) or "none"),
        "insights": [i.agent for i in insights if i.stance == action],
        "beliefs": [b.id for b in beliefs if b.aspect in sources and not b.disputed],
        "reflection": "an alert was raised: only a clear lead is followed" if prompt.alerted else None,
    }


def _readings(prompt: Prompt, tone: Tone) -> list[Measured]:
    """The signals that can be read at this step; a reading of exactly 0 speaks for nothing."""
    numbers, items = prompt.numbers, prompt.items
    found: list[Measured] = []
    for rule in prompt.signals:
        value = _mean(map(tone, items)) if rule.tone else numbers.get(rule.name, 0.0)
        if value:
            found.append(Measured(rule, value))
    return found


def _winner(votes: Mapping[str, float], bound: float, prompt: Prompt, needed: float) -> Vote:
    """The action with the most votes and its lead as a share of ``bound``; the cautious one if that's too little."""
    ranked = sorted(prompt.actions, key=lambda action: (-votes.get(action, 0.0), action != prompt.cautious))
    first, second = (votes.get(action, 0.0) for action in (*ranked, *ranked)[:2])
    lead = min(1.0, (first - second) / bound) if bound else 0.0
    if lead < needed and prompt.cautious is not None:
        return Vote(prompt.cautious, lead)
    return Vote(ranked[0], lead)


def _opposites(signals: Iterable[SignalRule]) -> dict[str, str]:
    return {a: b for rule in signals for a, b in ((rule.above, rule.below), (rule.below, rule.above))}


def _rationale(readings: Iterable[Measured]) -> str:
    strongest = sorted(readings, key=lambda r: -abs(r.value / r.rule.scale))[:3]
    return ", ".join(f"{rule.name} {value:+.4f}" for rule, value in strongest) or "nothing to read"


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found) if found else 0.0
