"""What kill -9 does to a run: every instant, two crashes in a row, and crashes at random times.

``python benchmarks/crashes.py`` does all of it (hours of CPU); ``--every 5`` takes each fifth instant, ``--double N``
and ``--random N`` take so many trials; 0 leaves a part out. A trial trains a small team against a loopback server in a
process of its own, kills it, lets ``doxa resume`` go on, and compares the exported log, what came in at the server, the
beliefs and the index with a run that nothing disturbed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "durability"))

import numpy as np
from crashing import Outcome, Range, Undisturbed, ranges

SEED = 7


def every(field: Range, whole: Undisturbed, step: int) -> Iterator[Outcome]:
    """Each instant of the training in turn, or each ``step``-th."""
    for stop in range(1, len(whole.instants) + 1, step):
        yield field.trial(whole, [stop])


def double(field: Range, whole: Undisturbed, count: int) -> Iterator[Outcome]:
    """A crash, and another one while it recovers."""
    rng = np.random.default_rng(SEED)
    for _ in range(count):
        first = int(rng.integers(1, len(whole.instants)))
        yield field.trial(whole, [first, int(rng.integers(1, len(whole.instants) - first // 2 + 2))])


def at_random(field: Range, whole: Undisturbed, count: int, seconds: float) -> Iterator[Outcome]:
    """SIGKILL from outside, some time between the start and the usual end."""
    rng = np.random.default_rng(SEED)
    for _ in range(count):
        yield field.struck(whole, float(rng.uniform(0.0, seconds)), time.sleep)


def told(name: str, outcomes: Iterable[Outcome]) -> int:
    """Print a part's line, and return its violations."""
    kinds: Counter[str] = Counter()
    trials = crashes = ambiguous = resent = violations = 0
    for outcome in outcomes:
        trials += 1
        crashes += len(outcome.killed_at)
        kinds.update(place.split(" ")[0] for place in outcome.killed_at)
        ambiguous += outcome.ambiguous
        resent += outcome.resent
        violations += bool(outcome.violations)
        for violation in outcome.violations:
            print(f"  {name} {outcome.killed_at}: {violation}", flush=True)
    print(
        f"{name:<8}{trials:>7}{crashes:>9}{ambiguous:>11}{resent:>8}{violations:>12}   "
        + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(6)),
        flush=True,
    )
    return violations


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--every", type=int, default=1, help="each so manieth instant; 0 for none")
    arguments.add_argument("--double", type=int, default=200, help="double crashes")
    arguments.add_argument("--random", type=int, default=500, help="crashes at random times")
    arguments.add_argument("--days", type=int, default=2, help="steps of an episode")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, ranges(Path(folder), given.days) as field:
        field.undisturbed()  # warms up
        started = time.perf_counter()
        whole = field.undisturbed()
        seconds = time.perf_counter() - started
        print(f"{len(whole.instants)} instants, {sum(whole.prompts.values())} calls, {seconds:.1f} s undisturbed")
        print("part     trials  crashes  ambiguous  resent  violations   instants", flush=True)
        violations = 0
        if given.every:
            violations += told("every", every(field, whole, given.every))
        violations += told("double", double(field, whole, given.double))
        violations += told("random", at_random(field, whole, given.random, seconds))
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
