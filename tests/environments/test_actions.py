"""What can be done: texts, numbers, objects of them, and what is legal at one step and not at another."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from doxa.agents.outputs import answer_types
from doxa.environments import (
    ActionSchema,
    Choice,
    Environment,
    EnvironmentSpec,
    Json,
    Number,
    Outcome,
    Parts,
    Record,
    Source,
    Text,
    Value,
    View,
)
from doxa.errors import ActionError, EnvironmentContractError
from doxa.models.schemas import schema_of

MOVE = Record({"row": Number(0, 2, integer=True), "say": Text(5), "to": Record({"x": Number(-1, 1)})})
SCHEMAS = (
    Choice(("a", "b")),
    Text(3),
    Text(8, "[a-z]+ (up|down)", ("go up", "x down")),
    Number(-2, 2, integer=True),
    Number(0.5, 0.75),
    Parts(("one", "two"), ("yes", "no")),
    MOVE,
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=repr)
@given(seed=st.integers(0, 10**9))
def test_what_is_drawn_is_allowed_and_follows_from_the_seed(schema: ActionSchema, seed: int) -> None:
    drawn = schema.sample(random.Random(seed))
    assert json.dumps(schema.validate(drawn)) == json.dumps(drawn)
    assert schema.sample(random.Random(seed)) == drawn


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-4, 4)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["a", "go up"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["row", "say", "to", "x"]), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=repr)
@given(action=anything)
def test_a_schema_takes_an_action_or_says_what_it_takes(schema: ActionSchema, action: Any) -> None:
    try:
        taken = schema.validate(action)
    except ActionError:
        return
    assert schema.validate(taken) == taken


@pytest.mark.parametrize(
    ("schema", "action", "told"),
    [
        (Text(3), "four", "has 4 characters: give a text of at most 3 characters"),
        (Text(3), 3, "a text of at most 3"),
        (Text(3), "\0", "characters that no text has"),
        (Text(3), "\ud800", "characters that no text has"),
        (Text(3, "a+"), "aab", r"isn't allowed: give a text of at most 3 characters that matches a\+"),
        (Text(3, "a+"), "aa\n", "isn't allowed"),
        (Number(0, 2), 3, "a number from 0 to 2"),
        (Number(0, 2), True, "a number from 0 to 2"),
        (Number(0, 2), float("nan"), "a number from 0 to 2"),
        (Number(0, 2), "1", "a number from 0 to 2"),
        (Number(0, 2, integer=True), 0.5, "a whole number from 0 to 2"),
        (MOVE, "row", "a JSON object with row"),
        (MOVE, {"row": 1, "say": "hi"}, "nothing for 'to'"),
        (MOVE, {"row": 1, "say": "hi", "to": {"x": 2}}, "to: x: action 2 isn't allowed: give a number from -1 to 1"),
        (MOVE, {"raw": 1}, "no field 'raw': choose from row, say, to .did you mean 'row'"),
    ],
)
def test_anything_else_is_refused_by_name(schema: ActionSchema, action: object, told: str) -> None:
    with pytest.raises(ActionError, match=told):
        schema.validate(action)
    with pytest.raises(ValidationError):
        TypeAdapter(schema.annotation()).validate_python(action)


def test_actions_have_one_form() -> None:
    assert json.dumps(Number(0, 2, integer=True).validate(2.0)) == "2"
    assert json.dumps(Number(-1, 2).validate(-0.0)) == "0.0"
    assert list(MOVE.validate({"to": {"x": 0}, "say": "", "row": 1})) == ["row", "say", "to"]
    assert (MOVE.size, Record({"a": Choice(("x", "y")), "b": Number(1, 3, integer=True)}).size) == (None, 6)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Text(0), "max_length is 0; give 1 or more"),
        (lambda: Text(3, "("), r"'\(' is no regular expression"),
        (lambda: Text(3, examples=("four",)), "an example isn't allowed"),
        (lambda: Text(3, "a").sample(random.Random(0)), "give Text examples="),
        (lambda: Number(2, 1), "none from 2 to 1"),
        (lambda: Number(0, float("inf")), "give finite bounds"),
        (lambda: Number(0.2, 0.8, integer=True), "none from 0.2 to 0.8"),
        (lambda: Record({}), "give one or more"),
        (lambda: Value(1.0, -0.5), "error >= 0"),
    ],
)
def test_schemas_that_no_action_fits_are_refused(make: Any, told: str) -> None:
    with pytest.raises(EnvironmentContractError, match=told):
        make()


def test_a_model_is_told_the_schema_and_held_to_it() -> None:
    decision = answer_types(MOVE).decision
    rest = {"confidence": 1, "reasons": "", "insights": [], "beliefs": [], "reflection": None}
    action = {"row": 1, "say": "hi", "to": {"x": 0.5}}
    assert decision.model_validate({"action": action, **rest}).model_dump(mode="json")["action"] == action
    with pytest.raises(ValidationError, match="row: action 7 isn't allowed: give a whole number from 0 to 2"):
        decision.model_validate({"action": {**action, "row": 7}, **rest})
    schema = schema_of(decision)
    assert schema.strict
    assert schema.body["properties"]["action"]["properties"]["row"] == {"type": "integer", "minimum": 0, "maximum": 2}


class Countdown(Environment):
    """Take one to three away; more than is left can't be taken."""

    def __init__(self) -> None:
        take = Choice(("one", "two", "three"))
        self.spec = EnvironmentSpec("countdown", "Take.", (Source("pile", "It."),), take, {"taken": 1.0}, 9)

    def _begin(self, rng: random.Random) -> Outcome:
        self.left = rng.choice([4])
        return self.outcome({})

    def _advance(self, action: Json) -> Outcome:
        taken = self.spec.action.options.index(action) + 1
        self.left -= taken
        return self.outcome({"taken": float(taken)})

    def outcome(self, components: dict[str, float]) -> Outcome:
        views = {"pile": View(f"left: {self.left}", {"left": self.left})}
        return Outcome(None, views, components, self.left == 0, legal=self.legal())

    def legal(self) -> tuple[str, ...]:
        return ("one", "two", "three")[: self.left]


def test_what_is_not_legal_now_is_refused_and_changes_nothing() -> None:
    environment = Countdown()
    assert environment.reset(0).legal == ("one", "two", "three")
    assert environment.step("two").observation.legal == ("one", "two")
    before = environment.snapshot()
    with pytest.raises(ActionError, match="'three' isn't legal at step 1: choose from one, two"):
        environment.step("three")
    assert environment.snapshot() == before
    assert environment.restore(before).legal == ("one", "two")
    assert environment.step("two").terminated


def test_a_step_without_a_legal_action_is_the_environments_fault() -> None:
    environment = Countdown()
    environment.legal = lambda: ()  # type: ignore[method-assign]
    with pytest.raises(EnvironmentContractError, match="no action is legal at step 0, but the episode goes on"):
        environment.reset(0)


def test_what_is_legal_is_part_of_the_digest_where_it_is_told() -> None:
    environment = Countdown()
    told = environment.reset(0)
    environment.legal = lambda: None  # type: ignore[method-assign,assignment,return-value]
    assert environment.reset(0).digest() != told.digest()


@pytest.mark.parametrize("schema", [Choice(("a", "b")), Number(0, 1), Text(3), Parts(("x",), ("a", "b"))])
@pytest.mark.parametrize("value", [10**5000, "x" * 1_000_000, [[10**5000]]], ids=["number", "text", "list"])
def test_a_refusal_of_what_is_huge_is_short(schema: ActionSchema, value: object) -> None:
    for action in (value, {"x": value}):
        with pytest.raises(ActionError) as refused:
            schema.validate(action)
        assert len(str(refused.value)) < 1_000
