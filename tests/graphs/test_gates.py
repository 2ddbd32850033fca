"""Gates before an action and before a belief: who is asked when, what their word does, and that it can wait."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Run, hierarchy, replay, train
from doxa.agents import Acting, Alerted, Dissent, Gate, HumanManager, Review, Tainted, Unsure
from doxa.agents.human import action_form
from doxa.agents.node import EpisodeRuntime
from doxa.agents.people import Answers
from doxa.agents.state import EpisodeState, Update
from doxa.environments import Weather
from doxa.errors import GraphError, QuestionError, WaitingError
from doxa.graphs.drawing import layout
from doxa.memory import BeliefMemory, Home, Journal, Question, Reply, Status
from doxa.memory.questions import questions, replied, unanswered
from doxa.memory.trajectory import Phase

ANALYSTS = (Analyst("listener", source="almanac"), Analyst("watcher", source="barometer"))


def experiment(days: int = 3, episodes: int = 1, **team: Any) -> Experiment:
    told = {"manager": Manager(), "monitor": None, "critic": None} | team
    return Experiment(Weather(days=days), hierarchy(analysts=ANALYSTS, **told), episodes=episodes, name="gated")


def trained(home: Path, what: Experiment, answers: Answers | None = None, run: str | None = None) -> Run:
    return asyncio.run(train(what, home, run=run, answers=answers))


def events(home: Path, kind: str, run: str = "gated-1") -> list[dict[str, Any]]:
    with Journal.open(Home(home), write=False) as journal:
        return [event.payload for event in journal.events(run, kind=kind)]


def opened(home: Path) -> tuple[Question, ...]:
    with Journal.open(Home(home), write=False) as journal:
        return unanswered(journal)


def answer(home: Path, question: Question, value: object, reason: str = "") -> None:
    with Journal.open(Home(home), write=True) as journal:
        replied(journal, question, Reply(value, reason), "tester")


def other(action: str) -> str:
    return next(a for a in ("dry", "rain") if a != action)


def test_what_is_approved_is_done_as_it_was_decided(tmp_path: Path) -> None:
    free, gated = tmp_path / "free", tmp_path / "gated"
    trained(free, experiment())
    trained(gated, experiment(gates=Gate()), lambda _: "approve")
    decided, done = events(free, "decision"), events(gated, "decision")
    assert [d | {"rulings": r["rulings"]} for d, r in zip(decided, done, strict=True)] == done
    assert [r["rulings"]["approval"]["verdict"] for r in done] == ["approve"] * 3
    assert [s["reward"] for s in events(free, "step")] == [s["reward"] for s in events(gated, "step")]


@pytest.mark.parametrize("verdict", ["reject", "edit"])
def test_another_action_is_done_instead_and_what_was_proposed_stays_on_record(tmp_path: Path, verdict: str) -> None:
    trained(tmp_path / "free", experiment(days=1))
    (free,) = events(tmp_path / "free", "decision")
    said = {"verdict": verdict, "action": other(free["action"])}
    trained(tmp_path, experiment(days=1, gates=Gate()), lambda _: Reply(said, "I looked outside"))
    (done,) = events(tmp_path, "decision")
    assert (done["action"], done["proposed"]) == (said["action"], free["action"])
    assert events(tmp_path, "step")[0]["action"] == said["action"]
    if verdict == "reject":
        assert (done["reasons"], done["insights"], done["by"]) == ("I looked outside", [], "person")
    else:
        assert (done["reasons"], done["insights"]) == (free["reasons"], free["insights"])


def test_rejecting_for_the_same_action_is_asked_again(tmp_path: Path) -> None:
    asked: list[Question] = []

    def person(question: Question) -> Any:
        asked.append(question)
        proposed = question.text.partition("# Decision\n")[2].partition(",")[0]
        return {"verdict": "reject", "action": proposed} if len(asked) == 1 else "approve"

    trained(tmp_path, experiment(days=1, gates=Gate()), person)
    assert [q.key for q in asked] == ["000000.38.approval.0", "000000.38.approval.1"]
    assert asked[1].text.startswith("Your answer {'verdict': 'reject'")


def test_people_are_asked_on_the_occasions_that_were_named_and_no_others(tmp_path: Path) -> None:
    gates = (
        Gate("unsure", when=(Unsure(0.3),)),
        Gate("rainy", when=(Acting(("rain",)),)),
        Gate("alarmed", when=(Alerted(("cvar",)),)),
        Gate("split", when=(Dissent(("listener",)),)),
    )
    asked: list[tuple[int, str]] = []

    def person(question: Question) -> str:
        asked.append((question.step, question.agent))
        return "approve"

    trained(tmp_path, experiment(days=12, monitor=CVaRMonitor(alpha=0.2), gates=gates), person)
    with Journal.open(Home(tmp_path), write=False) as journal:
        alerted = {int(event.key[:6]) + 1 for event in journal.events("gated-1", kind="alert")}
    decisions, steps = events(tmp_path, "decision"), events(tmp_path, "step")
    wanted = [(i, "unsure") for i, d in enumerate(decisions) if d["confidence"] < 0.3]
    wanted += [(i, "rainy") for i, d in enumerate(decisions) if d["action"] == "rain"]
    wanted += [(i, "alarmed") for i in range(12) if i in alerted]
    wanted += [(i, "split") for i, s in enumerate(steps) if s["insights"]["listener"]["stance"] != s["action"]]
    assert {name for _, name in wanted} == {gate.name for gate in gates}
    assert sorted(asked) == sorted(wanted)


def test_questions_of_one_step_are_collected_and_the_first_gate_that_changes_it_decides(tmp_path: Path) -> None:
    what = experiment(days=1, gates=(Gate("risk"), Gate("law")))
    with pytest.raises(WaitingError, match="waiting for 2 answers"):
        trained(tmp_path, what)
    law, risk = opened(tmp_path)
    assert (law.agent, risk.agent) == ("law", "risk")
    answer(tmp_path, law, {"verdict": "reject", "action": "unsure"}, "forbidden")
    with pytest.raises(WaitingError, match="waiting for 1 answer "):
        trained(tmp_path, what, run="gated-1")
    wanted = other(risk.text.partition("# Decision\n")[2].partition(",")[0])
    answer(tmp_path, risk, {"verdict": "edit", "action": wanted})
    assert trained(tmp_path, what, run="gated-1").ended
    (done,) = events(tmp_path, "decision")
    assert done["action"] == wanted
    assert done["rulings"]["law"] == {"verdict": "reject", "action": "unsure", "reason": "forbidden"}


@dataclass(frozen=True)
class Witness:
    """An analyst of one's own: a person who looks out of the window."""

    name: str
    source: str
    role: ClassVar[Literal["analyst", "manager"]] = "analyst"
    asks: ClassVar[bool] = False

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        episode = runtime.context
        action = episode.environment.spec.action
        question = episode.question(
            state["step"],
            Phase.AGENT,
            self.name,
            about="clarification",
            text=f"What does the {self.source} say?",
            allowed=action.describe(),
            schema=action_form(action),
        )
        (reply,) = await episode.consult(question)
        insight = {"stance": reply.value, "confidence": 1.0, "rationale": "seen", "evidence": [], "beliefs": []}
        return {"insights": {self.name: insight}}


def test_agents_of_ones_own_ask_side_by_side_and_what_models_say_meanwhile_is_kept(tmp_path: Path) -> None:
    witnesses = (Witness("anna", "almanac"), Analyst("watcher", source="barometer"), Witness("bert", "almanac"))
    team = hierarchy(Manager(), witnesses)
    what = Experiment(Weather(days=1), team, episodes=1, name="gated")
    with pytest.raises(WaitingError, match="waiting for 2 answers"):
        trained(tmp_path, what)
    stopped = Run.load(tmp_path, "gated-1")
    assert (stopped.calls, stopped.unanswered, stopped.status) == (1, (), "waiting")
    assert not stopped.failures
    for question in opened(tmp_path):
        answer(tmp_path, question, "rain")
    done = trained(tmp_path, what, run="gated-1")
    assert (done.status, done.calls) == ("ended", 2)
    assert events(tmp_path, "decision")[0]["action"] == "rain"


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        (Gate(of="chief"), "unknown agent 'chief': choose from listener, manager, watcher"),
        (Gate(of="listener"), "who decides nothing: use 'manager'"),
        (Gate(when=(Acting(("snow",)),)), "gate 'approval': Acting names what can't be done in weather: action 'snow'"),
        (Gate(when=(Alerted(("cvra",)),)), "unknown monitor 'cvra': choose from cvar (did you mean 'cvar'?)"),
        (Gate(when=(Dissent(("reader",)),)), "unknown agent 'reader'"),
        (Gate(when=(Unsure(2.0),)), "give a bound in (0, 1]"),
        (Gate("manager"), "2 parts of the graph are called 'manager'"),
    ],
)
def test_a_gate_that_doesnt_fit_the_team_is_refused_before_anything_runs(gate: Gate, told: str) -> None:
    with pytest.raises(GraphError) as refused:
        experiment(monitor=CVaRMonitor(), gates=gate)
    assert told in str(refused.value)


def test_gates_are_drawn_between_the_manager_and_the_action() -> None:
    places = layout(experiment(gates=(Gate("risk"), Gate("law"))).graph)
    assert places["manager"][0] < places["risk"][0] == places["law"][0] < places["act"][0]


def test_a_review_needs_a_critic() -> None:
    with pytest.raises(GraphError, match="'review' reviews what a critic proposes"):
        experiment(review=Review())


def test_an_answer_from_python_that_doesnt_fit_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="'snow' is none of"):
        trained(tmp_path, experiment(manager=HumanManager()), lambda _: "snow")
    assert not Run.load(tmp_path, "gated-1").ended
    assert trained(tmp_path, experiment(manager=HumanManager()), lambda _: "dry", run="gated-1").ended


# -- before a belief --------------------------------------------------------------------------------------------------


def learner(review: Review | None = None) -> Experiment:
    return experiment(days=30, episodes=3, critic=ConceptualCritic(), review=review)


def believed(home: Path) -> dict[str, Status]:
    with Journal.open(Home(home), write=False) as journal, BeliefMemory(journal, "gated-1") as memory:
        return {belief.id: belief.status for belief in memory.beliefs()}


def handed(home: Path) -> set[str]:
    choices = [c for p in events(home, "propagation") for c in p["candidates"]]
    return {c["belief"] for c in choices if c["taken"]}


def without_people(home: Path) -> list[dict[str, Any]]:
    """Beliefs as they stand in the end, without who put them in force and why."""
    with Journal.open(Home(home), write=False) as journal, BeliefMemory(journal, "gated-1") as memory:
        return [belief.model_dump(mode="json") for belief in memory.beliefs()]


def test_beliefs_that_are_all_approved_are_those_of_a_run_without_review(tmp_path: Path) -> None:
    trained(tmp_path / "free", learner())
    run = trained(tmp_path / "gated", learner(Review()), lambda _: "approve")
    assert without_people(tmp_path / "gated") == without_people(tmp_path / "free")
    assert handed(tmp_path / "gated") == handed(tmp_path / "free")
    assert handed(tmp_path / "free")
    assert asyncio.run(replay(learner(Review()), tmp_path / "gated", "gated-1")).digest == run.digest


def test_a_rejected_belief_is_quarantined_with_the_reason_and_handed_to_nobody(tmp_path: Path) -> None:
    asked: list[Question] = []

    def person(question: Question) -> Reply:
        asked.append(question)
        return Reply("reject", "hearsay")

    trained(tmp_path, learner(Review()), person)
    assert asked
    assert "evidence: episode" in asked[0].text
    assert set(believed(tmp_path).values()) == {Status.QUARANTINED}
    with Journal.open(Home(tmp_path), write=False) as journal, BeliefMemory(journal, "gated-1") as memory:
        assert {belief.held_back for belief in memory.beliefs()} == {"hearsay"}
    assert not handed(tmp_path)
    rulings = [event for event in events(tmp_path, "belief") if event["author"] == "review"]
    assert {(r["op"], r["proposal"]["reason"]) for r in rulings} == {("contraction", "hearsay")}


def test_a_belief_stays_a_candidate_until_somebody_rules_on_it(tmp_path: Path) -> None:
    with pytest.raises(WaitingError):
        trained(tmp_path, learner(Review()))
    waiting = opened(tmp_path)
    assert {q.subject for q in waiting} == set(believed(tmp_path)) != set()
    assert set(believed(tmp_path).values()) == {Status.CANDIDATE}
    for number, question in enumerate(reversed(waiting)):
        answer(tmp_path, question, "reject" if number else "approve")
    with pytest.raises(WaitingError):
        trained(tmp_path, learner(Review()), run="gated-1")
    ruled = {e["belief"]: e["updates"][0]["status"] for e in events(tmp_path, "belief") if e["author"] == "review"}
    assert ruled.pop(waiting[-1].subject) in ("active", "disputed")
    assert ruled == {question.subject: "quarantined" for question in waiting[:-1]}


def test_only_the_beliefs_that_a_review_is_about_wait(tmp_path: Path) -> None:
    run = trained(tmp_path, learner(Review(when=(Tainted(),))))
    assert run.ended, "a critic that saw numbers only proposes nothing tainted"
    assert not run.waiting


def test_the_log_doesnt_depend_on_when_or_in_which_order_answers_come(tmp_path: Path) -> None:
    def word(question: Question) -> str:
        return "approve" if int(question.id[2:], 16) % 2 else "reject"

    at_once = trained(tmp_path / "once", learner(Review()), word)
    late, run = tmp_path / "late", None
    while True:
        try:
            done = trained(late, learner(Review()), run=run)
            break
        except WaitingError as waiting:
            run = waiting.run
            for question in reversed(opened(late)):
                answer(late, question, word(question))
    assert done.digest == at_once.digest
    with Journal.open(Home(late), write=False) as journal:
        assert all(q.reply for q in questions(journal))
        assert "tester" not in "".join(journal.export("gated-1"))
        assert {json.dumps(e.payload) for e in journal.events("gated-1", kind="answer.given")} == {'{"by": "tester"}'}
