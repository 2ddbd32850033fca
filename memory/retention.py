"""How long a home keeps what: settings, and the runs that are past them. Whole runs go, never parts of one."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..errors import SetupError
from .home import Home
from .journal import Journal
from .removal import ended, pinned, with_dependents
from .settings import table

_SECONDS = {"h": 3600.0, "d": 86400.0, "w": 604800.0}


def seconds(told: Any) -> float:  # noqa: ANN401  a setting
    """A length of time in seconds.

    >>> seconds("90d")
    7776000.0
    """
    found = re.fullmatch(r"(\d{1,6})([hdw])", told) if isinstance(told, str) else None
    if found is None:
        raise ValueError(f"{told!r} is no length of time: write hours, days or weeks, as 12h, 90d or 8w")
    return int(found[1]) * _SECONDS[found[2]]


Age = Annotated[float, BeforeValidator(seconds)]


class Retention(BaseModel):
    """What a home keeps; without any setting, everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_runs: Annotated[int, Field(ge=0)] | None = None
    """The newest runs that stay in any case; ``None`` for no bound by number."""
    older_than: Age | None = None
    """Only runs whose last event is older go: 12h, 90d, 8w. ``None`` for no bound by age."""
    keep_pinned: bool = True
    """Whether runs stay in which a person pinned a belief."""
    drop_texts: Age | None = None
    """Texts of prompts go when all runs that name them ended longer ago than this; ``None`` keeps them."""


def retention(home: Home, **given: Any) -> Retention:  # noqa: ANN401  settings of several types
    """The table ``[retention]`` of a home's ``settings.toml``, with what is given in its place.

    Raises:
        SetupError: A setting isn't right; the message names it.
    """
    told = table(home, "retention")
    try:
        return Retention.model_validate({**told, **{name: value for name, value in given.items() if value is not None}})
    except ValidationError as error:
        first = error.errors()[0]
        raise SetupError(f"retention, {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def expired(journal: Journal, keep: Retention, now: float) -> tuple[str, ...]:
    """The runs past their time, in the order in which they began.

    A run stays if it hasn't ended, or if a run that stays depends on it.
    """
    if keep.keep_runs is None and keep.older_than is None:
        return ()
    runs = journal.runs()
    old = runs[: max(0, len(runs) - (keep.keep_runs or 0))]
    gone = {
        run
        for run in old
        if ended(journal, run)
        and (keep.older_than is None or last(journal, run) < now - keep.older_than)
        and not (keep.keep_pinned and pinned(journal, run))
    }
    while needed := {run for run in gone if not gone.issuperset(with_dependents(journal, [run]))}:
        gone -= needed
    return tuple(run for run in runs if run in gone)


def last(journal: Journal, run: str) -> float:
    """When a run's last event was written, in seconds since 1970."""
    return max((timing.at for timing in journal.times(run)), default=0.0)
