"""What a sweep came to: a row per arm, and what the seeds of one setting have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, stdev
from typing import Literal

from ..memory.intervals import DIGITS, Estimate, t_quantile
from .arms import Arm
from .run import Run

SEED = "seed"
"""What is swept over to see chance at work: its values are put together, those of anything else kept apart."""
CONFIDENCE = 0.95
Status = Literal["ended", "failed", "interrupted", "waiting", "not begun"]


@dataclass(frozen=True)
class Row:
    """What one arm came to.

    Attributes:
        arm: Its label.
        values: What it differs in.
        run: Id of its run; ``None`` if it wasn't begun.
        status: ``ended``; ``failed``; ``interrupted``; ``waiting`` for people's answers; or ``not begun``.
        value: Return of its last episode; ``None`` unless it ended.
        metrics: The task's own metrics of that episode.
        in_sample: Whether that return is no forecast.
        calls: Model calls that were answered.
        tokens: Of all prompts and replies that were paid for.
        cost: US dollars; ``None`` if any price is unknown.
        failure: What stopped it.
        reused: Whether it had ended before, and nothing was asked.
    """

    arm: str
    values: Mapping[str, str]
    run: str | None = None
    status: Status = "not begun"
    value: float | None = None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    in_sample: bool = False
    calls: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    failure: str | None = None
    reused: bool = False


def row(arm: Arm, run: Run, *, failure: str | None = None, reused: bool = False) -> Row:
    """An arm's row, as its run's journal tells it."""
    last = run.episodes[-1] if run.ended and run.episodes else None
    return Row(
        arm=arm.label,
        values=arm.values,
        run=run.id,
        status=_status(run, failure),
        value=last.value if last else None,
        metrics=dict(last.metrics) if last else {},
        in_sample=run.in_sample,
        calls=run.calls,
        tokens=run.tokens,
        cost=run.cost,
        failure=failure,
        reused=reused,
    )


def _status(run: Run, failure: str | None) -> Status:
    if run.ended:
        return "ended"
    if run.status == "waiting":
        return "waiting"
    return "failed" if failure else "interrupted"


@dataclass(frozen=True)
class Spread:
    """A number over the seeds.

    Attributes:
        mean: With Student's interval; its ends are ``None`` for a single seed.
        median: The middle one.
        count: How many seeds it is known of.
    """

    mean: Estimate
    median: float
    count: int


@dataclass(frozen=True)
class Setting:
    """The arms that differ in nothing but the seed.

    Attributes:
        values: What they have in common, without the seed.
        rows: One per seed.
        metrics: The return as ``return``, and the task's own metrics, over the seeds of the arms that ended.
    """

    values: Mapping[str, str]
    rows: tuple[Row, ...]
    metrics: Mapping[str, Spread]

    @property
    def label(self) -> str:
        """What tells it from other settings."""
        return " ".join(f"{key}={value}" for key, value in self.values.items()) or "all"

    @property
    def cost(self) -> float | None:
        """US dollars of all its arms; ``None`` if any price is unknown."""
        costs = [row.cost for row in self.rows]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def ended(self) -> int:
        """How many arms came to their end."""
        return sum(row.status == "ended" for row in self.rows)


def settings(rows: Sequence[Row]) -> tuple[Setting, ...]:
    """Rows put together over the seeds, in the order of the arms."""
    found: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for one in rows:
        rest = tuple((key, value) for key, value in one.values.items() if key not in (SEED, "number"))
        found.setdefault(rest, []).append(one)
    return tuple(Setting(dict(values), tuple(alike), _metrics(alike)) for values, alike in found.items())


def spread(numbers: Sequence[float]) -> Spread:
    """Mean, Student's interval and median of at least one number."""
    mean, reach = fmean(numbers), None
    if len(numbers) > 1:
        reach = t_quantile((1 + CONFIDENCE) / 2, len(numbers) - 1) * stdev(numbers) / len(numbers) ** 0.5
    ends = (None, None) if reach is None else (round(mean - reach, DIGITS), round(mean + reach, DIGITS))
    return Spread(Estimate(round(mean, DIGITS), *ends), round(median(numbers), DIGITS), len(numbers))


def _metrics(rows: Sequence[Row]) -> dict[str, Spread]:
    """Every metric over those arms that ended and have it."""
    ended = [{"return": one.value, **one.metrics} for one in rows if one.status == "ended"]
    names = dict.fromkeys(name for metrics in ended for name in metrics)
    told = {name: [v for metrics in ended if (v := metrics.get(name)) is not None] for name in names}
    return {name: spread(numbers) for name, numbers in told.items() if numbers}
