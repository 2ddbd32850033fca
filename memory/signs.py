"""Vectors as 512 bits: on which side of each of 512 random planes a vector lies.

The share of planes between two vectors is their angle as a share of a half turn, whatever the vectors are, give or take
a known chance (Charikar 2002: random hyperplanes). So in how many bits two rows differ tells about how near the vectors
are, at 64 bytes per vector, and within how many bits a vector of a given cosine lies almost surely.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .embeddings import Vectors

BITS = 512
WORDS = BITS // 64
_DEVIATIONS = 2.33
"""One in a hundred lies further out than so many standard deviations, on one side."""
_ODD = 0x00FF00FF00FF00FF
_SUM = 0x0001000100010001
_BLOCK = 4_096
"""Rows compared at once: as many as stay in a core's cache."""

Signs = NDArray[np.uint64]
"""Eight words per vector."""
Distances = NDArray[np.uint16]
"""In how many bits each differs."""


def planes(dimension: int) -> Vectors:
    """The same for everyone: one plane per column."""
    return np.random.default_rng(0).standard_normal((dimension, BITS), np.float32)


def signs(vectors: Vectors, sides: Vectors) -> Signs:
    """On which side of each plane of ``sides`` each vector lies."""
    return np.packbits(vectors @ sides > 0, axis=1).view("<u8")


def count(kept: Signs, asked: Signs, out: Distances) -> None:
    """Write into ``out`` in how many bits each row of ``kept`` differs from ``asked``."""
    for start in range(0, len(kept), _BLOCK):
        block = kept[start : start + _BLOCK]
        # the eight counts of a row, a byte each, as one number: added in pairs, because 512 is more than a byte
        # holds, then all at once by a product whose highest part is the sum
        bytewise = np.bitwise_count(block ^ asked).view("<u8")[:, 0]
        pairs = (bytewise & np.uint64(_ODD)) + ((bytewise >> np.uint64(8)) & np.uint64(_ODD))
        out[start : start + _BLOCK] = (pairs * np.uint64(_SUM)) >> np.uint64(48)


def reach(cosine: float) -> int:
    """Within so many bits lie 99 of 100 vectors that are at least as near as this."""
    share = math.acos(max(-1.0, min(1.0, cosine))) / math.pi
    return math.ceil(BITS * share + _DEVIATIONS * math.sqrt(BITS * share * (1 - share)))
