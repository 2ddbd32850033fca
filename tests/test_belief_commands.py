"""``doxa belief`` and ``doxa memory`` as a user meets them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from doxa.memory.store import DoxaStore
from doxa.testing import OpenAIServer

SPEC = """
from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy
from doxa.environments import Weather

team = hierarchy(
    Manager(), [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(), ConceptualCritic(),
)
experiment = Experiment(Weather(days=20), team, episodes=3, name="rain", evaluation=Weather(days=10))
"""


Doxa = Callable[..., Any]


@pytest.fixture(autouse=True)
def _trained(doxa: Doxa) -> None:
    assert doxa("train", "spec.py:experiment", "--json").code == 0


def ids(doxa: Doxa) -> list[str]:
    return [belief["id"] for belief in doxa("beliefs", "last", "--json").json]


def test_a_person_s_beliefs_are_handed_to_the_next_run(doxa: Doxa) -> None:
    why = ("--reason", "read it")
    [added] = doxa("belief", "add", "last", "Trust it.", "--aspect", "almanac.rain", *why, "--json").json
    assert added["op"] == "expansion"
    doxa("belief", "add", "last", "In Rome.", "--aspect", "almanac.sun", "--when", "city == Rome", *why)
    assert doxa("belief", "pin", "last", added["belief"], "-r", "sure").code == 0
    assert f"{added['belief']}  active, pinned" in doxa("beliefs", "last").out
    assert "rain-1 episode 3  stated by a person: read it" in doxa("beliefs", "last", added["belief"]).out
    with DoxaStore.open(".doxa"):
        pass  # a store is no run that anybody means
    done = doxa("evaluate", "spec.py:experiment", "--from", "rain-1", "--json").json
    told = doxa("beliefs", done["id"], added["belief"], "--json").json["history"]
    assert {e["author"] for e in told if e["op"] == "handed" and e["run"] == done["id"]} == {"listener", "manager"}
    assert doxa("replay", "rain-1").code == 0
    assert doxa("belief", "unpin", "rain-1", added["belief"], "-r", "not sure").code == 0
    assert doxa("replay", done["id"]).code == 0, "what a parent comes to believe later is nothing to its child"


def test_a_judge_is_asked_about_what_a_person_adds(doxa: Doxa, monkeypatch: pytest.MonkeyPatch) -> None:
    why = ("--aspect", "barometer.dew", "-r", "seen", "--json")
    first = ("belief", "add", "last", "Take an umbrella when the dew point falls quickly.")
    other = ("belief", "add", "last", "A dew point that sinks is a call for rain gear and boots.")
    assert doxa(*first, *why).json[0]["op"] == "expansion"
    refused = doxa(*other, *why, "--judge", "heuristic")
    assert (refused.code, "can't compare lessons" in refused.err) == (2, True)
    assert doxa(*other, *why, "--judge", "gpt").code == 2
    with OpenAIServer({"decision": "same", "reason": "one rain"}) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        [done] = doxa(*other, *why, "--judge", "openai/gpt-x").json
        assert len(server.requests) == 1
    assert (done["op"], "the judge says: one rain" in done["reason"]) == ("reinforcement", True)
    assert doxa("replay", "last").code == 0


def test_beliefs_are_searched_and_every_score_is_explained(doxa: Doxa) -> None:
    why = ("--reason", "read it", "--aspect", "almanac.rain")
    [added] = doxa("belief", "add", "last", "Carry an umbrella on Sundays.", *why, "--json").json
    best, *_ = doxa("beliefs", "last", "--search", "umbrellas", "--explain", "--json").json
    assert (best["id"], best["text"]) == (added["belief"], "Carry an umbrella on Sundays.")
    assert {"dense", "lexical", "recency", "coverage"} <= set(best["parts"])
    told = doxa("beliefs", "last", "--search", "umbrellas", "--explain", "--top", "1").out
    assert told.splitlines()[1:2] == ["  Carry an umbrella on Sundays."]
    assert "dense_z" in told
    earlier = doxa("beliefs", "last", "--search", "umbrellas", "--as-of", "1", "--json").json
    assert added["belief"] not in {hit["id"] for hit in earlier}
    elsewhere = doxa("beliefs", "last", "--search", "umbrellas", "--where", "source == barometer", "--json").json
    assert added["belief"] not in {hit["id"] for hit in elsewhere}
    assert "nothing found" in doxa("beliefs", "last", "--search", "it", "--where", "source == radio").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--search", " "), "write what the beliefs should bear on"),
        (("--search", "it", "--where", "colour == red"), "can't be searched by 'colour'"),
        (("--search", "it", "--where", "status"), "--where 'status': write it as FACT OP VALUE"),
        (("--search", "it", "--as-of", "soon"), "--as-of 'soon': write an episode's number or a time"),
        (("b-1", "--search", "it"), "give one of the two"),
        (("--top", "2"), "--top says how to search"),
        (("--explain",), "--explain says how to search"),
        (("--search", "it", "--embedder", "nope"), "unknown embedder 'nope'"),
    ],
)
def test_a_search_that_cannot_be_made_says_why(doxa: Doxa, arguments: tuple[str, ...], told: str) -> None:
    done = doxa("beliefs", "last", *arguments)
    assert (done.code, told in done.err) == (2, True), done.err


def test_retracting_is_looked_at_first(doxa: Doxa) -> None:
    belief = ids(doxa)[0]
    plan = doxa("belief", "retract", "last", belief, "--dry-run", "--json").json
    assert plan["belief"] == belief
    assert "would go" in doxa("belief", "retract", "last", belief, "--dry-run").out
    assert (
        doxa("belief", "retract", "last", belief, "--json", "--no-cascade", "-r", "no").json[0]["op"] == "contraction"
    )
    assert doxa("beliefs", "last", belief, "--json").json["belief"]["status"] == "retired"
    assert doxa("belief", "approve", "last", belief, "-r", "yes").code == 0
    assert doxa("belief", "dispute", "last", belief, "-r", "hm").code == 0
    edited = doxa("belief", "edit", "last", belief, "-r", "clearer", "--statement", "Quite other words.", "--json").json
    assert doxa("beliefs", "last", edited[0]["belief"], "--json").json["belief"]["supersedes"] == [belief]


def test_a_run_s_past_can_be_compared_and_had_again(doxa: Doxa) -> None:
    appeared = doxa("belief", "diff", "last", "0", "now", "--json").json["appeared"]
    assert [b["id"] for b in appeared] == sorted(ids(doxa))
    assert appeared[0]["id"] in doxa("belief", "diff", "last", "0").out
    assert doxa("belief", "diff", "last", "3", "3").out.strip() == "no difference"
    child = doxa("train", "spec.py:experiment", "--from", "last@0", "--json").json
    assert (child["parent"], child["episodes"][0]["beliefs"]) == ("rain-1@0", 0)
    assert doxa("beliefs", child["id"]).code == doxa("replay", child["id"]).code == 0
    done = doxa("belief", "rollback", "rain-1", "0", "-r", "start again", "--json").json
    assert {(r["op"], r["belief"]) for r in done} == {("contraction", b["id"]) for b in appeared}
    assert "nothing has changed since" in doxa("belief", "rollback", "rain-1", "0", "-r", "and again").out
    merged = doxa("belief", "merge", "rain-1", child["id"], "-r", "it learned more", "--json").json
    assert {c["kind"] for c in merged["conflicts"]} <= {"status", "contradiction"}
    assert "nothing new" in doxa("belief", "merge", "rain-1", child["id"], "-r", "again").out


def test_single_beliefs_are_reached_by_either_name(doxa: Doxa) -> None:
    belief = ids(doxa)[0]
    assert doxa("beliefs", "diff", "last@0", "now").code == 2, "a run, not a point of it"
    assert belief in doxa("beliefs", "diff", "last", "last@0", "last").out
    assert doxa("beliefs", "pin", "last", belief, "-r", "sure").code == 0
    assert "pinned" in doxa("beliefs", "retract", "last", belief, "-r", "no").err
    assert doxa("beliefs", "audit", "last").code == 0


def test_a_home_is_kept_in_order(doxa: Doxa) -> None:
    assert doxa("belief", "audit", "last", "--json").code == 0
    doxa("belief", "dispute", "last", ids(doxa)[0], "-r", "hm")
    assert "against a person" in doxa("belief", "audit", "last").out
    assert {v["error"] for v in doxa("memory", "verify", "--json").json} == {None}
    assert doxa("memory", "rebuild", "--json").json[0]["beliefs"] == len(ids(doxa))
    assert doxa("memory", "reembed", "--embedder", "hashing", "--json").json["beliefs"] == len(ids(doxa))
    for command in (["verify"], ["rebuild"], ["reembed", "--embedder", "hashing"]):
        done = doxa("memory", *command, "--home", "nowhere")
        assert (done.code, "no doxa home" in done.err) == (2, True)
    assert not Path("nowhere").exists()
    assert "unknown embedder" in doxa("memory", "reembed", "--embedder", "hashin").err


def test_nothing_is_built_on_a_run_that_is_not_as_it_was_written(doxa: Doxa) -> None:
    doxa("belief", "export", "last", "-o", "b.jsonl")
    doxa("belief", "import", "b.jsonl", "-r", "a copy")
    with closing(sqlite3.connect(".doxa/journal.sqlite3")) as outside, outside:
        outside.execute("DROP TRIGGER events_are_never_changed")
        outside.execute("UPDATE events SET payload = replace(payload, 'almanac', 'oracle') WHERE run = 'rain-1'")
    said = ("x", "--aspect", "a", "-r", "r")
    for command in (
        ("add", "rain-1", *said),
        ("merge", "imported-1", "rain-1", "-r", "r"),
        ("merge", "rain-1", "imported-1", "-r", "r"),
    ):
        done = doxa("belief", *command)
        assert (done.code, "the journal is good up to seq" in done.err) == (1, True), done.err
    assert doxa("belief", "add", "imported-1", *said).code == 0, "other runs are whole"


def test_beliefs_travel_in_files(doxa: Doxa) -> None:
    held = doxa("beliefs", "last", "--json").json
    assert doxa("belief", "export", "last", "-o", "b.jsonl").code == 0
    assert Path("b.jsonl").read_text() == doxa("belief", "export", "last").out
    done = doxa("belief", "import", "b.jsonl", "--home", "other", "-r", "from a friend", "--json").json
    assert (done["run"], len(done["beliefs"])) == ("imported-1", len(held))
    assert doxa("beliefs", "last", "--home", "other", "--json").json == held
    assert "go on with it" not in doxa("runs", "--home", "other").out
    again = doxa("belief", "import", "b.jsonl", "--home", "other", "--into", "last", "-r", "again", "--json").json
    assert again["beliefs"] == []
    Path("b.jsonl").write_text("{}")
    done = doxa("belief", "import", "b.jsonl", "--home", "third", "-r", "r")
    assert (done.code, "b.jsonl, line 1" in done.err, Path("third").exists()) == (2, True, False)
    assert "can't be read" in doxa("belief", "import", "none.jsonl", "-r", "r").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "last", "x", "--aspect", "a", "-r", "r", "--when", "a=b"], "write it as FACT OP VALUE"),
        (["add", "last", "x" * 500, "--aspect", "a", "-r", "r"], "statement: String should have at most 400"),
        (["add", "last", "x", "--aspect", "a", "-r", ""], "reason: String should have at least 1"),
        (["add", "last", "x", "--aspect", "a", "-r", "r", "--known-at", "soon"], "'soon' isn't a time"),
        (["add", "rain-9", "x", "--aspect", "a", "-r", "r"], "choose from rain-1"),
        (["pin", "last", "b-zzz", "-r", "r"], "no belief 'b-zzz'"),
        (["retract", "last", "b-zzz"], "needs a reason"),
        (["diff", "last", "soon"], "no point in time"),
        (["audit", "last", "--home", " "], "--home '': name a folder"),
        (["rollback", "last", "9", "-r", "r"], "choose from 0 to 4"),
        (["merge", "last", "last", "-r", "r"], "itself"),
    ],
)
def test_wrong_input_gets_one_message(doxa: Doxa, arguments: list[str], message: str) -> None:
    done = doxa("belief", *arguments)
    assert (done.code, message in done.err) == (2, True), done.err
    assert done.err.startswith("error: ")


def belief_of(doxa: Doxa, result: Any) -> dict[str, Any]:
    return dict(doxa("beliefs", "last", result["belief"], "--json").json["belief"])


def test_a_belief_is_added_and_edited_with_everything_it_has(doxa: Doxa) -> None:
    told = ("--aspect", "almanac.rain", "-r", "r", "--when", "city == Rome", "--unless", "month == 8", "--json")
    tests = ("--must-fire", "city = Rome, month = 1", "--must-not-fire", "city = Oslo, month = 1")
    times = ("--valid-from", "2020-01-01", "--valid-to", "2021-01-01")
    [added] = doxa("belief", "add", "last", "Carry one.", *told, *tests, *times, "--kind", "hint").json
    made = belief_of(doxa, added)
    assert (made["kind"], made["scope"]["unless"][0]["fact"]) == ("hint", "month")
    assert (made["valid_from"], made["valid_to"]) == ("2020-01-01T00:00:00", "2021-01-01T00:00:00")
    assert [len(made["examples"][side]) for side in ("fire", "quiet")] == [1, 1]
    wrong = doxa("belief", "edit", "last", made["id"], "-r", "r", "--unless", "month == 1")
    assert (wrong.code, "it must apply where city = 'Rome', month = 1.0, and doesn't" in wrong.err) == (2, True)
    [same] = doxa("belief", "edit", "last", made["id"], "-r", "r", "--valid-to", "never", "--json").json
    assert (same["belief"], belief_of(doxa, same)["valid_to"]) == (made["id"], None)
    [other] = doxa("belief", "edit", "last", made["id"], "-r", "r", "--kind", "belief", "--json").json
    assert (belief_of(doxa, other)["kind"], belief_of(doxa, other)["supersedes"]) == ("belief", [made["id"]])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--unless", "month"), "--unless 'month': write it as FACT OP VALUE"),
        (("--must-fire", "month"), "--must-fire 'month': write it as FACT = VALUE"),
        (("--must-not-fire", "month = 1"), "it mustn't apply where month = 1.0, and does"),
        (("--valid-from", "soon"), "'soon' isn't a time"),
        (("--valid-from", "2021-01-01", "--valid-to", "2020-01-01"), "error: valid from 2021-01-01T00:00:00 to"),
        (("--kind", "hint"), "a hint is for one instance"),
        (("--kind", "idea"), "'idea' is not one of"),
    ],
)
def test_what_cannot_be_added_says_why_and_changes_nothing(doxa: Doxa, arguments: tuple[str, ...], told: str) -> None:
    before = ids(doxa)
    done = doxa("belief", "add", "last", "It.", "--aspect", "almanac.rain", "-r", "r", *arguments)
    assert (done.code, told in done.err, ids(doxa)) == (2, True, before), done.err


def test_feedback_comes_from_a_transcript(doxa: Doxa) -> None:
    Path("talk.txt").write_text(
        "Anna: LESSON [almanac.dew | when: city == Rome]: Trust it.\nBob: LESSON [almanac.x]: No.\n"
    )
    ask = ("belief", "feedback", "last", "--from", "talk.txt", "--person", "anna")
    before = ids(doxa)
    assert "would be: expansion" in doxa(*ask, "--dry-run").out
    assert ids(doxa) == before
    taken = doxa(*ask, "--json").json["taken"]
    assert [(t["status"], t["trusted"]) for t in taken] == [("active", True), ("candidate", False)]
    assert taken[0]["evidence"].startswith("said by Anna: line 1 of talk.txt (")
    assert "2 were taken in before" in doxa(*ask).out
    assert doxa("replay", "last").code == 0


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        ("Anna: hello", (), "mark what is to be learned"),
        ("Anna: LESSON [x]: y\nAnna: LESSON [x | so]: y", (), "line 2: 'so' is none of"),
        ("Anna: LESSON [x]: y", ("--person", "Ana"), "--person 'Ana' says nothing in it"),
        ("Anna: LESSON [x]: y", ("--model", "nope"), "unknown model 'nope'"),
        ("Anna: LESSON [x]: y", ("--known-at", "soon"), "'soon' isn't a time"),
        ("Anna: LESSON [x]: y", ("--model", "heuristic"), "heuristic"),
        (None, (), "talk.txt can't be read"),
    ],
)
def test_feedback_that_cannot_be_read_says_why(
    doxa: Doxa, text: str | None, arguments: tuple[str, ...], told: str
) -> None:
    if text is not None:
        Path("talk.txt").write_text(text)
    before = ids(doxa)
    done = doxa("belief", "feedback", "last", "--from", "talk.txt", *arguments)
    assert (done.code != 0, told in done.err, ids(doxa)) == (True, True, before), done.err


def test_names_that_the_run_lacks_are_noted_and_a_superseded_belief_names_its_heir(doxa: Doxa) -> None:
    for arguments, noted in (
        (("--aspect", "almanac.tone", "--audience", "listner"), "no agent 'listner', so nobody is handed it under"),
        (("--aspect", "almanack.tone"), "no source 'almanack', so no analyst is handed it: "),
        (("--aspect", "almanac.tone", "--when", "mode == x"), "no fact 'mode', so it applies nowhere: "),
        (("--aspect", "almanac.tone", "--audience", "listener"), ""),
        (("--aspect", "unknown"), ""),
    ):
        done = doxa("belief", "add", "last", "It is so.", "-r", "r", *arguments)
        assert (done.code, f"note: this run has {noted}" in done.err) == (0, bool(noted)), done.err
        assert noted or not done.err
    old = ids(doxa)[0]
    edited = doxa(
        "belief", "edit", "last", old, "-r", "r", "--statement", "Another.", "--audience", "listner", "--json"
    )
    assert "no agent 'listner'" in edited.err
    heir = edited.json[0]["belief"]
    assert f"or name {heir}, which took its place" in doxa("belief", "pin", "last", old, "-r", "r").err
