"""What was recorded before a component had a field replays and goes on, as long as the field is at its default."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy, replay, train
from doxa.environments import Weather
from doxa.errors import NondeterminismError, SpecError
from doxa.graphs import branch
from doxa.graphs.specification import differences, specify
from doxa.memory import ByConcern, Entry, HoldOut, Home, Journal
from doxa.memory.canonical import canonical
from doxa.memory.omissions import as_recorded

TEAM = hierarchy(
    Manager(episodes=2),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(),
    ConceptualCritic(),
)
EXPERIMENT = Experiment(Weather(2), TEAM, episodes=2, propagation=HoldOut(share=0.5), evaluation=Weather(2))
SPEC: dict[str, Any] = json.loads(canonical(EXPERIMENT.spec()))
Path_ = tuple[str | int, ...]


def defaulted(part: Any, told: Any, where: Path_ = ()) -> Iterator[Path_]:
    """Places of all dataclass fields, at any depth, that are at their defaults."""
    part = part.spec if isinstance(part, Weather) else part
    if is_dataclass(part) and not isinstance(part, type):
        for known in fields(part):
            if known.name not in told:
                continue
            if _plain(known) and getattr(part, known.name) == known.default:
                yield (*where, known.name)
            yield from defaulted(getattr(part, known.name), told[known.name], (*where, known.name))
    elif isinstance(part, tuple):
        for number, (inner, said) in enumerate(zip(part, told, strict=True)):
            yield from defaulted(inner, said, (*where, number))


def _plain(known: Any) -> bool:
    return known.default is None or isinstance(known.default, str | int | float | bool)


PLACES = sorted(defaulted(EXPERIMENT, SPEC), key=str)


def without(spec: Any, places: list[Path_]) -> Any:
    told = json.loads(json.dumps(spec))
    for place in sorted(places, key=len, reverse=True):
        inner = told
        for step in place[:-1]:
            inner = inner[step]
        del inner[place[-1]]
    return told


def test_there_are_fields_to_be_left_out_at_every_depth() -> None:
    assert {len(place) for place in PLACES} >= {1, 3, 4}
    assert ("graph", "critic", "memories") in PLACES
    assert ("propagation", "policy", "budget") in PLACES


@given(st.lists(st.sampled_from(PLACES), unique=True))
def test_fields_that_were_not_there_count_as_their_defaults(places: list[Path_]) -> None:
    recorded = without(SPEC, places)
    assert differences(recorded, json.loads(canonical(EXPERIMENT.spec_as(recorded)))) == []


@given(st.lists(st.sampled_from(PLACES), unique=True), st.integers(1, 9))
def test_a_field_that_was_not_there_and_is_set_is_a_change(places: list[Path_], memories: int) -> None:
    recorded = without(SPEC, [*{*places, ("graph", "critic", "memories")}])
    now = replace(EXPERIMENT, graph=replace(TEAM, critic=ConceptualCritic(memories=memories)))
    changed = differences(recorded, json.loads(canonical(now.spec_as(recorded))))
    assert changed == [f"graph.critic.memories: was not there, is {memories}"]


def test_what_was_recorded_and_is_gone_or_differs_is_a_change() -> None:
    more = {**SPEC, "weather": "fine", "episodes": 3}
    assert differences(more, EXPERIMENT.spec_as(more)) == ["episodes: was 3, is 2", "weather: was 'fine', is not there"]


def test_a_field_without_a_default_is_a_change() -> None:
    @dataclass(frozen=True)
    class Part:
        size: int

    told = as_recorded(Part(0), specify(Part(0)), {"type": "Part"}, specify)
    assert differences({"type": "Part"}, told) == ["size: was not there, is 0"]


def test_none_is_another_value_than_a_missing_one() -> None:
    @dataclass(frozen=True)
    class Part:
        size: int | None = 3

    told = as_recorded(Part(None), specify(Part(None)), {"type": "Part"}, specify)
    assert differences({"type": "Part"}, told) == ["size: was not there, is None"]


def test_defaults_may_be_made_and_parts_may_be_pydantic() -> None:
    class Inner(BaseModel):
        depth: int = 2
        tags: list[str] = []

    @dataclass(frozen=True)
    class Part:
        name: str
        inner: Inner = field(default_factory=Inner)
        policy: ByConcern = field(default_factory=ByConcern)

    whole, bare = specify(Part("a")), {"type": "Part", "name": "a"}
    assert as_recorded(Part("a"), whole, bare, specify) == bare
    nested = {**bare, "inner": {"type": "Inner", "depth": 2}, "policy": whole["policy"]}
    assert as_recorded(Part("a"), whole, nested, specify) == nested
    other = Part("a", Inner(tags=["x"]))
    assert differences(nested, as_recorded(other, specify(other), nested, specify)) == [
        "inner.tags: was not there, is ['x']"
    ]


def test_a_limit_that_was_part_of_the_spec_counts_as_it_was() -> None:
    recorded = {**SPEC, "cache": True, "max_usd": 1.0}
    assert differences(recorded, EXPERIMENT.spec_as(recorded)) == []


def older(source: Path, target: Path, drop: Callable[[str, dict[str, Any]], Any], until: str = "") -> None:
    """Record a run again as a version without some fields would have, up to the first event of kind ``until``."""
    with Journal.open(Home(source), write=False) as whole, Journal.open(Home(target), write=True) as journal:
        run = journal.begin("run")
        for event in whole.events(run):
            if event.kind == until:
                break
            drop(event.kind, event.payload)
            journal.append(run, [Entry(event.episode, event.kind, event.key, event.payload)])
            if event.kind == "call":
                for _, digest in event.payload["messages"]:
                    journal.put_text(whole.text(digest))


def drop_fields(kind: str, payload: dict[str, Any]) -> None:
    if kind == "run.started":
        del payload["spec"]["graph"]["critic"]["memories"]
        del payload["spec"]["propagation"]["policy"]["budget"]
    if kind == "propagation":
        del payload["asked"]["policy"]["policy"]["budget"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("recorded")
    asyncio.run(train(EXPERIMENT, home))
    return home


def test_an_older_run_replays(recorded: Path, tmp_path: Path) -> None:
    older(recorded, tmp_path, drop_fields)
    done = asyncio.run(replay(EXPERIMENT, tmp_path, "run-1"))
    assert done.ended
    with Journal.open(Home(tmp_path), write=False) as journal:
        assert done.digest == journal.digest("run-1")


def test_an_older_run_goes_on_as_it_began(recorded: Path, tmp_path: Path) -> None:
    older(recorded, tmp_path, drop_fields, until="episode.ended")
    asyncio.run(train(EXPERIMENT, tmp_path, run="run-1"))
    done = asyncio.run(replay(EXPERIMENT, tmp_path, "run-1"))
    assert done.ended
    assert "memories" not in done.spec["graph"]["critic"]


def test_an_older_run_can_be_branched(recorded: Path, tmp_path: Path) -> None:
    older(recorded, tmp_path, drop_fields)
    done = asyncio.run(branch(EXPERIMENT, tmp_path, "run-1"))
    assert done.reused == done.calls > 0


def test_an_older_run_with_the_field_set_is_refused_and_named(recorded: Path, tmp_path: Path) -> None:
    older(recorded, tmp_path, drop_fields)
    now = replace(EXPERIMENT, graph=replace(TEAM, critic=ConceptualCritic(memories=2)))
    with pytest.raises(SpecError, match=r"graph\.critic\.memories: was not there, is 2"):
        asyncio.run(replay(now, tmp_path, "run-1"))
    with pytest.raises(SpecError, match=r"graph\.critic\.memories: was not there, is 2"):
        asyncio.run(train(now, tmp_path, run="run-1"))


def test_a_policy_that_asks_otherwise_than_recorded_is_noticed(recorded: Path, tmp_path: Path) -> None:
    def drop(kind: str, payload: dict[str, Any]) -> None:
        drop_fields(kind, payload)
        if kind == "propagation":
            payload["asked"]["policy"]["share"] = 0.25

    older(recorded, tmp_path, drop)
    with pytest.raises(NondeterminismError, match="share"):
        asyncio.run(replay(EXPERIMENT, tmp_path, "run-1"))
