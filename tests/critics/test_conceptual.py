"""What the conceptual critic tells its model."""

from __future__ import annotations

import asyncio
from typing import Any

from doxa.critics import Case, ConceptualCritic, ModelJudge, Trajectory
from doxa.critics.critique import Critique
from doxa.critics.judge import Opinion
from doxa.environments import Weather
from doxa.memory.belief import Belief, Predicate, Scope
from doxa.memory.forms import misfit
from doxa.models.heuristic import HeuristicModel
from doxa.models.outputs import parse
from doxa.models.protocol import Answer, Request
from doxa.models.schemas import schema_of


def asked(critic: ConceptualCritic) -> str:
    """The instructions of a critic; the offline model answers."""
    told: list[str] = []

    async def ask(request: Request[Any]) -> Answer[Any]:
        told.append(request.messages[0].text)
        reply = await HeuristicModel().complete(request)
        return Answer(parse(reply.text, request.response_type), (reply,), replayed=False)

    case = Case(Weather(days=2).spec, Trajectory(1, ()), Trajectory(0, ()), (), ("listener",), ask)
    verdict = asyncio.run(critic.judge(case))
    assert verdict.proposals == []
    return told[0]


def test_a_critic_is_told_of_kinds_if_it_is_to_propose_them() -> None:
    plain, full = asked(ConceptualCritic()), asked(ConceptualCritic(kinds=True))
    before, _, after = full.partition("\n\nform: ")
    assert before + after[after.index("is tested.") + len("is tested.") :] == plain
    for word in ("behaviour", "hint", "unless", "examples"):
        assert word in after
        assert word not in plain
    assert len(full) - len(plain) < 500


def test_a_condition_may_list_texts_and_numbers_whatever_holds_the_model_to_the_schema() -> None:
    whole = schema_of(Critique).body
    condition = whole["$defs"]["Predicate"]
    for value in ([11, 12], ["AAPL"], [11, "noon"], [], 11, "AAPL"):
        assert misfit({"fact": "hour", "op": "in", "value": value}, condition, whole) is None
    assert misfit({"fact": "hour", "op": "in", "value": [[11]]}, condition, whole) is not None


def test_a_judge_is_told_where_a_belief_doesnt_apply() -> None:
    told: list[str] = []

    async def ask(request: Request[Any]) -> Answer[Any]:
        told.append(request.messages[1].text)
        return Answer(Opinion(decision="different", reason="another hour"), (), replayed=False)

    hours = Predicate(fact="hour", op="in", value=(11, 12))
    said = {"concept": "c", "statement": "Hold.", "aspect": "news", "polarity": "for", "author": "critic"}
    one, other = (
        Belief.model_validate({**said, "id": f"b-{i:010}", "scope": scope, "evidence": (), "known_at": None})
        for i, scope in enumerate((Scope(when=(hours,)), Scope(unless=(hours,))))
    )
    asyncio.run(ModelJudge().judge(one, other, ask))
    first, second = told[0].split("# Second")
    assert "when: hour in 11, 12\n" in first
    assert "when: not hour in 11, 12\n" in second
