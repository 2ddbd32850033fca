"""The retry policy, the circuit breaker and random fault schedules, on virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.errors import ModelSetupError
from doxa.models import (
    Breaker,
    Budget,
    CallError,
    Gateway,
    Limits,
    MemoryLog,
    Place,
    Reply,
    Request,
    RetryPolicy,
    ScriptedModel,
    Usage,
)
from doxa.models import failures as f
from doxa.models.failures import HANDLING, handling
from doxa.models.protocol import WorstCase
from doxa.testing import run_virtually

HERE = Place(0, 0, 1, "news")
GOOD = '{"side": "up", "confidence": 0.5}'

Question = Callable[..., Request[Any]]


class Timed:
    """A script that notes when it was asked; an answer may be a coroutine function."""

    def __init__(self, answers: list[Any], name: str = "timed") -> None:
        self.name = name
        self.times: list[float] = []
        self._answers = iter(answers)

    async def complete(self, _: Request[Any]) -> Reply:
        self.times.append(asyncio.get_running_loop().time())
        answer = next(self._answers)
        if callable(answer):
            await answer()
            answer = GOOD
        if isinstance(answer, Exception):
            raise answer
        return Reply(answer)


def asked(question: Question, model: Any, **settings: Any) -> Any:
    return run_virtually(Gateway(model, **settings).ask(question(), HERE))


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_pauses_grow_with_jitter_up_to_the_most(attempt: int, seed: int) -> None:
    policy = RetryPolicy(base_delay=0.5, max_delay=20.0)
    full = min(20.0, 0.5 * 2.0 ** (attempt - 1)) if attempt < 10 else 20.0
    assert full / 2 <= policy.pause(attempt, None, random.Random(seed)) <= full
    assert 7 <= policy.pause(attempt, 7, random.Random(seed)) <= 7.5


def test_the_same_seed_gives_the_same_pauses() -> None:
    a, b = random.Random(3), random.Random(3)
    assert [RetryPolicy().pause(n, None, a) for n in range(1, 9)] == [
        RetryPolicy().pause(n, None, b) for n in range(1, 9)
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"base_delay": -1.0},
        {"base_delay": 2.0, "max_delay": 1.0},
        {"deadline": 0.0},
        {"step_deadline": 0.0},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelSetupError, match=next(iter(wrong))):
        RetryPolicy(**wrong)


def test_the_server_s_wait_is_waited(question: Question) -> None:
    model = Timed([f.RateLimitError("429", retry_after=10.0), GOOD])
    answer = asked(question, model, policy=RetryPolicy(deadline=30.0))
    assert 10.0 <= model.times[1] - model.times[0] <= 10.5
    assert answer.replies[0].latency == 0.0


def test_a_wait_that_ends_after_the_deadline_is_not_begun(question: Question) -> None:
    model = Timed([f.RateLimitError("429", retry_after=90.0), GOOD])

    async def main() -> float:
        with pytest.raises(f.RateLimitError):
            await Gateway(model, policy=RetryPolicy(deadline=30.0)).ask(question(), HERE)
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) == 0.0
    assert len(model.times) == 1


def test_a_model_that_hangs_is_left_at_the_deadline(question: Question) -> None:
    model = Timed([f.ServerError("503"), lambda: asyncio.sleep(1e6)])

    async def main() -> float:
        with pytest.raises(f.ModelTimeoutError, match="deadline of 30 s"):
            await Gateway(model, policy=RetryPolicy(deadline=30.0)).ask(question(), HERE)
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) == pytest.approx(30.0)


def test_the_calls_of_a_step_share_the_step_s_deadline(question: Question) -> None:
    """Ten seconds each, twenty-five a step: the third call is left after five, and the next step starts anew."""
    model = Timed([lambda: asyncio.sleep(10.0)] * 4)
    policy = RetryPolicy(attempts=1, deadline=30.0, step_deadline=25.0)

    async def main() -> list[float]:
        gateway, ends = Gateway(model, policy=policy), []
        for place in (HERE, replace(HERE, agent="b"), replace(HERE, agent="c"), replace(HERE, step=HERE.step + 1)):
            try:
                await gateway.ask(question(), place)
            except f.ModelTimeoutError:
                ends.append(-asyncio.get_running_loop().time())
            else:
                ends.append(asyncio.get_running_loop().time())
        return ends

    assert run_virtually(main()) == [10.0, 20.0, -25.0, 35.0]


def test_each_fallback_has_a_deadline_of_its_own(question: Question) -> None:
    slow = Timed([lambda: asyncio.sleep(1e6)], "slow")
    other = Timed([lambda: asyncio.sleep(20)], "other")
    answer = asked(question, slow, fallbacks=[other], policy=RetryPolicy(deadline=30.0))
    assert answer.replies[0].latency == pytest.approx(20.0)
    assert other.times == [pytest.approx(30.0)]


def test_latency_is_that_of_the_answering_attempt(question: Question) -> None:
    model = Timed([f.ServerError("503"), lambda: asyncio.sleep(2)])
    assert asked(question, model).replies[0].latency == pytest.approx(2.0)


def test_every_failure_is_in_the_table_and_in_its_docstring() -> None:
    kinds = [kind for kind in vars(f).values() if isinstance(kind, type) and issubclass(kind, CallError)]
    assert {kind for kind in kinds if kind is not CallError} == set(HANDLING)
    rows = {line.split()[0]: line for line in (f.__doc__ or "").splitlines() if "Error" in line[:24]}
    for kind, what in HANDLING.items():
        row = rows[kind.__name__].ljust(60)
        columns = (row[25:32], row[33:43], row[44:49], row[50:56])
        assert [bool(column.strip()) for column in columns] == [what.retried, what.fails_over, what.trips, what.billed]
        assert kind.remedy
    assert handling(ZeroDivisionError()) == f.Handling()


def test_an_endpoint_that_keeps_failing_is_left_alone_and_probed_by_one(question: Question) -> None:
    down_until = 100.0
    times: list[float] = []

    async def script(_: Request[Any]) -> str:
        now = asyncio.get_running_loop().time()
        times.append(now)
        await asyncio.sleep(0.1)
        if now < down_until:
            raise f.ServerError("503")
        return GOOD

    async def main() -> list[Any]:
        policy = RetryPolicy(attempts=100, deadline=1e6)
        gateway = Gateway(ScriptedModel(script), policy=policy, breaker=Breaker(failures=5, rest=30.0))
        calls = (gateway.ask(question(), Place(0, 0, n, "news")) for n in range(20))
        return await asyncio.gather(*calls)

    answers = run_virtually(main())
    assert len(answers) == 20
    while_open = [t for t in times if 1.0 < t < down_until]
    assert while_open
    assert all(b - a >= 30.0 for a, b in pairwise(while_open)), "one probe at a time"
    assert sum(t >= down_until for t in times) == 20


def test_an_open_circuit_ends_a_call_that_cannot_wait_for_it(question: Question) -> None:
    down = ScriptedModel(lambda _: f.ConnectionFailedError("refused"), name="down")

    async def main() -> None:
        policy = RetryPolicy(attempts=3, deadline=10.0)
        gateway = Gateway(down, policy=policy, breaker=Breaker(failures=3, rest=60.0))
        with pytest.raises(f.ConnectionFailedError):
            await gateway.ask(question(), HERE)
        with pytest.raises(f.CircuitOpenError, match="down failed 3 times in a row and rests for"):
            await gateway.ask(question(), HERE)

    run_virtually(main())
    assert len(down.requests) == 3


def test_an_open_circuit_fails_over_at_once(question: Question) -> None:
    down = ScriptedModel(lambda _: f.ConnectionFailedError("refused"), name="down")
    other = ScriptedModel(lambda _: GOOD, name="other")

    async def main() -> float:
        policy = RetryPolicy(attempts=3, deadline=100.0)
        gateway = Gateway(down, fallbacks=[other], policy=policy, breaker=Breaker(failures=3, rest=60.0))
        await gateway.ask(question(), HERE)
        before = asyncio.get_running_loop().time()
        await gateway.ask(question(), HERE)
        return asyncio.get_running_loop().time() - before

    assert run_virtually(main()) == 0.0
    assert (len(down.requests), len(other.requests)) == (3, 2)


def test_those_who_queue_for_the_limits_see_the_circuit_open(question: Question) -> None:
    async def refuse(_: Request[Any]) -> Exception:
        await asyncio.sleep(1)
        return f.ConnectionFailedError("refused")

    down = ScriptedModel(refuse, name="down")

    async def main() -> list[Any]:
        policy, limits = RetryPolicy(attempts=1, deadline=10.0), Limits(concurrency=1)
        gateway = Gateway(down, policy=policy, limits=limits, breaker=Breaker(failures=3, rest=60.0))
        calls = (gateway.ask(question(), Place(0, 0, n, "news")) for n in range(20))
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = run_virtually(main())
    assert len(down.requests) == 3, "the others were queued when the circuit opened"
    assert sum(isinstance(outcome, f.CircuitOpenError) for outcome in outcomes) == 17


def test_failures_that_do_not_speak_against_the_endpoint_keep_the_circuit_closed(question: Question) -> None:
    model = ScriptedModel([f.ServerError("503"), f.RefusalError("no")] * 20)

    async def main() -> None:
        gateway = Gateway(model, policy=RetryPolicy(attempts=2), breaker=Breaker(failures=2))
        for _ in range(20):
            with pytest.raises(f.RefusalError):
                await gateway.ask(question(), HERE)

    run_virtually(main())
    assert len(model.requests) == 40


class Chaos:
    """A model that fails at random and keeps the provider's own books."""

    def __init__(self, rng: random.Random, name: str) -> None:
        self.name = name
        self.sent = 0
        self.billed = 0
        self._rng = rng
        self._faults: list[Callable[[], Awaitable[None]]] = [self._hang, *map(self._raising, HANDLING)]

    def worst_case(self, _: Request[Any]) -> WorstCase:
        return WorstCase(100, 0.01)

    async def complete(self, _: Request[Any]) -> Reply:
        self.sent += 1
        await asyncio.sleep(self._rng.choice([0.0, 0.1, 5.0, 59.0]))
        if self._rng.random() < 0.5:
            await self._rng.choice(self._faults)()
        tokens = self._rng.randint(1, 100)
        self.billed += tokens
        text = self._rng.choice([GOOD, GOOD, GOOD, "no", '{"side": "up"}'])
        return Reply(text, Usage(tokens, 0), tokens / 1e4)

    async def _hang(self) -> None:
        self.billed += 100
        await asyncio.sleep(1e9)

    def _raising(self, kind: type[CallError]) -> Callable[[], Awaitable[None]]:
        async def fail() -> None:
            self.billed += 100 if HANDLING[kind].billed else 0
            raise kind("chaos", retry_after=self._rng.choice([None, None, 0.0, 3.0, 1e4]))

        return fail


def chaos(seed: int, question: Question) -> None:
    """One random schedule: nothing hangs, overspends, or fails without a type."""
    rng = random.Random(seed)
    models = [Chaos(rng, name) for name in ("a", "b", "c")[: rng.randint(1, 3)]]
    attempts, callers = rng.randint(1, 4), rng.randint(1, 24)
    budget = rng.choice([None, Budget(tokens=rng.randint(100, 2000)), Budget(usd=rng.uniform(0.01, 0.2))])
    log = MemoryLog()
    gateway = Gateway(
        models[0],
        log=log,
        fallbacks=models[1:],
        budget=budget,
        policy=RetryPolicy(attempts=attempts, deadline=rng.choice([1.0, 60.0, 300.0])),
        limits=Limits(rng.choice([None, 6]), rng.choice([None, 500]), rng.choice([None, 1, 4])),
        breaker=Breaker(rng.randint(1, 5), rng.uniform(1, 60)),
        rng=rng,
    )

    async def main() -> list[Any]:
        calls = (gateway.ask(question(), Place(0, 0, n, "news")) for n in range(callers))
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = run_virtually(main())
    untyped = [o for o in outcomes if isinstance(o, BaseException) and not isinstance(o, CallError)]
    assert untyped == []
    assert sum(model.sent for model in models) <= 2 * callers * attempts * len(models)
    billed = sum(model.billed for model in models)
    assert billed <= gateway.budget.spent_tokens
    if budget is not None:
        assert budget.tokens is None or billed <= budget.tokens
        assert budget.usd is None or billed / 1e4 <= budget.usd + 1e-9
    answered = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
    assert not {place.phase for place in log.unanswered} & set(answered)


def test_random_fault_schedules(question: Question) -> None:
    for seed in range(300):
        chaos(seed, question)


@pytest.mark.slow
def test_many_random_fault_schedules(question: Question) -> None:
    for seed in range(300, 2300):
        chaos(seed, question)
