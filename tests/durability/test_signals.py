"""Ctrl-C, SIGTERM, a suspended process, a wall clock that jumps: a clean stop, or as if nothing had happened."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from crashing import Ended, Order, Range, Undisturbed, ambiguous, answer, trainees

from doxa.testing import OpenAIServer

TIMEOUT = 0.8
"""Seconds a call may take where a process is suspended for longer."""


@dataclass
class Sender:
    """Sends a signal to the process that trains when its n-th request comes in."""

    victim: queue.Queue[int] = field(default_factory=queue.Queue)
    request: int = 0
    signal: int = 0
    served: int = 0
    struck: int = 0

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self.served += 1
        if self.served == self.request:
            self.struck = self.victim.get()
            os.kill(self.struck, self.signal)
        return answer(body)


@dataclass(frozen=True)
class Field:
    range: Range
    whole: Undisturbed
    sender: Sender

    def struck(self, order: Order, request: int, signal_: int) -> Ended:
        self.start(order, request, signal_)
        return self.range.trainee.wait(order)

    def start(self, order: Order, request: int, signal_: int) -> int:
        self.sender.request, self.sender.signal, self.sender.served = request, signal_, 0
        pid = self.range.trainee.start(order)
        self.sender.victim.put(pid)
        return pid

    def ends_the_same(self, place: Path) -> None:
        done = self.range.trainee.run(self.range.resume(place))
        assert self.range.compared(place, self.whole, done) == []


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    sender = Sender()
    with OpenAIServer(sender.answer) as server, trainees() as trainee:
        found = Range(trainee, server, tmp_path_factory.mktemp("signals"), days=1)
        yield Field(found, found.undisturbed(), sender)


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("request_", [2, 9])
def test_a_signal_stops_a_run_cleanly(trials: Field, how: signal.Signals, code: int, request_: int) -> None:
    place = trials.range.place()
    stopped = trials.struck(trials.range.train(place), request_, how)
    assert stopped.code == code
    assert "interrupted; everything up to here is kept: doxa resume killed-1" in stopped.err
    assert "Traceback" not in stopped.err
    assert len(ambiguous(place / "home")) <= 2
    trials.ends_the_same(place)


def test_a_run_goes_on_after_it_was_suspended_for_longer_than_a_call_may_take(trials: Field) -> None:
    trials.range.timeout = TIMEOUT
    try:
        place = trials.range.place()
        order = trials.range.train(place)
    finally:
        trials.range.timeout = 60.0
    pid = trials.start(order, 9, signal.SIGSTOP)
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        pass
    time.sleep(1.5 * TIMEOUT)  # what a suspended machine does, too
    os.kill(pid, signal.SIGCONT)
    done = trials.range.trainee.wait(order)
    assert trials.range.compared(place, trials.whole, done) == []


def test_a_wall_clock_that_jumps_changes_nothing(trials: Field) -> None:
    place = trials.range.place()
    done = trials.range.trainee.run(replace(trials.range.train(place), clock=True))
    assert trials.range.compared(place, trials.whole, done) == []
