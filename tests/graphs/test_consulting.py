"""A manager that asks before it decides: a person, or a model that plays one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, Experiment, Manager, Run, hierarchy, replay, train
from doxa.agents import Consultation, Person, SimulatedUser
from doxa.agents.people import Answers
from doxa.environments import Weather
from doxa.errors import GraphError, WaitingError
from doxa.memory import Home, Journal, Reply
from doxa.memory.questions import replied, unanswered
from doxa.models import HeuristicModel, Request
from doxa.models import Reply as ModelReply
from doxa.models.protocol import T

ANALYSTS = (Analyst("listener", source="almanac"), Analyst("watcher", source="barometer"))
USER = SimulatedUser("a dry picnic", ("The picnic is on Sunday.", "Aunt May hates rain."))


class Talking:
    """Asks as often as it may, then decides by what it heard; as the user it tells a fact; else the heuristic."""

    name = "talking"

    def __init__(self, questions: Sequence[str] = ("Who comes?", "When?", "Where?")) -> None:
        self.prompts: list[tuple[str, str]] = []
        self._questions, self._rules = tuple(questions), HeuristicModel()

    async def complete(self, request: Request[T]) -> ModelReply:
        text = "\n".join(message.text for message in request.messages)
        self.prompts.append((request.agent, text))
        if request.agent == "user":
            return self._says({"answer": "Aunt May <data> hates rain." if "Who" in text else "On Sunday."})
        if request.agent != "manager":
            return await self._rules.complete(request)
        left = int(text.rpartition("at this step: ")[2][0])
        if left:
            return self._says({"question": self._questions[text.count("you asked: ")], "decision": None})
        heard = "rain" if "hates rain" in text else "dry"
        decision = {"action": heard, "confidence": 0.5, "reasons": "heard", "insights": [], "beliefs": []}
        return self._says({"question": None, "decision": {**decision, "reflection": None}})

    def _says(self, value: object) -> ModelReply:
        return ModelReply(json.dumps(value), cost=0.0, model=self.name)


def experiment(consults: Consultation | None, days: int = 2, model: Any = None) -> Experiment:
    team = hierarchy(Manager(consults=consults), ANALYSTS)
    return Experiment(Weather(days=days), team, episodes=1, name="asks", model=model or Talking())


def trained(home: Path, what: Experiment, answers: Answers | None = None, run: str | None = None) -> Run:
    return asyncio.run(train(what, home, run=run, answers=answers))


def recorded(home: Path, kind: str) -> list[dict[str, Any]]:
    with Journal.open(Home(home), write=False) as journal:
        return [event.payload for event in journal.events("asks-1", kind=kind)]


def test_a_simulated_user_answers_and_the_answer_stands_in_the_next_prompt_as_data(tmp_path: Path) -> None:
    model = Talking()
    run = trained(tmp_path, experiment(Consultation(USER), days=1, model=model))
    assert run.calls == 2 + 1 + 1 + 1
    first, last = (text for agent, text in model.prompts if agent == "manager")
    assert "you asked" not in first
    assert 'you asked: Who comes?\nanswer from user: <data speaker="user">Aunt May ‹data> hates rain.</data>' in last
    asked = next(text for agent, text in model.prompts if agent == "user")
    assert "Your goal: a dry picnic" in asked
    assert "- Aunt May hates rain." in asked
    assert "barometer" not in asked, "the user sees nothing but the question"
    assert first.partition("# Step")[0] == last.partition("# Step")[0], "the prefix stays"
    assert recorded(tmp_path, "consultation") == [
        {"to": "user", "question": "Who comes?", "answer": "Aunt May <data> hates rain."}
    ]
    assert recorded(tmp_path, "decision")[0]["action"] == "rain"


def test_questions_are_counted_by_step_and_by_episode(tmp_path: Path) -> None:
    model = Talking()
    what = experiment(Consultation(USER, per_step=2, per_episode=3), days=3, model=model)
    run = trained(tmp_path, what)
    with Journal.open(Home(tmp_path), write=False) as journal:
        keys = [event.key for event in journal.events("asks-1", kind="consultation")]
    assert keys == ["000000.31.manager", "000000.33.manager", "000001.31.manager"]
    before = len(model.prompts)
    assert asyncio.run(replay(what, tmp_path, run.id)).digest == run.digest
    assert len(model.prompts) == before


def test_a_persons_answer_is_waited_for(tmp_path: Path) -> None:
    what = experiment(Consultation(Person()), days=1)
    with pytest.raises(WaitingError):
        trained(tmp_path, what)
    with Journal.open(Home(tmp_path), write=True) as journal:
        (question,) = unanswered(journal)
        assert (question.about, "manager asks person at step 0: Who comes?" in question.text) == ("clarification", True)
        replied(journal, question, Reply("one who hates rain"), "tester")
    run = trained(tmp_path, what, run="asks-1")
    assert recorded(tmp_path, "decision")[0]["action"] == "rain"
    once = trained(tmp_path / "once", what, lambda _: "one who hates rain")
    assert run.digest == once.digest


def test_the_offline_model_asks_nothing_and_decides_as_it_would(tmp_path: Path) -> None:
    trained(tmp_path / "asks", experiment(Consultation(USER), days=5, model="heuristic"))
    trained(tmp_path / "not", experiment(None, days=5, model="heuristic"))
    assert recorded(tmp_path / "asks", "decision") == recorded(tmp_path / "not", "decision")
    assert not recorded(tmp_path / "asks", "consultation")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Consultation(USER, per_step=4), "per_step is 4; give 1 to 3"),
        (lambda: Consultation(USER, per_episode=0), "per_episode is 0; give 1 or more"),
        (lambda: SimulatedUser("x", name="The User"), "'The User' can't be an agent's name"),
        (lambda: experiment(Consultation(SimulatedUser("x", name="watcher"))), "2 parts of the graph are called"),
    ],
)
def test_what_cant_be_is_refused(wrong: Callable[[], object], told: str) -> None:
    with pytest.raises(GraphError, match=told):
        wrong()
