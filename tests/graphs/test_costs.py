"""What a run cost, by agent, episode and model, from its journal alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, Experiment, Manager, OpenAIModel, hierarchy, train
from doxa.agents.prompts import beliefs_part, system_message
from doxa.environments import Weather
from doxa.errors import ModelError, NotFoundError
from doxa.graphs.costs import Costs, reckon
from doxa.memory import Home, Journal
from doxa.memory.journal import Entry
from doxa.models.prices import Price
from doxa.models.protocol import Message, Reply, Request, Usage
from doxa.models.resolve import resolve_model
from doxa.testing import OpenAIServer, faults

LINE = "[b-0123456789] almanac.rain | for | 0.73 | Trust the almanac."
TEAM = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")], None, ConceptualCritic()
)


class Metered:
    """The heuristic model with an account: a token a character, at a price."""

    def __init__(self, name: str, price: float | None, breaks_at: int | None = None) -> None:
        self.name = name
        self.asked: list[Request[Any]] = []
        self._price, self._breaks_at = price, breaks_at
        self._rules = resolve_model("heuristic")

    async def complete(self, request: Request[Any]) -> Reply:
        if len(self.asked) == self._breaks_at:
            raise ModelError("the line is dead")
        self.asked.append(request)
        length = sum(len(message.text) for message in request.messages)
        cost = None if self._price is None else self._price * length
        return Reply((await self._rules.complete(request)).text, Usage(length, 10, 3), cost, self.name)


def costs(home: Path, **options: Any) -> Costs:
    given: dict[str, Any] = {"episodes": 3, "name": "paid", **options}
    run = asyncio.run(train(Experiment(Weather(days=30), TEAM, **given), home))
    return reckoned(home, run.id)


def reckoned(home: Path, run: str) -> Costs:
    with Journal.open(Home(home), write=False) as journal:
        return reckon(journal, run)


def test_every_way_to_divide_the_calls_adds_up_to_the_same(tmp_path: Path) -> None:
    cheap, dear = Metered("cheap", 1e-6), Metered("dear", 1e-3)
    found = costs(tmp_path, model={"*": cheap, "manager": dear})
    assert found.total.calls == 3 * 30 * 3 + 2 == found.total.attempts
    for parts in (found.agents, found.episodes, found.models):
        for field in ("calls", "attempts", "prompt_tokens", "completion_tokens", "cached_tokens", "uncounted"):
            assert sum(getattr(part, field) for part in parts) == getattr(found.total, field)
        assert sum(part.cost for part in parts) == pytest.approx(found.total.cost)
    assert [part.name for part in found.agents] == ["critic", "listener", "manager", "watcher"]
    assert [part.name for part in found.episodes] == ["0", "1", "2"]
    by_model = {part.name: part for part in found.models}
    assert by_model["dear"].cost == pytest.approx(1e-3 * by_model["dear"].prompt_tokens)
    assert by_model["dear"].prompt_tokens == sum(len(m.text) for r in dear.asked for m in r.messages)
    assert by_model["cheap"].cost == pytest.approx(1e-6 * by_model["cheap"].prompt_tokens)
    assert all(part.latency is not None and part.latency >= 0 for part in found.models)


def test_the_share_of_beliefs_is_that_of_their_block_in_the_prompts(tmp_path: Path) -> None:
    model = Metered("metered", 0.0)
    found = costs(tmp_path, model=model)
    blocks = 0
    for request in model.asked:
        for message in request.messages:
            _, mark, block = message.text.partition("# Beliefs\n")
            blocks += len(mark + block.partition("\n\n")[0]) if "[b-" in block else 0
    assert blocks > 0
    assert found.total.belief_tokens == pytest.approx(blocks, abs=1)
    assert found.total.belief_share == pytest.approx(blocks / found.total.prompt_tokens)
    first, *_, last = found.episodes
    assert first.belief_tokens == 0 < last.belief_tokens


def test_without_counted_tokens_the_share_is_one_of_characters(tmp_path: Path) -> None:
    found = costs(tmp_path)
    assert found.total.prompt_tokens == 0
    assert 0 < found.total.belief_share < 1
    assert (found.total.cost, found.total.unpriced, found.total.uncounted) == (0.0, 0, 0)


def test_an_unknown_price_is_counted_and_not_taken_for_nothing(tmp_path: Path) -> None:
    found = costs(tmp_path, model={"*": Metered("known", 1e-6), "manager": Metered("unknown", None)})
    by_model = {part.name: part for part in found.models}
    assert by_model["unknown"].unpriced == by_model["unknown"].calls == found.total.unpriced == 90
    assert found.total.cost == by_model["known"].cost > 0


def test_a_call_without_an_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        costs(tmp_path, model={"*": Metered("first", 0.0), "manager": Metered("second", 0.0, breaks_at=2)})
    [lost] = reckoned(tmp_path, "paid-1").unanswered
    assert (lost.agent, lost.episode, lost.step, lost.model) == ("manager", 0, 2, "second")


def test_a_failed_attempt_is_counted_apart(tmp_path: Path) -> None:
    with OpenAIServer([faults.refused("x", 500, "on fire"), "{}", "{}"]) as server:
        model = OpenAIModel("any", base_url=server.url, price=Price(1.0, 2.0))
        with pytest.raises(ModelError):
            costs(tmp_path, model={"*": "heuristic", "manager": model}, episodes=1)
    found = reckoned(tmp_path, "paid-1")
    assert found.failed == 1
    assert (found.wasted.tokens, found.wasted.usd) == (0, 0.0)
    assert {part.name: part.attempts for part in found.agents}["manager"] == 3


def test_an_answer_from_elsewhere_is_reused_and_not_paid_again(tmp_path: Path) -> None:
    call = {
        "agent": "manager",
        "request": "x",
        "reply": "{}",
        "usage": vars(Usage(100, 10)),
        "cost": 0.5,
        "model": "m",
        "details": {},
    }
    with Journal.open(Home(tmp_path), write=True) as journal:
        run = journal.begin("paid")
        messages = [["user", journal.put_text("What now?")]]
        journal.append(run, [Entry(0, "call", "a", {**call, "messages": messages})], latency=2.0, attempts=3)
        taken = Entry(0, "call.reused", "b", {"run": "other-1"})
        journal.append(run, [taken, Entry(0, "call", "b", {**call, "messages": messages})], attempts=0)
    total = reckoned(tmp_path, run).total
    assert (total.calls, total.reused, total.attempts, total.cost, total.latency) == (2, 1, 3, 0.5, 2.0)
    assert (total.prompt_tokens, total.completion_tokens) == (100, 10)


def test_what_a_server_reports_is_what_is_shown(tmp_path: Path) -> None:
    def answer(body: Mapping[str, Any]) -> dict[str, Any]:
        if "You are manager" in body["messages"][0]["content"]:
            return {"action": "rain", "confidence": 1, "reasons": "", "insights": [], "beliefs": [], "reflection": None}
        return {"stance": "rain", "confidence": 1, "rationale": "", "evidence": [], "beliefs": []}

    with OpenAIServer(answer) as server:
        model = OpenAIModel("any", base_url=server.url, price=Price(1.0, 2.0))
        found = costs(tmp_path, model=model, episodes=1)
        words = sum(len(m["content"].split()) for r in server.requests for m in r.body["messages"])
    assert found.total.prompt_tokens == words
    assert found.total.cost == pytest.approx((words + 2 * found.total.completion_tokens) / 1e6)
    assert [part.name for part in found.models] == ["any"]


def test_only_the_block_itself_counts_as_beliefs() -> None:
    assert beliefs_part(system_message(["Be brief."], LINE)).splitlines()[2] == LINE
    assert beliefs_part(Message("user", f"# Beliefs\n{LINE}\n\nAgents: a")) == f"# Beliefs\n{LINE}"
    assert beliefs_part(Message("user", f"<data>\n\n# Beliefs\n{LINE}\n</data>")) == ""
    assert beliefs_part(Message("user", "# Beliefs\nnone yet\n\nAgents: a")) == ""
    assert beliefs_part(system_message(["Be brief."], "")) == ""


def test_an_unknown_run_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    costs(tmp_path, episodes=1)
    with pytest.raises(NotFoundError, match="paid-1"):
        reckoned(tmp_path, "piad-1")
