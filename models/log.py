"""Where the gateway writes what it asks and what it got, and looks before it asks."""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import NondeterminismError
from .budget import Spent
from .failures import CallError
from .protocol import Place, Reply, Request, WorstCase


class CallLog(Protocol):
    """The record of a run's calls. An intent is written before its request is sent, a result before it is used.

    An attempt whose intent has neither a reply nor a failure is *ambiguous*: it may have been answered and charged for.
    """

    def spent(self) -> Spent:
        """What the recorded attempts have used; ambiguous ones count at their worst."""
        ...

    def recall(self, place: Place, digest: str) -> Reply | None:
        """The reply recorded at a place, or ``None`` if it has none yet.

        Raises:
            NondeterminismError: Another request was recorded there.
            CallError: It failed there, and the run went on without an answer.
        """
        ...

    def intend(
        self, place: Place, digest: str, request: Request[Any], model: str, worst: WorstCase | None = None
    ) -> None:
        """Record that an attempt is about to be sent, and the most it can use."""
        ...

    def fail(self, place: Place, failure: CallError, spent: Spent) -> None:
        """Record how the attempt failed, and what it may have been charged."""
        ...

    def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:
        """Record the reply, and how many requests it took."""
        ...

    async def durable(self) -> None:
        """Wait until everything recorded so far would survive a crash; nothing is sent or used before."""
        ...


class NoLog:
    """Remembers nothing: every call is sent."""

    def spent(self) -> Spent:
        """Nothing."""
        return Spent()

    def recall(self, place: Place, digest: str) -> Reply | None:  # noqa: ARG002
        """Nothing."""
        return None

    def intend(
        self, place: Place, digest: str, request: Request[Any], model: str, worst: WorstCase | None = None
    ) -> None:
        """Do nothing."""

    def fail(self, place: Place, failure: CallError, spent: Spent) -> None:
        """Do nothing."""

    def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:
        """Do nothing."""

    async def durable(self) -> None:
        """Do nothing."""


class MemoryLog:
    """A log in memory, for a session in a notebook and for tests."""

    def __init__(self) -> None:
        self._intents: dict[Place, str] = {}
        self._replies: dict[Place, Reply] = {}
        self._spent: dict[Place, list[Spent]] = {}

    def spent(self) -> Spent:
        """What all attempts have used, those without an outcome at their worst."""
        every = [spent for attempts in self._spent.values() for spent in attempts]
        return Spent(sum(s.tokens for s in every), sum(s.usd for s in every))

    def recall(self, place: Place, digest: str) -> Reply | None:
        """The reply recorded at a place, if any."""
        known = self._intents.get(place, digest)
        if known != digest:
            raise NondeterminismError(
                f"{place} was asked something else before (request {known[:12]}, now {digest[:12]}); "
                "use a new log for a changed run"
            )
        return self._replies.get(place)

    def intend(
        self,
        place: Place,
        digest: str,
        request: Request[Any],  # noqa: ARG002
        model: str,  # noqa: ARG002
        worst: WorstCase | None = None,
    ) -> None:
        """Remember what was asked."""
        self._intents[place] = digest
        self._spent.setdefault(place, []).append(Spent() if worst is None else Spent(worst.tokens, worst.cost or 0.0))

    def fail(self, place: Place, failure: CallError, spent: Spent) -> None:  # noqa: ARG002
        """Remember what the failure cost."""
        self._spent[place][-1] = spent

    def settle(self, place: Place, digest: str, reply: Reply, *, attempts: int) -> None:  # noqa: ARG002
        """Remember what came back."""
        self._intents[place] = digest
        self._replies[place] = reply
        used = Spent(reply.usage.prompt_tokens + reply.usage.completion_tokens, reply.cost or 0.0)
        self._spent[place] = [*self._spent.get(place, [])[:-1], used]

    async def durable(self) -> None:
        """Do nothing: memory doesn't survive a crash."""

    @property
    def unanswered(self) -> tuple[Place, ...]:
        """Places whose request was about to be sent and has no recorded reply."""
        return tuple(place for place in self._intents if place not in self._replies)
