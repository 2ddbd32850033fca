"""The gate: examples, echoes, self-talk and support decide whether a proposal comes into force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from doxa.errors import BeliefError
from doxa.memory import (
    AgentProfile,
    Belief,
    BeliefMemory,
    Choice,
    Entry,
    Expansion,
    Home,
    Journal,
    Operation,
    Predicate,
    PropagationContext,
    Revision,
    RevisionResult,
    Scope,
    Status,
    StepRef,
)
from doxa.memory.belief import Examples, Given, Situation, Validity
from doxa.memory.curation import Curation
from doxa.memory.gate import self_talk
from doxa.memory.interventions import Addition
from doxa.memory.past import Asked
from doxa.memory.propagation import Broadcast, ByConcern, Propagation

MAY, JULY = (datetime(2020, m, 1, tzinfo=UTC) for m in (5, 7))
PM = AgentProfile("pm", "manager", None, "decides")
APPLE = Scope(when=(Predicate(fact="asset", op="==", value="AAPL"),))


def where(**facts: str | float) -> Situation:
    return Situation(given=tuple(Given(fact=name, value=value) for name, value in facts.items()))


@dataclass
class Loop:
    """A run whose episodes consist of four steps that return their number."""

    memory: BeliefMemory
    episode: int = -1
    results: list[RevisionResult] = field(default_factory=list)

    def play(self, *relied: str, policy: Propagation | None = None) -> list[str]:
        """Hand beliefs out and record an episode; what the agent got."""
        self.episode += 1
        where_ = PropagationContext(JULY, {"asset": "AAPL"}, "evaluate")
        record = self.memory.propagate(self.episode, [PM], where_, policy or ByConcern(), key="000000.00.propagate")
        for step in range(4):
            told = {"step": step, "as_of": None, "action": "buy", "reward": float(step), "components": {}}
            entries = [
                Entry(self.episode, "decision", f"{step:06d}.30.pm", {"action": "buy", "beliefs": list(relied)}),
                Entry(self.episode, "step", f"{step:06d}.40.act", {**told, "insights": {}, "until": MAY.isoformat()}),
            ]
            self.memory.journal.append(self.memory.run, entries)
        return [b.id for b in record.taken("pm")]

    def learn(self, *proposals: Operation, episode: int | None = None) -> RevisionResult:
        """What became of the last proposal."""
        results = self.memory.revise(
            self.episode if episode is None else episode,
            proposals,
            key="000009.60.critic",
            author="critic",
            asked=Asked("m-1", "f00d"),
            known_at=MAY,
            resolves=lambda episode, step: episode <= self.episode and step < 4,
        )
        return results[-1]

    def lesson(self, statement: str = "Follow momentum.", **other: Any) -> dict[str, Any]:
        told = {"concept": "c", "statement": statement, "aspect": "prices.momentum_21", "polarity": "for"}
        at = (StepRef(episode=self.episode, step=3), StepRef(episode=self.episode, step=2))
        return {**told, "reason": "it won", "support": 3, "against": 1, "steps": at, **other}

    def expand(self, statement: str = "Follow momentum.", **other: Any) -> RevisionResult:
        return self.learn(Expansion(**self.lesson(statement, **other)))

    def of(self, result: RevisionResult) -> Belief:
        return self.memory.get(result.belief or "")


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    with Journal.open(Home(tmp_path), write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        started = Loop(memory)
        started.play()
        yield started


def test_evidence_holds_outcomes_and_who_was_asked(loop: Loop) -> None:
    belief = loop.of(loop.expand())
    (seen,) = belief.evidence
    assert (seen.steps, seen.rewards, seen.mean, seen.difference) == ((2, 3), (2.0, 3.0), 1.5, 1.0)
    assert (belief.author, belief.model, belief.prompt, belief.recorded) == ("critic", "m-1", "f00d", 0)
    assert belief.generation == loop.memory.generation
    assert len(seen.trajectory) == 64
    loop.play()
    again = loop.of(loop.expand())
    assert [e.episode for e in again.evidence] == [0, 1]
    assert again.evidence[0].trajectory == again.evidence[1].trajectory, "they went the same way"


def test_restating_with_fresh_outcomes_strengthens_even_what_everybody_relied_on(loop: Loop) -> None:
    """The loop of CVRF: the belief stands in the prompt, is relied on, and its outcomes speak for it."""
    first = loop.expand()
    loop.play(str(first.belief))
    again = loop.expand()
    assert (again.op, again.belief) == ("reinforcement", first.belief)
    assert loop.of(again).credence.alpha == 7


def test_restating_steps_that_count_already_adds_nothing(loop: Loop) -> None:
    before = loop.of(loop.expand())
    loop.play()
    steps = (StepRef(episode=0, step=2),)
    again = loop.expand(steps=steps, support=99)
    assert (again.op, loop.memory.get(before.id)) == ("rejected", before)
    assert again.reason.startswith("echo:")


def test_what_was_given_up_is_not_believed_again_from_episodes_that_had_it_in_a_prompt(loop: Loop) -> None:
    first = loop.expand()
    assert loop.play() == [first.belief]
    Curation(loop.memory).retract(str(first.belief), "no")
    assert loop.play() == []
    same = Expansion(**loop.lesson("Follow the momentum.", steps=(StepRef(episode=1, step=3),)))
    echo = loop.learn(same)
    assert loop.of(echo).status is Status.QUARANTINED
    assert loop.of(echo).held_back.startswith("echo: it, or what says the same, stood in prompts of every episode")
    assert loop.play() == [], "nobody is told"
    taken_up = loop.learn(Expansion(**loop.lesson(steps=(StepRef(episode=1, step=2),))))
    assert (taken_up.op, loop.memory.get(str(first.belief)).status) == ("rejected", Status.RETIRED)
    loop.play()
    assert loop.of(loop.expand()).status is Status.ACTIVE, "an episode without it isn't its echo"


def test_no_support_is_a_candidate_until_support_comes(loop: Loop) -> None:
    weak = loop.expand(support=0, against=2)
    belief = loop.of(weak)
    assert (belief.status, belief.held_back) == (
        Status.CANDIDATE,
        "no support: 0 of the steps looked at agree, 2 disagree",
    )
    assert loop.play() == loop.play(policy=Broadcast()) == []
    assert loop.expand(support=1, against=0).op == "reinforcement"
    assert loop.memory.get(belief.id).status is Status.CANDIDATE
    loop.play()
    lifted = loop.expand(support=2, against=0)
    assert (lifted.op, loop.of(lifted).status, loop.of(lifted).held_back) == ("expansion", Status.ACTIVE, "")
    assert loop.play() == [belief.id]


def test_a_candidate_disputes_nobody_until_it_is_lifted(loop: Loop) -> None:
    held = loop.of(loop.expand())
    loop.play()
    weak = loop.of(loop.expand("Fade momentum.", polarity="against", support=0))
    assert (loop.memory.get(held.id).status, weak.contradicts) == (Status.ACTIVE, ())
    loop.play()
    assert loop.expand("Fade momentum.", polarity="against", against=0).op == "dispute"
    assert {b.status for b in loop.memory.beliefs()} == {Status.DISPUTED}
    assert loop.memory.get(held.id).contradicts == (weak.id,)


def test_a_revision_that_is_held_back_leaves_the_old_belief_in_force(loop: Loop) -> None:
    old = loop.of(loop.expand())
    loop.play()
    weak = loop.learn(Revision(**loop.lesson("Wait for reports.", support=0), belief=old.id))
    assert (loop.memory.get(old.id).status, loop.of(weak).status) == (Status.ACTIVE, Status.CANDIDATE)
    assert loop.of(weak).parents == (old.id,)
    loop.play()
    better = loop.learn(Revision(**loop.lesson("Wait for results."), belief=old.id))
    assert (loop.memory.get(old.id).status, loop.memory.get(old.id).retracted) == (Status.SUPERSEDED, 2)
    assert loop.of(better).parents == (old.id,)


def test_parents_are_what_every_cited_step_relied_on(loop: Loop) -> None:
    first = str(loop.expand().belief)
    loop.play(first)
    assert loop.of(loop.expand("Reports matter.", aspect="news")).parents == (first,)


@pytest.mark.parametrize(
    "said",
    [
        "As an AI, I can't trade.",
        "The critic should propose fewer edits.",
        "Learn from the previous critique.",
        "These proposals were too many.",
        "Spend the edit budget on momentum.",
        "My budget allows four edits.",
        "Follow the system prompt.",
    ],
)
def test_self_talk_is_quarantined(loop: Loop, said: str) -> None:
    belief = loop.of(loop.expand(said))
    assert belief.status is Status.QUARANTINED
    assert belief.held_back.startswith("self-talk:")
    assert loop.play() == []
    assert Curation(loop.memory).approve(belief.id, "meant otherwise").op == "approval"
    assert (loop.memory.get(belief.id).held_back, loop.play()) == ("", [belief.id])


@pytest.mark.parametrize(
    "said",
    ["Critical minerals rise with the budget.", "A merger proposal lifts the price.", "Ai shares lead the market.",
     "Trust prices.momentum_21: what it spoke for won more often than it lost."],
)  # fmt: skip
def test_words_about_the_task_are_no_self_talk(said: str) -> None:
    assert self_talk(said) is None


def test_a_proposal_that_fails_its_own_examples_is_rejected_with_the_situation(loop: Loop) -> None:
    wrong = loop.expand(scope=APPLE, examples=Examples(fire=(where(asset="MSFT"),)))
    assert wrong.op == "rejected"
    assert wrong.reason == "it must apply where asset = 'MSFT', and doesn't: asset == 'AAPL' doesn't hold, it is 'MSFT'"
    wrong = loop.learn(
        Expansion(**loop.lesson(scope=APPLE, examples=Examples(quiet=(where(asset="AAPL"),)))), episode=1
    )
    assert wrong.reason == "it mustn't apply where asset = 'AAPL', and does"
    assert loop.memory.beliefs() == ()


def test_examples_are_run_again_at_every_change(loop: Loop) -> None:
    kept = Examples(fire=(where(asset="AAPL"),), quiet=(where(asset="MSFT"),))
    old = loop.of(loop.expand(scope=APPLE, examples=kept))
    hand = Curation(loop.memory)
    with pytest.raises(BeliefError, match=r"mustn't apply where asset = 'MSFT', and does"):
        hand.edit(old.id, "wider", scope=Scope())
    with pytest.raises(BeliefError, match=r"must apply where asset = 'AMZN', and doesn't"):
        hand.edit(old.id, "more", examples=Examples(fire=(where(asset="AMZN"),)))
    loop.play()
    revised = loop.learn(Revision(**loop.lesson("Follow it anywhere."), belief=old.id))
    assert (revised.op, loop.memory.get(old.id).status) == ("rejected", Status.ACTIVE)
    loop.play()
    more = Examples(fire=(where(asset="AAPL", vol=0.1),))
    assert loop.expand(scope=APPLE, examples=more).op == "reinforcement"
    assert loop.memory.get(old.id).examples == kept.with_(more)
    loop.play()
    bad = loop.expand(scope=APPLE, examples=Examples(quiet=(where(asset="AAPL"),)))
    assert (bad.op, loop.memory.get(old.id).examples) == ("rejected", kept.with_(more))
    assert hand.edit(old.id, "all of them", examples=Examples()).op == "revision"
    assert loop.memory.get(old.id).examples == Examples()


def test_a_hint_names_one_instance(loop: Loop) -> None:
    assert "FACT == VALUE" in loop.expand(form="hint").reason
    held = loop.of(loop.learn(Expansion(**loop.lesson(form="hint", scope=APPLE)), episode=1))
    assert (held.kind, held.status) == ("hint", Status.ACTIVE)


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ([("asset", "==", "AAPL"), ("asset", "==", "TSLA")], "asset == AAPL and asset == TSLA"),
        ([("asset", "in", "AAPL")], "asset in AAPL"),
        ([("hour", "==", (11, 12))], "hour == 11, 12"),
        ([("hour", ">", 12), ("hour", "<", 11)], "hour > 12 and hour < 11"),
    ],
)
def test_what_could_never_apply_is_rejected(loop: Loop, when: list[tuple[str, str, Any]], told: str) -> None:
    scope = Scope.model_validate({"when": [{"fact": f, "op": op, "value": value} for f, op, value in when]})
    result = loop.expand(scope=scope)
    assert result.op == "rejected"
    assert f"it could never apply: nothing meets {told};" in result.reason


def test_a_scope_may_list_numbers(loop: Loop) -> None:
    scope = {"when": [{"fact": "hour", "op": "in", "value": [11, 12]}]}
    said = Expansion.model_validate_json(Expansion(**loop.lesson(scope=scope)).model_dump_json())
    held = loop.of(loop.learn(said))
    assert held.status is Status.ACTIVE
    for hour, taken in ((11.0, True), (13.0, False)):
        context = PropagationContext(JULY, {"hour": hour}, "evaluate")
        found = loop.memory.propagate(loop.episode + 1, [PM], context, ByConcern(), key=f"{hour:06.0f}.00.propagate")
        assert [c.taken for c in found.choices] == [taken]
    turned = {"when": [{"fact": "hour", "op": "in", "value": [12, 11]}]}
    loop.play()
    again = loop.expand(scope=turned)
    assert (again.op, again.belief) == ("reinforcement", held.id)


def test_a_person_sets_the_validity_and_needs_no_support(loop: Loop) -> None:
    told = {"concept": "c", "statement": "Mind the critic.", "aspect": "news", "polarity": "for", "reason": "r"}
    at = Validity(valid_to=JULY)
    added = Curation(loop.memory).add(Addition(**told, support=0, validity=at))
    belief = loop.of(added)
    assert (belief.kind, belief.status, belief.validity) == ("feedback", Status.ACTIVE, at)
    assert loop.play() == []
    Curation(loop.memory).edit(belief.id, "longer", validity=Validity())
    assert loop.play() == [belief.id]


class Careless:
    """Hands everything to everybody."""

    def choose(
        self, agent: AgentProfile, beliefs: Sequence[Belief], context: object, vectors: object
    ) -> tuple[Choice, ...]:
        del context, vectors
        return tuple(Choice(agent.name, b.id, taken=True, reason="why not") for b in beliefs)


def test_no_policy_can_hand_out_what_is_held_back(loop: Loop) -> None:
    loop.expand("As an AI, I wait.")
    with pytest.raises(BeliefError, match=r"Careless hands b-.* to pm, but status: quarantined, self-talk"):
        loop.play(policy=Careless())
