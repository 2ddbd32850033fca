"""From when two texts count as near, by what the embedder behind their cosine can tell.

Fitted on the lessons that the reading of words was developed on (``python benchmarks/revision.py``): a sentence
transformer's cosine counts as much as the share of common words; an embedder of letters adds nothing to that share.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Nearness:
    """Limits for the sum of the share of common words and the weighted cosine of two statements.

    Attributes:
        weight: Of the cosine.
        same: From which two lessons with one aspect, polarity and scope say the same.
        open: From which that is open.
        method: How much more it takes where only one of them asks to measure or to record something.
    """

    weight: float
    same: float
    open: float
    method: float = 0.2

    def of(self, common: float, cosine: float) -> float:
        """How near two texts are."""
        return common + self.weight * cosine


WORDS = Nearness(weight=0.0, same=0.47, open=0.3)
MEANINGS = Nearness(weight=1.0, same=0.98, open=0.75)


def nearness(generation: str) -> Nearness:
    """What fits an embedding generation, by its name."""
    return WORDS if generation.startswith("hashing-") or not generation else MEANINGS
