"""Monitors watch an episode while it runs and raise alerts.

A :class:`Monitor` says what to watch for; its :class:`Watch` keeps what it has seen of one episode. The graph wraps a
monitor in a :class:`MonitorNode`, which looks at the step just taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ..agents.episode import Episode
from ..agents.node import EpisodeRuntime
from ..agents.state import EpisodeState, Update
from ..memory.trajectory import Phase, StepRecord


@dataclass(frozen=True)
class Alert:
    """What a monitor tells the manager before its next decision.

    Attributes:
        text: One line, put into the manager's prompt.
        trigger: Which of the monitor's rules fired.
        values: The numbers behind it, by name.
    """

    text: str
    trigger: str
    values: dict[str, float]


class Watch(Protocol):
    """What a monitor keeps of one episode."""

    def see(self, step: StepRecord) -> Alert | None:
        """Look at the step just taken; steps come in order, each once."""
        ...


@runtime_checkable
class Monitor(Protocol):
    """Something to watch for."""

    @property
    def name(self) -> str:
        """Unique within a graph."""
        ...

    def watch(self) -> Watch:
        """Begin to watch an episode."""
        ...


@dataclass(frozen=True)
class MonitorNode:
    """A monitor as a LangGraph node."""

    monitor: Monitor

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Return the alert under the monitor's name, or nothing."""
        episode, name = runtime.context, self.monitor.name
        watch = episode.watches.get(name) or episode.watches.setdefault(name, self.monitor.watch())
        taken = state["step"] - 1
        alert = watch.see(episode.history(taken + 1, 1)[0])
        return {} if alert is None else {"alerts": {name: self._recorded(alert, taken, episode)}}

    def _recorded(self, alert: Alert, step: int, episode: Episode) -> dict[str, Any]:
        payload = {"text": alert.text, "trigger": alert.trigger, "values": alert.values}
        episode.record([episode.entry("alert", step, Phase.MONITOR, self.monitor.name, payload)])
        return payload
