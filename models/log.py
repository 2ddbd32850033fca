"""Where the gateway writes what it asks and what it got, and looks before it asks."""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import NondeterminismError
from .protocol import Place, Reply, Request


class CallLog(Protocol):
    """The record of a run's calls. An intent is written before its request is sent, a result before it is used."""

    def recall(self, place: Place, digest: str) -> Reply | None:
        """The reply recorded at a place, or ``None`` if it has none yet.

        Raises:
            NondeterminismError: Another request was recorded there.
        """
        ...

    def intend(self, place: Place, digest: str, request: Request[Any], model: str) -> None:
        """Record that a request is about to be sent. A call that then fails stays without a result."""
        ...

    def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:
        """Record the reply, and how many requests it took."""
        ...


class NoLog:
    """Remembers nothing: every call is sent."""

    def recall(self, place: Place, digest: str) -> Reply | None:  # noqa: ARG002
        """Nothing."""
        return None

    def intend(self, place: Place, digest: str, request: Request[Any], model: str) -> None:
        """Do nothing."""

    def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:
        """Do nothing."""


class MemoryLog:
    """A log in memory, for a session in a notebook and for tests."""

    def __init__(self) -> None:
        self._intents: dict[Place, str] = {}
        self._replies: dict[Place, Reply] = {}

    def recall(self, place: Place, digest: str) -> Reply | None:
        """The reply recorded at a place, if any."""
        known = self._intents.get(place, digest)
        if known != digest:
            raise NondeterminismError(
                f"{place} was asked something else before (request {known[:12]}, now {digest[:12]}); "
                "use a new log for a changed run"
            )
        return self._replies.get(place)

    def intend(self, place: Place, digest: str, request: Request[Any], model: str) -> None:  # noqa: ARG002
        """Remember what was asked."""
        self._intents[place] = digest

    def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:  # noqa: ARG002
        """Remember what came back."""
        self._intents[place] = digest
        self._replies[place] = reply

    @property
    def unanswered(self) -> tuple[Place, ...]:
        """Places whose request was about to be sent and has no recorded reply."""
        return tuple(place for place in self._intents if place not in self._replies)
