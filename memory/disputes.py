"""What beliefs that contradict each other do to one another, and how that is told."""

from __future__ import annotations

from collections.abc import Sequence

from .belief import Belief, Status
from .relation import related
from .state import IN_FORCE, Beliefs, Update


def freed(beliefs: Beliefs, gone: Belief) -> list[Update]:
    """Opponents of a belief that goes and whom nobody else in force contradicts: their dispute is over.

    Opponents that were revoked may be missing: they count as never said.
    """
    found = []
    for b in (beliefs[i] for i in gone.contradicts if i in beliefs):
        others = (beliefs[i] for i in b.contradicts if i != gone.id and i in beliefs)
        if b.status is Status.DISPUTED and not any(other.status in IN_FORCE for other in others):
            found.append(Update(belief=b.id, status=Status.ACTIVE))
    return found


def opposed(one: Belief, other: Belief) -> bool:
    """Whether two beliefs contradict each other where both apply."""
    return related(one, other).relation == "contradicts"


def why(known: Belief | None, old: Belief | None, rivals: Sequence[Belief]) -> str:
    """Why a belief comes into force: nobody says it, somebody said it once, or it replaces ``old``."""
    if old is not None:
        told = f"it takes the place of {old.id}"
    elif known is not None:
        told = f"{known.id} was {known.status} and is taken up again"
    else:
        told = "nothing in force says this"
    return told + against(rivals)


def against(rivals: Sequence[Belief]) -> str:
    """Whom it contradicts, in words that go on from others; empty without rivals."""
    contradicted = ", ".join(sorted(b.id for b in rivals))
    return f"; it contradicts {contradicted}, where both apply" if rivals else ""


def disputes(rivals: Sequence[Belief], own: str) -> list[Update]:
    """What becomes of those that a belief contradicts."""
    return [Update(belief=b.id, status=Status.DISPUTED, contradicts=(own,)) for b in rivals]
