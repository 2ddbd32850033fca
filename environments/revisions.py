"""How what a source says today joins what it said before: nothing is overwritten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..errors import DataError
from .datum import Batch, Datum


@dataclass(frozen=True)
class Joined:
    """Stored and new data together.

    Attributes:
        data: All versions, in the order in which they became known.
        new: How many things weren't there before.
        restated: How many versions of known things were added.
    """

    data: tuple[Datum, ...]
    new: int
    restated: int


def join(stored: Iterable[Datum], batch: Batch) -> Joined:
    """Add a batch's data of one kind and ticker to the stored ones; the same again changes nothing.

    Raises:
        DataError: A value contradicts the stored one and can't be placed after it.
    """
    versions: dict[str, list[Datum]] = defaultdict(list)
    for datum in stored:
        versions[datum.key].append(datum)
    new = restated = 0
    for datum in sorted(batch.data, key=lambda datum: (datum.known_at, datum.key)):
        known = versions[datum.key]
        added = datum if not known else _stated(datum, known) if batch.dated else _restated(datum, known, batch)
        if added is not None:
            new, restated = new + (not known), restated + bool(known)
            known.append(added)
            known.sort(key=lambda version: version.known_at)
    everything = (datum for those in versions.values() for datum in those)
    ordered = sorted(everything, key=lambda datum: (datum.known_at, datum.event_time, datum.key))
    return Joined(tuple(ordered), new, restated)


def _stated(datum: Datum, known: list[Datum]) -> Datum | None:
    """A version with its own ``known_at``, unless it is there already."""
    same_time = next((version for version in known if version.known_at == datum.known_at), None)
    if same_time is None:
        return datum
    if same_time.same(datum):
        return None
    raise DataError(
        f"{datum.place}: two different values are both known at {datum.known_at} ({_told(same_time)}; {_told(datum)}); "
        "give the later one its own known_at"
    )


def _restated(datum: Datum, known: list[Datum], batch: Batch) -> Datum | None:
    """A value that differs from the newest stored one is known from when it was fetched."""
    newest = known[-1]
    if newest.same(datum):
        return None
    when = max(batch.retrieved_at, datum.known_at)
    if when <= newest.known_at:
        raise DataError(
            f"{datum.place}: the store has {_told(newest)}, known at {newest.known_at}; another value ({_told(datum)}) "
            f"can't have become known at {when}, which isn't later"
        )
    return replace(datum, known_at=when)


def _told(datum: Datum) -> str:
    return ", ".join(f"{name} {str(value)[:40]}" for name, value in datum.values.items() if value is not None)
