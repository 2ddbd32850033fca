"""A server whose capacity falls tenfold for a minute, in virtual time: nothing piles up, nothing is lost.

With real time and a real server: ``python benchmarks/endurance.py --capacity``.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import pytest

from doxa.models import Gateway, Limits, MemoryLog, Place, Reply, Request, RetryPolicy, Usage
from doxa.models.failures import RateLimitError
from doxa.models.protocol import WorstCase
from doxa.testing import run_virtually

GOOD = '{"side": "up", "confidence": 0.5}'
BEFORE, NARROW, AFTER = 20.0, 60.0, 40.0
SLOTS, SERVICE = 20, 0.4
IN_FLIGHT, CALLERS = 32, 100


@dataclass
class Server:
    """A model with so many slots; whoever finds none waits, or is sent away if ``room`` for waiting is full."""

    room: int | None = None
    name: str = "narrow"
    most: int = 0
    sent_away: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    _queue: deque[asyncio.Future[None]] = field(default_factory=deque)
    _busy: int = 0

    def worst_case(self, _: Request[Any]) -> WorstCase:
        return WorstCase(10, 0.0)

    async def complete(self, request: Request[Any]) -> Reply:
        loop = asyncio.get_running_loop()
        if self.room is not None and len(self._queue) >= self.room:
            self.sent_away += 1
            raise RateLimitError("no room", retry_after=1.0)
        turn: asyncio.Future[None] = loop.create_future()
        self._queue.append(turn)
        self.most = max(self.most, len(self._queue))
        self._next()
        await turn
        await asyncio.sleep(SERVICE)
        self._busy -= 1
        self.answered[int(loop.time())] += 1
        self.asked[request.digest(self.name)] += 1
        self._next()
        return Reply(GOOD, Usage(5, 5), 0.0)

    def _next(self) -> None:
        now = asyncio.get_running_loop().time()
        slots = SLOTS // 10 if BEFORE <= now < BEFORE + NARROW else SLOTS
        while self._queue and self._busy < slots:
            self._busy += 1
            self._queue.popleft().set_result(None)


def served(server: Server, question: Callable[..., Request[Any]], policy: RetryPolicy | None) -> int:
    """Let so many callers ask one question after the other until the time is over; returns the answers they got."""

    async def main() -> int:
        loop, log = asyncio.get_running_loop(), MemoryLog()
        async with Gateway(server, log=log, limits=Limits(concurrency=IN_FLIGHT), policy=policy) as gateway:

            async def caller(number: int) -> int:
                count = 0
                while loop.time() < BEFORE + NARROW + AFTER:
                    await gateway.ask(question(f"{number}/{count}"), Place(0, count, number, "news"))
                    count += 1
                return count

            counts = await asyncio.gather(*(caller(number) for number in range(CALLERS)))
        assert log.unanswered == ()
        return sum(counts)

    return run_virtually(main())


@pytest.mark.parametrize(
    ("room", "policy"), [(None, None), (8, RetryPolicy(attempts=200, deadline=600.0, max_delay=2.0))]
)
def test_capacity_that_falls_tenfold_for_a_minute(
    room: int | None, policy: RetryPolicy | None, question: Callable[..., Request[Any]]
) -> None:
    server = Server(room)
    answers = served(server, question, policy)
    before = fmean(server.answered[second] for second in range(5, int(BEFORE)))
    narrow = fmean(server.answered[second] for second in range(int(BEFORE) + 5, int(BEFORE + NARROW)))
    after = int(BEFORE + NARROW)
    assert before == pytest.approx(SLOTS / SERVICE, rel=0.1)
    assert narrow <= before / 8
    assert server.most <= (IN_FLIGHT if room is None else room), "the queue at the server is bounded"
    assert fmean(server.answered[after + 25 + i] for i in range(5)) >= 0.9 * before, "recovered within 30 s"
    assert sum(server.answered.values()) == answers, "what was answered arrived"
    assert set(server.asked.values()) == {1}, "and nothing was asked for twice"
    assert (server.sent_away > 0) == (room is not None)
