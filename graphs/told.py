"""Who hears how a sweep goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..memory.journal import Event
from .arms import Arm, Plan
from .rows import Row


class Told(Protocol):
    """Hears how a sweep goes."""

    def begun(self, plan: Plan, rows: Sequence[Row]) -> None:
        """It begins; ``rows`` are those of arms that ended before."""
        ...

    def event(self, arm: Arm, event: Event) -> None:
        """Something was recorded in an arm's run."""
        ...

    def done(self, row: Row) -> None:
        """An arm ended or failed."""
        ...

    def note(self, text: str) -> None:
        """There is something to know about how it goes."""
        ...


class Silent:
    """Tells nobody."""

    def begun(self, plan: Plan, rows: Sequence[Row]) -> None:
        """Say nothing."""

    def event(self, arm: Arm, event: Event) -> None:
        """Say nothing."""

    def done(self, row: Row) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""
