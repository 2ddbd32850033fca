"""An arm on another machine: what is sent there, how it is run in a home of its own, what comes back.

What comes and goes is the run's journal as an archive. So an arm begins, or goes on, with all that the sweep's home
holds of it, and the sweep's home gets all that was recorded; both ends check the chain of hashes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..agents.episode import Mode
from ..errors import DoxaError
from ..memory.home import Home
from ..memory.journal import Journal
from ..models.budget import Budget
from ..models.limits import Limits
from ..models.traffic import Traffic
from .arms import Arm
from .branching import changed
from .calls import Calls
from .experiment import Experiment
from .homes import TOKEN, packed, unpacked
from .loading import load_experiment
from .rows import Row
from .sweep import Bounds, InProcess
from .told import Silent


@dataclass(frozen=True)
class Task:
    """One execution of an arm, as plain values.

    Attributes:
        values: What the arm differs in.
        reference: How its experiment is loaded.
        enter: Whether to load it in the folder that it was planned in; otherwise where the worker is.
        sweep: Id of the sweep.
        run: Id of the arm's run, which has begun.
        mode: Whether it trains, or only evaluates.
        folder: The arm's own home, where the sweep's home can be reached.
        token: What tells that it can.
        archive: The run, as far as the sweep's home holds it.
        usd: What it may cost in all, earlier executions included; ``None`` for no limit.
        tokens: The same in tokens.
        limits: Of every endpoint, for this arm; ``None`` for the experiment's own.
    """

    values: Mapping[str, str]
    reference: Mapping[str, Any]
    enter: bool
    sweep: str
    run: str
    mode: Mode
    folder: str
    token: str
    archive: bytes
    usd: float | None
    tokens: int | None
    limits: Limits | Mapping[str, Limits] | None


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        archive: The run as it is now; empty if nothing could be opened.
        failure: What stopped it, if anything did.
        shared: Whether it ran in the sweep's folder; if not, in one of the worker's machine.
    """

    archive: bytes
    failure: str | None
    shared: bool


def execute(task: Task) -> Outcome:
    """Run an arm to its end, or as far as it gets; what the arm's home holds from a lost worker isn't asked again."""
    folder, shared = _folder(task)
    try:
        if task.enter:
            os.chdir(task.reference["folder"])
        with Journal.open(Home(folder), write=True) as journal:
            unpacked(journal, task.archive)
            done = asyncio.run(_run(task, journal))
            return Outcome(packed(journal, task.run), done.failure, shared)
    except (DoxaError, OSError) as error:
        return Outcome(b"", f"{type(error).__name__}: {error}", shared)


def loaded(reference: Mapping[str, Any]) -> Experiment:
    """The experiment of an arm, by how it was loaded.

    Raises:
        SetupError: It can't be loaded here.
    """
    settings = dict(pair.split("=", 1) for pair in reference["settings"])
    return changed(load_experiment(reference["spec"], settings), reference["changes"])


def _folder(task: Task) -> tuple[Path, bool]:
    """Where the arm's home is, and whether that is within the sweep's.

    Elsewhere the name has the state that the arm starts from: a copy from before may have gone on otherwise.
    """
    folder = Path(task.folder)
    try:
        shared = (folder.parent / TOKEN).read_text() == task.token
    except OSError:
        shared = False
    if shared:
        return folder, True
    start = hashlib.sha256(task.archive).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"doxa-{task.token}" / f"{task.run}-{start}", False


async def _run(task: Task, journal: Journal) -> Row:
    def load() -> Experiment:
        return loaded(task.reference)

    arm, kept = Arm(task.values, task.reference, load), _Kept()
    budget = Budget(task.usd, task.tokens)
    budget.charge(Calls.read(journal, task.run).spent())
    traffic = Traffic(budget, task.limits or load().limits)
    executor = InProcess(journal, task.sweep, task.mode, traffic, Bounds(concurrency=1))
    await executor.run([arm], {arm.label: task.run}, kept)
    return kept.rows[0]


class _Kept(Silent):
    """Keeps what an arm came to."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def done(self, row: Row) -> None:
        self.rows.append(row)
