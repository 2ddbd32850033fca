"""Two episodes side by side: what was won and lost, and how far their actions overlap."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import Any

from ..agents.attribution import judged
from ..agents.prompts import said_action
from ..environments.parts import choices
from ..memory.trajectory import StepRecord


@dataclass(frozen=True)
class Tally:
    """How one aspect did over a whole episode.

    A step counts as right if the aspect spoke for the action taken and it won, or for the opposite one and it lost.

    Attributes:
        aspect: A source, or one of its signals.
        right: Steps at which it was right.
        wrong: Steps at which it was wrong.
        worth: Sum of the rewards it was right about, less those it was wrong about.
        t: ``worth`` in standard errors: its mean per step over that mean's standard error; 0 if that can't be told.
    """

    aspect: str
    right: int
    wrong: int
    worth: float
    t: float


@dataclass(frozen=True)
class Account:
    """One episode as a critic sees it: numbers and choices only.

    Attributes:
        episode: Its index within the run.
        value: Its return, the sum of rewards.
        steps: How many it had.
        winning: The steps that gained most, in the order in which they happened.
        losing: The steps that lost most, likewise.
        tallies: How each aspect did over all steps, by name.
    """

    episode: int
    value: float
    steps: int
    winning: tuple[StepRecord, ...]
    losing: tuple[StepRecord, ...]
    tallies: tuple[Tally, ...]


def account(episode: int, steps: Sequence[StepRecord], keep: int, opposites: Mapping[str, str]) -> Account:
    """Sum an episode up.

    Args:
        episode: Its index.
        steps: Its steps.
        keep: How many winning and how many losing steps to keep, at most.
        opposites: For an action, the one that is its opposite.
    """
    gains = sorted((s for s in steps if s.reward > 0), key=lambda s: (-s.reward, s.step))[:keep]
    losses = sorted((s for s in steps if s.reward < 0), key=lambda s: (s.reward, s.step))[:keep]
    return Account(
        episode,
        math.fsum(s.reward for s in steps),
        len(steps),
        tuple(sorted(gains, key=lambda s: s.step)),
        tuple(sorted(losses, key=lambda s: s.step)),
        tallies(steps, opposites),
    )


def tallies(steps: Iterable[StepRecord], opposites: Mapping[str, str]) -> tuple[Tally, ...]:
    """How each aspect did; an aspect that spoke for an unrelated action is left out of account at that step.

    What spoke about one part of an action is judged by what that part brought.
    """
    outcomes: dict[str, list[float]] = {}
    for step in steps:
        taken = choices(step.action)
        for aspect, action in spoken(step.insights).items():
            outcome = judged(step, action, taken, opposites)
            if outcome:
                outcomes.setdefault(aspect, []).append(outcome)
    return tuple(_tally(aspect, outcomes[aspect]) for aspect in sorted(outcomes))


def _tally(aspect: str, outcomes: Sequence[float]) -> Tally:
    right = sum(outcome > 0 for outcome in outcomes)
    error = stdev(outcomes) / math.sqrt(len(outcomes)) if len(outcomes) > 1 else 0.0
    worth = math.fsum(outcomes)
    t = worth / len(outcomes) / error if error else 0.0
    return Tally(aspect, right, len(outcomes) - right, worth, t)


def overlap(current: Sequence[StepRecord], previous: Sequence[StepRecord]) -> float:
    """tau: the share of aligned steps at which both episodes took the same action, in [0, 1].

    Actions that have parts agree in so far as their parts do.
    """
    pairs = [(choices(a.action), choices(b.action)) for a, b in zip(current, previous, strict=False)]
    return math.fsum(len(a & b) / len(a) for a, b in pairs) / len(pairs) if pairs else 0.0


def edit_budget(tau: float, edits: int) -> int:
    """How many proposals are admitted: a share 1 - tau of ``edits``, rounded up; none when the actions are the same.

    >>> edit_budget(0.469, 8), edit_budget(0.816, 8), edit_budget(1.0, 8)
    (5, 2, 0)
    """
    return math.ceil(round((1 - tau) * edits, 9))


def account_text(account: Account, label: str, *, words: bool = False) -> str:
    """``# Episode 2 (current): return +0.1034 over 120 steps``, then tallies and steps, a line each.

    Args:
        account: Of an episode.
        label: ``current`` or ``previous``.
        words: Whether strangers' words may be in actions: these are data then, and a stance in words isn't shown.
    """
    lines = [f"# Episode {account.episode} ({label}): return {account.value:+.6f} over {account.steps} steps"]
    lines += [tally_text(account.episode, tally) for tally in account.tallies]
    lines += [step_text(account.episode, step, words=words) for step in (*account.winning, *account.losing)]
    return "\n".join(lines)


def tally_text(episode: int, tally: Tally) -> str:
    """``episode 2 tally news: right 61, wrong 48, worth +0.1200, t +1.31``."""
    return (
        f"episode {episode} tally {tally.aspect}: right {tally.right}, wrong {tally.wrong}, "
        f"worth {tally.worth:+.6f}, t {tally.t:+.3f}"
    )


def step_text(episode: int, step: StepRecord, *, words: bool = False) -> str:
    """``episode 2 step 17 won +0.0123 with buy: prices=buy prices.momentum_5=buy news=sell``.

    A stance stands under its agent's source, or under ``source.PART`` part by part, and under the agent's name if it
    reads none; a reading's under its aspect.
    """
    result = "won" if step.reward > 0 else "lost"
    spoke = sorted(spoken(step.insights).items())
    said = " ".join(f"{aspect}={action}" for aspect, action in spoke if not words or _is_name(action))
    done = said_action(step.action, words=words)
    return f"episode {episode} step {step.step} {result} {step.reward:+.6f} with {done}: {said}"


def spoken(insights: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Which action every aspect spoke for. Aspects are restricted to names, so that no sentence can hide in one."""
    said: dict[str, str] = {}
    for agent, insight in insights.items():
        stance, source = insight["stance"], str(insight["source"] or agent)
        if isinstance(stance, Mapping):
            said |= {f"{source}.{part}": f"{part}={option}" for part, option in stance.items()}
        else:
            said[source] = str(stance)
        said |= {r["aspect"]: r["supports"] for r in insight["evidence"] if _is_name(r["aspect"], r["supports"])}
    return said


def _is_name(*words: str) -> bool:
    return all(re.fullmatch(r"[\w.-]+(?:=[\w.-]+)?", word) for word in words)
