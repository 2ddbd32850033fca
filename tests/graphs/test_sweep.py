"""Many runs at once: the same as one by one, paid once, under one budget and one set of limits."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, OpenAIModel, hierarchy
from doxa.environments import Weather
from doxa.errors import JournalError, SpecError
from doxa.graphs import Run, replay, train
from doxa.graphs.arms import Arm
from doxa.graphs.sweep import Silent, sweep
from doxa.memory import Entry, Home, Journal
from doxa.memory.journal import Event
from doxa.models import Limits, Price
from doxa.testing import OpenAIServer

TEAM = hierarchy(
    Manager(),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(),
    ConceptualCritic(),
)
LEARNING = Experiment(Weather(days=6), TEAM, episodes=3)
INSIGHT = {"stance": "dry", "confidence": 0.5, "rationale": "-", "evidence": [], "beliefs": []}
DECISION = {"action": "dry", "confidence": 0.5, "reasons": "-", "insights": [], "beliefs": [], "reflection": "-"}
PLAIN = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])


def answer(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a model would say; the schema tells who asks."""
    return INSIGHT if body["response_format"]["json_schema"]["name"] == "Insight" else DECISION


def asking(server: OpenAIServer, seeds: int, **settings: Any) -> list[Experiment]:
    model = OpenAIModel("any", base_url=server.url, price=Price(1.0, 1.0), max_tokens=100)
    first = Experiment(Weather(days=3), PLAIN, episodes=1, model=model, **settings)
    return [replace(first, seed=seed) for seed in range(seeds)]


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_an_arm_has_the_digest_of_the_same_run_alone(tmp_path: Path, concurrency: int) -> None:
    experiments = [replace(LEARNING, seed=seed) for seed in range(5)]
    found = asyncio.run(sweep(experiments, tmp_path / "home", concurrency=concurrency))
    assert found.ended
    for experiment, row in zip(experiments, found.rows, strict=True):
        alone = asyncio.run(train(experiment, tmp_path / "alone"))
        assert row.run is not None
        assert Run.load(tmp_path / "home", row.run).digest == alone.digest
        assert (row.value, row.calls) == (alone.episodes[-1].value, alone.calls)
        assert asyncio.run(replay(experiment, tmp_path / "home", row.run)).digest == alone.digest
    with Journal.open(Home(tmp_path / "home"), write=False) as journal:
        assert all(journal.verify(run) == journal.length(run) for run in journal.runs())


class Collector(Silent):
    """Notes how often the garbage collector is called."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def event(self, arm: Arm, event: Event) -> None:
        super().event(arm, event)
        self.seen.add(gc.get_threshold()[0])


@pytest.mark.parametrize(("own", "inside"), [(700, 20_000), (50_000, 50_000), (0, 0)])
def test_a_sweep_collects_garbage_seldom_and_leaves_the_setting_as_it_was(
    tmp_path: Path, own: int, inside: int
) -> None:
    before, told = gc.get_threshold(), Collector()
    try:
        gc.set_threshold(own, 10, 10)
        asyncio.run(sweep([replace(LEARNING, episodes=1)], tmp_path / "home", told=told))
        assert (told.seen, gc.get_threshold()[0]) == ({inside}, own)
    finally:
        gc.set_threshold(*before)


class Stopper(Silent):
    """Stops everything after so many events."""

    def __init__(self, after: int) -> None:
        self._left = after

    def event(self, arm: Arm, event: Event) -> None:
        super().event(arm, event)
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [1, 40, 90])
def test_an_interrupted_sweep_goes_on_and_sends_no_journaled_call_again(tmp_path: Path, after: int) -> None:
    with OpenAIServer(answer) as server:
        experiments = asking(server, 4)
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(sweep(experiments, tmp_path / "home", concurrency=4, told=Stopper(after)))
        journaled = sum(Run.load(tmp_path / "home", run).calls for run in runs(tmp_path / "home"))
        unknown = sum(len(Run.load(tmp_path / "home", run).unanswered) for run in runs(tmp_path / "home"))
        sent = len(server.requests)
        found = asyncio.run(sweep(experiments, tmp_path / "home", concurrency=4))
        assert found.ended
        assert len(server.requests) - sent == 4 * 9 - journaled
        assert sent - journaled <= unknown <= 8
        for experiment, row in zip(experiments, found.rows, strict=True):
            assert row.run is not None
            alone = asyncio.run(train(experiment, tmp_path / "alone"))
            assert Run.load(tmp_path / "home", row.run).digest == alone.digest


def test_a_request_leaves_after_its_intent_is_on_disk_and_a_reply_is_used_after_it_is(tmp_path: Path) -> None:
    home, missing = tmp_path / "home", list[str]()

    def looking(body: Mapping[str, Any]) -> Mapping[str, Any]:
        served = len(server.requests)
        with Journal.open(Home(home), write=False) as journal:
            known = [e for run in journal.runs() if "-sweep-" not in run for e in journal.events(run)]
        intents = sum(e.kind == "call.intent" for e in known)
        insights = sum(e.kind == "call" and ".20." in e.key for e in known)
        asked = [r.body["response_format"]["json_schema"]["name"] for r in server.requests]
        if intents < served or insights < 2 * asked.count("Decision"):
            missing.append(f"{served} requests, {intents} intents, {insights} insights")
        return answer(body)

    with OpenAIServer(looking) as server:
        assert asyncio.run(sweep(asking(server, 4), home, concurrency=4)).ended
    assert missing == []


def runs(home: Path) -> list[str]:
    with Journal.open(Home(home), write=False) as journal:
        return [run for run in journal.runs() if "-sweep-" not in run]


def test_all_arms_share_one_budget(tmp_path: Path) -> None:
    with OpenAIServer(answer) as server:
        found = asyncio.run(sweep(asking(server, 6), tmp_path / "home", max_usd=0.012, concurrency=6))
        spent = sum(row.cost or 0.0 for row in found.rows)
        assert 0 < spent <= 0.012
        assert any("BudgetExceededError" in (row.failure or "") for row in found.failed)
        again = asyncio.run(sweep(asking(server, 6), tmp_path / "home", max_usd=0.012))
        assert sum(row.cost or 0.0 for row in again.rows) <= 0.012
        assert asyncio.run(sweep(asking(server, 6), tmp_path / "home", max_usd=1.0)).ended
        assert len(server.requests) == 6 * 9


def test_all_arms_share_one_set_of_limits(tmp_path: Path) -> None:
    with OpenAIServer(answer, latency=0.005) as server:
        found = asyncio.run(sweep(asking(server, 8), tmp_path / "home", limits=Limits(concurrency=3), concurrency=8))
        assert found.ended
        assert server.most_at_once == 3


def test_two_experiments_that_are_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="experiments 0 and 2 are the same"):
        asyncio.run(sweep([LEARNING, replace(LEARNING, seed=1), LEARNING], tmp_path / "home"))
    with pytest.raises(SpecError, match="at least one"):
        asyncio.run(sweep([], tmp_path / "home"))
    assert not (tmp_path / "home").exists()


# -- group commit -----------------------------------------------------------------------------------------------------


def grouped(home: Path, work: Callable[[Journal], Any]) -> None:
    async def go() -> None:
        with Journal.open(Home(home), write=True) as journal, journal.grouped():
            await work(journal)

    asyncio.run(go())


def test_many_waiters_share_few_commits_and_every_chain_is_whole(tmp_path: Path) -> None:
    commits = Counter[str]()

    async def work(journal: Journal) -> None:
        runs = [journal.begin("many") for _ in range(50)]
        connection = journal.database._connection
        connection.set_trace_callback(lambda sql: commits.update([sql.split()[0]]))

        async def one(run: str) -> None:
            for step in range(20):
                journal.append(run, [Entry(0, "call", f"{step:03d}", {"text": journal.put_text(f"{run} {step}")})])
                await journal.durable()

        async with asyncio.TaskGroup() as group:
            for run in runs:
                group.create_task(one(run))
        connection.set_trace_callback(None)

    grouped(tmp_path, work)
    assert commits["COMMIT"] <= 60
    with Journal.open(Home(tmp_path), write=False) as journal:
        assert [journal.verify(run) for run in journal.runs()] == [20] * 50
        for run in journal.runs():
            assert [journal.text(e.payload["text"]) for e in journal.events(run)] == [f"{run} {s}" for s in range(20)]


def test_what_is_durable_can_be_read_by_another_process_at_once(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        run = journal.begin("seen")
        for step in range(5):
            journal.append(run, [Entry(0, "call", str(step), {})])
            await journal.durable()
            with Journal.open(Home(tmp_path), write=False) as other:
                assert other.length(run) == step + 1

    grouped(tmp_path, work)


def test_what_waits_to_be_written_is_found_and_read(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        run = journal.begin("held")
        (event,) = journal.append(run, [Entry(0, "step", "0", {"text": journal.put_text("held")})])
        assert journal.find(run, 0, "step", "0") == event
        assert journal.text(event.payload["text"]) == "held"
        assert journal.append(run, [Entry(0, "step", "0", event.payload)]) == (event,)
        assert list(journal.events(run)) == [event]
        await journal.durable()
        assert journal.find(run, 0, "step", "0") == event

    grouped(tmp_path, work)


def test_a_write_that_fails_reaches_every_waiter_and_nothing_is_recorded_after_it(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    async def work(journal: Journal) -> None:
        runs = [journal.begin("full") for _ in range(10)]
        pages = journal.database.rows("PRAGMA page_count")[0][0]
        journal.database.rows(f"PRAGMA max_page_count = {pages}")
        for run in runs:
            journal.append(run, [Entry(0, "call", "0", {"text": "x" * 10_000})])
        failures.extend(await asyncio.gather(*(journal.durable() for _ in runs), return_exceptions=True))  # type: ignore[arg-type]
        journal.database.rows("PRAGMA max_page_count = 1000000")
        with pytest.raises(JournalError, match="full"):
            journal.append(runs[0], [Entry(0, "call", "1", {})])

    grouped(tmp_path, work)
    assert len(failures) == 10
    assert all(isinstance(failure, JournalError) and "full" in str(failure) for failure in failures)
    with Journal.open(Home(tmp_path), write=True) as journal:
        assert journal.runs() == ()
        journal.append("full-1", [Entry(0, "call", "1", {})])
        assert journal.verify("full-1") == 1
