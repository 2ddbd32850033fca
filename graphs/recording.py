"""The journal as the gateway's call log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..agents.episode import Listener, ignore
from ..errors import NondeterminismError
from ..memory.journal import Entry, Journal
from ..memory.trajectory import place_key
from ..models.protocol import Place, Reply, Request, Usage


@dataclass(frozen=True)
class JournalLog:
    """Calls of one run: an intent before a request is sent, the call's result before it is used."""

    journal: Journal
    run: str
    listener: Listener = ignore
    asked: dict[str, list[list[str]]] = field(default_factory=dict, repr=False)
    """Role and text digest of the messages of calls in flight, by key."""

    def recall(self, place: Place, digest: str) -> Reply | None:
        """The journaled reply, or ``None`` if the request has to be sent.

        Raises:
            NondeterminismError: Another request stands at this place.
        """
        event = self.journal.find(self.run, place.episode, "call", _key(place))
        if event is None:
            return None
        if event.payload["request"] != digest:
            raise NondeterminismError(
                f"run {self.run}, episode {place.episode}, step {place.step}: {place.agent!r} asks something else than "
                f"what was recorded (request {digest[:12]}, recorded {event.payload['request'][:12]}). The spec, the "
                "data or a prompt changed since; undo the change, or start a new run"
            )
        return _reply(event.payload)

    def intend(self, place: Place, digest: str, request: Request[Any], model: str) -> None:
        """Journal the intent, and the messages' texts once each."""
        self.asked[_key(place)] = [[m.role, self.journal.put_text(m.text)] for m in request.messages]
        payload = {"request": digest, "model": model, "agent": place.agent}
        self.journal.append(self.run, [Entry(place.episode, "call.intent", _key(place), payload)])

    def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:
        """Journal the result; latency and attempts stay beside it."""
        payload = {
            "agent": place.agent,
            "request": digest,
            "messages": self.asked.pop(_key(place)),
            "reply": reply.text,
            "usage": vars(reply.usage),
            "cost": reply.cost,
            "model": reply.model,
            "details": dict(reply.details),
        }
        entry = Entry(place.episode, "call", _key(place), payload)
        for event in self.journal.append(self.run, [entry], latency=reply.latency, attempts=attempts):
            self.listener(event)


def _key(place: Place) -> str:
    return place_key(place.step, place.phase, place.agent, place.turn)


def _reply(payload: dict[str, Any]) -> Reply:
    return Reply(
        payload["reply"],
        Usage(**payload["usage"]),
        payload["cost"],
        payload["model"],
        details=payload["details"],
    )
