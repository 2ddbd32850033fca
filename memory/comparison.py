"""What outcomes say of a belief: the cause of a credit or a demotion."""

from __future__ import annotations

from typing import Literal

from pydantic import FiniteFloat

from .operations import Proposal


class Comparison(Proposal):
    """Episodes in which a belief was handed out, beside those in which it was held out."""

    kind: Literal["comparison"] = "comparison"
    belief: str
    handed: int
    """How many episodes it was handed out in."""
    held: int
    """How many episodes it was held out of."""
    lift: FiniteFloat
    """Mean return of the former less that of the latter."""
    low: FiniteFloat | None
    """Lower end of the lift's interval; ``None`` where there is too little to tell."""
    high: FiniteFloat | None
    """Upper end, likewise."""
    confidence: FiniteFloat
    """Of that interval."""
