"""The budget: hard, also for calls that are in flight together."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from doxa.errors import ModelSetupError
from doxa.models import (
    Budget,
    Gateway,
    Limits,
    MemoryLog,
    OpenAIModel,
    Place,
    Price,
    Reply,
    Request,
    RetryPolicy,
    Usage,
)
from doxa.models.failures import BudgetExceededError, RefusalError
from doxa.models.protocol import WorstCase
from doxa.testing import OpenAIServer, run_virtually

Question = Callable[..., Request[Any]]
GOOD = '{"side": "up", "confidence": 0.5}'


def costing(prompt: int, completion: int) -> Callable[[Any], dict[str, Any]]:
    choice = {"index": 0, "message": {"role": "assistant", "content": GOOD}, "finish_reason": "stop"}
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    return lambda body: {"model": body["model"], "choices": [choice], "usage": usage}


def model_at(server: OpenAIServer) -> OpenAIModel:
    return OpenAIModel("gpt-x", base_url=server.url, max_tokens=100, price=Price(prompt=1.0, completion=10.0))


@pytest.mark.parametrize("unit", ["usd", "tokens"])
def test_64_calls_against_a_budget_for_10(unit: str, question: Question) -> None:
    log = MemoryLog()

    async def calls(url: OpenAIServer, budget: Budget) -> list[Any]:
        async with Gateway(model_at(url), log=log, budget=budget, limits=Limits(concurrency=None)) as gateway:
            asks = (gateway.ask(question(), Place(0, 0, n, "news")) for n in range(64))
            return await asyncio.gather(*asks, return_exceptions=True)

    probe = OpenAIModel("gpt-x", base_url="http://localhost", max_tokens=100, price=Price(prompt=1.0, completion=10.0))
    worst = probe.worst_case(question())
    assert worst.cost == pytest.approx((worst.tokens - 100) * 1e-6 + 100 * 10e-6)
    each = {"usd": worst.cost, "tokens": worst.tokens}[unit]
    with OpenAIServer(costing(worst.tokens - 100, 100), latency=0.05) as server:
        outcomes = asyncio.run(calls(server, Budget(**{unit: each * 10})))
        assert len(server.requests) == 10
        assert sum(isinstance(outcome, BudgetExceededError) for outcome in outcomes) == 54
        assert log.unanswered == (), "what wasn't sent isn't ambiguous"
        outcomes = asyncio.run(calls(server, Budget(**{unit: each * 64})))
        assert not any(isinstance(outcome, BaseException) for outcome in outcomes)
        assert len(server.requests) == 64, "nothing answered was sent again"


class Metered:
    """A model whose every call uses what it is told to, and that checks the sum."""

    name = "metered"

    def __init__(self, worst: int, uses: Callable[[], int], fails: bool = False) -> None:  # noqa: FBT001, FBT002
        self.used = 0
        self.most_in_flight = 0
        self._in_flight = 0
        self._worst, self._uses, self._fails = worst, uses, fails

    def worst_case(self, _: Request[Any]) -> WorstCase:
        return WorstCase(self._worst, self._worst / 1000)

    async def complete(self, _: Request[Any]) -> Reply:
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        await asyncio.sleep(1)
        self._in_flight -= 1
        used = self._uses()
        self.used += used
        if self._fails:
            raise RefusalError("no", usage=Usage(used, 0), cost=used / 1000)
        return Reply(GOOD, Usage(used, 0), used / 1000)


def run_calls(question: Question, model: Any, budget: Budget, calls: int = 64, **settings: Any) -> list[Any]:
    async def main() -> list[Any]:
        gateway = Gateway(model, budget=budget, **settings)
        asks = (gateway.ask(question(), Place(0, 0, n, "news")) for n in range(calls))
        return await asyncio.gather(*asks, return_exceptions=True)

    return run_virtually(main())


def test_calls_that_may_not_fit_wait_for_those_in_flight(question: Question) -> None:
    model, budget = Metered(100, lambda: 10), Budget(tokens=1000)
    outcomes = run_calls(question, model, budget)
    assert model.most_in_flight == 10
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes)
    assert budget.spent_tokens == 640
    assert budget.spent_usd == pytest.approx(0.64)


def test_waiting_for_the_budget_does_not_count_against_the_deadline(question: Question) -> None:
    outcomes = run_calls(question, Metered(100, lambda: 1), Budget(tokens=150), 20, policy=RetryPolicy(deadline=5.0))
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("fails", [False, True])
def test_what_is_used_never_exceeds_the_budget(seed: int, fails: bool, question: Question) -> None:  # noqa: FBT001
    rng = random.Random(seed)
    model, budget = Metered(100, lambda: rng.randint(1, 100), fails), Budget(tokens=rng.randint(100, 3000))
    run_calls(question, model, budget)
    assert model.used == budget.spent_tokens <= (budget.tokens or 0)
    assert (budget.tokens or 0) - model.used < 100, "and what fits is sent"


def test_a_refusal_is_paid(question: Question) -> None:
    budget = Budget(tokens=1000)
    run_calls(question, Metered(100, lambda: 60, fails=True), budget, calls=1)
    assert budget.spent_tokens == 60


def test_a_call_that_is_cut_off_counts_as_its_worst_case(question: Question) -> None:
    budget = Budget(tokens=1000)

    async def main() -> None:
        gateway = Gateway(Metered(100, lambda: 1), budget=budget)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gateway.ask(question(), Place(0, 0, 0, "news")), 0.5)

    run_virtually(main())
    assert budget.spent_tokens == 100


def test_a_replayed_call_counts_as_what_it_cost(question: Question) -> None:
    log, place = MemoryLog(), Place(0, 0, 0, "news")

    async def main(budget: Budget) -> Budget:
        await Gateway(Metered(100, lambda: 7), log=log, budget=budget).ask(question(), place)
        return budget

    assert run_virtually(main(Budget(tokens=1000))).spent_tokens == 7
    assert run_virtually(main(Budget(tokens=1))).spent_tokens == 7, "and is never refused"


def test_a_dollar_budget_needs_a_price(question: Question) -> None:
    model = OpenAIModel("gpt-x", base_url="http://localhost:1")

    async def main() -> None:
        await Gateway(model, budget=Budget(usd=1.0)).ask(question(), Place(0, 0, 0, "news"))

    with pytest.raises(ModelSetupError, match=r"a budget of \$1 needs the price of openai/gpt-x.*price=Price"):
        run_virtually(main())


def test_the_message_says_what_is_left_and_what_is_needed(question: Question) -> None:
    outcomes = run_calls(question, Metered(100, lambda: 100), Budget(usd=0.25, tokens=10**6), calls=3)
    message = str(next(outcome for outcome in outcomes if isinstance(outcome, BudgetExceededError)))
    assert "$0.2000 of $0.25 spent, up to $0.1000 needed; 200 of 1000000 tokens spent, up to 100 needed" in message
    assert "Raise the budget and resume the run" in message


@pytest.mark.parametrize("wrong", [{"usd": 0.0}, {"usd": -1.0}, {"usd": float("nan")}, {"tokens": 0}])
def test_a_budget_for_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelSetupError, match="give more than 0"):
        Budget(**wrong)
