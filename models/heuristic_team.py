"""The offline model's rules for analysts and managers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from .reading import Ballot, BeliefLine, Prompt, SignalRule

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
    """A choice and its lead over the next, as a share of all votes."""

    choice: str
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

    def bound(ballot: Ballot) -> float:
        return sum(abs(weight(rule.aspect, beliefs)) for rule, _ in readings if rule.above in ballot.choices)

    elected = [_winner(votes, bound(ballot), ballot, UNDECIDED) for ballot in prompt.ballots]
    aspects = {rule.aspect for rule, _ in readings}
    return {
        "stance": _action(prompt.ballots, elected),
        "confidence": _confidence(elected),
        "rationale": _rationale(readings),
        "evidence": [
            {"aspect": rule.aspect, "value": value, "supports": rule.above if value > 0 else rule.below}
            for rule, value in readings[:12]
        ],
        "beliefs": list(dict.fromkeys(b.id for b in beliefs if b.aspect in aspects and not b.disputed)),
    }


def decide(prompt: Prompt) -> dict[str, Any]:
    """A manager's decision: insights vote with their confidence times the weight of their source."""
    beliefs, insights, ballots = prompt.beliefs, prompt.insights, prompt.ballots
    needed = UNDER_ALERT if prompt.alerted else UNDECIDED
    votes, bounds = _cast(prompt)
    elected = [_winner(votes, bounds[ballot.part], ballot, needed) for ballot in ballots]
    sources = {_about(insight.source, ballot) for insight in insights for ballot in ballots}
    sources |= {insight.source for insight in insights}
    return {
        "action": _action(ballots, elected),
        "confidence": _confidence(elected),
        "reasons": "votes: " + (", ".join(f"{a} {v:.2f}" for a, v in sorted(votes.items())) or "none"),
        "insights": [i.agent for i in insights if any(i.took(vote.choice) for vote in elected)],
        "beliefs": list(dict.fromkeys(b.id for b in beliefs if b.aspect in sources and not b.disputed)),
        "reflection": "an alert was raised: only a clear lead is followed" if prompt.alerted else None,
    }


class _Cast(NamedTuple):
    """The votes by choice, and by part what all of them could come to."""

    votes: Mapping[str, float]
    bounds: Mapping[str, float]


def _cast(prompt: Prompt) -> _Cast:
    """Every insight's vote on every ballot."""
    opposite = _opposites(prompt.signals)
    votes: dict[str, float] = defaultdict(float)
    bounds: dict[str, float] = defaultdict(float)
    for ballot in prompt.ballots:
        for insight in prompt.insights:
            stance = insight.on(ballot)
            trust = _trust(insight.source, ballot, prompt.beliefs)
            pull = insight.confidence * trust
            if stance is not None:
                votes[stance if pull >= 0 else opposite.get(stance, stance)] += abs(pull)
                bounds[ballot.part] += abs(trust)
    return _Cast(votes, bounds)


def _trust(source: str, ballot: Ballot, beliefs: Sequence[BeliefLine]) -> float:
    """How much a source counts on a part: what is believed of it there, or else of it as a whole."""
    about = _about(source, ballot)
    return weight(about if any(b.aspect == about for b in beliefs) else source, beliefs)


def _about(source: str, ballot: Ballot) -> str:
    return f"{source}.{ballot.part}" if ballot.part else source


def _readings(prompt: Prompt, tone: Tone) -> list[Measured]:
    """The signals that can be read at this step; a reading of exactly 0 speaks for nothing."""
    numbers, items = prompt.numbers, prompt.items
    found: list[Measured] = []
    for rule in prompt.signals:
        if rule.tone:
            value = _mean(map(tone, prompt.items_about(rule.about) if rule.about else items))
        else:
            value = numbers.get(rule.name, 0.0)
        if value:
            found.append(Measured(rule, value))
    return found


def _winner(votes: Mapping[str, float], bound: float, ballot: Ballot, needed: float) -> Vote:
    """The choice with the most votes and its lead as a share of ``bound``; the cautious one if that's too little."""
    ranked = sorted(ballot.choices, key=lambda choice: (-votes.get(choice, 0.0), choice != ballot.cautious))
    first, second = (votes.get(choice, 0.0) for choice in (*ranked, *ranked)[:2])
    lead = min(1.0, (first - second) / bound) if bound else 0.0
    if lead < needed and ballot.cautious is not None:
        return Vote(ballot.cautious, lead)
    return Vote(ranked[0], lead)


def _action(ballots: Sequence[Ballot], elected: Sequence[Vote]) -> Any:  # noqa: ANN401  a text, or an object of parts
    if not ballots[0].part:
        return elected[0].choice
    return {b.part: vote.choice.partition("=")[2] for b, vote in zip(ballots, elected, strict=True)}


def _confidence(elected: Sequence[Vote]) -> float:
    """The lead, on average over the parts."""
    return round(_mean(vote.lead for vote in elected), 4)


def _opposites(signals: Iterable[SignalRule]) -> dict[str, str]:
    return {a: b for rule in signals for a, b in ((rule.above, rule.below), (rule.below, rule.above))}


def _rationale(readings: Iterable[Measured]) -> str:
    strongest = sorted(readings, key=lambda r: -abs(r.value / r.rule.scale))[:3]
    return ", ".join(f"{rule.name} {value:+.4f}" for rule, value in strongest) or "nothing to read"


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found) if found else 0.0
