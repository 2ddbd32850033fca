"""Teams that don't fit are refused before anything runs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from doxa import Analyst, ConceptualCritic, CVaRMonitor, EpisodeGraph, Experiment, Manager, hierarchy
from doxa.environments.protocol import Choice, Environment, EnvironmentSpec, Outcome, Source, View
from doxa.errors import GraphError, ModelSetupError, SpecError
from doxa.graphs.drawing import layout, mermaid, picture


class Weather(Environment):
    """Umbrella or not."""

    def __init__(self, sources: tuple[str, ...] = ("sky", "radio")) -> None:
        self.spec = EnvironmentSpec(
            id="weather",
            task="Take an umbrella?",
            sources=tuple(Source(name, f"what the {name} says") for name in sources),
            action=Choice(("take", "leave")),
            reward={"dry": 1.0},
            max_steps=3,
        )

    def _views(self) -> Mapping[str, View]:
        return {source.name: View("grey: 1") for source in self.spec.sources}

    def _begin(self, _: random.Random) -> Outcome:
        return Outcome(None, self._views(), {})

    def _advance(self, action: object) -> Outcome:
        return Outcome(None, self._views(), {"dry": float(action == "take")})


SKY, RADIO, BOSS = Analyst("sky-reader", source="sky"), Analyst("listener", source="radio"), Manager()


def experiment(graph: EpisodeGraph, **options: object) -> Experiment:
    return Experiment(Weather(), graph, **options)  # type: ignore[arg-type]


def test_a_hierarchy_hands_every_insight_to_the_manager() -> None:
    graph = hierarchy(BOSS, [SKY, RADIO])
    assert graph.edges == (("sky-reader", "manager"), ("listener", "manager"))
    assert graph.entries() == ("sky-reader", "listener")
    graph.check(Weather().spec)


@pytest.mark.parametrize(
    ("agents", "edges", "message"),
    [
        ((SKY, RADIO), (), "exactly one manager.*has: none"),
        ((SKY, RADIO, BOSS, Manager("boss")), (), "exactly one manager.*manager, boss"),
        ((SKY, SKY, BOSS), (), "2 parts of the graph are called 'sky-reader'"),
        ((SKY, RADIO, BOSS), (("sky-reader", "manager"),), "nobody takes what listener says"),
        (
            (SKY, RADIO, BOSS),
            (("sky-reader", "manager"), ("listener", "manger")),
            r"unknown agent 'manger'.*did you mean 'manager'",
        ),
        (
            (SKY, RADIO, BOSS),
            (("sky-reader", "listener"), ("listener", "sky-reader"), ("listener", "manager")),
            "run in a circle",
        ),
        (
            (SKY, RADIO, BOSS),
            (("sky-reader", "manager"), ("listener", "sky-reader"), ("manager", "listener")),
            "run in a circle",
        ),
        ((SKY, BOSS), (("sky-reader", "manager"),), "nobody reads radio"),
        (
            (SKY, Analyst("x", source="raido"), BOSS),
            (("sky-reader", "manager"), ("x", "manager")),
            r"'x' reads 'raido'.*did you mean 'radio'",
        ),
        ((Analyst("observe", source="sky"), RADIO, BOSS), (), "'observe' is the name of a step"),
    ],
)
def test_what_does_not_fit_is_named(
    agents: tuple[Analyst, ...], edges: tuple[tuple[str, str], ...], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        experiment(EpisodeGraph(agents, edges))


def test_a_name_is_taken_by_monitors_and_critics_too() -> None:
    with pytest.raises(GraphError, match="called 'cvar'"):
        experiment(hierarchy(BOSS, [Analyst("cvar", source="sky"), RADIO], CVaRMonitor()))
    with pytest.raises(GraphError, match="called 'manager'"):
        experiment(hierarchy(BOSS, [SKY, RADIO], critic=ConceptualCritic("manager")))


@pytest.mark.parametrize("name", ["", "Two words", "a.b", "ä", "x" * 41])
def test_names_fit_into_keys_and_prompts(name: str) -> None:
    with pytest.raises(GraphError, match="can't be an agent's name"):
        Analyst(name, source="sky")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"episodes": 0}, SpecError, "episodes is 0"),
        ({"name": "My run"}, SpecError, "can't be an experiment's name"),
    ],
)
def test_an_experiment_checks_its_settings(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        experiment(hierarchy(BOSS, [SKY, RADIO]), **options)


def test_models_are_given_per_agent_or_for_all() -> None:
    graph = hierarchy(Manager(model="heuristic"), [SKY, RADIO], critic=ConceptualCritic())
    assert set(experiment(graph).models()) == {"sky-reader", "listener", "manager", "critic"}
    with pytest.raises(SpecError, match="nothing for 'listener'"):
        experiment(graph, model={"sky-reader": "heuristic"}).models()
    with pytest.raises(SpecError, match=r"names 'boss'.*isn't in the graph"):
        experiment(graph, model={"*": "heuristic", "boss": "heuristic"}).models()
    with pytest.raises(ModelSetupError, match="heuristc"):
        experiment(graph, model="heuristc").models()


def test_a_graph_is_drawn_without_a_server() -> None:
    graph = hierarchy(BOSS, [SKY, RADIO], CVaRMonitor(), ConceptualCritic())
    text = mermaid(graph, Weather().spec)
    assert "propagate" in text
    assert "listener" in text
    places = layout(graph)
    assert places["observe"][0] < places["listener"][0] < places["manager"][0] < places["act"][0] < places["cvar"][0]
    assert len(set(places.values())) == len(places)


def test_a_picture_is_drawn_into_a_file(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = picture(hierarchy(BOSS, [SKY, RADIO], CVaRMonitor()), Weather().spec, tmp_path / "graph.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SpecError, match=r"'.gif' can't be drawn"):
        picture(hierarchy(BOSS, [SKY, RADIO]), Weather().spec, tmp_path / "graph.gif")
    with pytest.raises(SpecError, match="there is no folder"):
        picture(hierarchy(BOSS, [SKY, RADIO]), Weather().spec, tmp_path / "no" / "graph.png")
