"""What a question asks for: one text, or several, each with cues that facts can answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

from .belief import Predicate

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """A question or a part of it.

    Attributes:
        text: What words and vectors are searched for.
        cues: Conditions on facts that speak for a passage, and decide nothing.
    """

    text: str
    cues: tuple[Predicate, ...] = ()


Reader = Callable[[str], Sequence[Reading]]
"""A question to its readings; how it's done - by rule, by a model - is the caller's."""


def as_it_stands(question: str) -> tuple[Reading, ...]:
    """The question itself, without cues."""
    return (Reading(question),)


def interleaved(rankings: Sequence[Sequence[T]]) -> list[T]:
    """The first of each, then the second of each, and so on; what one of them lacks is left out."""
    nothing = object()
    return [one for level in zip_longest(*rankings, fillvalue=nothing) for one in level if one is not nothing]  # type: ignore[misc]
