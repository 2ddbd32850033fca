"""How well credit tells what helps from what doesn't, on planted effects: python benchmarks/credit.py.

Returns are 10 plus the season's luck (standard deviation 1) plus the effects of the beliefs that were handed out.
"""

from __future__ import annotations

import random

from doxa.memory.belief import Belief, Status
from doxa.memory.credit import Exposure, credit, lift
from doxa.memory.state import Beliefs

TRIALS, EPISODES, SHARE = 200, 40, 0.3
TEAM = frozenset({"manager"})


def trial(seed: int, effect: float) -> list[Exposure]:
    rng, seen = random.Random(seed), []  # noqa: S311  a simulation, not a secret
    for number in range(EPISODES):
        out = rng.random() < SHARE
        value = 10 + rng.gauss(0, 1) + (0 if out else effect)
        seen.append(Exposure(number, value, {} if out else {"b": TEAM}, {"b": TEAM} if out else {}))
    return seen


def retired_after(seen: list[Exposure], confidence: float) -> int | None:
    belief = Belief(
        id="b",
        concept="c",
        statement="s",
        aspect="a",
        polarity="for",
        evidence=(),
        author="critic",
        known_at=None,
        status=Status.ACTIVE,
    )
    beliefs = Beliefs({"b": belief})
    for number in range(len(seen)):
        beliefs = beliefs.after(credit(seen[: number + 1], beliefs, known_at=None, confidence=confidence))
        if beliefs["b"].status is Status.RETIRED:
            return number
    return None


def covered(effect: float) -> float:
    estimates = [lift(trial(seed, effect), "b").estimate for seed in range(TRIALS)]
    bounded = [e for e in estimates if e is not None and e.low is not None and e.high is not None]
    return sum(e.low <= effect <= e.high for e in bounded if e.low is not None and e.high is not None) / len(bounded)


if __name__ == "__main__":
    print(f"{TRIALS} trials of {EPISODES} episodes, share {SHARE}, looked at after every episode")
    for effect in (0.0, -1.0, -2.0):
        print(f"effect {effect:+.0f}: 95% intervals cover it in {covered(effect):.1%} of the trials")
        for confidence in (0.95, 0.99):
            ends = [retired_after(trial(seed, effect), confidence) for seed in range(TRIALS)]
            found = sorted(end for end in ends if end is not None)
            median = f", half of those by episode {found[len(found) // 2]}" if found else ""
            print(f"  confidence {confidence}: retired in {len(found) / TRIALS:.1%}{median}")
