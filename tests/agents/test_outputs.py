"""What fits an environment's actions, and what doesn't."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from doxa.agents.outputs import answer_types
from doxa.environments.protocol import Choice

TYPES = answer_types(Choice(("buy", "hold", "sell")))
DECISION = {"action": "buy", "confidence": 0.5, "reasons": "x", "insights": [], "beliefs": [], "reflection": None}
INSIGHT = {"stance": "hold", "confidence": 1, "rationale": "x", "evidence": [], "beliefs": []}


def test_a_long_note_is_cut_and_not_asked_for_again() -> None:
    assert len(TYPES.insight.model_validate({**INSIGHT, "rationale": "x" * 5_000}).rationale) == 280


@pytest.mark.parametrize(
    "change",
    [
        {"action": "Buy"},
        {"action": "short everything"},
        {"action": None},
        {"confidence": 1.2},
        {"confidence": float("nan")},
        {"extra": 1},
        {"reasons": None},
    ],
)
def test_a_decision_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TYPES.decision.model_validate({**DECISION, **change})


def test_under_an_alert_a_decision_has_to_reflect() -> None:
    with pytest.raises(ValidationError, match="reflection"):
        TYPES.alerted.model_validate(DECISION)
    with pytest.raises(ValidationError, match="reflection"):
        TYPES.alerted.model_validate({**DECISION, "reflection": ""})
    assert TYPES.alerted.model_validate({**DECISION, "reflection": "Too bold."}).reflection == "Too bold."


def test_the_schema_names_the_actions() -> None:
    assert TYPES.decision.model_json_schema()["properties"]["action"]["enum"] == ["buy", "hold", "sell"]
