"""The way to one endpoint: its limits, and the circuit breaker that leaves it alone while it is down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ..errors import ModelSetupError
from .clock import Clock, Deadline
from .failures import CallError, CircuitOpenError, handling
from .limits import Limiter, Limits, Pass
from .protocol import Model


@dataclass(frozen=True)
class Breaker:
    """When an endpoint counts as down."""

    failures: int = 8
    """Failures in a row that open the circuit; only those count that speak against the endpoint itself."""
    rest: float = 15.0
    """Seconds until one request may try whether the endpoint is back."""

    def __post_init__(self) -> None:
        if self.failures < 1 or self.rest <= 0:
            raise ModelSetupError(f"Breaker(failures={self.failures}, rest={self.rest}): both must be above 0")


class Circuit:
    """Closed while the endpoint works; open while it is left alone; then one probe at a time until one succeeds."""

    def __init__(self, breaker: Breaker, clock: Clock) -> None:
        self._breaker = breaker
        self._clock = clock
        self._failures = 0
        self._rests_until = 0.0

    @property
    def open(self) -> bool:
        """Whether the endpoint has failed too often in a row."""
        return self._failures >= self._breaker.failures

    @property
    def wait(self) -> float:
        """Seconds until a request may be sent; 0 if it may now."""
        return max(0.0, self._rests_until - self._clock.monotonic()) if self.open else 0.0

    def sending(self) -> None:
        """A request goes out; while the circuit is open it is the probe, and the others go on waiting."""
        if self.open:
            self._rests_until = self._clock.monotonic() + self._breaker.rest

    def ended(self, failure: CallError | None) -> None:
        """A request came back."""
        if failure is None or not handling(failure).trips:
            self._failures = 0
            return
        self._failures += 1
        if self.open:
            self._rests_until = self._clock.monotonic() + self._breaker.rest


class Endpoint:
    """Everything that sends to one endpoint passes through here."""

    def __init__(self, name: str, limits: Limits, breaker: Breaker, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._limiter = Limiter(limits, clock)
        self._breaker = breaker
        self._circuit = Circuit(breaker, clock)

    @asynccontextmanager
    async def admitted(self, tokens: int, deadline: Deadline, *, patient: bool) -> AsyncIterator[Pass]:
        """Wait for leave to send a request of at most ``tokens``; the body sends it.

        Args:
            tokens: Upper bound on what the request uses.
            deadline: Runs while the circuit is open, and stands still in the queue for the rate limits.
            patient: Whether to wait for an open circuit at all; False where a fallback can be asked instead.

        Raises:
            CircuitOpenError: The circuit is open, and would be past the deadline.
        """
        issued = await self._acquire(tokens, deadline, patient=patient)
        self._circuit.sending()
        try:
            yield issued
        except CallError as failure:
            self._circuit.ended(failure)
            raise
        else:
            self._circuit.ended(None)
        finally:
            self._limiter.release(issued, sent=True)

    async def _acquire(self, tokens: int, deadline: Deadline, *, patient: bool) -> Pass:
        while True:
            await self._rested(deadline, patient=patient)
            with deadline.paused():
                issued = await self._limiter.acquire(tokens)
            if self._circuit.wait <= 0:
                return issued
            self._limiter.release(issued, sent=False)

    async def _rested(self, deadline: Deadline, *, patient: bool) -> None:
        while (wait := self._circuit.wait) > 0:
            if not patient or wait >= deadline.left:
                raise CircuitOpenError(
                    f"{self.name} failed {self._breaker.failures} times in a row and rests for {wait:.0f} s more",
                    retry_after=wait,
                )
            await self._clock.sleep(wait)


class Endpoints:
    """The endpoints that one or several gateways send through, by name: one queue, one circuit each.

    Args:
        limits: Of every endpoint, or by the endpoint's name.
        breaker: When one counts as down.
        clock: What they go by.
    """

    def __init__(self, limits: Limits | Mapping[str, Limits], breaker: Breaker, clock: Clock) -> None:
        self._limits = limits
        self._breaker = breaker
        self._clock = clock
        self._known: dict[str, Endpoint] = {}

    def of(self, model: Model) -> Endpoint:
        """The one that a model's requests go to."""
        name = getattr(model, "endpoint", model.name)
        if name not in self._known:
            limits = self._limits.get(name, Limits()) if isinstance(self._limits, Mapping) else self._limits
            self._known[name] = Endpoint(name, limits, self._breaker, self._clock)
        return self._known[name]
