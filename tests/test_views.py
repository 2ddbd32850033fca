"""What a terminal shows while a run goes on."""

from __future__ import annotations

import io

from rich.console import Console
from rich.progress import Progress, TextColumn

from doxa import Experiment
from doxa.agents import Analyst, Manager
from doxa.environments import Weather
from doxa.graphs import hierarchy
from doxa.memory.canonical import canonical
from doxa.memory.journal import Event
from doxa.models.streaming import hearer
from doxa.views import ProgressView, plain, progress

TEAM = hierarchy(Manager(), [Analyst("a", source="almanac"), Analyst("b", source="barometer")])


def event(kind: str, **payload: object) -> Event:
    return Event("rain-1", 0, 1, kind, "", canonical(payload), "", "")


def test_what_an_agent_writes_is_shown_as_it_comes_without_control_characters() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    with Progress(TextColumn("{task.fields[told]}", markup=False), console=console) as bars:
        view = ProgressView(Experiment(Weather(), TEAM), bars, console)
        view.see(event("episode.started", mode="train", steps=3))
        for piece in ("[red]bu", "y\x1b[2J ", "now"):
            view.hear("manager", piece)
        assert bars.tasks[0].fields["told"] == "manager: [red]buy [2J now"
        view.hear("critic", "no")
        assert bars.tasks[0].fields["told"] == "critic: no"
        view.see(event("step", reward=0.5))
        assert "return +0.5000" in bars.tasks[0].fields["told"]


def test_without_a_terminal_nobody_listens() -> None:
    with progress(Experiment(Weather(), TEAM), quiet=True):
        assert hearer.get() is None


def test_plain_text_has_no_control_characters() -> None:
    assert plain("a\x1b]0;title\x07b\u202e").plain == "a ]0;title b "
