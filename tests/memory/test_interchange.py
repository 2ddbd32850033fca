"""Beliefs in files: whatever goes out comes back, and what isn't right is refused with its line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.errors import BeliefError
from doxa.memory import Belief, BeliefMemory, Credence, Evidence, Home, Journal, Predicate, Scope, Status
from doxa.memory.belief import Examples, Given, Situation, belief_id
from doxa.memory.curation import Curation
from doxa.memory.interchange import DEPTH, LINE, exported, parsed, take_in
from doxa.memory.scope import overlap, unmet

plainly = 'abcxyz XYZ 0123"\\é|,'  # what hides characters is held back, and so isn't as it was
texts = st.text(alphabet=plainly, min_size=1, max_size=20)
scopes = st.builds(
    Scope,
    when=st.lists(
        st.builds(Predicate, fact=texts, op=st.just("=="), value=texts)
        | st.builds(
            Predicate,
            fact=texts,
            op=st.just("in"),
            value=st.lists(texts | st.floats(-9, 9), min_size=1, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    unless=st.lists(st.builds(Predicate, fact=texts, op=st.just("!="), value=texts), max_size=1).map(tuple),
    sentence=st.text(alphabet=plainly, max_size=10),
).filter(lambda scope: overlap(scope, scope))
evidence = st.builds(
    Evidence,
    run=texts,
    episode=st.integers(0, 9),
    steps=st.just((1, 2)),
    note=st.text(max_size=9),
    rewards=st.just((0.5, -0.25)),
    mean=st.none() | st.just(0.125),
)
situations = st.lists(st.builds(Given, fact=texts, value=texts | st.floats(-9, 9)), max_size=2).map(
    lambda given: Situation(given=tuple(given))
)


def named(**told: Any) -> Belief:
    told = {"scope": Scope(), "evidence": (), "author": "critic", "known_at": None, **told}
    if situations := told.pop("examples", ()):
        fire = tuple(each for each in situations if unmet(told["scope"], each.facts) is None)
        told["examples"] = Examples(fire=fire, quiet=tuple(each for each in situations if each not in fire))
    said = ("concept", "statement", "aspect", "polarity", "scope", "kind")
    own = belief_id(*(told[k] for k in said if k in told))
    return Belief(id=own, **told)


beliefs = st.builds(
    named,
    concept=texts,
    statement=texts,
    aspect=texts,
    polarity=st.just("for"),  # so that none contradicts another
    scope=scopes,
    kind=st.sampled_from(["belief", "behaviour", "feedback"]),
    examples=st.lists(situations, max_size=2).map(tuple),
    valid_from=st.none() | st.just(datetime(2000, 1, 1, tzinfo=UTC)),
    valid_to=st.none() | st.just(datetime(2001, 1, 1, tzinfo=UTC)),
    recorded=st.none() | st.integers(0, 9),
    retracted=st.none() | st.integers(0, 9),
    held_back=st.text(max_size=9),
    audience=st.lists(texts, max_size=2).map(tuple),
    credence=st.builds(Credence, alpha=st.floats(0.1, 1e6), beta=st.floats(0.1, 1e6)),
    evidence=st.lists(evidence, max_size=2).map(tuple),
    author=texts,
    known_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    status=st.sampled_from(Status),
    pinned=st.booleans(),
    tainted=st.booleans(),
)


def plain(**told: Any) -> Belief:
    return named(**{"concept": "c", "statement": "s", "aspect": "news.a", "polarity": "for", **told})


@settings(max_examples=40, deadline=None)
@given(st.lists(beliefs, max_size=4, unique_by=lambda b: b.id))
def test_what_is_imported_is_what_was_exported(held: Sequence[Belief]) -> None:
    held = [b.model_copy(update={"supersedes": (held[0].id,)}) for b in held]
    lines = list(exported(held))
    assert list(parsed(lines)) == held
    with TemporaryDirectory() as folder, Journal.open(Home(Path(folder)), write=True) as journal:
        memory = BeliefMemory(journal, journal.begin("run"))
        vars(memory)["_index"] = type("NoIndex", (), {"catch_up": lambda _: None})()  # Chroma would take minutes
        take_in(Curation(memory), lines, "r")
        with BeliefMemory(journal, memory.run) as again:
            assert list(again.beliefs()) == sorted(held, key=lambda b: b.id)
            assert take_in(Curation(again), lines, "again") == ()
            assert set(exported(again.beliefs())) == set(lines)


HEAD = '{"format":"doxa-beliefs","version":2}'
ONE = plain(known_at=datetime(2020, 1, 1, tzinfo=UTC)).model_dump(mode="json")


def line(**changes: Any) -> str:
    return json.dumps({**ONE, **changes})


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1: this is no file of beliefs"),
        (["[]"], "line 1: this is no JSON object"),
        (['{"format":"doxa-beliefs","version":3}'], "version 3; this doxa reads versions 1 to 2: upgrade"),
        (['{"format":"doxa-beliefs","version":true}'], "version True; this"),
        (['{"format":"doxa-beliefs","version":1}', line()], "line 2: examples: a belief of version 1 has no such"),
        ([HEAD, line(examples={"quiet": [{"given": [{"fact": "x", "value": 1}]}]})], "mustn't apply where x = 1"),
        ([HEAD, line(kind="rumour")], "line 2: kind: Input should be"),
        ([HEAD, line(parents=["b-0123456789"])], "line 2: .* refers to b-0123456789"),
        ([HEAD, line(valid_from="2020-01-02", valid_to="2020-01-02")], "the end has to come after the begin"),
        (['{"format":"doxa-beliefs","version":2,"x":1}'], "unknown field 'x'"),
        ([HEAD, "", "{"], "line 3: this isn't JSON"),
        ([HEAD, line(surprise=1)], "line 2: surprise: Extra inputs"),
        ([HEAD, line(statement="other")], "line 2: the id .* isn't that of what it says"),
        ([HEAD, line(status="sure")], "line 2: status: Input should be"),
        ([HEAD, line(credence={"alpha": 0, "beta": 1})], "line 2: credence.alpha: Input should be greater"),
        ([HEAD, line(credence={"alpha": float("nan"), "beta": 1})], "NaN is no number"),
        ([HEAD, line(contradicts=["b-0123456789"])], "line 2: .* refers to b-0123456789"),
        ([HEAD, line(), line()], "line 3: .* is on line 2 already"),
        ([HEAD, line()[:-1] + ',"id":"b-1"}'], "'id' stands twice"),
        ([HEAD, '{"a":' + "[" * DEPTH + "]" * DEPTH + "}"], f"line 2: nested deeper than {DEPTH}"),
        ([HEAD, "[" * 60_000], "line 2: nested deeper"),
        ([HEAD, line(author="x" * LINE)], f"a belief may have {LINE}"),
    ],
)
def test_what_is_not_right_is_refused_with_its_line(lines: list[str], message: str) -> None:
    with pytest.raises(BeliefError, match=message):
        parsed(lines)


def test_brackets_in_texts_do_not_count() -> None:
    belief = plain(statement='["\\' + "[" * 50)
    assert parsed(exported([belief])) == (belief,)


def test_what_contradicts_a_belief_in_force_is_refused_whole(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        take_in(Curation(memory), list(exported([plain(status=Status.ACTIVE)])), "r")
        other = plain(statement="t", polarity="against", status=Status.ACTIVE)
        harmless = plain(statement="u", aspect="prices.b")
        with pytest.raises(BeliefError, match=r"contradicts .* import the file into a new run"):
            take_in(Curation(memory), list(exported([harmless, other])), "r")
        assert len(memory.beliefs()) == 1
