"""How what two legs found becomes one ranking. Pure: numbers in, an order out, whatever order they came in.

Each leg's scores are standardised over the pool (z-scores) and weighted; the legs' scales and spreads differ too much
to be added as they are, and ranks alone forget by how much one is better. Recency is added as it is, in [0, 1] (a
standardised age would make much of minutes where everything is of one day), and only as far as a passage has the
question's words: of two answers the newer one comes first, but being new doesn't make an answer. What is superseded
comes after what supersedes it, and the newer one takes the older one's place if that is the better one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import BeliefError

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """What counts how much.

    Attributes:
        dense: Of the standardised cosine.
        lexical: Of the standardised word score.
        recency: Of the recency in [0, 1]. The default puts the newer one of two statements of a fact first most of the
            time; take 0 where old passages are as good as new ones, as for what was said in a long conversation.
        half_life: Days after which recency has halved, on the environment's clock; ``None`` if age is no matter.
        cue: Of each cue of the question that a passage's facts meet.
        diversity: In [0, 1]: how much being unlike what is ranked before counts against being good (maximal marginal
            relevance).
    """

    dense: float = 0.5
    lexical: float = 0.5
    recency: float = 6.0
    half_life: float | None = 90.0
    cue: float = 2.0
    diversity: float = 0.0

    def __post_init__(self) -> None:
        for name in ("dense", "lexical", "recency", "cue"):
            if not 0 <= getattr(self, name) < np.inf:
                raise BeliefError(f"Weights: {name}={getattr(self, name)}; it is a weight, at least 0")
        if self.half_life is not None and not self.half_life > 0:
            raise BeliefError(f"Weights: half_life={self.half_life}; it is a number of days above 0, or None")
        if not 0 <= self.diversity <= 1:
            raise BeliefError(f"Weights: diversity={self.diversity}; it is a weight in [0, 1]")


@dataclass(frozen=True)
class Fused:
    """The pool's scores, by component; all in the pool's order."""

    dense_z: Numbers
    lexical_z: Numbers
    recency: Numbers
    cues: Numbers
    score: Numbers


def fuse(
    dense: Numbers, lexical: Numbers, coverage: Numbers, ages: Numbers, weights: Weights, cues: Numbers | None = None
) -> Fused:
    """Weighted z-scores of both legs, and the recency of what has the question's words.

    Args:
        dense: Cosines.
        lexical: Word scores; 0 where no word was found.
        coverage: Which share of the question's words each has; where nothing has any, age counts for all alike.
        ages: In days; NaN where it isn't known, which counts as old as can be.
        weights: What counts how much.
        cues: How many of the question's cues each meets; none if not given.
    """
    met = np.zeros(len(dense)) if cues is None else cues
    fresh = recency(ages, weights.half_life)
    dense_z, lexical_z = standardised(dense), standardised(lexical)
    concerned = coverage**2 if coverage.any() else np.ones(len(ages))
    total = weights.dense * dense_z + weights.lexical * lexical_z + weights.recency * concerned * fresh
    return Fused(dense_z, lexical_z, fresh, met, np.round(total + weights.cue * met, 6) + 0.0)


def standardised(scores: Numbers) -> Numbers:
    """Z-scores to six decimals; all 0 if nothing differs. The order of the scores changes nothing."""
    if not len(scores):
        return scores
    ordered = np.sort(scores)  # sums in one order
    mean, spread = float(ordered.mean()), float(ordered.std())
    return np.asarray(np.round((scores - mean) / spread, 6) + 0.0) if spread > 1e-9 else np.zeros(len(scores))


def recency(ages: Numbers, half_life: float | None) -> Numbers:
    """1 for what is new, halved with every half-life, 0 for what is of unknown age."""
    if half_life is None:
        return np.zeros(len(ages))
    known = ~np.isnan(ages)
    aged = 0.5 ** (np.maximum(np.where(known, ages, 0.0), 0.0) / half_life)
    return np.asarray(np.round(np.where(known, aged, 0.0), 6), np.float64)


def ranking(
    ids: Sequence[str],
    scores: Numbers,
    newer: Mapping[str, Sequence[str]],
    vectors: NDArray[np.float32],
    k: int,
    diversity: float = 0.0,
) -> tuple[int, ...]:
    """Positions of the ``k`` best of the pool, the best first; equal ones by id.

    Args:
        ids: The pool, ascending.
        scores: Of each.
        newer: What supersedes an id; ids outside the pool are no matter.
        vectors: Of each, of length 1.
        k: How many are wanted.
        diversity: See :class:`Weights`.
    """
    place = {name: i for i, name in enumerate(ids)}
    above = [[place[n] for n in newer.get(name, ()) if n in place and n != name] for name in ids]
    superseded = [(i, newest) for i, newest in enumerate(above) if newest]
    value = _inherited(scores, superseded)
    if diversity:
        value = (1 - diversity) * _unit(value)
    waiting, redundancy = np.ones(len(ids), bool), np.zeros(len(ids))
    order: list[int] = []
    while waiting.any() and len(order) < k:
        free = waiting.copy()
        free[[i for i, newest in superseded if waiting[newest].any()]] = False
        # a ring of supersessions has no first one: then all that waits may come
        key = np.where(free if free.any() else waiting, np.round(value - diversity * redundancy, 9), -np.inf)
        best = int(np.argmax(key))  # of equals the first: the lowest id
        order.append(best)
        waiting[best] = False
        if diversity:
            likeness = np.round(vectors.astype(np.float64) @ vectors[best].astype(np.float64), 6)
            redundancy = np.maximum(redundancy, likeness)
    return tuple(order)


def _inherited(scores: Numbers, superseded: Sequence[tuple[int, list[int]]]) -> Numbers:
    """Scores, where what supersedes something is at least as good as that, over any number of steps."""
    value = scores.copy()
    for _ in superseded:  # a chain is no longer than this
        for older, newest in superseded:
            value[newest] = np.maximum(value[newest], value[older])
    return value


def _unit(scores: Numbers) -> Numbers:
    low, high = float(scores.min(initial=np.inf)), float(scores.max(initial=-np.inf))
    return (scores - low) / (high - low) if high > low else np.ones(len(scores))
