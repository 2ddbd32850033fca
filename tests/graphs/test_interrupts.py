"""The nodes in somebody's own graph with a checkpointer: people are asked by LangGraph's interrupts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from doxa import Analyst, Manager
from doxa.agents import Consultation, Episode, EpisodeState, Gate, HumanManager, Interrupts, Person
from doxa.environments import Weather
from doxa.errors import WaitingError
from doxa.graphs.recording import JournalLog
from doxa.graphs.steps import Act, Observe, Propagate
from doxa.memory import BeliefMemory, Home, Journal
from doxa.memory.propagation import ByConcern
from doxa.memory.questions import questions
from doxa.models import HeuristicModel, ScriptedModel
from doxa.models.gateway import Gateway
from doxa.models.protocol import Model

WATCHER, LISTENER = Analyst("watcher", source="barometer"), Analyst("listener", source="almanac")


def machine(manager: Any, *gates: Gate) -> Any:
    """One step of an episode, compiled by hand."""
    graph = StateGraph(EpisodeState, Episode)
    graph.add_node("propagate", Propagate((LISTENER, WATCHER, manager)))
    graph.add_node("observe", Observe())
    for node in (LISTENER, WATCHER, manager, *gates):
        graph.add_node(node.name, node)
    graph.add_node("act", Act("manager", {"watcher": "barometer"}, tuple(gate.name for gate in gates)))
    graph.add_edge(START, "propagate")
    graph.add_edge("propagate", "observe")
    for analyst in (LISTENER, WATCHER):
        graph.add_edge("observe", analyst.name)
    graph.add_edge(["listener", "watcher"], "manager")
    for gate in gates:
        graph.add_edge("manager", gate.name)
    graph.add_edge([gate.name for gate in gates] or ["manager"], "act")
    graph.add_edge("act", END)
    return graph.compile(checkpointer=InMemorySaver())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(Home(tmp_path), write=True) as opened:
        opened.begin("own")
        yield opened


def episode(journal: Journal, stack: ExitStack, model: Model | None = None, **told: Any) -> Episode:
    memory = stack.enter_context(BeliefMemory(journal, "own-1"))
    gateway = Gateway({"manager": model or HeuristicModel(), "*": HeuristicModel()}, log=JournalLog(journal, "own-1"))
    people = told.pop("people", Interrupts())
    return Episode(
        "own-1", 0, "train", Weather(days=2), 7, None, journal, memory, ByConcern(), gateway, people=people, **told
    )


def thread(name: str) -> Any:
    return {"configurable": {"thread_id": name}}


def test_a_person_decides_by_interrupt_and_resume(journal: Journal) -> None:
    graph = machine(HumanManager())
    with ExitStack() as stack:
        context = episode(journal, stack)
        first = asyncio.run(graph.ainvoke({}, thread("one"), context=context))
        (asked,) = first["__interrupt__"]
        assert asked.value["allowed"] == "one of: dry, unsure, rain"
        assert "# Insights" in asked.value["text"]
        again = asyncio.run(graph.ainvoke(Command(resume="snow"), thread("one"), context=context))
        assert "'snow' is none of" in again["__interrupt__"][0].value["refused"]
        told = {"value": "rain", "reason": "my knee"}
        done = asyncio.run(graph.ainvoke(Command(resume=told), thread("one"), context=context))
    assert (done["step"], done["decision"]["action"], done["decision"]["reasons"]) == (1, "rain", "my knee")
    (question,) = questions(journal, "own-1")
    assert question.reply is not None
    assert question.reply.value == "rain"


def test_gates_of_one_step_interrupt_together(journal: Journal) -> None:
    graph = machine(Manager(), Gate("risk"), Gate("law"))
    with ExitStack() as stack:
        context = episode(journal, stack)
        first = asyncio.run(graph.ainvoke({}, thread("one"), context=context))
        asked = {i.value["agent"]: i.id for i in first["__interrupt__"]}
        assert set(asked) == {"law", "risk"}
        resume = {asked["law"]: "approve", asked["risk"]: {"verdict": "edit", "action": "rain"}}
        if first["decision"]["action"] == "rain":
            resume[asked["risk"]] = {"verdict": "edit", "action": "dry"}
        done = asyncio.run(graph.ainvoke(Command(resume=resume), thread("one"), context=context))
    assert done["step"] == 1
    assert {name: ruling["verdict"] for name, ruling in done["rulings"].items()} == {"law": "approve", "risk": "edit"}


def asking(*questions: str) -> ScriptedModel:
    decision = {"action": "dry", "confidence": 0.5, "reasons": "so you say", "insights": [], "beliefs": []}
    asked: list[Any] = [{"question": question, "decision": None} for question in questions]
    return ScriptedModel([*asked, {"question": None, "decision": {**decision, "reflection": None}}])


def test_a_node_that_asks_twice_takes_each_answer_for_its_own_question(journal: Journal) -> None:
    graph = machine(Manager(consults=Consultation(Person(), per_step=2)))
    with ExitStack() as stack:
        context = episode(journal, stack, asking("Is it a picnic?", "Outdoors?"))
        asyncio.run(graph.ainvoke({}, thread("one"), context=context))
        second = asyncio.run(graph.ainvoke(Command(resume="yes, a picnic"), thread("one"), context=context))
        assert "Outdoors?" in second["__interrupt__"][0].value["text"]
        done = asyncio.run(graph.ainvoke(Command(resume="in the park"), thread("one"), context=context))
    assert done["decision"]["action"] == "dry"
    assert [q.reply.value for q in questions(journal, "own-1") if q.reply] == ["yes, a picnic", "in the park"]


def test_another_thread_is_answered_by_the_journal_as_far_as_it_goes(journal: Journal) -> None:
    graph = machine(Manager(consults=Consultation(Person(), per_step=2)))
    with ExitStack() as stack:
        context = episode(journal, stack, asking("Is it a picnic?", "Outdoors?"))
        asyncio.run(graph.ainvoke({}, thread("one"), context=context))
        asyncio.run(graph.ainvoke(Command(resume="yes, a picnic"), thread("one"), context=context))
        other = asyncio.run(graph.ainvoke({}, thread("two"), context=context))
        (asked,) = other["__interrupt__"]
        assert "Outdoors?" in asked.value["text"], "the first was answered in the other thread"
        done = asyncio.run(graph.ainvoke(Command(resume="in the park"), thread("two"), context=context))
        whole = asyncio.run(graph.ainvoke({}, thread("three"), context=context))
    assert done["decision"] == whole["decision"]


def test_with_the_inbox_a_graph_of_ones_own_stops_with_an_error_that_says_how_to_go_on(journal: Journal) -> None:
    from doxa.agents import Inbox

    graph = machine(HumanManager())
    with ExitStack() as stack:
        context = episode(journal, stack, people=Inbox())
        with pytest.raises(WaitingError, match="doxa inbox answer"):
            asyncio.run(graph.ainvoke({}, thread("one"), context=context))
        one = episode(journal, stack, people=Inbox(lambda _: "dry"))
        done = asyncio.run(graph.ainvoke({}, thread("two"), context=one))
    assert done["decision"]["action"] == "dry"
