"""From when texts count as near: how the limits of ``memory/nearness.py`` were chosen.

``python benchmarks/nearness.py [--onnx FOLDER]`` takes every paraphrase (the same lesson in two wordings) and every
pair of different lessons on one aspect from the lessons that were looked at; the blind ones aren't read. For each
weight of the cosine it leaves out one family after another, sets the limit so that the wanted share of the other
families' paraphrases are near, and counts what is near in the family left out. Last comes the limit set on all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pairs import FRESH, embeddings, lessons  # type: ignore[import-not-found]  # a script beside this one

from doxa.memory.embeddings import Embedder
from doxa.memory.likeness import share

WEIGHTS = (0.0, 0.2, 1 / 3, 0.5, 2 / 3, 0.8, 1.0)
WANTED = (0.9, 0.95)
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Texts:
    """Two lessons on one aspect, and whether they are one."""

    family: str
    one: str
    other: str
    same: bool


@dataclass(frozen=True)
class Chosen:
    """What a limit does to families it wasn't set on; shares in [0, 1]."""

    paraphrases: float
    different: float
    limit: float


def texts() -> list[Texts]:
    """Six paraphrases and twelve pairs of different lessons of every family."""
    return [pair for family in [*lessons(), *lessons(FRESH)] for pair in _of(family)]


def _of(family: dict[str, Any]) -> Iterator[Texts]:
    said = [f"{concept}: {statement}" for concept, statement in family["same"]]
    others = [f"{concept}: {statement}" for concept, statement in family["different"]]
    yield from (Texts(family["name"], one, other, same=True) for one, other in combinations(said, 2))
    yield from (Texts(family["name"], one, other, same=False) for one, other in product(said, others))


def cosines(pairs: list[Texts], embedding: Embedder) -> Numbers:
    """Cosine of every pair."""
    ones, others = (embedding.embed(said).astype(float) for said in ([p.one for p in pairs], [p.other for p in pairs]))
    return np.asarray((ones * others).sum(axis=1))


def chosen(pairs: list[Texts], scores: Numbers, wanted: float) -> Chosen:
    """Leave out one family after another."""
    families, same = np.array([p.family for p in pairs]), np.array([p.same for p in pairs])
    near = np.zeros(len(pairs), bool)
    for family in sorted(set(families)):
        out = families == family
        near[out] = scores[out] >= np.quantile(scores[same & ~out], 1 - wanted)
    return Chosen(near[same].mean(), near[~same].mean(), float(np.quantile(scores[same], 1 - wanted)))


def main() -> None:
    """Print a table."""
    compared = embeddings(__doc__)
    pairs = texts()
    words = np.array([share(p.one, p.other) for p in pairs])
    print(f"{len(pairs)} pairs{'':9}wanted    weight    paraphrases      different          limit")
    for (name, embedding), wanted in product(compared.items(), WANTED):
        known = cosines(pairs, embedding)
        for weight in WEIGHTS:
            found = chosen(pairs, (1 - weight) * words + weight * known, wanted)
            print(
                f"{name:16}{wanted:>10.0%}{weight:>10.2f}{found.paraphrases:>15.1%}{found.different:>15.1%}"
                f"{found.limit:>15.3f}"
            )


if __name__ == "__main__":
    main()
