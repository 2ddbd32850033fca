"""Many runs at once: every arm of a sweep is a run in one home, under one writer, one budget, one set of limits.

What was begun is gone on with: asking for the same sweep again runs only what hasn't ended.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ..agents.episode import Mode
from ..errors import NotFoundError, SpecError, options
from ..memory.canonical import canonical
from ..memory.home import Home
from ..memory.journal import Entry, Event, Journal
from ..models.budget import Budget, see_limits
from ..models.limits import Limits
from ..models.traffic import Traffic
from .arms import Arm, Plan, gathered, own_task
from .calls import Calls
from .collecting import collecting_seldom
from .experiment import Experiment
from .homes import gathered as gather_homes
from .machines import Machines, lean
from .rows import Row, Setting, row, settings
from .run import END, Run
from .session import Asked, opened_in, see_same
from .sharing import Sharing
from .summary import brief, closed
from .told import Silent, Told
from .training import play

CONCURRENCY = 32
"""Arms that run at the same time, if nothing else is said."""
SWEEP = "sweep"
"""The mode under which a sweep itself is recorded."""


@dataclass(frozen=True)
class Sweep:
    """What a sweep came to.

    Attributes:
        id: Its name within the home, for ``doxa sweep --resume``.
        mode: Whether its arms trained, or only evaluated.
        rows: One per arm, in order.
        ungathered: Why the shared journal doesn't hold all of it; ``None`` if it does, or there is none.
        ended: Whether all arms came to their end.
    """

    id: str
    mode: str
    rows: tuple[Row, ...]
    ungathered: str | None = None

    @property
    def ended(self) -> bool:
        """Whether all arms came to their end."""
        return all(one.status == "ended" for one in self.rows)

    @property
    def failed(self) -> tuple[Row, ...]:
        """The arms that were stopped by something."""
        return tuple(one for one in self.rows if one.status == "failed")

    @property
    def waiting(self) -> bool:
        """Whether nothing but people's answers keeps it from coming to its end."""
        return {one.status for one in self.rows} - {"ended"} == {"waiting"}

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The rows put together over the seeds."""
        return settings(self.rows)


@dataclass(frozen=True)
class Bounds:
    """What all arms of a sweep share.

    Attributes:
        concurrency: Arms that run at the same time.
        max_usd: What the model calls of all arms may cost together; ``None`` for the first experiment's own limit.
        max_tokens: The same in tokens.
        limits: Of every endpoint; ``None`` for the first experiment's own.
        stop_on_failure: Whether to begin no further arm once one failed.
    """

    concurrency: int = CONCURRENCY
    max_usd: float | None = None
    max_tokens: int | None = None
    limits: Limits | Mapping[str, Limits] | None = None
    stop_on_failure: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.concurrency < 1:
            raise SpecError(f"concurrency is {self.concurrency}; at least 1 arm has to run at a time")
        see_limits(self.max_usd, self.max_tokens)


class Executor(Protocol):
    """Runs arms, here or elsewhere."""

    async def run(self, arms: Sequence[Arm], known: Mapping[str, str], told: Told) -> None:
        """Run arms, each to its end or failure, and tell every row; ``known`` are the runs of arms begun earlier."""
        ...


Executing = Callable[[Journal, str, Mode, Traffic, Bounds], Executor]
"""Makes an executor of a sweep: from its journal, its id, its mode, what its arms share, and its bounds."""


async def sweep(
    experiments: Sequence[Experiment],
    home: str | Path = ".doxa",
    *,
    mode: Mode = "train",
    concurrency: int = CONCURRENCY,
    max_usd: float | None = None,
    max_tokens: int | None = None,
    limits: Limits | Mapping[str, Limits] | None = None,
    stop_on_failure: bool = False,
    told: Told | None = None,
) -> Sweep:
    """Run experiments concurrently, each as a run in the same home; what ended before isn't run again.

    A failed arm doesn't stop the others; its row says what happened, and the same sweep goes on with it. Every run has
    the digest that it would have alone.

    Args:
        experiments: No two the same. They may share a task: each gets a copy.
        home: Folder of the journal and the index; made if it isn't there.
        mode: ``train``, or ``evaluate`` for one episode each with beliefs frozen.
        concurrency: How many run at the same time.
        max_usd: What the model calls of all may cost together; ``None`` for the first experiment's own limit.
        max_tokens: The same in tokens.
        limits: Of every endpoint, for all together; ``None`` for the first experiment's own.
        stop_on_failure: Whether to begin no further experiment once one failed.
        told: Hears how it goes.

    Raises:
        SetupError: Something given can't be used; nothing was sent.
        JournalError: The journal can't be written.
    """
    bounds = Bounds(concurrency, max_usd, max_tokens, limits, stop_on_failure)
    return await swept(gathered(experiments, mode), home, bounds, told=told)


async def swept(
    plan: Plan,
    home: str | Path,
    bounds: Bounds | None = None,
    *,
    told: Told | None = None,
    on: Executing | None = None,
    sharing: Sharing | None = None,
) -> Sweep:
    """Run a planned sweep, or go on with it; arguments and errors as for :func:`sweep`.

    ``on`` makes what runs its arms: this process, or :class:`~doxa.graphs.cluster.OnRay`. Where there is a
    ``sharing``, runs get names that are free there and are gathered there.
    """
    bounds, told = bounds or Bounds(), told or Silent()
    first = plan.arms[0].load()
    Asked.by(first)
    with Journal.open(Home(Path(home)), write=True) as journal:
        if sharing is not None:
            journal.reserve = sharing.reserve
        name = _begun(journal, plan)
        if sharing is not None:
            sharing.add(name)
        known = runs_of(journal, name)
        gather_homes(journal, name, known.values())
        rows = {arm.label: _row(journal, arm, known) for arm in plan.arms}
        _see_unchanged(journal, plan, known)
        traffic = Traffic(_budget(journal, bounds, first, known.values()), bounds.limits or first.limits)
        done = _Rows(rows, told, sharing)
        told.begun(plan, [one for one in rows.values() if one.status == "ended"])
        waiting = [arm for arm in plan.arms if rows[arm.label].status != "ended"]
        await (on or InProcess)(journal, name, plan.mode, traffic, bounds).run(waiting, known, done)
        found = Sweep(name, plan.mode, tuple(done.rows.values()))
        if found.ended:
            journal.append(name, [Entry(END, "run.ended", "")])
        if sharing is not None:
            runs = [name, *(one.run for one in found.rows if one.run is not None)]
            return replace(found, ungathered=sharing.finish(runs))
        return found


def sweeps(journal: Journal) -> dict[str, dict[str, Any]]:
    """The sweeps of a home: what each was asked for, by its id."""
    started = {run: journal.find(run, -1, "run.started", "") for run in journal.runs()}
    return {run: e.payload["spec"] for run, e in started.items() if e and e.payload.get("mode") == SWEEP}


def asked_for(home: str | Path, name: str) -> dict[str, Any]:
    """What a recorded sweep was asked for.

    Raises:
        NotFoundError: There is no such sweep.
    """
    with Journal.open(Home(Path(home)), write=False) as journal:
        known = sweeps(journal)
    if name not in known:
        raise NotFoundError(f"there is no sweep {name!r} in {home}: {options(name, known)}")
    return known[name]


def runs_of(journal: Journal, name: str) -> dict[str, str]:
    """The runs of a sweep's arms that have begun, by the arm's label; the newest, if there are several."""
    places = ((run, journal.find(run, -1, "run.place", "")) for run in journal.runs())
    return {e.payload["label"]: run for run, e in places if e and e.payload.get(SWEEP) == name}


@dataclass
class _Rows:
    """Keeps every arm's row, and passes on what is told."""

    rows: dict[str, Row]
    told: Told
    sharing: Sharing | None

    def begun(self, plan: Plan, rows: Sequence[Row]) -> None:
        self.told.begun(plan, rows)

    def event(self, arm: Arm, event: Event) -> None:
        self.told.event(arm, event)

    def done(self, row: Row) -> None:
        self.rows[row.arm] = row
        self.told.done(row)
        if self.sharing is not None and row.run is not None:
            self.sharing.add(row.run)

    def note(self, text: str) -> None:
        self.told.note(text)


async def in_turn(arms: Sequence[Arm], bounds: Bounds, run: Callable[[Arm], Awaitable[Row]], told: Told) -> None:
    """Run arms in their order, so many at a time; whatever ``run`` raises ends all of them."""
    waiting, stopped = iter(arms), asyncio.Event()

    async def work() -> None:
        for arm in waiting:
            if stopped.is_set():
                return
            done = await run(arm)
            told.done(done)
            if done.status == "failed" and bounds.stop_on_failure:
                stopped.set()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(bounds.concurrency, len(arms))):
                group.create_task(work())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


@dataclass(frozen=True)
class InProcess:
    """Runs arms concurrently in this process, in one open journal.

    Attributes:
        journal: Open for writing; its writes are grouped.
        sweep: Id of the sweep.
        mode: Whether every arm trains, or only evaluates.
        traffic: What all arms share.
        bounds: How many run at a time, and what stops them.
    """

    journal: Journal
    sweep: str
    mode: Mode
    traffic: Traffic
    bounds: Bounds
    machines: Machines = field(default_factory=lambda: Machines(lean))
    tasks: Counter[int] = field(default_factory=Counter)
    """The environments that are in use, by identity."""

    async def run(self, arms: Sequence[Arm], known: Mapping[str, str], told: Told) -> None:
        """Run arms, so many at a time; the journal's own failure ends all of them.

        Raises:
            JournalError: It can't be written.
        """
        with self.journal.grouped(), collecting_seldom():
            await in_turn(arms, self.bounds, lambda arm: self._run(arm, known.get(arm.label), told), told)

    async def _run(self, arm: Arm, run: str | None, told: Told) -> Row:
        """Run an arm to its end, or say what stopped it: a failed model, a bug of an agent or of a task."""
        (done,) = await asyncio.gather(self._play(arm, run, told), return_exceptions=True)
        if isinstance(done, Row):
            return done
        if not isinstance(done, Exception):
            raise done
        await self.journal.durable()  # where it can't be written any more, no arm can go on
        return self._failed(arm, f"{type(done).__name__}: {done}")

    async def _play(self, arm: Arm, run: str | None, told: Told) -> Row:
        experiment = self._alone(arm.load())
        try:
            played = await self._played(arm, experiment, run, told)
        finally:
            self.tasks.subtract(_tasks(experiment))
        await self.journal.durable()
        return row(arm, closed(self.journal, played))

    async def _played(self, arm: Arm, experiment: Experiment, run: str | None, told: Told) -> str:
        reference = {**arm.reference, SWEEP: self.sweep, "label": arm.label}
        asked = Asked.by(experiment, self.traffic.resolve)

        def see(event: Event) -> None:
            told.event(arm, event)

        async with opened_in(
            self.journal, asked, self.mode, experiment, run, None, reference, see, traffic=self.traffic
        ) as session:
            await play(session, self.machines)
        return session.run

    def _alone(self, experiment: Experiment) -> Experiment:
        """The experiment, with a copy of its task if another arm uses that just now."""
        if any(self.tasks[task] > 0 for task in _tasks(experiment)):
            experiment = own_task(experiment)
        self.tasks.update(_tasks(experiment))
        return experiment

    def _failed(self, arm: Arm, failure: str) -> Row:
        run = runs_of(self.journal, self.sweep).get(arm.label)
        if run is None:
            return Row(arm.label, arm.values, status="failed", failure=failure)
        return row(arm, Run.read(self.journal, run), failure=failure)


def _tasks(experiment: Experiment) -> list[int]:
    return [id(task) for task in {id(t): t for t in (experiment.environment, experiment.evaluation) if t}.values()]


def _begun(journal: Journal, plan: Plan) -> str:
    """The sweep that is the same, or a new one."""
    told = json.loads(canonical(plan.told))
    for name, known in reversed(sweeps(journal).items()):
        if known == told:
            return name
    name = journal.begin(f"{plan.name[:33].rstrip('-')}-sweep")
    started = {"mode": SWEEP, "spec": told, "parent": None}
    journal.append(name, [Entry(-1, "run.place", "", {"parent": None}), Entry(-1, "run.started", "", started)])
    return name


def _row(journal: Journal, arm: Arm, known: Mapping[str, str]) -> Row:
    run = known.get(arm.label)
    return Row(arm.label, arm.values) if run is None else row(arm, brief(journal, run), reused=True)


def _see_unchanged(journal: Journal, plan: Plan, known: Mapping[str, str]) -> None:
    """Refuse to go on with arms that have become other experiments since."""
    for arm in plan.arms:
        if arm.label in known:
            see_same(journal, known[arm.label], plan.mode, arm.load())


def _budget(journal: Journal, bounds: Bounds, first: Experiment, runs: Iterable[str]) -> Budget:
    """What all arms together may use, and have used."""
    usd = first.max_usd if bounds.max_usd is None else bounds.max_usd
    tokens = first.max_tokens if bounds.max_tokens is None else bounds.max_tokens
    budget = Budget(usd, tokens)
    if usd is not None or tokens is not None:
        for run in runs:
            budget.charge(Calls.read(journal, run).spent())
    return budget
