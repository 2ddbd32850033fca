"""What a person does to beliefs while looking at them: the writer's lock is held for the act alone."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import BeliefError, BusyError, options
from ..escapes import terminal
from .markup import escaped, titled
from .record import Record

if TYPE_CHECKING:
    from ..memory.curation import Curation
    from ..memory.state import RevisionResult

EDITABLE = ("statement", "concept", "aspect", "polarity", "scope", "kind", "audience", "examples", "validity")
"""What an edit may change."""


@dataclass(frozen=True, repr=False)
class Act:
    """What was done, and from when on it counts.

    Attributes:
        run: Whose beliefs.
        told: A line per event.
        counts: From when on it is seen.
    """

    run: str
    told: tuple[str, ...]
    counts: str

    def __repr__(self) -> str:
        return "\n".join(terminal(line) for line in (*self.told, self.counts))

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """As HTML, escaped."""
        lines = "".join(f"<li>{escaped(line)}</li>" for line in self.told)
        return titled(f"recorded in {self.run}", f"<ul>{lines}</ul><p>{escaped(self.counts)}</p>")


def act(record: Record, why: str, do: Callable[[Curation], Iterable[str]], embedder: str | None = None) -> Act:
    """Do something to a run's beliefs, as events of its log.

    Args:
        record: Whose.
        why: The reason, which is recorded with it.
        do: What is done; returns a line per event.
        embedder: What the run's vectors were made with, if new words need one; what is kept if ``None``.

    Raises:
        BeliefError: It can't be done, or there is no reason; the message says why. Nothing is written.
        BusyError: A run is under way in the home. Nothing is written.
        NotFoundError: There is no such belief.
    """
    from pydantic import ValidationError

    if not why.strip():
        raise BeliefError(f"why={why!r}: give a reason in a sentence, it stays on record")
    try:
        with _hand(record, embedder) as hand:
            return Act(record.run, tuple(do(hand)), _counts(hand))
    except ValidationError as error:
        first = error.errors()[0]
        raise BeliefError(f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from None
    except BusyError:
        raise BusyError(
            f"nothing was changed: another doxa process is writing to {record.home.path}, such as a run under way. Act "
            "again once it has ended, or was stopped with Ctrl-C and can be resumed; looking is possible all the time"
        ) from None


def outcomes(results: Iterable[RevisionResult]) -> Iterator[str]:
    """A line per result."""
    yield from (f"{r.op}  {r.belief}: {r.reason}" for r in results)


def approved(hand: Curation, belief: str, why: str) -> Iterator[str]:
    """Put a belief in force; where the run waits for a ruling on it, that is its answer."""
    from ..memory.questions import Reply, replied, waiting_for

    found, journal = hand.memory.get(belief).id, hand.memory.journal
    if (asked := waiting_for(journal, hand.memory.run, found)) is None:
        yield from outcomes([hand.approve(found, why)])
        return
    done = replied(journal, asked, Reply("approve", why), getpass.getuser())
    yield f"{found} is approved, which answers {done.id}; go on with it: doxa resume {done.run}"


def edited(hand: Curation, belief: str, why: str, changes: dict[str, Any]) -> Iterator[str]:
    """Put another wording or scope in a belief's place; a scope may be its sentence alone."""
    if unknown := sorted(set(changes) - set(EDITABLE)):
        raise BeliefError(f"{unknown[0]!r} can't be edited: {options(unknown[0], EDITABLE)}")
    if isinstance(sentence := changes.get("scope"), str):
        scope = hand.memory.get(belief).scope
        changes = {**changes, "scope": type(scope).model_validate({**scope.model_dump(), "sentence": sentence})}
    yield from outcomes([hand.edit(belief, why, **changes)])


@contextmanager
def _hand(record: Record, embedder: str | None) -> Iterator[Curation]:
    """A hand on the run's memory; whoever opens the index next catches it up, so that the lock isn't held for that."""
    from ..memory import BeliefMemory, Journal
    from ..memory.curation import Curation
    from ..memory.kept import embedder_for

    with Journal.open(record.home, write=True) as journal:
        made = embedder_for(journal, record.run, embedder)
        with BeliefMemory(journal, record.run, embedder=made, indexed=False) as memory:
            yield Curation(memory)


def _counts(hand: Curation) -> str:
    from ..memory.curation import last_episode

    journal, run = hand.memory.journal, hand.memory.run
    if next(journal.events(run, kind="run.ended"), None) is not None:
        return f"{run} has ended: runs that start from it see this, doxa train SPEC --from {run}"
    return f"it counts from episode {last_episode(journal, run) + 1} of {run} on: doxa resume {run}"
