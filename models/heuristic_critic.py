"""The offline model's rules for the critic: which aspects were right, in both episodes?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .reading import BeliefLine, Prompt, StepLine, TallyLine

ENOUGH = 10
"""Steps below which nothing is concluded about an aspect."""
CLEAR = 1.0
"""Standard errors from which what an aspect was worth counts as more than chance."""

Polarity = Literal["for", "against"]


@dataclass(frozen=True)
class Finding:
    """What the tallies of both episodes say of an aspect."""

    now: TallyLine
    before: TallyLine | None

    @property
    def polarity(self) -> Polarity | None:
        """Whether to trust the aspect; ``None`` if the tallies don't tell or the two episodes disagree."""
        now = leaning(self.now)
        if now is None or (self.before and leaning(self.before) not in (now, None)):
            return None
        return now

    @property
    def words(self) -> str:
        """The numbers behind it."""
        return f"{self.now.aspect} was right on {self.now.right} of {self.now.right + self.now.wrong} steps"


def leaning(tally: TallyLine) -> Polarity | None:
    """What one episode says: an aspect has to be right more often than not, and worth more than chance; or neither."""
    if tally.right + tally.wrong < ENOUGH:
        return None
    if tally.right > tally.wrong and tally.t >= CLEAR:
        return "for"
    return "against" if tally.wrong > tally.right and tally.t <= -CLEAR else None


def criticise(prompt: Prompt) -> dict[str, Any]:
    """Contrast the two episodes by aspect; propose to trust what was right and to act against what was wrong."""
    returns, tallies = prompt.returns, prompt.tallies
    now = [t for t in tallies if t.episode == prompt.current]
    before = {t.aspect: t for t in tallies if t.episode != prompt.current}
    findings = sorted((Finding(t, before.get(t.aspect)) for t in now), key=lambda f: (-abs(f.now.t), f.now.aspect))
    gain = returns.get("current", 0.0) - returns.get("previous", 0.0)
    return {
        "current": _concepts(now),
        "previous": _concepts(before.values()),
        "better": "current" if gain > 0 else "previous" if gain < 0 else "equal",
        "strengths": [f.words for f in findings if f.polarity == "for"][:6],
        "weaknesses": [f.words for f in findings if f.polarity == "against"][:6],
        "direction": _direction(findings, gain),
        "proposals": _proposals(findings, prompt)[:20],
    }


def _concepts(tallies: Iterable[TallyLine]) -> list[dict[str, str]]:
    clear = sorted((t for t in tallies if leaning(t)), key=lambda t: (-abs(t.t), t.aspect))[:12]
    return [{"aspect": t.aspect, "advice": statement(t.aspect, leaning(t))} for t in clear]


def _proposals(findings: Iterable[Finding], prompt: Prompt) -> list[dict[str, Any]]:
    """Changes first, then what held. A source as a whole is judged only where none of its signals is."""
    held = {belief.aspect: belief for belief in prompt.beliefs if belief.kind != "behaviour"}  # beside its parents
    told = {f.now.aspect for f in findings if f.polarity} | set(held)
    judged = {aspect.partition(".")[0] for aspect in told if "." in aspect}
    changes: list[dict[str, Any]] = []
    restated: list[dict[str, Any]] = []
    for finding in (f for f in findings if f.now.aspect not in judged):
        belief = held.get(finding.now.aspect)
        proposal = _proposal(finding, belief, prompt.steps)
        if proposal:
            kept = belief is not None and proposal["kind"] == "expansion"
            (restated if kept else changes).append(proposal)
    return changes + restated


def _proposal(finding: Finding, belief: BeliefLine | None, steps: Iterable[StepLine]) -> dict[str, Any] | None:
    """A belief that held is restated, one that turned is revised, one that no longer tells is given up."""
    shown = _shown(finding, steps)
    if finding.polarity is None or not shown:
        turned = belief is not None and leaning(finding.now) not in (belief.polarity, None)
        if belief is None or not turned:
            return None
        return {"kind": "contraction", "belief": belief.id, "reason": f"{finding.words}: it no longer holds"}
    if belief is None or belief.polarity == finding.polarity:
        return {"kind": "expansion", **_lesson(finding, shown)}
    return {"kind": "revision", "belief": belief.id, **_lesson(finding, shown)}


def _lesson(finding: Finding, shown: list[dict[str, int]]) -> dict[str, Any]:
    tally, polarity = finding.now, finding.polarity
    support, against = (tally.right, tally.wrong) if polarity == "for" else (tally.wrong, tally.right)
    return {
        "concept": tally.aspect.replace(".", " ").replace("_", " "),
        "statement": statement(tally.aspect, polarity),
        "aspect": tally.aspect,
        "polarity": polarity,
        "support": support,
        "against": against,
        "steps": shown,
        "reason": f"{finding.words}, worth {tally.t:+.1f} standard errors",
    }


def _shown(finding: Finding, steps: Iterable[StepLine]) -> list[dict[str, int]]:
    """Up to eight of the steps in the prompt that show it, those of the current episode."""
    aspect, trusted = finding.now.aspect, finding.polarity == "for"
    telling = (s for s in steps if s.episode == finding.now.episode and aspect in s.said)
    shown = [s for s in telling if (s.took(s.said[aspect]) is s.won) is trusted]
    return [{"episode": s.episode, "step": s.step} for s in shown[:8]]


def statement(aspect: str, polarity: Polarity | None) -> str:
    """The lesson in words; without numbers, so that the same lesson is the same belief in every episode."""
    if polarity == "for":
        return f"Trust {aspect}: what it spoke for won more often than it lost."
    return f"Act against {aspect}: what it spoke for lost more often than it won."


def _direction(findings: Iterable[Finding], gain: float) -> str:
    trend = f"The return changed by {gain:+.4f}."
    first = next((f for f in findings if f.polarity), None)
    if first is None:
        return f"{trend} No aspect tells winning from losing steps; keep to the beliefs held."
    return f"{trend} {statement(first.now.aspect, first.polarity)}"
