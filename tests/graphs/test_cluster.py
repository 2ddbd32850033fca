"""A sweep on a local Ray cluster: a worker is killed, and nothing tells it from a sweep in one process."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.graphs import Run
from doxa.graphs.arms import Plan, axes, planned
from doxa.graphs.cluster import Cluster
from doxa.graphs.homes import packed, unpacked
from doxa.graphs.remote import Outcome, Task, execute, loaded
from doxa.graphs.session import begun
from doxa.graphs.shares import Share, Shares
from doxa.graphs.sweep import Bounds, asked_for, swept
from doxa.graphs.told import Silent
from doxa.memory import Entry, Home, Journal
from doxa.models.budget import Budget, Spent
from doxa.testing import OpenAIServer

SPEC = """
import os, signal
from pathlib import Path

from doxa import Analyst, Experiment, Manager, OpenAIModel, hierarchy
from doxa.environments import Weather
from doxa.models import Price

TEAM = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])


class Deadly(Weather):
    def _advance(self, action):
        worker = Path("worker")
        if worker.exists() and self._now == 1 and not Path("killed").exists():
            Path("killed").write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._advance(action)


def rain(seed: int, days: int = 3, url: str = ""):
    task = Deadly(days=days) if seed == 1 else Weather(days=days)
    model = OpenAIModel("any", base_url=url, price=Price(1.0, 1.0), max_tokens=100)
    return Experiment(task, TEAM, episodes=1, seed=seed, name="rain", model=model)
"""
INSIGHT = {"stance": "dry", "confidence": 0.5, "rationale": "-", "evidence": [], "beliefs": []}
DECISION = {"action": "dry", "confidence": 0.5, "reasons": "-", "insights": [], "beliefs": [], "reflection": "-"}
CALLS = 9
"""Of an arm: three steps of two analysts and a manager."""
Doxa = Callable[..., Any]


def answer(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return INSIGHT if body["response_format"]["json_schema"]["name"] == "Insight" else DECISION


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """Two workers on this machine, reached over the loopback only, and stopped at the end."""
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    found = pytest.importorskip("ray", reason="Ray isn't installed: pip install 'doxa[ray]'")
    found.init(
        address="local",
        num_cpus=2,
        object_store_memory=80 * 1024**2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        _node_ip_address="127.0.0.1",
    )
    try:
        yield found
    finally:
        found.shutdown()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer(answer) as running:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield running


def asked(server: OpenAIServer, *more: str) -> tuple[str, ...]:
    return ("sweep", "spec.py:rain", "--over", "seed=0..3", "--set", f"url={server.url}", "--json", *more)


@pytest.mark.usefixtures("ray")
def test_a_killed_worker_leaves_no_trace(doxa: Doxa, server: OpenAIServer, tmp_path: Path) -> None:
    (tmp_path / "worker").touch()
    done = doxa(*asked(server, "--on", "ray"))
    assert done.code == 0, done.err
    assert (tmp_path / "killed").read_text() != str(os.getpid())
    assert len(server.requests) == 4 * CALLS
    (tmp_path / "worker").unlink()
    here = doxa(*asked(server, "--home", "here")).json
    told = done.json
    assert told["rows"] == here["rows"]
    assert told["settings"] == here["settings"]
    for row in told["rows"]:
        run = Run.load(tmp_path / ".doxa", row["run"])
        assert run.digest == Run.load(tmp_path / "here", row["run"]).digest
        assert doxa("replay", row["run"], "--json").json["digest"] == run.digest
        assert doxa("beliefs", row["run"]).code == 0
    again = doxa(*asked(server, "--on", "ray"))
    assert all(row["reused"] for row in again.json["rows"])
    assert len(server.requests) == 8 * CALLS


def packed_arm(server: OpenAIServer, tmp_path: Path) -> Task:
    """What would be sent to a worker for an arm that has begun, and no more, in a home that the worker doesn't see."""
    load = {"spec": "spec.py:rain", "settings": ["seed=0", f"url={server.url}"], "changes": [], "folder": str(tmp_path)}
    place = {**load, "sweep": "rain-sweep-1", "label": "seed=0", "on": "ray"}
    with Journal.open(Home(tmp_path / "sweep"), write=True) as journal:
        run = begun(journal, None, "train", loaded(load), None, place)
        archive = packed(journal, run)
    folder = str(tmp_path / "sweep" / "arms" / "rain-sweep-1" / run)
    return Task(
        values={"seed": "0"},
        reference=load,
        enter=True,
        sweep="rain-sweep-1",
        run=run,
        mode="train",
        folder=folder,
        token="t0ken",
        archive=archive,
        usd=None,
        tokens=None,
        limits=None,
    )


@pytest.mark.usefixtures("doxa")
def test_an_arm_that_does_not_reach_the_home_is_shipped_whole(
    server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    task = packed_arm(server, tmp_path)
    done = execute(task)
    assert (done.failure, done.shared) == (None, False)
    assert not (tmp_path / "sweep" / "arms").exists()
    assert len(list((tmp_path / "elsewhere" / "doxa-t0ken").iterdir())) == 1
    assert execute(task).archive == done.archive
    assert len(server.requests) == CALLS
    with Journal.open(Home(tmp_path / "sweep"), write=True) as journal:
        unpacked(journal, done.archive)
        assert journal.verify(task.run) == journal.length(task.run)
        assert Run.read(journal, task.run).calls == CALLS


@pytest.mark.usefixtures("doxa")
def test_what_stops_an_arm_comes_back_with_what_it_recorded(server: OpenAIServer, tmp_path: Path) -> None:
    done = execute(replace(packed_arm(server, tmp_path), tokens=3000))
    assert done.failure is not None
    assert "BudgetExceededError" in done.failure
    with Journal.open(Home(tmp_path / "sweep"), write=True) as journal:
        unpacked(journal, done.archive)
        assert 0 < Run.read(journal, "rain-1").tokens <= 3000


def test_what_a_cut_off_sweep_left_in_its_arms_homes_is_gone_on_with(
    doxa: Doxa, server: OpenAIServer, tmp_path: Path
) -> None:
    rows = doxa(*asked(server)).json["rows"]
    home, arms = tmp_path / ".doxa", tmp_path / "new" / "arms" / "rain-sweep-1"
    with Journal.open(Home(home), write=False) as old, Journal.open(Home(arms / "rain-1"), write=True) as arm:
        unpacked(arm, packed(old, "rain-1"))
        first = list(old.events("rain-1"))[:2]
    with Journal.open(Home(tmp_path / "new"), write=True) as journal:
        told = asked_for(home, "rain-sweep-1")
        name = journal.begin("rain-sweep")
        journal.append(name, [Entry(-1, "run.place", "", {"parent": None})])
        journal.append(name, [Entry(-1, "run.started", "", {"mode": "sweep", "spec": told, "parent": None})])
        journal.begin("rain", first=[Entry(e.episode, e.kind, e.key, e.payload) for e in first])
    sent = len(server.requests)
    done = doxa(*asked(server, "--home", "new"))
    assert done.json["rows"][0] == {**rows[0], "reused": True}
    assert not (arms / "rain-1").exists()
    assert len(server.requests) - sent == 3 * CALLS


def test_an_arm_on_ray_is_resumed_by_its_sweep(doxa: Doxa, server: OpenAIServer, tmp_path: Path) -> None:
    packed_arm(server, tmp_path)
    done = doxa("resume", "rain-1", "--home", "sweep")
    assert done.code == 2
    assert "doxa sweep --resume rain-sweep-1" in done.err


def elsewhere(task: Task) -> Awaitable[Outcome]:
    """Run an arm as a machine would that doesn't see the sweep's home."""
    return asyncio.to_thread(execute, replace(task, token="another"))


class Listening(Silent):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def over(server: OpenAIServer, tmp_path: Path) -> Plan:
    return planned("spec.py:rain", axes(["seed=2..5"]), settings={"url": server.url}, folder=str(tmp_path))


@pytest.mark.usefixtures("doxa")
def test_machines_that_do_not_see_the_home_are_told_of(
    server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told, cluster = Listening(), Cluster(elsewhere, cancel=lambda _: None, local=True)
    found = asyncio.run(swept(over(server, tmp_path), tmp_path / "home", told=told, on=cluster.executor))
    assert found.ended
    assert len(server.requests) == 4 * CALLS
    assert len(told.notes) == 4
    assert all("put the home in a folder that all machines share" in note for note in told.notes)


@pytest.mark.usefixtures("doxa")
def test_arms_that_cannot_ask_each_other_stay_within_one_budget(
    server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cluster = Cluster(elsewhere, cancel=lambda _: None, local=True)
    for most, ended in ((8000, False), (12_000, False), (40_000, True)):
        bounds = Bounds(concurrency=2, max_tokens=most)
        found = asyncio.run(swept(over(server, tmp_path), tmp_path / "home", bounds, on=cluster.executor))
        assert 0 < sum(row.tokens for row in found.rows) <= most
        assert found.ended == ended
        assert all("BudgetExceededError" in str(row.failure) for row in found.failed)
    assert len(server.requests) == 4 * CALLS


@pytest.mark.usefixtures("ray")
def test_a_second_sweep_on_a_home_is_refused(doxa: Doxa, server: OpenAIServer, tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path / ".doxa"), write=True):
        done = doxa(*asked(server, "--on", "ray"))
    assert done.code == 2
    assert "another doxa process is writing" in done.err
    assert not server.requests


@given(
    usd=st.floats(0.01, 100),
    tokens=st.integers(1, 10**6),
    uses=st.lists(st.floats(0, 1), min_size=1, max_size=12),
    at_once=st.integers(1, 4),
)
def test_shares_never_exceed_the_budget(usd: float, tokens: int, uses: list[float], at_once: int) -> None:
    shares, spent, out = Shares(Budget(usd, tokens), len(uses)), Spent(), deque[tuple[Share, float]]()

    def back() -> Spent:
        share, use = out.popleft()
        used = Spent(int((share.tokens or 0) * use), (share.usd or 0.0) * use)
        shares.back(share, used)
        return Spent(spent.tokens + used.tokens, spent.usd + used.usd)

    for use in uses:
        out.append((shares.take(), use))
        if len(out) == at_once:
            spent = back()
    while out:
        spent = back()
    assert spent.usd <= usd * (1 + 1e-9) + 1e-9 * len(uses)
    assert spent.tokens <= tokens + len(uses)


def test_what_an_arm_leaves_goes_to_those_after_it() -> None:
    shares = Shares(Budget(4.0, 400), 4)
    first = shares.take()
    assert (first.usd, first.tokens) == (1.0, 100)
    shares.back(first, Spent(10, 0.1))
    assert shares.take() == Share(pytest.approx(1.3), 130)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--on", "spark"), "--on spark: write it as ray, for a cluster on this machine, or ray://HOST:PORT"),
        (("--on", "ray://"), "--on ray://: write it as"),
        (("--on", "ray://host:port"), "--on ray://host:port: write it as"),
        (("--on", "ray://127.0.0.1:1"), "no Ray cluster answers at ray://127.0.0.1:1: Connection refused"),
        (("--on", "ray", "--cache"), "don't share a journal"),
    ],
)
def test_bad_addresses_are_refused_and_nothing_written(
    doxa: Doxa, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    pytest.importorskip("ray", reason="Ray isn't installed: pip install 'doxa[ray]'")
    done = doxa("sweep", "spec.py:rain", "--over", "seed=0..1", "--set", "url=http://127.0.0.1:1", *arguments)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / ".doxa").exists()


def test_without_ray_the_install_line_is_told(doxa: Doxa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = doxa("sweep", "spec.py:rain", "--over", "seed=0..1", "--set", "url=http://127.0.0.1:1", "--on", "ray")
    assert done.code == 2
    assert "pip install 'doxa[ray]'" in done.err
    assert not (tmp_path / ".doxa").exists()
