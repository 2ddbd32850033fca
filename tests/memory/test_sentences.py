"""A scope's sentence is read where all of it is understood, and stays a sentence where it isn't."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.memory import BeliefMemory, Home, Journal, Predicate, Scope
from doxa.memory.curation import Curation
from doxa.memory.interventions import Addition
from doxa.memory.propagation import AgentProfile, PropagationContext
from doxa.memory.sentences import understood

KNOWN = {
    "asset": frozenset(("AAPL", "MSFT", "TSLA")),
    "regime": frozenset(("bear", "bull")),
    "volatility_21": frozenset((0.01,)),
}


def told(predicates: tuple[Predicate, ...]) -> list[tuple[object, ...]]:
    return [(p.fact, p.op, p.value) for p in predicates]


@pytest.mark.parametrize(
    ("sentence", "when", "unless"),
    [
        (
            "when volatility_21 is above 0.02 and asset is AAPL",
            [("volatility_21", ">", 0.02), ("asset", "==", "AAPL")],
            [],
        ),
        ("Only for tsla.", [("asset", "==", "TSLA")], []),
        ("except in a bear regime", [], [("regime", "==", "bear")]),
        ("for AAPL, MSFT or TSLA", [("asset", "in", ("AAPL", "MSFT", "TSLA"))], []),
        ("for AAPL and TSLA", [("asset", "in", ("AAPL", "TSLA"))], []),
        ("if asset is AAPL, MSFT or TSLA", [("asset", "in", ("AAPL", "MSFT", "TSLA"))], []),
        ("in a bull regime, except for TSLA", [("regime", "==", "bull")], [("asset", "==", "TSLA")]),
        ("while volatility 21 is at most 0.5", [("volatility_21", "<=", 0.5)], []),
        ("when asset is not TSLA", [("asset", "!=", "TSLA")], []),
        ("when volatility_21 is 0.2 or 0.1", [("volatility_21", "in", (0.1, 0.2))], []),
        ("when volatility_21 is 0.1, 0.2 or 0.3", [("volatility_21", "in", (0.1, 0.2, 0.3))], []),
        (
            "for TSLA, except when volatility 21 is 1 or 2",
            [("asset", "==", "TSLA")],
            [("volatility_21", "in", (1.0, 2.0))],
        ),
        ("when volatility_21 is above 0.1 or 0.2", None, []),
        ("when volatility_21 is not 0.1 or 0.2", None, []),
        ("when the moon is full", None, []),
        ("when asset is AAPL and the moon is full", [("asset", "==", "AAPL")], []),
        ("for TSLA while volatility 21 stays under 0.2", [("volatility_21", "<", 0.2), ("asset", "==", "TSLA")], []),
        (
            "in bear markets with more than 0.3 volatility 21",
            [("volatility_21", ">", 0.3), ("regime", "==", "bear")],
            [],
        ),
        ("for AAPL or in a bear regime when it snows", None, []),
        ("for any asset", None, []),
        ("in days without a bear", None, []),
        ("when volatility_21 is high", None, []),
        ("when asset is above 3", None, []),
        ("except in a bear regime and for TSLA", None, []),
        ("in January", None, []),
    ],
)
def test_what_is_understood(
    sentence: str, when: list[tuple[object, ...]] | None, unless: list[tuple[object, ...]]
) -> None:
    found = understood(Scope(sentence=sentence), KNOWN)
    assert found.scope.sentence == sentence
    assert told(found.scope.when) == (when or [])
    assert told(found.scope.unless) == unless
    assert ("stays a sentence" in found.told) is (when is None)


def test_conditions_that_are_given_are_kept() -> None:
    scope = Scope(when=(Predicate(fact="asset", op="==", value="AAPL"),), sentence="only for TSLA")
    assert understood(scope, KNOWN).scope == scope
    assert understood(Scope(), KNOWN).told == ""


@given(st.text(max_size=80))
def test_any_sentence_can_be_read(sentence: str) -> None:
    assert understood(Scope(sentence=sentence), KNOWN).scope.sentence == sentence


def test_a_person_is_told_what_was_understood(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        facts = {"asset": "AAPL", "regime": "bear"}
        memory.propagate(0, [AgentProfile("pm", "manager", None, "")], PropagationContext(None, facts, "train"))

        def add(statement: str, sentence: str) -> tuple[Scope, str]:
            scope = Scope(sentence=sentence)
            said = Addition(
                concept="c", statement=statement, aspect="news.a", polarity="for", reason="seen", scope=scope
            )
            done = Curation(memory).add(said)
            return memory.get(done.belief or "").scope, done.reason

        scope, reason = add("Follow the news.", "only for AAPL, except in a bear regime")
        assert told(scope.when) == [("asset", "==", "AAPL")]
        assert reason.endswith("its scope is understood as asset == AAPL, not regime == bear")
        scope, reason = add("Weigh the weather.", "when it rains")
        assert scope.when == ()
        assert reason.endswith("names no conditions that are understood and stays a sentence")
