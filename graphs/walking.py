"""Walk-forward: train on a window, test on the days after it, move on, and keep what was learned.

Every window is a run of its own that starts from the beliefs of the one before, so no test ever uses a belief that was
learned on its own days or later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ..agents.episode import Listener, ignore
from ..errors import SpecError
from ..memory.home import Home
from ..memory.journal import Journal
from .experiment import Experiment
from .run import Run
from .study import Span, Windows
from .training import train

WALK = "walk"


def walk_windows(first: date, last: date, *, train_days: int, test_days: int) -> tuple[Windows, ...]:
    """Windows of calendar days that follow each other: tests side by side, each trained on the days just before it.

    Raises:
        SpecError: Not even one fits.
    """
    if min(train_days, test_days) < 2:
        raise SpecError(f"windows of {train_days} and {test_days} days: each needs two days or more")
    found = []
    start = first
    while (end := start + timedelta(days=train_days + test_days - 1)) <= last:
        middle = start + timedelta(days=train_days)
        found.append(Windows(Span(start, middle - timedelta(days=1)), Span(middle, end)))
        start += timedelta(days=test_days)
    if not found:
        raise SpecError(
            f"{first}..{last} has {(last - first).days + 1} days, and the first window needs {train_days + test_days}: "
            "take shorter windows or more days"
        )
    return tuple(found)


def settings_of(windows: Windows) -> dict[str, str]:
    """A window as the settings that a SPEC's function takes."""
    return {
        "train_from": windows.train.start.isoformat(),
        "train_to": windows.train.end.isoformat(),
        "test_from": windows.test.start.isoformat(),
        "test_to": windows.test.end.isoformat(),
    }


@dataclass(frozen=True)
class Stage:
    """One window of a walk.

    Attributes:
        windows: What it is trained and tested on.
        experiment: That, as an experiment with an evaluation.
        reference: How it was loaded, so that ``doxa resume`` can load it again; empty for one made in Python.
    """

    windows: Windows
    experiment: Experiment
    reference: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Walked:
    """One window and the run over it."""

    windows: Windows
    run: Run


async def walk(stages: Sequence[Stage], home: str | Path, *, listener: Listener = ignore) -> tuple[Walked, ...]:
    """Run the windows in order; the same call goes on with what was begun, and what has ended isn't run again.

    Args:
        stages: In the order of time.
        home: Folder of the journal.
        listener: Called with every recorded event.

    Raises:
        SetupError: An experiment can't be used, or has nothing to be tested on.
        RunError: A run stopped; the same call goes on with it.
    """
    for stage in stages:
        if stage.experiment.evaluation is None:
            raise SpecError(f"{stage.experiment.name!r} has no evaluation: a window's experiment needs days to test on")
    done: list[Walked] = []
    for number, stage in enumerate(stages):
        place = {**stage.reference, WALK: [settings_of(each.windows) for each in stages[: number + 1]]}
        run = _known(home, place)
        if run is None or not run.ended:
            parent = done[-1].run.id if done else None
            begun = run.id if run else None
            run = await train(stage.experiment, home, run=begun, parent=parent, reference=place, listener=listener)
        done.append(Walked(stage.windows, run))
    return tuple(done)


def _known(home: str | Path, place: Mapping[str, Any]) -> Run | None:
    """The newest run that was begun as this window of this walk."""
    opened = Home(Path(home))
    if not opened.exists:
        return None
    with Journal.open(opened, write=False) as journal:
        for run in reversed(journal.runs()):
            event = journal.find(run, -1, "run.place", "")
            if event is not None and {k: v for k, v in event.payload.items() if k != "parent"} == dict(place):
                return Run.read(journal, run)
    return None
