"""An episode's graph without LangGraph's scheduler: the same supersteps, the same state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from langgraph.graph import END, START, StateGraph

from doxa.agents import Episode
from doxa.agents.state import EpisodeState, Update
from doxa.errors import GraphError
from doxa.graphs.course import Course, Wiring

NOBODY = cast("Episode", None)


def node(name: str, seen: list[tuple[str, Any]]) -> Callable[..., Any]:
    """A node that tells what it sees and adds its name to the insights."""

    async def run(state: EpisodeState, runtime: object) -> Update:
        del runtime
        seen.append((name, sorted(state.get("insights", {}))))
        if name == "begin":
            return {"insights": None, "step": state.get("step", 0) + 1}
        told: Update = {"insights": {name: state["step"]}}
        return {**told, "over": state["step"] == 3} if name == "join" else told

    return run


def wired(machine: Wiring, seen: list[tuple[str, Any]]) -> None:
    """A loop with a branch of two steps, one of one, and a join."""
    for name in ("begin", "far", "farther", "near", "join"):
        machine.add_node(name, node(name, seen))
    machine.add_edge(START, "begin")
    for name in ("far", "near"):
        machine.add_edge("begin", name)
    machine.add_edge("far", "farther")
    machine.add_edge(["farther", "near"], "join")
    machine.add_conditional_edges("join", lambda state: END if state["over"] else "begin", ["begin", END])


def test_supersteps_joins_paths_and_state_are_langgraphs() -> None:
    ours: list[tuple[str, Any]] = []
    theirs: list[tuple[str, Any]] = []
    course = Course()
    wired(course, ours)
    last = asyncio.run(course.run(NOBODY, 50))
    machine = StateGraph(EpisodeState, Episode)
    wired(machine, theirs)
    known = asyncio.run(machine.compile().ainvoke({}))
    assert ours == theirs
    assert len(ours) == 15
    assert {key: known[key] for key in last} == dict(last)


def test_two_nodes_may_not_return_the_same_part_of_the_state() -> None:
    async def over(*_: object) -> Update:
        return {"over": True}

    course = Course()
    for name in ("one", "other"):
        course.add_node(name, over)
        course.add_edge(START, name)
    with pytest.raises(GraphError, match="two nodes returned 'over'"):
        asyncio.run(course.run(NOBODY, 5))


def test_an_episode_that_does_not_end_is_stopped() -> None:
    course = Course()
    wired(course, [])
    with pytest.raises(GraphError, match="more than 5 supersteps"):
        asyncio.run(course.run(NOBODY, 5))


def test_a_node_that_fails_ends_its_siblings() -> None:
    course, ended = Course(), list[str]()

    async def failing(*_: object) -> Update:
        raise ValueError("no")

    async def waiting(*_: object) -> Update:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting")
        return {}

    for name, run in (("failing", failing), ("waiting", waiting)):
        course.add_node(name, run)
        course.add_edge(START, name)
    with pytest.raises(ValueError, match="no"):
        asyncio.run(course.run(NOBODY, 5))
    assert ended == ["waiting"]
