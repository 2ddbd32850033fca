"""A sweep on Ray: one task per arm, run again by Ray where a worker is lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from ..agents.episode import Mode
from ..errors import MissingExtraError, SetupError, SpecError
from ..memory.journal import Journal
from ..models.budget import Spent
from ..models.traffic import Traffic
from .arms import Arm
from .calls import Calls
from .homes import folder, packed, token, unpacked
from .remote import Outcome, Task, execute
from .rows import Row, row
from .run import Run
from .session import begun
from .shares import Share, Shares
from .sweep import SWEEP, Bounds, in_turn
from .told import Told

RETRIES = 8
"""How often Ray runs an arm again whose worker was lost."""
PATIENCE = 5.0
"""Seconds in which a cluster's address has to accept a connection."""
STORE = 128 * 1024**2
"""Bytes of memory in which a local cluster keeps what comes back."""
FORM = "write it as ray, for a cluster on this machine, or ray://HOST:PORT"


@dataclass(frozen=True)
class Cluster:
    """A connection to Ray.

    Attributes:
        submit: Sends a task, and returns what can be waited for.
        cancel: Stops one.
        local: Whether its workers are on this machine, and find the SPEC where it is.
    """

    submit: Callable[[Task], Awaitable[Outcome]]
    cancel: Callable[[Awaitable[Outcome]], None]
    local: bool

    def executor(self, journal: Journal, sweep: str, mode: Mode, traffic: Traffic, bounds: Bounds) -> OnRay:
        """What runs the arms of a sweep there."""
        return OnRay(journal, sweep, mode, traffic, bounds, self)


@contextmanager
def connected(address: str, spec: Path, home: Path) -> Iterator[Cluster]:
    """Connect to Ray, or start it on this machine; what was started here is stopped at the end.

    Args:
        address: ``ray``: where ``RAY_ADDRESS`` says, else on this machine; or ``ray://HOST:PORT``.
        spec: The folder in which the SPEC is loaded; sent to the workers of other machines, without ``home``.
        home: The sweep's.

    Raises:
        MissingExtraError: Ray isn't installed.
        SetupError: The address isn't one, doesn't answer, or is that of another version.
    """
    where = _where(address)
    try:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what a later Ray does anyway
        import ray
    except ImportError:
        raise MissingExtraError(f"a sweep on {address}", "ray") from None
    if where is not None:
        _see_answering(where)
    mine = not ray.is_initialized()
    if where is not None and not mine:
        raise SetupError(
            f"this process uses a Ray cluster already, and can't use the one at {where}: ray.shutdown() first"
        )
    if mine:
        _connect(ray, where, spec, home)
    try:
        run = ray.remote(max_retries=RETRIES)(execute)
        with redirect_stdout(sys.stderr):  # where Ray tells of lost workers, among what others read
            yield Cluster(run.remote, lambda ref: ray.cancel(ref, force=True), local=where is None)
    finally:
        if mine:
            ray.shutdown()


def _where(address: str) -> str | None:
    """The address to connect to; ``None`` for this machine."""
    if address == "ray":
        return os.environ.get("RAY_ADDRESS") or None
    try:
        parts = urlsplit(address)
        right = parts.scheme == "ray" and parts.hostname and (parts.port or True)
    except ValueError:
        right = False
    if not right:
        raise SpecError(f"--on {address}: {FORM}")
    return address if parts.port else f"ray://{parts.hostname}:10001"


def _connect(ray: ModuleType, where: str | None, spec: Path, home: Path) -> None:
    given: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if where is None:
        given |= {"address": "local", "_node_ip_address": "127.0.0.1", "object_store_memory": STORE}
        given |= {"include_dashboard": False}
    else:
        given |= {"address": where, "runtime_env": _sent(spec, home)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the very failures that are told below
            ray.init(**given)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        said = str(error).strip().splitlines()
        place = "Ray can't be started on this machine" if where is None else f"the Ray cluster at {where} can't be used"
        raise SetupError(
            f"{place}: {said[0] if said else type(error).__name__}; nothing was begun. See that it runs this version "
            f"of Ray ({ray.__version__}) and of Python, and whether it wants a token (RAY_AUTH_MODE=token)"
        ) from None


def _see_answering(where: str) -> None:
    """Make sure that somebody is there, before Ray waits half a minute for it."""
    parts = urlsplit(where if "://" in where else f"ray://{where}")
    if parts.hostname is None or parts.port is None:
        return  # 'auto' and its like, which Ray knows
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE).close()
    except OSError as error:
        raise SetupError(
            f"no Ray cluster answers at {where}: {error.strerror or error}; nothing was begun. Start one there "
            "(ray start --head --ray-client-server-port 10001), or leave the address out: --on ray"
        ) from None


def _sent(spec: Path, home: Path) -> dict[str, Any]:
    """The SPEC's folder for workers that don't see it, without homes, which may be large, and what is made anew."""
    left = [".git", ".venv", ".doxa", "__pycache__"]
    if home.is_relative_to(spec) and home != spec:
        left.append(f"/{home.relative_to(spec)}/")
    return {"working_dir": str(spec), "excludes": left}


@dataclass(frozen=True)
class OnRay:
    """Runs arms as Ray tasks, each in a home of its own, and gathers their journals in the sweep's.

    Attributes:
        journal: The sweep's, open for writing.
        sweep: Id of the sweep.
        mode: Whether every arm trains, or only evaluates.
        traffic: Has the budget of all arms.
        bounds: How many are submitted at a time, the limits of each, and what stops them.
        cluster: Where.
    """

    journal: Journal
    sweep: str
    mode: Mode
    traffic: Traffic
    bounds: Bounds
    cluster: Cluster

    async def run(self, arms: Sequence[Arm], known: Mapping[str, str], told: Told) -> None:
        """Run arms, so many submitted at a time.

        Raises:
            SpecError: An arm was made in Python, and can't be made elsewhere.
            JournalError: The sweep's journal can't be written.
        """
        if any("spec" not in arm.reference for arm in arms):
            raise SpecError("experiments made in Python can't be sent to other machines: sweep over a SPEC's function")
        secret, shares = token(self.folder), Shares(self.traffic.budget, len(arms))

        async def one(arm: Arm) -> Row:
            run = known.get(arm.label) or self._begun(arm)
            share, before = shares.take(), self._spent(run)
            outcome = await self._sent(self._task(arm, run, share.above(before), secret))
            self._gather(run, outcome)
            if outcome.archive:  # else nobody knows what it used: its whole share, at worst
                after = self._spent(run)
                shares.back(share, Spent(after.tokens - before.tokens, after.usd - before.usd))
            if not outcome.shared:
                told.note(
                    f"{arm.label} ran on a machine that doesn't reach {self.folder}: had that machine been lost, its "
                    "calls would have been paid again; put the home in a folder that all machines share"
                )
            return row(arm, Run.read(self.journal, run), failure=outcome.failure)

        await in_turn(arms, self.bounds, one, told)

    @property
    def folder(self) -> Path:
        """Of the arms' homes."""
        return folder(self.journal, self.sweep)

    def _begun(self, arm: Arm) -> str:
        reference = {**arm.reference, SWEEP: self.sweep, "label": arm.label, "on": "ray"}
        return begun(self.journal, None, self.mode, arm.load(), None, reference)

    def _task(self, arm: Arm, run: str, share: Share, secret: str) -> Task:
        return Task(
            values=dict(arm.values),
            reference=dict(arm.reference),
            enter=self.cluster.local,
            sweep=self.sweep,
            run=run,
            mode=self.mode,
            folder=str(self.folder / run),
            token=secret,
            archive=packed(self.journal, run),
            usd=share.usd,
            tokens=share.tokens,
            limits=self.bounds.limits,
        )

    async def _sent(self, task: Task) -> Outcome:
        """Wait for a task, which is stopped if nobody waits any more; a worker lost too often is a failure."""
        sent = self.cluster.submit(task)

        async def wait() -> Outcome:
            return await sent

        try:
            (done,) = await asyncio.gather(wait(), return_exceptions=True)
        except asyncio.CancelledError:
            self.cluster.cancel(sent)
            raise
        if isinstance(done, Outcome):
            return done
        if not isinstance(done, Exception):
            raise done
        cause = getattr(done, "cause", None) or done
        return Outcome(b"", f"{type(cause).__name__}: {str(cause).strip()}", shared=True)

    def _gather(self, run: str, outcome: Outcome) -> None:
        """Take in what a task recorded; the home of an arm that ended isn't needed any more."""
        if outcome.archive:
            unpacked(self.journal, outcome.archive)
        if outcome.shared and outcome.archive and outcome.failure is None:
            shutil.rmtree(self.folder / run, ignore_errors=True)

    def _spent(self, run: str) -> Spent:
        return Calls.read(self.journal, run).spent()
