"""The journal as the gateway's call log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..agents.episode import Listener, ignore
from ..errors import NondeterminismError
from ..memory.journal import Entry, Event, Journal
from ..memory.trajectory import GAP, place_key
from ..models.budget import Spent
from ..models.failures import CallError, named
from ..models.protocol import Place, Reply, Request, Usage, WorstCase
from .calls import AGAIN, CALL, FAILED, INTENT, REUSED, Calls

ANEW = 2
"""Turns from here on ask a question again after its first reply and the repair were both unfit."""


@dataclass(frozen=True)
class InFlight:
    """A call that is being asked.

    Attributes:
        messages: Role and text digest of each message.
        attempt: Number of the attempt that is under way, counted over all resumes.
    """

    messages: list[list[str]]
    attempt: int


@dataclass(frozen=True)
class Source:
    """The run that a branch takes its answers from, and whether it takes its gaps, too."""

    run: str
    gaps: bool


@dataclass(frozen=True)
class JournalLog:
    """Calls of one run: an intent before an attempt is sent, the call's result before it is used."""

    journal: Journal
    run: str
    listener: Listener = ignore
    source: Source | None = None
    cache: bool = False
    """Whether any run's answer to the same request will do."""
    asked: dict[str, InFlight] = field(default_factory=dict, repr=False)
    """Calls in flight, by episode and key."""

    def spent(self) -> Spent:
        """What the run's attempts have used so far; those without a known outcome count at their worst."""
        return Calls.read(self.journal, self.run).spent()

    def recall(self, place: Place, digest: str) -> Reply | None:
        """The journaled reply, or ``None`` if the request has to be sent.

        Raises:
            NondeterminismError: Another request stands at this place.
            CallError: The call failed here, and the run went on without an answer.
        """
        event = self._recorded(self.run, place)
        if event is None:
            found = self._elsewhere(place, digest)
            return None if found is None else self._taken(found, place)
        if event.payload["request"] != digest:
            raise NondeterminismError(
                f"run {self.run}, episode {place.episode}, step {place.step}: {place.agent!r} asks something else than "
                f"what was recorded (request {digest[:12]}, recorded {event.payload['request'][:12]}). The spec, the "
                f"data or a prompt changed since; undo the change, or 'doxa branch {self.run}' goes on as a new run "
                "with every answer that still fits"
            )
        return _outcome(event, place)

    def intend(
        self, place: Place, digest: str, request: Request[Any], model: str, worst: WorstCase | None = None
    ) -> None:
        """Journal the attempt and the most it can use, and the messages' texts once each."""
        key, number = _key(place), self._attempts(place)
        messages = [[m.role, self.journal.put_text(m.text)] for m in request.messages]
        self.asked[f"{place.episode}.{key}"] = InFlight(messages, number)
        payload = {
            "request": digest,
            "model": model,
            "agent": place.agent,
            "tokens": worst.tokens if worst else 0,
            "cost": worst.cost if worst else None,
        }
        kind, at = (AGAIN, f"{key}.{number}") if number else (INTENT, key)
        self.journal.append(self.run, [Entry(place.episode, kind, at, payload)])

    def fail(self, place: Place, failure: CallError, spent: Spent) -> None:
        """Journal the attempt's failure and what it may have been charged."""
        key = _key(place)
        payload = {**failure.facts(), "tokens": spent.tokens, "cost": spent.usd}
        at = f"{key}.{self.asked[f'{place.episode}.{key}'].attempt}"
        for event in self.journal.append(self.run, [Entry(place.episode, FAILED, at, payload)]):
            self.listener(event)

    def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:
        """Journal the result; latency and attempts stay beside it."""
        key = _key(place)
        payload = {
            "agent": place.agent,
            "request": digest,
            "messages": self.asked.pop(f"{place.episode}.{key}").messages,
            "reply": reply.text,
            "usage": vars(reply.usage),
            "cost": reply.cost,
            "model": reply.model,
            "details": dict(reply.details),
        }
        entry = Entry(place.episode, CALL, key, payload)
        for event in self.journal.append(self.run, [entry], latency=reply.latency, attempts=attempts):
            self.listener(event)

    async def durable(self) -> None:
        """Wait until what was journaled is on disk."""
        await self.journal.durable()

    def _recorded(self, run: str, place: Place, *, gaps: bool = True) -> Event | None:
        """The call at a place, or the gap that its failure left."""
        call = self.journal.find(run, place.episode, CALL, _key(place))
        if call is not None or not gaps:
            return call
        return self.journal.find(run, place.episode, GAP, place_key(place.step, place.phase, place.agent))

    def _elsewhere(self, place: Place, digest: str) -> Event | None:
        """What another run got to the same request: the run branched from, at the same place; or any, with a cache."""
        if self.source is not None:
            event = self._recorded(self.source.run, place, gaps=self.source.gaps)
            if event is not None and event.payload["request"] == digest:
                return event
        # a question that is asked anew, because what it got before didn't fit, isn't helped by the same again
        return self.journal.answer(digest) if self.cache and place.turn < ANEW else None

    def _taken(self, event: Event, place: Place) -> Reply:
        """Make another run's answer this run's own, and record where it came from."""
        if event.kind == CALL:
            key, payload = _key(place), {**event.payload, "agent": place.agent}
            entries = [
                Entry(place.episode, REUSED, key, {"run": event.run}),
                Entry(place.episode, CALL, key, payload),
            ]
            for recorded in self.journal.append(self.run, entries, attempts=0):
                self.listener(recorded)
        return _outcome(event, place)

    def _attempts(self, place: Place) -> int:
        """How many attempts at a call are journaled."""
        key, number = _key(place), 0
        while self.journal.find(self.run, place.episode, AGAIN if number else INTENT, _attempt_key(key, number)):
            number += 1
        return number


def _key(place: Place) -> str:
    name = f"{place.agent}.{place.part}" if place.part else place.agent
    return place_key(place.step, place.phase, name, place.turn)


def _attempt_key(key: str, number: int) -> str:
    return f"{key}.{number}" if number else key


def _outcome(event: Event, place: Place) -> Reply:
    """The reply that was recorded; a failure that was recorded is raised again."""
    if event.kind == GAP:
        failure = named(event.payload["failure"])("recorded when it happened; it isn't asked again at this step")
        raise failure.located(place, "", 0, event.payload["request"])
    return _reply(event.payload)


def _reply(payload: dict[str, Any]) -> Reply:
    return Reply(
        payload["reply"],
        Usage(**payload["usage"]),
        payload["cost"],
        payload["model"],
        details=payload["details"],
    )
