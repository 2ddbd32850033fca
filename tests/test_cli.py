"""The command line as a user meets it: what it prints, and what it says to wrong input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SPEC = """
from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy
from doxa.environments import Weather

team = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(), ConceptualCritic(),
)
experiment = Experiment(Weather(days=30), team, episodes=3, name="rain", evaluation=Weather(days=10))
long = Experiment(Weather(days=4000), team, episodes=3, name="long")
hopeless = Experiment(Weather(days=3), team, model="openai/gpt-5-mini", name="paid")
def unfit():
    return Experiment(Weather(), hierarchy(Manager(), [Analyst("a", source="barometr")]))
def sized(days: int):
    return Experiment(Weather(days=days), team, episodes=1, name="sized")
"""


Doxa = Callable[..., Any]


def test_training_shows_episodes_and_what_it_came_to(doxa: Doxa) -> None:
    done = doxa("train", "spec.py:experiment")
    assert done.code == 0
    assert "rain-1 train 0: 30 steps" in done.err
    assert "evaluate" in done.out
    assert "no LLM" in done.out


def test_every_reading_command_prints_json(doxa: Doxa) -> None:
    trained = doxa("train", "spec.py:experiment", "--json").json
    assert doxa("runs", "--json").json == [trained]
    assert doxa("show", "rain-1", "--json").json == trained
    assert doxa("show", "last", "--json").json["digest"] == trained["digest"]
    beliefs = doxa("beliefs", "last", "--json").json
    assert beliefs
    one = doxa("beliefs", "last", beliefs[0]["id"], "--json").json
    assert one["belief"]["id"] == beliefs[0]["id"]
    assert one["history"]
    assert "propagate" in doxa("graph", "spec.py:experiment", "--json").json["mermaid"]
    assert doxa("replay", "last", "--json").json == {
        "run": "rain-1",
        "digest": trained["digest"],
        "calls": trained["calls"],
        "sent": 0,
    }


def test_tables_for_people(doxa: Doxa) -> None:
    doxa("train", "spec.py:experiment")
    assert "rain-1" in doxa("runs").out
    listed = doxa("beliefs", "last").out
    assert "credence" in listed
    belief = next(word for word in listed.split() if word.startswith("b-"))
    told = doxa("beliefs", "last", belief[:6]).out
    assert "evidence:" in told
    assert "history:" in told
    assert doxa("graph", "spec.py:experiment").out.count("-->") >= 5


def test_a_graph_is_drawn_into_a_file(doxa: Doxa, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert doxa("graph", "spec.py:experiment", "--png", "team.png").code == 0
    assert (tmp_path / "team.png").read_bytes().startswith(b"\x89PNG")


def test_export_is_the_canonical_log(doxa: Doxa, tmp_path: Path) -> None:
    doxa("train", "spec.py:experiment")
    assert doxa("export", "last", "-o", "log.jsonl").code == 0
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert lines == doxa("export", "rain-1").out.splitlines()
    assert all(json.loads(line)["kind"] for line in lines)


def test_evaluation_starts_from_another_run(doxa: Doxa) -> None:
    doxa("train", "spec.py:experiment")
    done = doxa("evaluate", "spec.py:experiment", "--from", "last", "--json").json
    assert (done["mode"], done["parent"]) == ("evaluate", "rain-1")
    assert done["episodes"][0]["beliefs"] > 0


def test_settings_fill_a_function(doxa: Doxa) -> None:
    assert doxa("train", "spec.py:sized", "--set", "days=7", "--json").json["episodes"][0]["steps"] == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "nothing"], "isn't a SPEC"),
        (["train", "nothing.py:x"], "there is no file nothing.py"),
        (["train", "spec.py:experimnt"], "did you mean 'experiment'"),
        (["train", "spec.py:team"], "is of the type EpisodeGraph, not an Experiment"),
        (["train", "spec.py:unfit"], "did you mean 'barometer'"),
        (["train", "spec.py:sized", "--set", "days"], "write it as KEY=VALUE"),
        (["train", "spec.py:sized", "--set", "days=0"], "days is 0"),
        (["train", "spec.py:hopeless"], "OPENAI_API_KEY"),
        (["train", "spec.py:experiment", "--from", "x-1"], "no doxa home"),
        (["train", "spec.py:experiment", "--home", "spec.py"], "is a file, not a folder"),
        (["train", "spec.py:experiment", "--home", ""], "--home '': name a folder"),
        (["train", "spec.py:experiment", "--max-usd", "-1"], "max_usd is -1.0; give more than 0"),
        (["train", "spec.py:experiment", "--max-tokens", "0"], "max_tokens is 0; give more than 0"),
        (["sweep", "spec.py:sized", "--over", "days=2,3", "--max-usd", "-1"], "max_usd is -1.0; give more than 0"),
        (["train", ".:experiment"], "isn't a SPEC"),
        (["train", "spec.py:Manager"], "is the class Manager, not an Experiment"),
        (["train", "spec.py:sized", "--set", "days=x"], "'x' isn't a whole number"),
        (["runs"], "no doxa home"),
        (["show", "x-1"], "no doxa home"),
        (["graph", "spec.py:experiment", "--png", "x.gif"], "'.gif' can't be drawn"),
    ],
)
def test_wrong_input_gets_one_message_and_exit_code_2(doxa: Doxa, arguments: list[str], message: str) -> None:
    done = doxa(*arguments)
    assert done.code == 2
    assert message in done.err
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert not Path(".doxa").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "rain-7"], "rain-1"),
        (["beliefs", "last", "b-zzzz"], "b-zzzz"),
        (["resume", "rain-1"], "has ended"),
        (["resume", "rain-3"], "rain-1"),
        (["replay", "rain-3"], "rain-1"),
        (["evaluate", "spec.py:experiment", "--from", "rain-3"], "rain-1"),
        (["branch", "last", "--change", "manager.memory=-4"], "memory is -4; give how many"),
        (["branch", "last", "--change", "manager.memory=x"], "'x' isn't a whole number"),
        (["export", "last", "-o", "no/such/folder.jsonl"], "can't be written"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(doxa: Doxa, arguments: list[str], message: str) -> None:
    doxa("train", "spec.py:experiment")
    done = doxa(*arguments)
    assert (done.code, message in done.err) == (2, True), done.err


METERED = """
from doxa import Analyst, Experiment, Manager, hierarchy
from doxa.environments import Weather
from doxa.models import HeuristicModel, Reply, Usage
from doxa.models.protocol import WorstCase

class Metered(HeuristicModel):
    async def complete(self, request):
        return Reply((await super().complete(request)).text, Usage(6, 4), 0.01)
    def worst_case(self, request):
        return WorstCase(100, 0.1)

team = hierarchy(Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")])
experiment = Experiment(Weather(days=5), team, episodes=1, model=Metered(), name="rain")
"""


@pytest.mark.parametrize(("option", "little", "enough"), [("--max-usd", "0.2", "1"), ("--max-tokens", "200", "1000")])
def test_a_run_that_stopped_at_its_budget_goes_on_with_a_higher_one(
    doxa: Doxa, tmp_path: Path, option: str, little: str, enough: str
) -> None:
    (tmp_path / "metered.py").write_text(METERED)
    stopped = doxa("train", "metered.py:experiment", option, little)
    assert stopped.code == 1
    assert "the budget doesn't cover the next attempt" in stopped.err
    assert "doxa resume rain-1" in stopped.err
    answered = doxa("show", "rain-1", "--json").json["calls"]
    assert 10 <= answered < 15
    assert doxa("resume", "rain-1", option, little).code == 1
    assert doxa("show", "rain-1", "--json").json["calls"] == answered
    done = doxa("resume", "rain-1", option, enough, "--json").json
    assert (done["ended"], done["calls"], done["unanswered"]) == (True, 15, [])
    assert doxa("evaluate", "metered.py:experiment", option, little).code == 1
    assert doxa("train", "metered.py:experiment", option, "0").code == 2


def test_ambiguous_calls_are_shown_and_can_be_halted_at(doxa: Doxa, tmp_path: Path) -> None:
    died = METERED.replace(
        "        return Reply(", "        if asked.pop(): raise BaseException('died')\n        return Reply("
    )
    (tmp_path / "metered.py").write_text(f"asked = [True, *[False] * 8]\n{died}")
    with pytest.raises(BaseException, match="died"):
        doxa("train", "metered.py:experiment")
    [lost] = doxa("show", "last", "--json").json["unanswered"]
    assert (lost["episode"], lost["step"], lost["agent"], lost["resent"]) == (0, 2, "manager", False)
    assert f"episode 0 step 2 manager, model heuristic, request {lost['request'][:12]}" in doxa("show", "last").out
    (tmp_path / "metered.py").write_text(METERED)
    halted = doxa("resume", "last", "--ambiguous", "halt")
    assert halted.code == 2
    assert lost["request"][:12] in halted.err
    assert doxa("resume", "last", "--ambiguous", "no").code == 2
    assert doxa("resume", "last", "--json").json["calls"] == 15


def test_a_branch_pays_only_for_what_differs_and_can_be_replayed(doxa: Doxa) -> None:
    source = doxa("train", "spec.py:sized", "--set", "days=6", "--json").json
    twin = doxa("branch", "last", "--json").json
    assert (twin["id"], twin["digest"], twin["reused"]) == ("sized-2", source["digest"], source["calls"])
    assert "of the calls were answered by another run's journal" in doxa("show", "sized-2").out
    changed = doxa("branch", "sized-1", "--change", "listener.instructions=Mind the tone.", "--json").json
    assert changed["digest"] != source["digest"]
    assert 6 <= changed["reused"] < changed["calls"]
    assert doxa("replay", "sized-3", "--json").json["digest"] == changed["digest"]
    longer = doxa("branch", "sized-3", "--set", "days=8", "--json").json
    assert longer["episodes"][0]["steps"] == 8
    assert longer["reference"]["changes"] == ["listener.instructions=Mind the tone."]
    wrong = doxa("branch", "sized-1", "--change", "listner.instructions=x")
    assert (wrong.code, "did you mean 'listener'" in wrong.err) == (2, True)


def test_a_cache_shares_answers_between_runs(doxa: Doxa) -> None:
    first = doxa("train", "spec.py:sized", "--set", "days=6", "--json").json
    assert doxa("train", "spec.py:sized", "--set", "days=6", "--json").json["reused"] == 0
    assert doxa("train", "spec.py:sized", "--set", "days=6", "--cache", "--json").json["reused"] == first["calls"]


def test_a_changed_spec_cannot_be_resumed(doxa: Doxa, tmp_path: Path) -> None:
    doxa("train", "spec.py:experiment")
    (tmp_path / "spec.py").write_text(SPEC.replace("days=30", "days=31"))
    done = doxa("replay", "last")
    assert done.code == 2
    assert "was 30, is 31" in done.err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on_where_it_was(doxa: Doxa, tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-m", "doxa.cli", "train", "spec.py:long"]
    running = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # a shell's background job is started with Ctrl-C ignored, and passes that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,  # noqa: PLW1509
    )
    while not (tmp_path / ".doxa" / "journal.sqlite3").is_file() or doxa("runs", "--json").out in ("", "[]\n"):
        assert running.poll() is None
    while doxa("runs", "--json").json[0]["calls"] < 50:
        assert running.poll() is None
    os.kill(running.pid, how)
    _, err = running.communicate()
    if how is signal.SIGINT:
        assert running.returncode == 130
        assert "doxa resume long-1" in err
        assert "Traceback" not in err
    [run] = doxa("runs", "--json").json
    assert not run["ended"]
    assert len(run["unanswered"]) <= 2
    assert "go on with it: doxa resume long-1" in doxa("runs").out


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "utf-8"])
def test_what_an_encoding_lacks_is_written_as_an_escape(doxa: Doxa, encoding: str) -> None:
    doxa("train", "spec.py:sized", "--set", "days=2")
    said = "Größe zählt ✓ \N{BRAIN}"
    doxa("belief", "add", "last", said, "--aspect", "almanac.tone", "-r", "r")
    for more in ([], ["--json"]):
        call = [sys.executable, "-m", "doxa.cli", "beliefs", "last", *more]
        done = subprocess.run(call, env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=False)
        told = done.stdout.decode(encoding)
        assert (done.returncode, done.stderr) == (0, b"")
        assert (json.loads(told)[0]["statement"] == said) if more else ("hlt" in told and "\n" in told)


def test_a_run_that_has_not_ended_is_not_replayed(doxa: Doxa, tmp_path: Path) -> None:
    (tmp_path / "spec.py").write_text(METERED.replace("model=Metered()", "model=Metered(), max_usd=0.12"))
    assert doxa("train", "spec.py:experiment").code == 1
    done = doxa("replay", "last")
    assert (done.code, done.out) == (2, "")
    assert "run rain-1 hasn't ended, and only what has can be replayed; go on with it: doxa resume rain-1" in done.err


def test_help_breaks_lines_where_the_terminal_does(doxa: Doxa) -> None:
    assert "is gone on with. The exit code is 3" in doxa("sweep", "--help").out
