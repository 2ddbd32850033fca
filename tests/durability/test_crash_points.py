"""A real process is killed at instants of every kind, and the run ends as if nothing had happened.

Every instant: ``python benchmarks/crashes.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from crashing import Range, Undisturbed, ranges, sample

TRIALS = 60


@dataclass(frozen=True)
class Field:
    """Where trials are made, and what their outcome is compared with."""

    range: Range
    whole: Undisturbed


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with ranges(tmp_path_factory.mktemp("crashes"), days=1) as found:
        yield Field(found, found.undisturbed())


def test_the_run_does_all_that_can_be_interrupted(field: Field) -> None:
    kinds = set(field.whole.instants)
    assert {"journal before commit", "journal after commit", "after http send", "before http reply"} <= kinds
    assert {"after chroma upsert", "before index mark", "export line", "before file replace"} <= kinds
    assert len(sample(field.whole.instants, TRIALS)) == TRIALS
    assert all(kind in {field.whole.instants[n - 1] for n in sample(field.whole.instants, TRIALS)} for kind in kinds)
    assert b'"kind":"belief"' in field.whole.log
    assert all(b'"op":"%s"' % operation in field.whole.log for operation in (b"expansion", b"reinforcement", b"credit"))


@pytest.mark.parametrize("number", range(TRIALS))
def test_a_run_killed_anywhere_ends_as_if_nothing_had_happened(field: Field, number: int) -> None:
    stop = sample(field.whole.instants, TRIALS)[number]
    outcome = field.range.trial(field.whole, [stop])
    assert outcome.killed_at
    assert outcome.violations == ()


@pytest.mark.parametrize("stops", [(60, 2), (150, 9), (222, 14)])
def test_a_run_may_be_killed_while_it_recovers(field: Field, stops: tuple[int, int]) -> None:
    outcome = field.range.trial(field.whole, stops)
    assert len(outcome.killed_at) == 2
    assert outcome.violations == ()
