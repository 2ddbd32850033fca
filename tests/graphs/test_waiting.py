"""Runs that wait for people: killed at any point between question, answer and resume; answered in any order."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa import Analyst, ConceptualCritic, Experiment, Manager, Run, hierarchy, train
from doxa.agents import Gate, HumanManager, Review
from doxa.agents.people import Answers
from doxa.environments import Weather
from doxa.errors import WaitingError
from doxa.memory import Home, Journal, Question, Reply
from doxa.memory.questions import replied, unanswered

ORDERS = """
import asyncio, os, signal, sys
sys.path.insert(0, {folder!r})
from doxa.memory import Journal
import test_waiting as t

whole = Journal.append

def deadly(kind, when):
    def append(self, run, entries, **beside):
        meant = any(e.kind == kind and self.find(run, e.episode, kind, e.key) is None for e in entries)
        if meant and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        events = whole(self, run, entries, **beside)
        if meant:
            os.kill(os.getpid(), signal.SIGKILL)
        return events
    return append

for line in sys.stdin:
    what, kind, when, home = line.split()
    pid = os.fork()
    if not pid:
        Journal.append = deadly(kind, when)
        t.answered(home, 1) if what == "answer" else t.gone_on(home, t.steps_only if what == "steps" else None)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

ANALYSTS = (Analyst("listener", source="almanac"), Analyst("watcher", source="barometer"))


def experiment() -> Experiment:
    """Three questions at each step, and one for every belief."""
    manager, gates = HumanManager(advisor=Manager()), (Gate("risk"), Gate("law"))
    team = hierarchy(manager, ANALYSTS, None, ConceptualCritic(), gates=gates, review=Review())
    return Experiment(Weather(days=30), team, episodes=2, name="waits")


def word(question: Question) -> Reply:
    """The same answer to the same question."""
    number = int(question.id[2:], 16)
    if question.about == "decision":
        return Reply(question.default if number % 5 else "unsure", "so I think")
    return Reply("reject" if number % 2 and question.about == "belief" else "approve")


def steps_only(question: Question) -> Reply | None:
    """Somebody who is there while the steps are taken, and gone when it comes to beliefs."""
    return None if question.about == "belief" else word(question)


def gone_on(home: Path | str, answers: Answers | None = None, what: Experiment | None = None) -> Run | None:
    """Train, or go on with what was begun; ``None`` if it waits."""
    with Journal.open(Home(Path(home)), write=True) as journal:
        run = next(iter(journal.runs()), None)
    try:
        return asyncio.run(train(what or experiment(), home, run=run, answers=answers))
    except WaitingError:
        return None


def answered(home: Path | str, most: int = 100) -> int:
    """Answer open questions, as another process would."""
    with Journal.open(Home(Path(home)), write=True) as journal:
        questions = unanswered(journal)[:most]
        for question in questions:
            replied(journal, question, word(question), "tester")
        return len(questions)


def prepare(home: Path, kind: str) -> None:
    """Bring a run to where the next thing to be recorded is of this kind."""
    if kind in {"answer", "decision"}:
        gone_on(home)
    if kind == "decision":
        assert (answered(home), gone_on(home), answered(home)) == (1, None, 2)
    if kind == "belief":
        assert gone_on(home, steps_only) is None
        assert answered(home)


@dataclass(frozen=True)
class Killer:
    """A process that forks one to go on or to answer, and to be killed on the way."""

    orders: IO[str]
    told: IO[str]

    def kill(self, what: str, kind: str, when: str, home: Path) -> int:
        self.orders.write(f"{what} {kind} {when} {home}\n")
        self.orders.flush()
        return int(self.told.readline())


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    command = [sys.executable, "-c", ORDERS.format(folder=str(Path(__file__).parent))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Killer(process.stdin, process.stdout)
        process.stdin.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = asyncio.run(train(experiment(), tmp_path_factory.mktemp("whole"), answers=word))
    assert run.ended
    return run


POINTS = [
    (kind, when) for kind in ("question", "answer", "decision", "critique", "belief") for when in ("before", "after")
]
QUICK = {("question", "after"), ("answer", "before"), ("answer", "after"), ("decision", "after"), ("belief", "before")}


@pytest.mark.parametrize(
    ("kind", "when"), [p if p in QUICK else pytest.param(*p, marks=pytest.mark.slow) for p in POINTS]
)
def test_a_killed_run_asks_and_decides_what_it_would_have(
    tmp_path: Path, killer: Killer, undisturbed: Run, kind: str, when: str
) -> None:
    prepare(tmp_path, kind)
    what = "answer" if kind == "answer" else "steps" if kind in {"critique", "belief"} else "alone"
    assert killer.kill(what, kind, when, tmp_path) == -signal.SIGKILL
    while (done := gone_on(tmp_path, steps_only)) is None:
        assert answered(tmp_path)
    assert done.digest == undisturbed.digest


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_the_log_is_the_same_in_whatever_order_answers_come(data: st.DataObject) -> None:
    team = hierarchy(Manager(), ANALYSTS, gates=(Gate("risk"), Gate("law")))
    what = Experiment(Weather(days=2), team, episodes=1, name="waits")
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        whole = asyncio.run(train(what, one, answers=word))
        while (done := gone_on(other, None, what)) is None:
            with Journal.open(Home(Path(other)), write=True) as journal:
                order = data.draw(st.permutations(unanswered(journal)))
                for question in order[: data.draw(st.integers(1, len(order)))]:
                    replied(journal, question, word(question), "tester")
        assert done.digest == whole.digest
