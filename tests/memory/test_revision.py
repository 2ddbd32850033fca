"""Admission: one result per proposal, nothing deleted, contradictions disputed, restatements merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.memory.belief import Belief, Predicate, Scope, Status
from doxa.memory.canonical import canonical
from doxa.memory.embeddings import HashingEmbedder
from doxa.memory.operations import Contraction, Expansion, Operation, Revision, StepRef
from doxa.memory.revision import admit
from doxa.memory.scope import overlap
from doxa.memory.state import HANDED, IN_FORCE, Beliefs, RevisionResult
from doxa.memory.terms import Guard, Terms

MAY, JUNE = datetime(2020, 5, 1, tzinfo=UTC), datetime(2020, 6, 1, tzinfo=UTC)
EDITS = {"expansion", "dispute", "revision", "contraction"}


def alike(text: str, others: Sequence[str]) -> list[float]:
    rows = HashingEmbedder().embed([text, *others])
    return [round(float(row @ rows[0]), 6) for row in rows[1:]]


TERMS = Terms(run="run-1", author="critic", known_at=MAY, resolves=lambda _, step: step < 10, alike=alike)


def lesson(**other: Any) -> dict[str, Any]:
    told = {
        "concept": "momentum",
        "statement": "Follow 21-day momentum.",
        "aspect": "prices.momentum_21",
        "polarity": "for",
        "support": 6,
        "against": 2,
        "steps": (StepRef(episode=1, step=3),),
        "reason": "it won",
    }
    return told | other


def expansion(**other: Any) -> Expansion:
    return Expansion(**lesson(**other))


def only(beliefs: Beliefs, *proposals: Operation, terms: Terms = TERMS) -> tuple[Beliefs, RevisionResult]:
    results = admit(beliefs, proposals, terms)
    return beliefs.after(results), results[-1]


def pinned(beliefs: Beliefs, belief: str) -> Beliefs:
    return Beliefs({**beliefs, belief: beliefs[belief].model_copy(update={"pinned": True})})


# -- invariants -------------------------------------------------------------------------------------------------------

scopes = st.sampled_from(
    [
        Scope(),
        Scope(when=(Predicate(fact="vol", op="<", value=0.02),)),
        Scope(when=(Predicate(fact="vol", op=">=", value=0.02),)),
        Scope(when=(Predicate(fact="asset", op="==", value="AAPL"),), sentence="for Apple"),
    ]
)
lessons: dict[str, Any] = {
    "concept": st.sampled_from(["momentum", "tone"]),
    "statement": st.sampled_from(["Follow it.", "follow  it.", "Follow it", "Wait a day.", "Cut when it rises."]),
    "aspect": st.sampled_from(["prices.momentum_21", "news", " "]),
    "polarity": st.sampled_from(["for", "against"]),
    "scope": scopes,
    "support": st.integers(0, 9),
    "against": st.integers(0, 9),
    "steps": st.lists(st.builds(StepRef, episode=st.integers(0, 1), step=st.integers(0, 10)), min_size=1, max_size=3),
    "reason": st.just("because"),
}  # fmt: skip
ids = st.integers(0, 12)  # the n-th belief there is, or an unknown one
plans = st.one_of(
    st.builds(lambda **told: ("expansion", told, 0), **lessons),
    st.builds(lambda n, **told: ("revision", told, n), n=ids, **lessons),
    st.builds(lambda n: ("contraction", {"reason": "no more"}, n), n=ids),
)


def operation(plan: tuple[str, dict[str, Any], int], beliefs: Beliefs) -> Operation:
    kind, told, n = plan
    known = sorted(beliefs)
    named = known[n] if n < len(known) else "b-ffffffffff"
    if kind == "expansion":
        return Expansion(**told)
    return Revision(**told, belief=named) if kind == "revision" else Contraction(**told, belief=named)


@given(st.lists(st.tuples(st.lists(plans, max_size=5), st.none() | st.integers(0, 3)), max_size=5))
@settings(max_examples=150, deadline=None)
def test_the_invariants_of_revision(critiques: list[tuple[list[Any], int | None]]) -> None:
    beliefs = Beliefs()
    for number, (plan, budget) in enumerate(critiques):
        if number == 2 and beliefs:
            beliefs = pinned(beliefs, min(beliefs))
        proposals = [operation(p, beliefs) for p in plan]
        terms = replace(TERMS, budget=budget)
        results = admit(beliefs, proposals, terms)
        assert [r.proposal for r in results] == proposals
        assert all(r.reason for r in results)
        assert results == admit(beliefs, proposals, terms)
        assert budget is None or sum(r.op in EDITS for r in results) <= budget
        for result in results:
            payload = result.payload()
            assert "run-1" not in canonical(payload)
            assert RevisionResult.read(payload, "run-1") == result
            after = beliefs.after([result])
            see_one_step(beliefs, after, result)
            beliefs = after
        see_disputes(beliefs)


def see_one_step(before: Beliefs, after: Beliefs, result: RevisionResult) -> None:
    assert set(before) <= set(after), "nothing is ever deleted"
    fixed = {"id", "concept", "statement", "aspect", "polarity", "scope", "author", "pinned"}
    for i, old in before.items():
        assert old.model_dump(include=fixed) == after[i].model_dump(include=fixed)
        assert set(old.evidence) <= set(after[i].evidence)
        if old.pinned and old.status in IN_FORCE:
            assert after[i].status in IN_FORCE
    if result.op == "rejected":
        assert dict(after) == dict(before)
        assert result.added is None
        assert not result.updates
    if result.op == "reinforcement":
        assert result.belief is not None
        assert isinstance(result.proposal, Expansion | Revision)
        old, new = before[result.belief], after[result.belief]
        assert new.credence == old.credence.after(result.proposal.support, result.proposal.against)
        assert {i for i in after if after[i] != before[i]} <= {result.belief}
    else:
        assert (result.added is not None) + (result.belief in before) == (result.op != "rejected")


def see_disputes(beliefs: Beliefs) -> None:
    held = [b for b in beliefs.values() if b.status in HANDED]
    assert all(bool(b.held_back) == (b.status in {Status.CANDIDATE, Status.QUARANTINED}) for b in beliefs.values())
    for one in held:
        rivals = {
            b.id
            for b in held
            if b.aspect == one.aspect and b.polarity != one.polarity and overlap(one.scope, b.scope)
        }  # fmt: skip
        assert (one.status is Status.DISPUTED) == bool(rivals)
        assert rivals <= set(one.contradicts)
        twins = [b for b in held if b.id != one.id and says(b) == says(one)]
        assert not twins, "what says the same is merged"


def says(belief: Belief) -> tuple[object, ...]:
    statement = " ".join(belief.statement.casefold().split())
    return belief.aspect, belief.polarity, belief.scope, statement


# -- each rule --------------------------------------------------------------------------------------------------------


def test_a_new_lesson_is_added_with_its_evidence_and_credence() -> None:
    beliefs, result = only(
        Beliefs(), expansion(steps=[StepRef(episode=e, step=s) for e, s in ((1, 4), (0, 7), (1, 2))])
    )
    belief = beliefs[result.belief or ""]
    assert (result.op, belief.status, belief.tainted, belief.known_at) == ("expansion", Status.ACTIVE, False, MAY)
    assert (belief.credence.alpha, belief.credence.beta) == (7, 3)
    assert [(e.run, e.episode, e.steps) for e in belief.evidence] == [("run-1", 0, (7,)), ("run-1", 1, (2, 4))]


@pytest.mark.parametrize(
    "said", ["Follow 21-day momentum.", "follow   21-day momentum.", "Follow the 21-day momentum."]
)
def test_a_restatement_strengthens_what_is_believed(said: str) -> None:
    beliefs, first = only(Beliefs(), expansion())
    again = expansion(concept="other", statement=said, steps=[StepRef(episode=2, step=3), StepRef(episode=1, step=3)])
    beliefs, result = only(beliefs, again, terms=replace(TERMS, known_at=JUNE, budget=0))
    (belief,) = beliefs.values()
    assert (result.op, result.belief) == ("reinforcement", first.belief)
    assert (belief.credence.alpha, belief.credence.beta) == (13, 5)
    assert [(e.episode, e.steps) for e in belief.evidence] == [(1, (3,)), (2, (3,))], "a step is cited once"
    assert belief.known_at == JUNE, "what was strengthened by later data is known later"


@pytest.mark.parametrize(
    "other",
    [
        {"statement": "Wait until the reports are out."},
        {"aspect": "prices.momentum_5"},
        {"scope": Scope(when=(Predicate(fact="vol", op="<", value=0.02),))},
        {"scope": Scope(sentence="in calm markets")},
    ],
)
def test_what_differs_in_text_aspect_or_scope_is_another_belief(other: dict[str, Any]) -> None:
    beliefs, result = only(Beliefs(), expansion(), expansion(**other))
    assert result.op == "expansion"
    assert len(beliefs) == 2


def test_saying_it_twice_in_one_critique_proves_nothing() -> None:
    beliefs, result = only(Beliefs(), expansion(), expansion(support=9_999))
    (belief,) = beliefs.values()
    assert result.op == "rejected"
    assert "earlier proposal" in result.reason
    assert belief.credence.alpha == 7


def test_a_contradiction_disputes_both_and_deletes_neither() -> None:
    beliefs, first = only(Beliefs(), expansion())
    beliefs, second = only(beliefs, expansion(polarity="against", statement="Act against it."))
    assert second.op == "dispute"
    one, other = beliefs[first.belief or ""], beliefs[second.belief or ""]
    assert one.status is other.status is Status.DISPUTED
    assert (one.contradicts, other.contradicts) == ((other.id,), (one.id,))


def test_opposite_lessons_for_different_situations_are_no_contradiction() -> None:
    calm, wild = (Scope(when=(Predicate(fact="vol", op=op, value=0.02),)) for op in ("<", ">="))
    beliefs, result = only(Beliefs(), expansion(scope=calm), expansion(scope=wild, polarity="against"))
    assert result.op == "expansion"
    assert {b.status for b in beliefs.values()} == {Status.ACTIVE}


def test_a_revision_takes_the_place_of_what_it_contradicts() -> None:
    beliefs, first = only(Beliefs(), expansion())
    new = Revision(**lesson(polarity="against", statement="Act against it."), belief=f"[{first.belief}]")
    beliefs, result = only(beliefs, new)
    assert result.op == "revision"
    assert beliefs[first.belief or ""].status is Status.SUPERSEDED
    assert beliefs[result.belief or ""].status is Status.ACTIVE
    assert beliefs[result.belief or ""].supersedes == (first.belief,)


def test_what_was_given_up_and_is_said_again_is_taken_up_again() -> None:
    beliefs, first = only(Beliefs(), expansion())
    turned = Revision(**lesson(polarity="against", statement="Act against it."), belief=first.belief or "")
    beliefs, second = only(beliefs, turned)
    beliefs, third = only(beliefs, Revision(**lesson(), belief=second.belief or ""))
    assert (third.op, third.belief, third.added) == ("revision", first.belief, None)
    assert beliefs[first.belief or ""].status is Status.ACTIVE
    assert beliefs[first.belief or ""].credence.alpha == 13
    assert beliefs[second.belief or ""].status is Status.SUPERSEDED
    beliefs, _ = only(beliefs, Contraction(belief=first.belief or "", reason="no"))
    beliefs, fourth = only(beliefs, expansion())
    assert (fourth.op, fourth.reason) == ("expansion", f"{first.belief} was retired and is taken up again")
    assert beliefs[first.belief or ""].status is Status.ACTIVE


def test_a_revision_that_only_rewords_still_revises() -> None:
    beliefs, first = only(Beliefs(), expansion())
    reworded = Revision(**lesson(statement="Follow the 21-day momentum."), belief=first.belief or "")
    beliefs, result = only(beliefs, reworded)
    assert result.op == "revision"
    assert [b.status for b in beliefs.values()] == [Status.SUPERSEDED, Status.ACTIVE]
    fresh = lesson(statement="Follow the 21-day momentum.", steps=(StepRef(episode=2, step=3),))
    beliefs, same = only(beliefs, Revision(**fresh, belief=result.belief or ""))
    assert (same.op, same.belief) == ("reinforcement", result.belief)


def test_a_revision_to_what_another_belief_says_strengthens_that_one() -> None:
    beliefs, one = only(Beliefs(), expansion())
    beliefs, other = only(beliefs, expansion(statement="Wait until the reports are out."))
    beliefs, result = only(beliefs, Revision(**lesson(), belief=other.belief or ""))
    assert (result.op, result.belief, result.added) == ("revision", one.belief, None)
    assert beliefs[other.belief or ""].status is Status.SUPERSEDED
    assert beliefs[one.belief or ""].supersedes == (other.belief,)
    assert beliefs[one.belief or ""].credence.alpha == 13


def test_a_dispute_ends_when_the_opponent_goes() -> None:
    beliefs, first = only(Beliefs(), expansion())
    beliefs, second = only(beliefs, expansion(polarity="against", statement="Act against it."))
    over, _ = only(beliefs, Contraction(belief=second.belief or "", reason="it lost"))
    assert over[first.belief or ""].status is Status.ACTIVE
    assert over[second.belief or ""].status is Status.RETIRED
    still, result = only(beliefs, Revision(**lesson(statement="Wait a month, then follow."), belief=first.belief or ""))
    assert still[second.belief or ""].status is Status.DISPUTED, "the successor contradicts it as well"
    assert still[result.belief or ""].status is Status.DISPUTED


@pytest.mark.parametrize(
    ("proposal", "reason"),
    [
        (Contraction(belief="b-ffffffffff", reason="no"), "there is no belief 'b-ffffffffff'"),
        (Revision(**lesson(), belief="the first"), "there is no belief 'the first'"),
        (expansion(steps=[StepRef(episode=3, step=77)]), "steps that don't exist: episode 3 step 77"),
        (expansion(steps=[StepRef(episode=3, step=7), StepRef(episode=0, step=-1)]), "don't exist: episode 0 step -1"),
        (expansion(aspect="  "), "names no aspect"),
    ],
)
def test_what_a_model_got_wrong_is_rejected_and_says_why(proposal: Operation, reason: str) -> None:
    terms = replace(TERMS, resolves=lambda _, step: 0 <= step < 10)
    beliefs, result = only(Beliefs(), proposal, terms=terms)
    assert result.op == "rejected"
    assert reason in result.reason
    assert not beliefs


@pytest.mark.parametrize("kind", ["revision", "contraction"])
def test_pinned_and_past_beliefs_stand(kind: str) -> None:
    beliefs, first = only(Beliefs(), expansion())
    named = first.belief or ""
    told = lesson(polarity="against")
    proposal = Revision(**told, belief=named) if kind == "revision" else Contraction(belief=named, reason="no")
    _, result = only(pinned(beliefs, named), proposal)
    assert (result.op, result.reason) == ("rejected", f"{named} is pinned")
    beliefs, _ = only(beliefs, Contraction(belief=named, reason="no"))
    _, result = only(beliefs, proposal)
    assert (result.op, result.reason) == ("rejected", f"{named} is retired already")


def test_the_budget_counts_edits_and_nothing_else() -> None:
    beliefs, _ = only(Beliefs(), expansion())
    proposals = [
        expansion(steps=[StepRef(episode=0, step=99)]),
        expansion(steps=[StepRef(episode=2, step=3)]),
        expansion(aspect="news", statement="Trust the tone."),
        expansion(aspect="filings", statement="Trust the reports."),
    ]
    results = admit(beliefs, proposals, replace(TERMS, budget=1))
    assert [r.op for r in results] == ["rejected", "reinforcement", "expansion", "rejected"]
    assert results[-1].reason == "the critique's budget of 1 edits is spent"


def test_taint_marks_and_quarantines() -> None:
    beliefs, _ = only(Beliefs(), expansion(), terms=replace(TERMS, tainted=True, guard=Guard(("news",))))
    (belief,) = beliefs.values()
    assert (belief.tainted, belief.words, belief.status) == (True, ("news",), Status.QUARANTINED)
    assert belief.held_back.startswith("tainted by words of news: it has 1 of 3 episodes")


def test_two_critics_of_one_episode_may_add_the_same_belief() -> None:
    one = admit(Beliefs(), [expansion()], TERMS)
    other = admit(Beliefs(), [expansion(steps=[StepRef(episode=1, step=4)])], replace(TERMS, author="second"))
    (belief,) = Beliefs().after([*one, *other]).values()
    assert belief.credence.alpha == 13
    assert [e.steps for e in belief.evidence] == [(3,), (4,)]


def test_whoever_was_contradicted_by_what_counts_as_never_said_can_be_given_up() -> None:
    beliefs, first = only(Beliefs(), expansion())
    beliefs, other = only(beliefs, expansion(polarity="against", statement="Fade 21-day momentum."))
    assert other.op == "dispute"
    gone = beliefs[other.belief or ""].model_copy(
        update={"status": Status.RETIRED, "held_back": "revoked with news: x"}
    )
    beliefs = Beliefs({**beliefs, gone.id: gone})
    _, result = only(beliefs, Contraction(belief=first.belief or "", reason="it lost"))
    assert result.op == "contraction"


def test_who_takes_over_what_was_said_otherwise_stays_disputed_unless_that_was_why() -> None:
    said = lesson(statement="Wait for two days after a split.", concept="patience")
    beliefs, old = only(Beliefs(), expansion())
    beliefs, other = only(beliefs, Expansion(**said))
    taken = Revision(**said | {"steps": (StepRef(episode=1, step=4),)}, belief=old.belief or "")

    def after(*, opposite: bool) -> Belief:
        pair = [beliefs[other.belief or ""], beliefs[old.belief or ""]]
        one, two = (
            b.model_copy(update={"status": Status.DISPUTED, "contradicts": (rival.id,) if opposite else ()})
            for b, rival in zip(pair, reversed(pair), strict=True)
        )
        known, result = only(Beliefs({**beliefs, one.id: one, two.id: two}), taken)
        assert (result.op, result.belief) == ("revision", one.id)
        assert known[two.id].status is Status.SUPERSEDED
        return known[one.id]

    assert after(opposite=False).status is Status.DISPUTED, "a person doubts it"
    assert after(opposite=True).status is Status.ACTIVE, "what contradicted it is gone"
