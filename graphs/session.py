"""An open run: its journal, its memory, and the models that answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..agents.episode import Asker, Listener, Mode, People
from ..agents.people import Answers, Inbox
from ..errors import AmbiguousCallError, JournalError, NondeterminismError, SpecError, WaitingError
from ..memory.canonical import canonical
from ..memory.curation import Curation, last_episode
from ..memory.home import Home
from ..memory.journal import Ancestor, Entry, Journal
from ..memory.memory import BeliefMemory
from ..memory.revoking import revoke_again
from ..memory.timetravel import branch_point
from ..models.failures import CallError
from ..models.protocol import Model, Reply, Request, T
from ..models.resolve import resolve_model
from ..models.routing import team
from ..models.traffic import Traffic
from .calls import Calls
from .experiment import Experiment
from .recording import JournalLog, Source
from .repeating import see_repeatable
from .run import going_on, place_of
from .specification import differences
from .tracing import collector, traced


@dataclass(frozen=True)
class Session:
    """A run that is being executed.

    Attributes:
        mode: Whether it trains, or only evaluates.
        run: Its id.
        experiment: What it executes.
        journal: Where it is recorded.
        memory: Its beliefs.
        team: Who answers the agents' requests.
        listener: Called with every recorded event.
        people: How people are asked.
    """

    mode: Mode
    run: str
    experiment: Experiment
    journal: Journal
    memory: BeliefMemory
    team: Asker
    listener: Listener
    people: People = field(default_factory=Inbox)

    @property
    def going_on(self) -> str:
        """The command that goes on with it."""
        return going_on(self.run, place_of(self.journal, self.run).reference)

    def note(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Record how the run went on this machine; such events are no part of the exported log."""
        count = sum(1 for _ in self.journal.events(self.run, kind=kind))
        for event in self.journal.append(self.run, [Entry(-1, kind, f"{count:06d}", payload)]):
            self.listener(event)


@dataclass(frozen=True)
class Asked:
    """Who is asked, and where that is traced: found out before anything is written.

    Attributes:
        models: By agent's name.
        fallbacks: Asked when an agent's own fails over.
        collector: Where spans go, if anywhere.
    """

    models: Mapping[str, Model]
    fallbacks: tuple[Model, ...]
    collector: str | None

    @classmethod
    def by(cls, experiment: Experiment, resolve: Callable[[str | Model], Model] = resolve_model) -> Asked:
        """Who an experiment asks.

        Raises:
            SetupError: A model, or the collector, can't be used.
        """
        fallbacks = tuple(resolve(model) for model in experiment.fallbacks)
        return cls(experiment.models(resolve), fallbacks, collector())


@dataclass(frozen=True)
class Unasked:
    """Stands for a model in a replay, which needs its name and nothing else: neither its key nor its server."""

    name: str

    async def complete(self, request: Request[T]) -> Reply:
        """Refuse."""
        raise JournalError(f"{request.agent!r} asks something that isn't in the journal, and a replay sends nothing")


@asynccontextmanager
async def opened(
    mode: Mode,
    experiment: Experiment,
    home: str | Path,
    run: str | None,
    parent: str | None,
    reference: Mapping[str, Any],
    listener: Listener,
    answers: Answers | None = None,
) -> AsyncIterator[Session]:
    """Open a home for writing and a run in it, new or to be gone on with; close both, whatever happens."""
    see_repeatable(experiment, run or reference.get("source"))
    asked = Asked.by(experiment)
    for known in filter(None, (run, (parent or "").partition("@")[0])):
        with Journal.open(Home(Path(home)), write=False) as journal:
            journal.require(known)
    with Journal.open(Home(Path(home)), write=True) as journal:
        async with opened_in(
            journal, asked, mode, experiment, run, parent, reference, listener, answers=answers
        ) as session:
            yield session


@asynccontextmanager
async def opened_in(
    journal: Journal,
    asked: Asked,
    mode: Mode,
    experiment: Experiment,
    run: str | None,
    parent: str | None,
    reference: Mapping[str, Any],
    listener: Listener,
    *,
    answers: Answers | None = None,
    traffic: Traffic | None = None,
) -> AsyncIterator[Session]:
    """Open a run in an open journal, which stays open.

    Args:
        journal: Open for writing.
        asked: The models.
        mode: Whether it trains, or only evaluates.
        experiment: What it executes.
        run: A run to go on with; ``None`` for a new one.
        parent: A run whose beliefs to start with.
        reference: How the experiment was loaded.
        listener: Called with every recorded event.
        answers: Called with each question to people that has no answer yet.
        traffic: What it shares with runs that are executed at the same time; they leave the index to who comes next.
    """
    see_repeatable(experiment, run or reference.get("source"))
    async with AsyncExitStack() as stack:
        if run is not None and experiment.ambiguous == "halt":
            _see_settled(journal, run)
        run = begun(journal, run, mode, experiment, parent, reference)
        memory = BeliefMemory(journal, run, embedder=experiment.embedder, parent=parent, indexed=traffic is None)
        stack.enter_context(memory)
        if parent is not None and "@" in parent and last_episode(journal, run) < 0:
            revoke_again(Curation(memory), parent)
        trace = await stack.enter_async_context(traced(asked.collector, run, experiment.name, mode))
        listener = trace.listener(listener)
        log = JournalLog(journal, run, listener, source=_source(journal, run, experiment), cache=experiment.cache)
        asker = await stack.enter_async_context(
            team(
                {name: trace.model(model) for name, model in asked.models.items()},
                log=log,
                usd=experiment.max_usd,
                tokens=experiment.max_tokens,
                policy=experiment.retries,
                limits=experiment.limits,
                fallbacks=[trace.model(model) for model in asked.fallbacks],
                traffic=traffic,
            )
        )
        people = Inbox(answers, source=log.source.run if log.source else None)
        session = Session(mode, run, experiment, journal, memory, trace.asker(asker), listener, people)
        with _told(session):
            yield session


@contextmanager
def _told(session: Session) -> Iterator[None]:
    """Whatever stops a run is told by its journal."""
    try:
        yield
    except WaitingError:
        raise  # to wait is no failure
    except JournalError as error:  # nothing can be recorded in a journal that fails
        if not isinstance(error, NondeterminismError):
            error.add_note(f"Everything up to here is kept; once that is mended, go on with: {session.going_on}")
        raise
    except Exception as error:  # whatever stopped it, an agent's own bug too, is told by the journal
        facts = error.facts() if isinstance(error, CallError) else {}
        session.note("failure", {**facts, "error": type(error).__name__, "message": str(error), "stopped": True})
        error.add_note(f"The journal holds everything up to here; go on with: {session.going_on}")
        raise
    except asyncio.CancelledError:
        session.note("run.interrupted", {})
        raise


@asynccontextmanager
async def opened_for_replay(
    experiment: Experiment, home: str | Path, run: str, listener: Listener
) -> AsyncIterator[Session]:
    """Open a recorded run for reading; whatever isn't in the journal is an error."""
    see_repeatable(experiment, run)
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(Journal.open(Home(Path(home)), write=False))
        recorded = next(journal.events(run, kind="run.started"), None)
        if recorded is None:
            raise JournalError(f"run {run} has no beginning in the journal; there is nothing to replay")
        place = next(journal.events(run, kind="run.place")).payload
        mode: Mode = recorded.payload["mode"]
        origin = _origin(journal, run, place["parent"])
        _see_unchanged(run, recorded.payload, _started(journal, mode, experiment, origin, recorded.payload))
        memory = stack.enter_context(BeliefMemory(journal, run, embedder=experiment.embedder, parent=place["parent"]))
        models = {name: Unasked(getattr(choice, "name", str(choice))) for name, choice in experiment.choices().items()}
        asker = await stack.enter_async_context(team(models, log=JournalLog(journal, run, listener)))
        yield Session(mode, run, experiment, journal, memory, asker, listener)


def begun(
    journal: Journal,
    run: str | None,
    mode: Mode,
    experiment: Experiment,
    parent: str | None,
    reference: Mapping[str, Any],
) -> str:
    """Begin a run, or see that a begun one is the same experiment."""
    source = reference.get("source")
    origin = _origin(journal, run or source, parent)
    recorded = None if run is None else journal.find(run, -1, "run.started", "")
    started = _started(journal, mode, experiment, origin, {} if recorded is None else recorded.payload)
    if run is None:
        first = [Entry(-1, "run.place", "", {"parent": parent, **reference}), Entry(-1, "run.started", "", started)]
        whose, until = (None, None) if origin is None else (origin.run, origin.seq)
        return journal.begin(experiment.name, parent=whose, until=until, first=first)
    if recorded is not None:
        _see_unchanged(run, recorded.payload, started)
    if journal.find(run, -1, "run.place", "") is None:
        journal.append(run, [Entry(-1, "run.place", "", {"parent": parent, **reference})])
    journal.append(run, [Entry(-1, "run.started", "", started)])
    return run


def see_same(journal: Journal, run: str, mode: Mode, experiment: Experiment) -> None:
    """Make sure that a run, if it has begun, is of this experiment.

    Raises:
        SpecError: It isn't; the message names what changed.
    """
    recorded = journal.find(run, -1, "run.started", "")
    if recorded is not None:
        origin = _origin(journal, run, None)
        _see_unchanged(run, recorded.payload, _started(journal, mode, experiment, origin, recorded.payload))


def _origin(journal: Journal, run: str | None, parent: str | None) -> Ancestor | None:
    """What a run starts from. A parent may go on, or be curated, afterwards: what counts is what it held then."""
    linked = () if run is None else journal.ancestors(run)[-1:]
    return next(iter(linked), None) if parent is None or linked else branch_point(journal, parent)


def _started(
    journal: Journal, mode: Mode, experiment: Experiment, origin: Ancestor | None, recorded: Mapping[str, Any]
) -> dict[str, Any]:
    """How a run begins; one that is ``recorded`` as it would have begun then."""
    inherited = None if origin is None else journal.digest(origin.run, origin.seq)
    spec = experiment.spec_as(recorded["spec"]) if "spec" in recorded else experiment.spec()
    started: dict[str, Any] = json.loads(canonical({"mode": mode, "spec": spec, "parent": inherited}))
    return started


def _source(journal: Journal, run: str, experiment: Experiment) -> Source | None:
    """The run that a branch takes its answers from; its gaps too, if it was to go on after the same failures."""
    place = journal.find(run, -1, "run.place", "")
    source = place.payload.get("source") if place else None
    if source is None:
        return None
    spec = next(journal.events(source, kind="run.started")).payload["spec"]
    return Source(source, gaps=spec.get("on_failure") == experiment.spec_as(spec).get("on_failure"))


def _see_settled(journal: Journal, run: str) -> None:
    """Refuse to go on with a run that would send calls again whose outcome isn't known."""
    pending = [call for call in Calls.read(journal, run).ambiguous() if not call.resent]
    if pending:
        lines = "".join(f"\n  {call}" for call in pending)
        raise AmbiguousCallError(
            f"run {run} was cut off while these calls were in flight; they may have been answered and charged:{lines}\n"
            f"Nothing was sent. See what your provider charged, then choose: 'doxa resume {run} --ambiguous resend' "
            "sends them again (ambiguous='resend' in Python), 'halt' leaves the run as it is"
        )


def _see_unchanged(run: str, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    changed = differences(recorded, now)
    if changed:
        more = f" (and {len(changed) - 5} more)" if len(changed) > 5 else ""
        raise SpecError(
            f"run {run} began as another experiment: {'; '.join(changed[:5])}{more}. Undo the change to go on with it; "
            f"or 'doxa branch {run}' runs the changed one as a new run, which takes every answer that still fits from "
            "this one's journal and pays only for the rest; or start afresh with 'doxa train'"
        )
