"""What a task's own rules have in common: answers in the form agents give them, and facts learned from an episode."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from .reading import BeliefLine, Prompt
from .rules import Answer

MOST_STEPS: Final = 40
"""Steps that a proposal may cite."""
MOST_PROPOSALS: Final = 20
"""Proposals that a critique may have."""
MOST_READINGS: Final = 12
"""Readings that an insight may have."""
_SOURCE = re.compile(r'^<data source="(\S+)">$')


@dataclass(frozen=True)
class Fact:
    """What an episode shows to hold, or not to.

    Attributes:
        aspect: The source it bears on, a dot, and a name of its own.
        holds: Whether it does.
        statement: In a sentence; the same whenever the same is found.
        shown: The steps that show it, one or more.
        against: How many steps speak against it.
    """

    aspect: str
    holds: bool
    statement: str
    shown: tuple[int, ...]
    against: int = 0


def source_read(prompt: Prompt) -> str:
    """The source that an analyst's prompt shows; empty if it shows none."""
    found = prompt.told(_SOURCE)
    return found[1] if found else ""


def believed(prompt: Prompt, source: str) -> dict[str, BeliefLine]:
    """What an agent was told about a source, by aspect; what is disputed counts for nothing."""
    return {line.aspect: line for line in prompt.beliefs if line.source == source and not line.disputed}


def insight(
    stance: Any,  # noqa: ANN401  any action
    readings: Mapping[str, float],
    rationale: str,
    relied: Iterable[BeliefLine] = (),
) -> Answer:
    """An analyst's answer, with its readings as evidence."""
    evidence = [{"aspect": aspect, "value": value, "supports": str(stance)} for aspect, value in readings.items()]
    return {
        "stance": stance,
        "confidence": 1.0,
        "rationale": rationale,
        "evidence": evidence[:MOST_READINGS],
        "beliefs": [line.id for line in relied],
    }


def readings(prompt: Prompt) -> dict[str, float]:
    """The numbers of all insights, by aspect."""
    return {aspect: value for each in prompt.insights for aspect, value in each.readings.items()}


def decision(prompt: Prompt, action: Any, reasons: str) -> Answer:  # noqa: ANN401  any action
    """A manager's answer that rests on every insight."""
    return {
        "action": action,
        "confidence": 1.0,
        "reasons": reasons,
        "insights": [each.agent for each in prompt.insights],
        "beliefs": [],
        "reflection": "an alert was raised: the rules are followed all the same" if prompt.alerted else None,
    }


def critique(prompt: Prompt, facts: Sequence[Fact]) -> Answer:
    """A critic's answer: what is new or has changed first, then what is confirmed."""
    held = {line.aspect: line for line in prompt.beliefs}
    changed = [fact for fact in facts if _polarity(fact) != getattr(held.get(fact.aspect), "polarity", None)]
    same = [fact for fact in facts if fact not in changed]
    proposals = [_proposal(fact, held, prompt) for fact in (*changed, *same)]
    return concluded(
        f"Of {len(facts)} facts that the episode shows, {len(changed)} are new or have changed.", proposals
    )


def concluded(direction: str, proposals: Sequence[Answer]) -> Answer:
    """A critique that compares nothing: a sentence, and as many proposals as may be."""
    return {
        "current": [],
        "previous": [],
        "better": "equal",
        "strengths": [],
        "weaknesses": [],
        "direction": direction,
        "proposals": list(proposals[:MOST_PROPOSALS]),
    }


def _polarity(fact: Fact) -> Literal["for", "against"]:
    return "for" if fact.holds else "against"


def _proposal(fact: Fact, held: Mapping[str, BeliefLine], prompt: Prompt) -> dict[str, Any]:
    """A fact that is believed is restated, one that turned is revised."""
    old = held.get(fact.aspect)
    revises = old is not None and old.polarity != _polarity(fact)
    lesson = {
        "concept": fact.aspect.replace(".", " ").replace("_", " "),
        "statement": fact.statement,
        "aspect": fact.aspect,
        "polarity": _polarity(fact),
        "support": len(fact.shown),
        "against": fact.against,
        "steps": [{"episode": prompt.current, "step": step} for step in fact.shown[:MOST_STEPS]],
        "reason": f"{len(fact.shown)} steps show it, {fact.against} speak against it",
    }
    if revises and old is not None:
        return {"kind": "revision", "belief": old.id, **lesson}
    return {"kind": "expansion", **lesson}
