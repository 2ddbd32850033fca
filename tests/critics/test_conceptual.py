"""What the conceptual critic tells its model."""

from __future__ import annotations

import asyncio
from typing import Any

from doxa.critics import Case, ConceptualCritic, Trajectory
from doxa.environments import Weather
from doxa.models.heuristic import HeuristicModel
from doxa.models.outputs import parse
from doxa.models.protocol import Answer, Request


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
