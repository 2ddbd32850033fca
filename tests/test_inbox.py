"""People in the loop from the command line: asked, answered days later, gone on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from doxa.memory import Home, Journal

SPEC = """
from doxa import Analyst, ConceptualCritic, Experiment, Manager, hierarchy
from doxa.agents import Gate, HumanManager, Review
from doxa.environments import Weather

analysts = [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")]
alone = Experiment(Weather(days=2), hierarchy(HumanManager(), analysts), episodes=1, name="alone")
advised = Experiment(
    Weather(days=2), hierarchy(HumanManager(advisor=Manager()), analysts, None, ConceptualCritic()), 1, name="advised"
)
gated = Experiment(Weather(days=1), hierarchy(Manager(), analysts, gates=Gate()), 1, name="gated")
learner = hierarchy(Manager(), analysts, None, ConceptualCritic(), review=Review())
reviewed = Experiment(Weather(days=30), learner, 2, name="reviewed")

def asking(seed: int):
    return Experiment(Weather(days=2), hierarchy(HumanManager(), analysts), 1, seed=seed, name="asking")
"""

Doxa = Callable[..., Any]


def only(doxa: Doxa) -> Any:
    (question,) = doxa("inbox", "--json").json
    return question


def test_a_run_waits_for_a_person_and_goes_on(doxa: Doxa) -> None:
    done = doxa("train", "spec.py:alone")
    assert done.code == 3
    question = only(doxa)
    assert f"waiting for 1 answer ({question['id']})" in done.err
    assert "Traceback" not in done.err
    assert (question["run"], question["step"], question["about"]) == ("alone-1", 0, "decision")
    assert "waiting" in doxa("runs").out
    assert "alone-1 is waiting for an answer: doxa inbox" in doxa("show", "last").out
    shown = doxa("inbox", "show", question["id"]).out
    for part in ("# Task", "# Step 0", "# Insights", "insight listener:", "insight watcher:", "one of: dry, unsure"):
        assert part in shown
    told = doxa("inbox", "answer", question["id"][:6], "rain", "--reason", "my knee hurts").out
    assert "go on with it: doxa resume alone-1" in told
    assert doxa("inbox").out.strip() == "no open questions"
    assert doxa("resume", "alone-1").code == 3
    doxa("inbox", "answer", only(doxa)["id"], "dry")
    assert doxa("resume", "alone-1").code == 0
    shown = doxa("show", "alone-1", "--json").json
    assert shown["ended"]
    assert shown["calls"] == 4, "a person's decision is no model call"
    assert doxa("replay", "alone-1", "--json").json["digest"] == shown["digest"]
    log = doxa("export", "alone-1").out
    assert '"reasons":"my knee hurts"' in log
    assert "answer.given" not in log
    assert "question.form" not in log


def test_a_draft_is_confirmed_or_changed(doxa: Doxa) -> None:
    doxa("train", "spec.py:advised")
    question = only(doxa)
    assert question["default"] in ("dry", "rain", "unsure")
    assert "# Draft" in doxa("inbox", "show", question["id"]).out
    doxa("inbox", "answer", question["id"])
    doxa("resume", "last")
    second = only(doxa)
    other = next(action for action in ("dry", "rain", "unsure") if action != second["default"])
    doxa("inbox", "answer", second["id"], other)
    assert doxa("resume", "last").code == 0
    assert doxa("show", "last", "--json").json["calls"] == 6
    log = doxa("export", "last").out.splitlines()
    first, changed = (line for line in log if '"kind":"decision"' in line)
    assert f'"action":"{question["default"]}"' in first
    assert '"insights":["' in first
    assert f'"action":"{other}"' in changed
    assert f'"draft":"{second["default"]}"' in changed
    assert '"insights":[]' in changed


def test_what_cant_be_an_answer_is_refused_and_nothing_is_written(doxa: Doxa) -> None:
    empty = doxa("inbox")
    assert (empty.code, "there is no doxa home" in empty.err) == (2, True)
    doxa("train", "spec.py:alone")
    question = only(doxa)["id"]
    before = doxa("export", "last").out
    wrong = doxa("inbox", "answer", question, "snow")
    assert wrong.code == 2
    assert "'snow' is none of 'dry', 'unsure', 'rain'. Allowed: one of: dry, unsure, rain" in wrong.err
    assert doxa("inbox", "answer", question).code == 2
    unknown = doxa("inbox", "answer", "q-nothing", "dry")
    assert (unknown.code, question in unknown.err) == (2, True)
    assert doxa("export", "last").out == before
    assert doxa("inbox", "answer", question, "dry").code == 0
    twice = doxa("inbox", "answer", question, "rain")
    assert (twice.code, "is answered already, with 'dry'" in twice.err) == (2, True)


def test_a_finished_runs_question_stays_answered_and_an_unfinished_run_doesnt_replay(doxa: Doxa) -> None:
    doxa("train", "spec.py:alone")
    replayed = doxa("replay", "last")
    assert (replayed.code, "waiting for 1 answer" in replayed.err) == (3, True)
    for _ in range(2):
        doxa("inbox", "answer", only(doxa)["id"], "dry")
        doxa("resume", "last")
    (one, _) = doxa("inbox", "--all", "--json").json
    assert one["reply"] == {"value": "dry", "reason": ""}
    late = doxa("inbox", "answer", one["id"], "dry")
    assert (late.code, "is answered already" in late.err) == (2, True)
    assert "no question is open" in doxa("inbox", "show", "q-0").err


def test_somebody_at_the_terminal_is_asked_at_once(doxa: Doxa, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter(["snow", "dry", "so I feel", "rain", ""])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(lines))
    done = doxa("train", "spec.py:alone", "--ask")
    assert done.code == 0
    assert "that can't answer question" in done.err
    assert "# Insights" in done.err
    log = doxa("export", "last").out
    assert '"reasons":"so I feel"' in log


def test_at_a_terminal_a_question_can_be_left_for_later(doxa: Doxa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "")
    assert doxa("train", "spec.py:alone", "--ask").code == 3
    assert len(doxa("inbox", "--json").json) == 1


def test_the_home_may_be_named_before_or_after(doxa: Doxa, tmp_path: Path) -> None:
    doxa("train", "spec.py:alone", "--home", "there")
    (question,) = doxa("inbox", "--home", "there", "--json").json
    assert doxa("inbox", "show", question["id"], "--home", "there").code == 0
    assert doxa("inbox", "--home", "there", "answer", question["id"], "dry").code == 0
    assert not (tmp_path / ".doxa").exists()


def test_a_branch_takes_over_the_answers_to_the_same_questions(doxa: Doxa) -> None:
    doxa("train", "spec.py:alone")
    for _ in range(2):
        doxa("inbox", "answer", only(doxa)["id"], "dry")
        doxa("resume", "last")
    assert doxa("branch", "alone-1").code == 0
    first, again = doxa("runs", "--json").json
    assert again["digest"] == first["digest"]


def test_a_gates_answer_is_given_in_words(doxa: Doxa) -> None:
    assert doxa("train", "spec.py:gated").code == 3
    question = only(doxa)
    assert question["allowed"].startswith("approve; reject ACTION or edit ACTION")
    for wrong in (["reject"], ["reject", "snow"], ["postpone"]):
        refused = doxa("inbox", "answer", question["id"], *wrong)
        assert (refused.code, "Allowed: approve; reject ACTION" in refused.err) == (2, True)
    assert doxa("inbox", "answer", question["id"], "reject", "unsure", "-r", "wait").code == 0
    assert doxa("resume", "last").code == 0
    assert '"action":"unsure"' in doxa("export", "last").out
    assert "approval" in doxa("graph", "spec.py:gated").out


def test_approving_a_belief_answers_the_question_about_it(doxa: Doxa) -> None:
    assert doxa("train", "spec.py:reviewed").code == 3
    first, *others = doxa("inbox", "--json").json
    beliefs = {belief["id"]: belief for belief in doxa("beliefs", "last", "--json").json}
    assert {belief["status"] for belief in beliefs.values()} == {"candidate"}
    shown = doxa("inbox", "show", first["id"], "--json").json
    belief = next(name for name in beliefs if name in shown["text"])
    told = doxa("belief", "approve", "last", belief, "--reason", "I saw it too").out
    assert f"which answers {first['id']}" in told
    assert doxa("inbox", "--json").json == others
    for other in others:
        assert doxa("inbox", "answer", other["id"], "reject").code == 0
    assert doxa("resume", "last").code == 0
    after = {b["id"]: b["status"] for b in doxa("beliefs", "last", "--json").json}
    assert after.pop(belief) in {"active", "disputed"}
    assert set(after.values()) <= {"quarantined"}


def test_nobody_answers_while_a_run_is_executed(doxa: Doxa, tmp_path: Path) -> None:
    doxa("train", "spec.py:alone")
    question = only(doxa)["id"]
    with Journal.open(Home(tmp_path / ".doxa"), write=True):
        refused = doxa("inbox", "answer", question, "dry")
    assert (refused.code, "is in use" in refused.err) == (2, True)
    assert only(doxa)["reply"] is None


def test_breaking_off_at_the_terminal_leaves_the_question_open(doxa: Doxa, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> str:
        raise typer.Abort

    monkeypatch.setattr("typer.prompt", gone)
    assert doxa("train", "spec.py:advised", "--ask").code == 3
    assert only(doxa)["default"] is not None, "what was proposed isn't taken for an answer"


def test_a_run_with_people_in_it_can_be_estimated(doxa: Doxa) -> None:
    told = doxa("train", "spec.py:advised", "--estimate", "--json")
    assert told.code == 0
    assert doxa("train", "spec.py:reviewed", "--estimate").code == 0
    alone = doxa("train", "spec.py:alone", "--estimate", "--json").json
    assert {agent["agent"] for agent in alone["agents"]} == {"listener", "watcher"}, "a person costs nothing"


def test_the_example_waits_for_a_person(doxa: Doxa) -> None:
    example = Path(__file__).parent.parent / "examples" / "approval.py"
    if not example.is_file():
        pytest.skip("the examples are only in a checkout")
    assert doxa("train", f"{example}:experiment").code == 3
    assert only(doxa)["agent"] == "approval"


def test_an_arm_of_an_ablation_says_how_the_ablation_goes_on(doxa: Doxa) -> None:
    command = ("ablate", "spec.py:alone", "--arms", "none", "--seeds", "0")
    done = doxa(*command)
    assert done.code == 3
    assert "go on with 'the same doxa ablate spec.py:alone'" in done.err
    assert "then the same doxa ablate spec.py:alone" in doxa("runs").out
    told = doxa("inbox", "answer", only(doxa)["id"], "rain").out
    assert "go on with it: the same doxa ablate spec.py:alone" in told
    assert doxa(*command).code == 3
    doxa("inbox", "answer", only(doxa)["id"], "dry")
    assert doxa(*command).code == 0


def test_a_sweep_of_which_only_people_are_missing_waits(doxa: Doxa) -> None:
    command = ("sweep", "spec.py:asking", "--over", "seed=0..1")
    assert doxa(*command).code == 3
    for _ in range(2):
        for question in doxa("inbox", "--json").json:
            doxa("inbox", "answer", question["id"], "rain")
        last = doxa(*command)
    assert last.code == 0
    assert doxa("inbox").out.strip() == "no open questions"
