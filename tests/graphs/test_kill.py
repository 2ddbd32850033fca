"""kill -9 at every call of a run: nothing answered is sent again, and the run ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from doxa import Analyst, ConceptualCritic, Experiment, Manager, OpenAIModel, Run, hierarchy, replay, train
from doxa.environments import Weather
from doxa.memory import Home, Journal, archive, arrival
from doxa.testing import OpenAIServer

CALLS = 2 * 2 * 3 + 1
"""Two episodes of two steps with two analysts and a manager, and the critic after the second."""
AT_ONCE = 2

TRAINEE = """
import asyncio, os, sys
from doxa import Analyst, ConceptualCritic, Experiment, Manager, OpenAIModel, hierarchy, train
from doxa.environments import Weather
import openai, doxa.models.openai

team = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")], None, ConceptualCritic()
)
for line in sys.stdin:
    home, url = line.split()
    pid = os.fork()
    if not pid:
        model = OpenAIModel("gpt-x", base_url=url)
        asyncio.run(train(Experiment(Weather(days=2), team, episodes=2, model=model, name="killed"), home))
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

INSIGHT = {"confidence": 0.5, "rationale": "so it seems", "evidence": [], "beliefs": []}
DECISION = {"confidence": 0.5, "reasons": "so they say", "insights": [], "beliefs": [], "reflection": None}
CRITIQUE = {
    "current": [],
    "previous": [],
    "better": "current",
    "strengths": [],
    "weaknesses": [],
    "direction": "Go on.",
    "proposals": [],
}


def answer(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same answer to the same question."""
    text = said(body)
    action = ("dry", "rain", "unsure")[len(text) % 3]
    if "an analyst" in text:
        return {"stance": action, **INSIGHT}
    return {"action": action, **DECISION} if "the manager:" in text else CRITIQUE


def said(body: Mapping[str, Any]) -> str:
    return "\n".join(message["content"] for message in body["messages"])


def experiment(url: str) -> Experiment:
    team = hierarchy(
        Manager(),
        [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
        None,
        ConceptualCritic(),
    )
    return Experiment(Weather(days=2), team, episodes=2, model=OpenAIModel("gpt-x", base_url=url), name="killed")


@dataclass(frozen=True)
class Trainee:
    """A process that forks one to train whenever it is told a home and a server."""

    orders: IO[str]
    told: IO[str]

    def train(self, home: Path, url: str) -> int:
        self.orders.write(f"{home} {url}\n")
        self.orders.flush()
        return int(self.told.readline())


@pytest.fixture(scope="module")
def trainee() -> Iterator[Trainee]:
    command = [sys.executable, "-c", TRAINEE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Trainee(process.stdin, process.stdout)
        process.stdin.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with OpenAIServer(answer) as server:
        run = asyncio.run(train(experiment(server.url), tmp_path_factory.mktemp("whole")))
        assert (run.calls, len(server.requests)) == (CALLS, CALLS)
        return run


def killed(trainee: Trainee, home: Path, answered: int) -> list[str]:
    """Train until ``answered`` calls are answered and another one arrives; kill the process there."""
    victim: queue.Queue[int] = queue.Queue()
    dead: list[int] = []

    def deadly(body: Mapping[str, Any]) -> dict[str, Any]:
        if len(server.requests) > answered and not dead:
            dead.append(victim.get())  # a request may arrive before it is known here who sends it
            os.kill(dead[0], signal.SIGKILL)
        return answer(body)

    with OpenAIServer(deadly) as server:
        victim.put(trainee.train(home, server.url))
        assert int(trainee.told.readline()) == -signal.SIGKILL
        return [said(request.body) for request in server.requests]


def prompts(home: Path) -> list[str]:
    """What was asked by the calls that the journal has an answer to."""
    with Journal.open(Home(home), write=False) as journal:
        calls = journal.events("killed-1", kind="call")
        return ["\n".join(journal.text(digest) for _, digest in call.payload["messages"]) for call in calls]


@pytest.mark.parametrize(
    "answered",
    [n if n in (0, 1, 4, 5, CALLS - 1) else pytest.param(n, marks=pytest.mark.slow) for n in range(CALLS)],
)
def test_a_killed_run_sends_nothing_again_that_was_answered(
    tmp_path: Path, trainee: Trainee, undisturbed: Run, answered: int
) -> None:
    before = killed(trainee, tmp_path, answered)
    left, kept = Run.load(tmp_path, "killed-1"), prompts(tmp_path)
    assert not left.ended
    assert left.calls >= answered - 1
    assert left.calls + len(left.unanswered) >= len(before)
    assert len(left.unanswered) <= AT_ONCE
    with OpenAIServer(answer) as server:
        done = asyncio.run(train(experiment(server.url), tmp_path, run="killed-1"))
        after = [said(request.body) for request in server.requests]
    assert not set(kept) & set(after), "an answered call was sent again"
    assert len(set(before) & set(after)) <= len(left.unanswered)
    assert len(after) == CALLS - left.calls
    assert done.digest == undisturbed.digest
    assert [call.resent for call in done.unanswered] == [True] * len(left.unanswered)


def test_a_killed_run_goes_on_in_another_home(tmp_path: Path, trainee: Trainee, undisturbed: Run) -> None:
    before = killed(trainee, tmp_path / "here", 5)
    left, kept = Run.load(tmp_path / "here", "killed-1"), prompts(tmp_path / "here")
    with Journal.open(Home(tmp_path / "here"), write=False) as journal:
        archive.write(journal, "killed-1", tmp_path / "run.doxa")
    with Journal.open(Home(tmp_path / "there"), write=True) as journal:
        arrival.take_in(journal, tmp_path / "run.doxa", "moved-1")
    assert Run.load(tmp_path / "there", "moved-1").unanswered == left.unanswered
    with OpenAIServer(answer) as server:
        done = asyncio.run(train(experiment(server.url), tmp_path / "there", run="moved-1"))
        after = [said(request.body) for request in server.requests]
    assert not set(kept) & set(after), "an answered call was sent again"
    assert len(set(before) & set(after)) <= len(left.unanswered)
    assert len(after) == CALLS - left.calls
    assert done.digest == undisturbed.digest
    with OpenAIServer(answer) as server:
        assert asyncio.run(replay(experiment(server.url), tmp_path / "there", "moved-1")).digest == done.digest
        assert not server.requests
