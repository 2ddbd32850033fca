"""A small training run that is killed, gone on with, and compared with one that nothing disturbed.

Shared by the tests here and by ``benchmarks/crashes.py``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from zlib import crc32

from doxa.memory import Home, Journal
from doxa.testing import OpenAIServer

HERE = Path(__file__).parent
RUN = "killed-1"
AT_ONCE = 2
"""Analysts, who are the only ones that ask at the same time."""

SPEC = """
import os
from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, OpenAIModel, hierarchy
from doxa.environments import Weather
from doxa.memory import HoldOut
from doxa.models import RetryPolicy

def experiment(url: str, days: int = 2, timeout: float = 60.0) -> Experiment:
    analysts = [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")]
    model = OpenAIModel("gpt-x", base_url=url, api_key=os.environ["DOXA_ATTEMPT"], timeout=timeout)
    team = hierarchy(Manager(), analysts, CVaRMonitor(), ConceptualCritic())
    return Experiment(
        Weather(days), team, episodes=4, evaluation=Weather(days), propagation=HoldOut(share=0.5), model=model,
        retries=RetryPolicy(base_delay=0.01), name="killed",
    )
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
}
LESSON = {"kind": "expansion", "reason": "it held", "support": 2, "against": 0, "steps": [{"episode": 0, "step": 0}]}
FIRST = [
    {**LESSON, "concept": "pressure", "statement": "Trust the barometer.", "aspect": "barometer", "polarity": "for"},
    {
        **LESSON,
        "concept": "sayings",
        "statement": "Act against the almanac in unsettled spells.",
        "aspect": "almanac",
        "polarity": "against",
        "scope": {"sentence": "when the spell is unsettled"},
    },
]
SEEN = {**LESSON, "steps": [{"episode": 2, "step": 0}]}
LATER = [
    {**FIRST[0], **SEEN},
    {**SEEN, "concept": "tone", "statement": "Mistrust brightness.", "aspect": "almanac.tone", "polarity": "against"},
]


def answer(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same answer to the same question."""
    text = said(body)
    action = ("dry", "rain", "unsure")[crc32(text.encode()) % 3]
    if "an analyst" in text:
        return {"stance": action, **INSIGHT}
    if "the manager:" in text:
        alerted = "AlertedDecision" in json.dumps(body.get("response_format"))
        return {"action": action, **DECISION, "reflection": "careful" if alerted else None}
    return {**CRITIQUE, "proposals": FIRST if "# Beliefs\nnone yet" in text else LATER}


def said(body: Mapping[str, Any]) -> str:
    return "\n".join(message["content"] for message in body["messages"])


@dataclass(frozen=True)
class Ended:
    """What a process came to: its exit code, or the signal it died of as a negative number; what it said; where it was.

    ``last`` is the last instant it reached, ``instants`` how many those were.
    """

    code: int
    out: str
    err: str
    instants: tuple[str, ...]

    @property
    def last(self) -> str:
        return self.instants[-1] if self.instants else ""


@dataclass(frozen=True)
class Order:
    """What a process is to do, and what is to happen to it.

    Attributes:
        folder: Where it works; there is ``spec.py`` in it.
        commands: Command lines without ``doxa``, and ``["probe", HOME, RUN]``.
        stop: Number of the instant at which it dies; 0 for none.
        environ: More environment variables.
        traced: Whether instants are counted at all.
        pragmas: Given to SQLite after opening.
        bytes: Size that no file may outgrow; 0 for any.
        user: Id of the user it runs as; 0 for the present one.
        clock: Whether the wall clock jumps by hours, to and fro.
    """

    folder: Path
    commands: Sequence[Sequence[str]]
    stop: int = 0
    environ: Mapping[str, str] = field(default_factory=dict)
    traced: bool = True
    pragmas: Sequence[str] = ()
    bytes: int = 0
    user: int = 0
    clock: bool = False


@dataclass(frozen=True)
class Trainee:
    """The warm process of ``trainee.py``."""

    orders: IO[str]
    told: IO[str]

    def start(self, order: Order) -> int:
        """Let it begin; returns its process id."""
        trace = str(order.folder / "trace") if order.traced else ""
        told = {**vars(order), "folder": str(order.folder), "trace": trace}
        self.orders.write(json.dumps(told) + "\n")
        self.orders.flush()
        return int(self.told.readline())

    def wait(self, order: Order) -> Ended:
        """Wait for its end."""
        code = int(self.told.readline())
        said = (order.folder / name for name in ("out", "err"))
        out, err = (path.read_text() if path.exists() else "" for path in said)  # it may have died before anything
        trace = order.folder / "trace"
        return Ended(code, out, err, tuple(trace.read_text().splitlines()) if trace.exists() else ())

    def run(self, order: Order) -> Ended:
        """Do it to its end."""
        self.start(order)
        return self.wait(order)


@contextmanager
def trainees() -> Iterator[Trainee]:
    """Start the warm process, and end it."""
    command = [sys.executable, str(HERE / "trainee.py")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Trainee(process.stdin, process.stdout)
        process.stdin.close()


@dataclass(frozen=True)
class Undisturbed:
    """The run that nothing disturbed.

    Attributes:
        log: Its exported log.
        probe: What is believed and found after it.
        prompts: How often each prompt was sent.
        instants: What can be interrupted, in order.
    """

    log: bytes
    probe: str
    prompts: Counter[str]
    instants: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """One trial: where it was killed, and everything that isn't as it has to be."""

    killed_at: tuple[str, ...]
    ambiguous: int
    resent: int
    violations: tuple[str, ...]


@dataclass
class Range:
    """Where trials are made: one server, one warm process, a folder for each trial."""

    trainee: Trainee
    server: OpenAIServer
    folder: Path
    days: int = 2
    timeout: float = 60.0
    trials: int = 0

    def place(self) -> Path:
        """A new folder with the SPEC."""
        self.trials += 1
        place = self.folder / f"{self.trials:04d}"
        place.mkdir()
        (place / "spec.py").write_text(SPEC)
        return place

    def train(self, place: Path, **settings: Any) -> Order:
        """The order to train from the beginning."""
        given = ["--set", f"url={self.server.url}", "--set", f"days={self.days}", "--set", f"timeout={self.timeout}"]
        return self._order(place, ["train", "spec.py:experiment", *given, "--home", "home"], settings)

    def resume(self, place: Path, **settings: Any) -> Order:
        """The order to do what is left: begin, go on, or only export."""
        state = begun(place / "home")
        if state is None:
            return self.train(place, **settings)
        return self._order(place, [] if state else ["resume", RUN, "--home", "home"], settings)

    def _order(self, place: Path, command: list[str], settings: dict[str, Any]) -> Order:
        commands = [command] if command else []
        commands.append(["export", RUN, "--home", "home", "--out", "log.jsonl"])
        commands.append(["probe", "home", RUN])
        environ = {"DOXA_ATTEMPT": f"{self.trials}", "COLUMNS": "200"}
        return Order(place, commands, environ=environ, **settings)

    def sent(self, since: int = 0) -> Counter[str]:
        """How often each prompt of the present trial came in."""
        mine = f"Bearer {self.trials}"
        told = [r for r in self.server.requests[since:] if r.headers.get("Authorization") == mine]
        return Counter(said(request.body) for request in told)

    def undisturbed(self) -> Undisturbed:
        """Train once from beginning to end."""
        place = self.place()
        done = self.trainee.run(self.train(place))
        assert done.code == 0, done.err
        log, probe = (place / "log.jsonl").read_bytes(), (place / "probe.json").read_text()
        return Undisturbed(log, probe, self.sent(), done.instants)

    def trial(self, whole: Undisturbed, stops: Sequence[int]) -> Outcome:
        """Be killed at one instant of the training, at one of the recovery, and so on; then go on to the end."""
        place = self.place()
        killed_at: list[str] = []
        wrong: list[str] = []
        for stop in stops:
            order = self.resume(place, stop=stop)
            done, answered, since = self._attempt(order)
            wrong += self._sent_again(whole, answered, since)
            if done.code != -signal.SIGKILL:
                break  # it came to its end before that instant
            killed_at.append(done.last)
            wrong += half_written(place)
            open_calls = ambiguous(place / "home")
            if len(open_calls) > AT_ONCE * len(killed_at):
                wrong.append(f"{len(open_calls)} ambiguous calls")
        return self._finished(place, whole, killed_at, wrong)

    def struck(self, whole: Undisturbed, seconds: float, sleep: Any) -> Outcome:
        """Be killed after some time, wherever it is then."""
        place = self.place()
        order = self.train(place, traced=False)
        pid = self.trainee.start(order)
        sleep(seconds)
        with suppress(ProcessLookupError):  # it was faster
            os.kill(pid, signal.SIGKILL)
        done = self.trainee.wait(order)
        wrong = half_written(place)
        open_calls = ambiguous(place / "home")
        if len(open_calls) > AT_ONCE:
            wrong.append(f"{len(open_calls)} ambiguous calls")
        return self._finished(place, whole, [f"{done.code}"], wrong)

    def _finished(self, place: Path, whole: Undisturbed, killed_at: list[str], wrong: list[str]) -> Outcome:
        order = self.resume(place)
        done, answered, since = self._attempt(order)
        wrong = wrong + self._sent_again(whole, answered, since) + self.compared(place, whole, done)
        listed = ambiguous(place / "home")
        twice = sum((self.sent() - whole.prompts).values())
        if twice > len(listed):
            wrong.append(f"{twice} requests came in more than once, {len(listed)} are listed as ambiguous")
        return Outcome(tuple(killed_at), len(listed), twice, tuple(wrong))

    def _attempt(self, order: Order) -> tuple[Ended, Counter[str], int]:
        answered, since = journaled(order.folder / "home"), len(self.server.requests)
        return self.trainee.run(order), answered, since

    def _sent_again(self, whole: Undisturbed, answered: Counter[str], since: int) -> list[str]:
        again = self.sent(since) - (whole.prompts - answered)
        return [f"{sum(again.values())} journaled calls were sent again"] if again else []

    def compared(self, place: Path, whole: Undisturbed, done: Ended) -> list[str]:
        """What differs from the undisturbed run."""
        if done.code:
            return [f"exit code {done.code}: {done.err.strip()[-600:]}"]
        wrong = []
        if (place / "log.jsonl").read_bytes() != whole.log:
            wrong.append("another log")
        if (place / "probe.json").read_text() != whole.probe:
            wrong.append("other beliefs, or an index that finds others")
        return wrong


@contextmanager
def quick(folder: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: SIGKILL, unlike a power cut, loses nothing that was written there."""
    memory = Path("/dev/shm")  # noqa: S108
    if not os.access(memory, os.W_OK):
        yield folder
        return
    with TemporaryDirectory(prefix="doxa-", dir=memory) as name:
        yield Path(name)


@contextmanager
def ranges(folder: Path, days: int = 2) -> Iterator[Range]:
    """A range with its server and its warm process."""
    with OpenAIServer(answer) as server, trainees() as trainee, quick(folder) as place:
        yield Range(trainee, server, place, days)


def begun(home: Path) -> bool | None:
    """Whether the run has ended; ``None`` if it hasn't begun."""
    if not Home(home).exists or not (home / "journal.sqlite3").stat().st_size:
        return None
    with _reading(home) as journal:
        if journal is None or RUN not in journal.runs():
            return None
        return next(journal.events(RUN, kind="run.ended"), None) is not None


def journaled(home: Path) -> Counter[str]:
    """How often each prompt has an answer in the journal."""
    if begun(home) is None:
        return Counter()
    with Journal.open(Home(home), write=False) as journal:
        calls = journal.events(RUN, kind="call")
        return Counter("\n".join(journal.text(digest) for _, digest in c.payload["messages"]) for c in calls)


def ambiguous(home: Path) -> list[str]:
    """The ambiguous calls, as the run's summary lists them."""
    from doxa import Run

    return [] if begun(home) is None else [str(call) for call in Run.load(home, RUN).unanswered]


def half_written(place: Path) -> list[str]:
    """Whether an export has been left half done under its name."""
    log = place / "log.jsonl"
    return ["half an export"] if log.exists() and b'"kind":"run.ended"' not in log.read_bytes() else []


def sample(instants: Sequence[str], size: int) -> list[int]:
    """Numbers of ``size`` instants, from 1: as many as can be of every kind, spread over the run."""
    places: dict[str, list[int]] = {}
    for number, name in enumerate(instants, 1):
        places.setdefault(name, []).append(number)
    quotas = dict.fromkeys(places, 0)
    while sum(quotas.values()) < min(size, len(instants)):
        open_kinds = [name for name in places if quotas[name] < len(places[name])]
        quotas[min(open_kinds, key=lambda name: quotas[name])] += 1
    return sorted(
        where[(2 * i + 1) * len(where) // (2 * quotas[n])] for n, where in places.items() for i in range(quotas[n])
    )


@contextmanager
def _reading(home: Path) -> Iterator[Journal | None]:
    from doxa.errors import HomeError

    try:
        journal = Journal.open(Home(home), write=False)
    except HomeError:  # nothing in it yet
        yield None
        return
    with journal:
        yield journal
