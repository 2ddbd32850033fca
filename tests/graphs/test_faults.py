"""Every fault through the whole graph, over real HTTP: recovered or typed, counted on the wire, and nothing lost."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from doxa import (
    Analyst,
    ConceptualCritic,
    Experiment,
    LiteLLMModel,
    Manager,
    OpenAIModel,
    Run,
    hierarchy,
    replay,
    train,
)
from doxa.agents.outputs import answer_types
from doxa.critics.critique import Critique
from doxa.environments import Weather
from doxa.errors import ModelError
from doxa.memory import Home, Journal
from doxa.models import CallError, HeuristicModel, Message, Request, RetryPolicy
from doxa.models import failures as f
from doxa.testing import Fault, OpenAIServer, faults

KEY = "sk-a-very-secret-key-123456"
POLICY = RetryPolicy(attempts=2, base_delay=0.0, max_delay=0.0, deadline=30.0)
TASK = Weather(days=2)
TEAM = hierarchy(
    Manager(),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    critic=ConceptualCritic(),
)
ANSWERS = answer_types(TASK.spec.action)
TYPES = {"Insight": ANSWERS.insight, "Decision": ANSWERS.decision, "Critique": Critique}
UNFIT = {"side": "sideways"}

PLACES = {"watcher": (0, 1), "manager": (0, 1), "critic": (1, 2)}
"""Episode and step of each one's fault: the second question of analyst and manager, the first of the critic."""


@dataclass(frozen=True)
class Cell:
    """What becomes of a fault that happens once, and of one that happens always."""

    fault: Fault | dict[str, Any]
    failure: type[CallError]
    recovers: bool
    lasting: int
    """Requests on the wire for the call when it happens always."""

    @property
    def name(self) -> str:
        return self.fault.name if isinstance(self.fault, Fault) else "schema mismatch"


CELLS = [
    Cell(faults.rate_limit(), f.RateLimitError, recovers=True, lasting=2),
    Cell(faults.server_error(500), f.ServerError, recovers=True, lasting=2),
    Cell(faults.reset(), f.ConnectionLostError, recovers=True, lasting=2),
    Cell(faults.timeout(), f.ModelTimeoutError, recovers=True, lasting=2),
    Cell(faults.truncated(), f.MalformedReplyError, recovers=True, lasting=2),
    Cell(faults.html(), f.MalformedReplyError, recovers=True, lasting=2),
    Cell(faults.no_choices(), f.MalformedReplyError, recovers=True, lasting=2),
    Cell(UNFIT, f.OutputError, recovers=True, lasting=2),
    Cell(faults.refusal(), f.RefusalError, recovers=False, lasting=1),
    Cell(faults.content_filter(), f.ContentFilterError, recovers=False, lasting=1),
    Cell(faults.length(), f.TruncatedError, recovers=False, lasting=1),
    Cell(faults.context_overflow(), f.ContextOverflowError, recovers=False, lasting=1),
    Cell(faults.wrong_model(), f.ModelNotFoundError, recovers=False, lasting=1),
    Cell(faults.unauthorized(KEY), f.AuthenticationError, recovers=False, lasting=1),
]


class Rules:
    """Answers a request's body by the heuristic model's rules; at one agent's place it does the fault instead.

    Args:
        agent: Who meets the fault; nobody by default.
        fault: What it meets.
        times: How often.
    """

    def __init__(self, agent: str = "", fault: Fault | dict[str, Any] | None = None, times: float = 0) -> None:
        self.agent, self.fault, self.times = agent, fault, times
        self.asked: list[str] = []
        self.faulty = 0
        self._model = HeuristicModel()

    def __call__(self, body: Mapping[str, Any]) -> Any:
        asked = itertools.takewhile(
            lambda message: message["role"] != "assistant", body["messages"]
        )  # without a repair
        messages = tuple(Message(message["role"], message["content"]) for message in asked)
        agent = messages[0].text.split("You are ", 1)[1].split(",", 1)[0]
        self.asked.append(agent)
        first = 1 if agent == "critic" else 2
        if agent == self.agent and self.asked.count(agent) >= first and self.faulty < self.times:
            self.faulty += 1
            return self.fault
        kind = TYPES[body["response_format"]["json_schema"]["name"]]
        return run_through(self._model.complete(Request(agent, messages, kind))).text


def run_through(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits; the server's loop is already running."""
    with pytest.raises(StopIteration) as done:
        work.send(None)
    return done.value.value


Make = Callable[..., Any]


def thin(server: OpenAIServer, **changes: Any) -> OpenAIModel:
    return OpenAIModel("gpt-x", base_url=server.url, api_key=KEY, **changes)


def broad(server: OpenAIServer, **changes: Any) -> LiteLLMModel:
    return LiteLLMModel("openai/gpt-x", base_url=server.url, api_key=KEY, structured="json_schema", **changes)


def run(home: Path, server: OpenAIServer, known: str | None = None, make: Make = thin, **changes: Any) -> Run:
    experiment = Experiment(TASK, TEAM, episodes=2, model=make(server, **changes), name="frail", retries=POLICY)
    return asyncio.run(train(experiment, home, run=known))


def patience(cell: Cell, seconds: float) -> dict[str, float]:
    """A short timeout where the fault is to be waited out."""
    return {"timeout": seconds} if cell.failure is f.ModelTimeoutError else {}


def log(home: Path, *, without: tuple[str, ...] = ()) -> list[str]:
    """The run's exported log."""
    with Journal.open(Home(home), write=False) as journal:
        return [line for line in journal.export("frail-1") if json.loads(line)["kind"] not in without]


def see_every_request_accounted(rules: Rules, run: Run, failed: int) -> None:
    """Each request on the wire was answered once, failed once, or is listed as cut off: none was paid twice or lost."""
    accounted = run.calls + failed
    assert accounted <= len(rules.asked) <= accounted + len(run.unanswered)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a run that nothing disturbed."""
    home = tmp_path_factory.mktemp("whole")
    rules = Rules()
    with OpenAIServer(rules) as server:
        done = run(home, server)
    assert done.ended
    assert len(rules.asked) == done.calls == 2 * 2 * 3 + 1
    return home


def see_same(home: Path, undisturbed: Path, cell: Cell) -> None:
    """The run came to what the undisturbed one came to; where a reply had to be repaired, but for its calls."""
    without = ("call",) if cell.failure is f.OutputError else ()
    assert log(home, without=without) == log(undisturbed, without=without)


@pytest.mark.parametrize("agent", PLACES)
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_fault_that_happens_once(cell: Cell, agent: str, undisturbed: Path, tmp_path: Path) -> None:
    rules = Rules(agent, cell.fault, times=1)
    with OpenAIServer(rules) as server:
        if cell.recovers:
            done = run(tmp_path, server, **patience(cell, 1.0))
            assert len(rules.asked) == 2 * 2 * 3 + 1 + 1, "one fault costs one more request"
        else:
            with pytest.raises(cell.failure):
                run(tmp_path, server)
            assert not Run.load(tmp_path, "frail-1").ended
            done = run(tmp_path, server, "frail-1")
    assert (done.ended, done.gaps) == (True, ())
    see_same(tmp_path, undisturbed, cell)
    see_every_request_accounted(rules, done, failed=0 if cell.failure is f.OutputError else 1)


@pytest.mark.parametrize("agent", PLACES)
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_fault_that_lasts(cell: Cell, agent: str, undisturbed: Path, tmp_path: Path) -> None:
    rules = Rules(agent, cell.fault, times=float("inf"))
    episode, step = PLACES[agent]
    with OpenAIServer(rules) as server:
        with pytest.raises(cell.failure) as caught:
            run(tmp_path, server, **patience(cell, 0.5))
        assert type(caught.value) is cell.failure
        assert f"agent {agent!r}, episode {episode}, step {step}, attempt" in str(caught.value)
        assert rules.faulty == cell.lasting

        stopped = Run.load(tmp_path, "frail-1")
        [failure] = stopped.failures
        assert (failure.error, failure.agent, failure.episode, failure.step, failure.stopped) == (
            cell.failure.__name__,
            agent,
            episode,
            step,
            True,
        )
        assert not stopped.ended
        assert stopped.gaps == ()
        done_before = {line for line in log(undisturbed) if json.loads(line)["kind"] != "call"}
        assert set(log(tmp_path, without=("call",))) <= done_before, "nothing is in it that an undisturbed run hasn't"
        assert stopped.episodes[episode].steps == step, "no action was taken in its stead"

        rules.times = 0
        done = run(tmp_path, server, "frail-1")
    assert (done.ended, done.gaps, done.failures) == (True, (), stopped.failures)
    see_same(tmp_path, undisturbed, cell)
    see_every_request_accounted(rules, done, failed=0 if cell.failure is f.OutputError else cell.lasting)
    for file in tmp_path.glob("journal*"):
        assert KEY.encode() not in file.read_bytes()


@pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning")  # litellm's types, not ours
@pytest.mark.parametrize("cell", [CELLS[0], CELLS[8]], ids=lambda cell: cell.name)
def test_through_litellm_too(cell: Cell, tmp_path: Path) -> None:
    rules = Rules("manager", cell.fault, times=1)
    with OpenAIServer(rules) as server:
        if cell.recovers:
            done = run(tmp_path, server, make=broad)
            assert len(rules.asked) == done.calls + 1
        else:
            with pytest.raises(cell.failure, match="agent 'manager', episode 0, step 1, attempt 1"):
                run(tmp_path, server, make=broad)
            done = run(tmp_path, server, "frail-1", make=broad)
    assert done.ended
    see_every_request_accounted(rules, done, failed=1)


def test_a_disturbed_run_replays_with_the_server_gone(undisturbed: Path, tmp_path: Path) -> None:
    rules = Rules("watcher", faults.refusal(), times=1)
    with OpenAIServer(rules) as server:
        with pytest.raises(ModelError):
            run(tmp_path, server)
        done = run(tmp_path, server, "frail-1")
        asked = len(rules.asked)
        experiment = Experiment(TASK, TEAM, episodes=2, model=thin(server), name="frail", retries=POLICY)
    again = asyncio.run(replay(experiment, tmp_path, "frail-1"))
    assert again.digest == done.digest == Run.load(undisturbed, "frail-1").digest
    assert len(rules.asked) == asked
