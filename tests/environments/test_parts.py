"""Actions that have parts: what is allowed, how it is written, and what a model may answer."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from doxa.agents.outputs import answer_types
from doxa.environments import Parts
from doxa.environments.parts import action_text, choices
from doxa.errors import ActionError, EnvironmentContractError

SCHEMA = Parts(("TSLA", "BRK.B"), ("buy", "hold", "sell"))


def test_an_action_names_every_part_and_is_put_in_order() -> None:
    assert list(SCHEMA.validate({"BRK.B": "hold", "TSLA": "buy"}).items()) == [("TSLA", "buy"), ("BRK.B", "hold")]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("buy", "for each of TSLA, BRK.B one of: buy, hold, sell"),
        ({"TSLA": "buy"}, "nothing about 'BRK.B'"),
        ({"TSLA": "buy", "BRK.B": "hold", "X": "buy"}, "no part 'X'"),
        ({"TSLA": "long", "BRK.B": "hold"}, "'long' for 'TSLA'"),
    ],
)
def test_anything_else_is_refused_by_name(action: object, told: str) -> None:
    with pytest.raises(ActionError, match=told):
        SCHEMA.validate(action)


@pytest.mark.parametrize(
    ("names", "options"), [((), ("a",)), (("x",), ()), (("x", "x"), ("a",)), (("x y",), ("a",)), (("x",), ("a=b",))]
)
def test_names_that_cannot_stand_in_a_prompt_are_refused(names: tuple[str, ...], options: tuple[str, ...]) -> None:
    with pytest.raises(EnvironmentContractError, match="Parts"):
        Parts(names, options)


def test_a_model_can_answer_nothing_but_such_an_object() -> None:
    decision = answer_types(SCHEMA).decision
    rest = {"confidence": 1, "reasons": "", "insights": [], "beliefs": [], "reflection": None}
    given = {"TSLA": "sell", "BRK.B": "hold"}
    assert decision.model_validate({"action": given, **rest}).model_dump()["action"] == given
    for wrong in ({"TSLA": "sell"}, {**given, "X": "buy"}, {**given, "TSLA": "long"}, "sell"):
        with pytest.raises(ValidationError):
            decision.model_validate({"action": wrong, **rest})


def test_actions_are_written_part_by_part() -> None:
    assert action_text({"TSLA": "buy", "BRK.B": "hold"}) == "TSLA=buy BRK.B=hold"
    assert choices({"TSLA": "buy"}) == {"TSLA=buy"}
    assert (action_text("buy"), choices("buy")) == ("buy", {"buy"})
