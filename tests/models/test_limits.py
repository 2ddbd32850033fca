"""Rate limits and concurrency, on virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from doxa.errors import ModelSetupError
from doxa.models import Gateway, Limits, Place, Reply, Request, Usage
from doxa.models import failures as f
from doxa.models.clock import LoopClock
from doxa.models.limits import Limiter
from doxa.models.protocol import WorstCase
from doxa.testing import run_virtually

Question = Callable[..., Request[Any]]
Sent = list[tuple[float, int]]


def worst_window(sent: Sent, seconds: float) -> tuple[int, int]:
    """The most requests and the most tokens in any sliding window."""
    requests, tokens, start, used = 0, 0, 0, 0
    for end, (time, size) in enumerate(sent):
        used += size
        while sent[start][0] <= time - seconds:
            used -= sent[start][1]
            start += 1
        requests, tokens = max(requests, end - start + 1), max(tokens, used)
    return requests, tokens


def saturated(limits: Limits, size: Callable[[random.Random], int], minutes: int = 10) -> Sent:
    """What 500 callers send who all want to send without pause."""
    rng = random.Random(1)
    sent: Sent = []

    async def caller(limiter: Limiter) -> None:
        while True:
            tokens = size(rng)
            issued = await limiter.acquire(tokens)
            arrives = asyncio.get_running_loop().time() + rng.uniform(0, 0.5)
            sent.append((arrives, tokens))
            await asyncio.sleep(rng.uniform(0.5, 5.0))
            limiter.release(issued, sent=True)

    async def main() -> None:
        limiter = Limiter(limits, LoopClock())
        callers = [asyncio.create_task(caller(limiter)) for _ in range(500)]
        await asyncio.sleep(minutes * 60)
        for task in callers:
            task.cancel()
        await asyncio.gather(*callers, return_exceptions=True)

    run_virtually(main())
    return sorted(sent)


@pytest.mark.parametrize(
    ("size", "binds"),
    [(lambda rng: rng.randint(1, 200), "requests"), (lambda rng: rng.randint(100, 2000), "tokens")],
    ids=["requests bind", "tokens bind"],
)
def test_500_callers_stay_within_the_limits_and_use_them(size: Callable[[random.Random], int], binds: str) -> None:
    limits = Limits(requests_per_minute=600, tokens_per_minute=100_000, concurrency=None)
    sent = saturated(limits, size)
    requests, tokens = worst_window(sent, 60.0)
    assert requests <= 600
    assert tokens <= 100_000
    if binds == "requests":
        assert len(sent) >= 0.95 * 600 * 10
    else:
        assert sum(size for _, size in sent) >= 0.95 * 100_000 * 10


def test_what_was_set_aside_and_not_used_is_given_to_others() -> None:
    async def main() -> list[float]:
        limiter, times = Limiter(Limits(tokens_per_minute=100), LoopClock()), []
        for _ in range(5):
            issued = await limiter.acquire(100)
            times.append(asyncio.get_running_loop().time())
            issued.used(0)
            limiter.release(issued, sent=True)
        return times

    assert run_virtually(main()) == [0.0] * 5


def test_what_turns_out_smaller_shortens_the_wait_of_those_who_queue() -> None:
    async def main() -> float:
        limiter = Limiter(Limits(tokens_per_minute=100), LoopClock())
        first = await limiter.acquire(100)
        second = asyncio.create_task(limiter.acquire(100))
        await asyncio.sleep(5)
        first.used(0)
        await second
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) <= 6.0


def test_first_come_first_served() -> None:
    served: list[int] = []

    async def caller(limiter: Limiter, n: int) -> None:
        issued = await limiter.acquire(50 if n % 2 else 1)
        served.append(n)
        limiter.release(issued, sent=True)

    async def main() -> None:
        limiter = Limiter(Limits(tokens_per_minute=60, requests_per_minute=7), LoopClock())
        await asyncio.gather(*(caller(limiter, n) for n in range(20)))

    run_virtually(main())
    assert served == list(range(20))


def test_a_waiter_that_gives_up_blocks_nobody() -> None:
    async def main() -> float:
        limiter = Limiter(Limits(requests_per_minute=1, concurrency=1), LoopClock())
        limiter.release(await limiter.acquire(1), sent=True)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire(1), 5)
        limiter.release(await limiter.acquire(1), sent=False)
        limiter.release(await limiter.acquire(1), sent=True)
        return asyncio.get_running_loop().time()

    assert 60 <= run_virtually(main()) <= 62


class Slow:
    """A model that notes how many requests it has at once."""

    name = "slow"

    def __init__(self, seconds: float) -> None:
        self.most, self.now, self.seconds = 0, 0, seconds

    def worst_case(self, _: Request[Any]) -> WorstCase:
        return WorstCase(10, 0.0)

    async def complete(self, _: Request[Any]) -> Reply:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        return Reply('{"side": "up", "confidence": 0.5}', Usage(1, 1), 0.0)


def run_calls(question: Question, model: Any, calls: int, limits: Any) -> float:
    async def main() -> float:
        gateway = Gateway(model, limits=limits)
        await asyncio.gather(*(gateway.ask(question(), Place(0, 0, n, "news")) for n in range(calls)))
        return asyncio.get_running_loop().time()

    return run_virtually(main())


def test_no_more_than_the_concurrency_is_in_flight(question: Question) -> None:
    model = Slow(1.0)
    assert run_calls(question, model, 12, Limits(concurrency=4)) == pytest.approx(3.0)
    assert model.most == 4


def test_waiting_for_a_turn_does_not_count_against_the_deadline(question: Question) -> None:
    assert run_calls(question, Slow(1.0), 30, Limits(requests_per_minute=5)) > 300


def test_a_gateway_may_be_used_from_one_event_loop_after_another(question: Question) -> None:
    gateway = Gateway(Slow(1.0), limits=Limits(concurrency=1))

    async def main() -> float:
        await asyncio.gather(*(gateway.ask(question(), Place(0, 0, n, "news")) for n in range(4)))
        return asyncio.get_running_loop().time()

    assert [run_virtually(main()) for _ in range(2)] == [pytest.approx(4.0)] * 2


def test_what_a_call_really_used_is_what_counts(question: Question) -> None:
    assert run_calls(question, Slow(1.0), 25, Limits(tokens_per_minute=60, concurrency=1)) == pytest.approx(25.0)


def test_limits_may_be_given_by_endpoint(question: Question) -> None:
    assert run_calls(question, Slow(1.0), 12, {"slow": Limits(concurrency=3)}) == pytest.approx(4.0)
    assert run_calls(question, Slow(1.0), 12, {"other": Limits(concurrency=3)}) == pytest.approx(1.0)


def test_a_request_larger_than_the_limit_is_refused(question: Question) -> None:
    with pytest.raises(f.BadRequestError, match="may use 10 tokens, more than the limit of 9 per minute: lower max"):
        run_calls(question, Slow(1.0), 1, Limits(tokens_per_minute=9))


def test_limits_that_let_nothing_through_are_refused() -> None:
    with pytest.raises(ModelSetupError, match="requests_per_minute=0"):
        Limits(requests_per_minute=0)
