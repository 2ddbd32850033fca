"""No read path hands anybody what status, audience, time or scope forbid, whatever a belief has in its fields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from doxa.memory import (
    AgentProfile,
    Belief,
    BeliefMemory,
    Broadcast,
    ByConcern,
    Evidence,
    HashingEmbedder,
    HoldOut,
    Home,
    Journal,
    LastK,
    Nothing,
    Predicate,
    Propagation,
    PropagationContext,
    RevisionResult,
    Scope,
    Shuffled,
    Status,
)
from doxa.memory.behaviours import AUTHOR
from doxa.memory.belief import Kind, Validity, belief_id
from doxa.memory.choosing import chosen
from doxa.memory.interventions import Importation
from doxa.memory.state import Beliefs
from doxa.memory.store import DoxaStore

START = datetime(2020, 6, 1, tzinfo=UTC)
ASPECTS = ("prices.a", "prices.b", "news.a")
TIMES = st.sampled_from([START - timedelta(days=1), START, START + timedelta(days=1)])
AGENTS = (
    AgentProfile("pm", "manager", None, "decides"),
    AgentProfile("chartist", "analyst", "prices", "reads prices"),
    AgentProfile("reader", "analyst", "news", "reads news"),
)
POLICIES: tuple[Propagation, ...] = (
    ByConcern(),
    ByConcern(budget=40),
    Broadcast(),
    LastK(2),
    Shuffled(),
    HoldOut(ByConcern(), share=0.5),
    Nothing(),
)
EMBEDDED = {
    text: HashingEmbedder().embed([text])[0]
    for text in (
        *(f"Lesson {number} of {aspect}." for number in range(4) for aspect in ASPECTS),
        *(agent.text for agent in AGENTS),
    )
}
predicates = st.builds(
    Predicate,
    fact=st.sampled_from(["asset", "role", "unknown"]),
    op=st.sampled_from(["==", "!="]),
    value=st.sampled_from(["AAPL", "MSFT", "manager"]),
)
scopes = st.builds(
    Scope, when=st.lists(predicates, max_size=1).map(tuple), unless=st.lists(predicates, max_size=1).map(tuple)
)
validities = st.builds(
    lambda begin, length: Validity(valid_from=begin, valid_to=begin and length and begin + length),
    st.none() | TIMES,
    st.none() | st.sampled_from([timedelta(hours=1), timedelta(days=1), timedelta(days=5)]),
)


def made(
    number: int, aspect: str, scope: Scope, validity: Validity, status: Status, known_at: datetime | None, kind: Kind
) -> Belief:
    statement = f"Lesson {number} of {aspect}."
    return Belief(
        id=belief_id("c", statement, aspect, "for", scope, kind),
        kind=kind,
        concept="c",
        statement=statement,
        aspect=aspect,
        polarity="for",
        scope=scope,
        evidence=(Evidence(run="r", episode=0, steps=(number,)),),
        author="critic",
        known_at=known_at,
        status=status,
        held_back="it waits" if status in {Status.CANDIDATE, Status.QUARANTINED} else "",
        **validity.model_dump(),
    )


singles = st.builds(
    made,
    st.integers(0, 3),
    st.sampled_from(ASPECTS),
    scopes,
    validities,
    st.sampled_from(Status),
    st.none() | TIMES,
    st.sampled_from(["belief", "hint", "feedback"]),
)


@st.composite
def states(draw: st.DrawFn) -> Beliefs:
    """Beliefs of every status, and behaviours that claim to stand for any of them, rightly or not."""
    some = draw(st.lists(singles, min_size=1, max_size=5, unique_by=lambda b: b.id))
    behaviours = draw(st.lists(singles, max_size=2, unique_by=lambda b: b.id))
    held = {b.id: b for b in some}
    for one, other in draw(
        st.lists(st.tuples(st.sampled_from(sorted(held)), st.sampled_from(sorted(held))), max_size=3)
    ):
        if one != other:
            held[one] = held[one].model_copy(update={"status": Status.DISPUTED, "contradicts": (other,)})
            held[other] = held[other].model_copy(update={"status": Status.DISPUTED})
    for each in behaviours:
        parents = draw(st.lists(st.sampled_from(sorted(held)), min_size=1, max_size=3, unique=True))
        own = belief_id("c", each.statement, each.aspect, "for", each.scope, "behaviour")
        told = {"id": own, "kind": "behaviour", "parents": tuple(sorted(parents)), "author": AUTHOR}
        held[own] = each.model_copy(update=told)
    return Beliefs(held)


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.stack([EMBEDDED[text] for text in texts])


def meets(p: Predicate, facts: dict[str, str]) -> bool | None:
    """Whether a condition holds, worked out apart from the code that is tested; ``None`` if nobody knows."""
    if p.fact not in facts:
        return None
    return (facts[p.fact] == p.value) is (p.op == "==")


def allowed(b: Belief, agent: AgentProfile, mode: str, facts: dict[str, str], *, audience: bool) -> bool:
    told = {**facts, "role": agent.role, "agent": agent.name}
    in_time = b.known_at is not None and (mode == "train" or b.known_at < START)
    valid = (b.valid_from is None or b.valid_from <= START) and (b.valid_to is None or b.valid_to > START)
    applies = all(meets(p, told) is True for p in b.scope.when)
    applies = applies and all(meets(p, told) is False for p in b.scope.unless)
    concerns = not audience or agent.role == "manager" or b.aspect.split(".")[0] == agent.source
    return b.status in {Status.ACTIVE, Status.DISPUTED} and in_time and valid and applies and concerns


def paired(one: Belief, other: Belief) -> bool:
    """Whether two beliefs are disputed because of each other."""
    return one.status is Status.DISPUTED and (one.id in other.contradicts or other.id in one.contradicts)


@given(states(), st.sampled_from(["train", "evaluate"]), st.sampled_from(["AAPL", "MSFT"]), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_no_policy_leaks(held: Beliefs, mode: Literal["train", "evaluate"], asset: str, episode: int) -> None:
    facts = {"asset": asset}
    context = PropagationContext(START, facts, mode, episode=episode)
    for policy in POLICIES:
        audience = not isinstance(policy, Broadcast | Shuffled)
        for agent in AGENTS:
            choices = chosen(policy, agent, held, context, vectors)
            assert sorted(c.belief for c in choices) == sorted(held), "each candidate has its reason"
            taken = {c.belief for c in choices if c.taken}
            for b in (held[i] for i in taken):
                assert allowed(b, agent, mode, facts, audience=audience), (type(policy).__name__, agent.name, b)
                for parent in (held[i] for i in b.parents):
                    assert parent.id not in taken, "handed out twice"
                    assert parent.status is Status.ACTIVE, "a dispute is hidden"
                    assert allowed(parent, agent, mode, facts, audience=False), "a scope is gone round"
            if not isinstance(policy, HoldOut):
                for b in (held[i] for i in taken if held[i].status is Status.DISPUTED):
                    rivals = [
                        r for r in held.values() if paired(r, b) and allowed(r, agent, mode, facts, audience=True)
                    ]
                    assert not rivals or taken & {r.id for r in rivals}, "one side of a dispute is told"


@given(st.lists(singles, min_size=1, max_size=5, unique_by=lambda b: b.id))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_search_tells_each_status_and_finds_only_what_is_asked_for(
    tmp_path_factory: pytest.TempPathFactory, some: list[Belief]
) -> None:
    home = tmp_path_factory.mktemp("home")
    with Journal.open(Home(home), write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        said = Importation(digest="d", reason="r")
        told: dict[str, Any] = {"op": "expansion", "reason": "r", "proposal": said, "generation": memory.generation}
        memory.record(-1, "a", [RevisionResult(belief=b.id, added=b, known_at=b.known_at, **told) for b in some])
        for status in Status:
            found = memory.search("lesson", 10, where=[Predicate(fact="status", op="==", value=status.value)])
            assert {hit.id for hit in found} <= {b.id for b in some if b.status is status}
        if any(b.known_at for b in some):
            earlier = memory.search("lesson", 10, as_of=START)
            assert {hit.id for hit in earlier} <= {b.id for b in some if b.known_at is not None and b.known_at < START}


def test_a_store_does_not_show_beliefs(tmp_path: Path) -> None:
    belief = made(1, "news.a", Scope(), Validity(), Status.QUARANTINED, START, "belief")
    with Journal.open(Home(tmp_path), write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        told: dict[str, Any] = {"op": "expansion", "reason": "r", "generation": memory.generation}
        said = Importation(digest="d", reason="r")
        memory.record(-1, "a", [RevisionResult(belief=belief.id, added=belief, proposal=said, **told)])
    with DoxaStore.open(tmp_path, fields=["text"]) as store:
        assert store.search((), query="lesson") == []
        assert store.list_namespaces() == []
