"""A run as its journal tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..memory.home import Home
from ..memory.journal import Journal

END = 2**31 - 1
"""The episode number under which a run's end is recorded: after all others."""


@dataclass(frozen=True)
class EpisodeSummary:
    """One episode in numbers.

    Attributes:
        number: Index within the run.
        mode: ``train`` or ``evaluate``.
        environment: Id of the task.
        steps: How many so far.
        value: Return, the sum of rewards so far.
        metrics: The task's own metrics, by name; a value is ``None`` where it isn't defined.
        baselines: The same metrics for the task's baseline policies.
        beliefs: How many beliefs were handed to any agent.
        alerts: How many alerts were raised.
        in_sample: Whether beliefs made from the episode's own time were admitted.
        ended: Whether it came to its end.
    """

    number: int
    mode: str
    environment: str
    steps: int
    value: float
    metrics: Mapping[str, float | None]
    baselines: Mapping[str, Mapping[str, float | None]]
    beliefs: int
    alerts: int
    in_sample: bool
    ended: bool


@dataclass(frozen=True)
class Run:
    """What one execution of an experiment came to.

    Attributes:
        id: Its name within the home.
        mode: ``train`` or ``evaluate``.
        spec: The experiment, as recorded.
        parent: The run whose beliefs it started with.
        reference: How the experiment was loaded: ``spec`` and settings; empty for one made in Python.
        episodes: In order.
        calls: Model calls that were answered.
        tokens: Prompt and completion tokens of them all.
        cost: US dollars; ``None`` if the price of any call is unknown.
        failures: What stopped it, in order, if anything did.
        unanswered: Calls that were sent, or about to be, and have no recorded answer.
        ended: Whether it came to its end.
        digest: Of the exported log; equal digests did the same.
    """

    id: str
    mode: str
    spec: Mapping[str, Any]
    parent: str | None
    reference: Mapping[str, Any]
    episodes: tuple[EpisodeSummary, ...]
    calls: int
    tokens: int
    cost: float | None
    failures: tuple[str, ...]
    unanswered: int
    ended: bool
    digest: str

    @property
    def in_sample(self) -> bool:
        """Whether any episode was run with beliefs made from its own time; its return is then no forecast."""
        return any(episode.in_sample for episode in self.episodes)

    @classmethod
    def load(cls, home: str | Path, run: str) -> Run:
        """Read a run from a home.

        Raises:
            HomeError: There is no home.
            NotFoundError: There is no such run.
        """
        with Journal.open(Home(Path(home)), write=False) as journal:
            return cls.read(journal, run)

    @classmethod
    def read(cls, journal: Journal, run: str) -> Run:
        """Read a run from an open journal."""
        tally = _Tally()
        for event in journal.events(run):
            tally.add(event.episode, event.kind, event.key, event.payload)
        place = dict(tally.place)
        return cls(
            id=run,
            mode=tally.started.get("mode", "train"),
            spec=tally.started.get("spec", {}),
            parent=place.pop("parent", None),
            reference=place,
            episodes=tuple(tally.summary(number) for number in sorted(tally.episodes)),
            calls=tally.calls,
            tokens=tally.tokens,
            cost=tally.cost,
            failures=tuple(tally.failures),
            unanswered=len(tally.intents),
            ended=tally.ended,
            digest=journal.digest(run),
        )


class _Tally:
    """Adds a run's events up, one at a time."""

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.place: dict[str, Any] = {}
        self.episodes: dict[int, dict[str, Any]] = {}
        self.calls, self.tokens = 0, 0
        self.cost: float | None = 0.0
        self.failures: list[str] = []
        self.intents: set[tuple[int, str]] = set()
        self.ended = False

    def add(self, episode: int, kind: str, key: str, payload: dict[str, Any]) -> None:
        """Count one event in."""
        match kind:
            case "run.started":
                self.started = payload
            case "run.place":
                self.place = payload
            case "run.ended":
                self.ended = True
            case "failure":
                self.failures.append(f"{payload['error']}: {payload['message']}")
            case "call.intent":
                self.intents.add((episode, key))
            case "call":
                self._call(episode, key, payload)
            case _:
                self._in_episode(episode, kind, payload)

    def _call(self, episode: int, key: str, payload: dict[str, Any]) -> None:
        self.intents.discard((episode, key))
        self.calls += 1
        self.tokens += payload["usage"]["prompt_tokens"] + payload["usage"]["completion_tokens"]
        self.cost = None if self.cost is None or payload["cost"] is None else self.cost + payload["cost"]

    def _in_episode(self, episode: int, kind: str, payload: dict[str, Any]) -> None:
        if episode < 0:
            return
        told = self.episodes.setdefault(episode, {"rewards": [], "alerts": 0})
        match kind:
            case "episode.started":
                told["started"] = payload
            case "propagation":
                told["propagation"] = payload
            case "step":
                told["rewards"].append(payload["reward"])
            case "alert":
                told["alerts"] += 1
            case "episode.ended":
                told["ended"] = payload

    def summary(self, number: int) -> EpisodeSummary:
        """What one episode came to."""
        told = self.episodes[number]
        ended, handed = told.get("ended"), told.get("propagation", {})
        return EpisodeSummary(
            number=number,
            mode=told["started"]["mode"],
            environment=told["started"]["environment"],
            steps=len(told["rewards"]),
            value=sum(told["rewards"]) if ended is None else ended["return"],
            metrics={} if ended is None else dict(ended["metrics"]),
            baselines={} if ended is None else {name: dict(metrics) for name, metrics in ended["baselines"]},
            beliefs=len({c["belief"] for c in handed.get("candidates", ()) if c["taken"]}),
            alerts=told["alerts"],
            in_sample=bool(handed.get("in_sample", False)),
            ended=ended is not None,
        )
