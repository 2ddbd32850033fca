"""A person's hand on beliefs: recorded with reason and author, visible from the next episode on, nothing deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doxa.errors import BeliefError, JournalError, NotFoundError
from doxa.memory import (
    AgentProfile,
    BeliefMemory,
    Entry,
    Expansion,
    Home,
    Journal,
    Operation,
    Predicate,
    PropagationContext,
    PropagationRecord,
    Scope,
    Status,
    StepRef,
)
from doxa.memory.curation import ENDED, Curation, last_episode
from doxa.memory.interventions import Addition

MAY, JUNE, START = (datetime(2020, m, 1, tzinfo=UTC) for m in (5, 6, 7))
AGENTS = (
    AgentProfile("pm", "manager", None, "decides"),
    AgentProfile("reader", "analyst", "news", "reads the news"),
    AgentProfile("chartist", "analyst", "prices", "reads prices"),
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(Home(tmp_path / "home"), write=True) as opened:
        yield opened


@pytest.fixture
def memory(journal: Journal) -> Iterator[BeliefMemory]:
    with BeliefMemory(journal, journal.begin("run")) as opened:
        yield opened


def lesson(statement: str = "Follow momentum.", **other: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"concept": "c", "statement": statement, "aspect": "prices.momentum_21", "polarity": "for"}
    return {**told, "reason": "it won", **other}


def learned(memory: BeliefMemory, episode: int, *statements: str, step: int = 3, **other: Any) -> list[str]:
    """Let a critic add beliefs after an episode, and return their ids."""
    steps = (StepRef(episode=episode, step=step),)
    said: Sequence[Operation] = [Expansion(**lesson(s, steps=steps, **other)) for s in statements]
    results = memory.revise(
        episode, said, key="000009.60.critic", author="critic", known_at=MAY, resolves=lambda _, s: s < 10
    )
    return [r.belief or "" for r in results]


def handed(memory: BeliefMemory, episode: int, agent: str, **other: Any) -> list[str]:
    return [b.id for b in propagated(memory, episode, **other).taken(agent)]


def propagated(memory: BeliefMemory, episode: int, **other: Any) -> PropagationRecord:
    told: dict[str, Any] = {"start": START, "facts": {"asset": "AAPL"}, "mode": "evaluate"}
    return memory.propagate(episode, AGENTS, PropagationContext(**(told | other)), key="000000.00.propagate")


def decided(memory: BeliefMemory, episode: int, step: int, *beliefs: str) -> None:
    entry = Entry(episode, "decision", f"{step:06d}.30.pm", {"action": "buy", "beliefs": list(beliefs)})
    memory.journal.append(memory.run, [entry])


def test_what_a_person_adds_is_scoped_and_handed_out_like_any_other_belief(memory: BeliefMemory) -> None:
    learned(memory, 0, "Follow volume.", aspect="prices.volume")
    scope = Scope(when=(Predicate(fact="asset", op="==", value="AAPL"),))
    added = Curation(memory).add(Addition(**lesson("Filings matter.", aspect="news.tone", scope=scope)))
    belief = memory.get(added.belief or "")
    assert (added.op, added.author, belief.author, belief.known_at) == ("expansion", "person", "person", MAY)
    assert [e.note for e in belief.evidence] == ["stated by a person: it won"]
    assert belief.id in handed(memory, 1, "reader")
    assert belief.id not in handed(memory, 1, "chartist")
    assert belief.id not in handed(memory, 2, "reader", facts={"asset": "MSFT"})


def test_what_was_known_later_than_an_episode_starts_stays_out_of_it(memory: BeliefMemory) -> None:
    """A person has seen all of the run, so without a time given the word counts from the run's latest time."""
    memory.journal.append(memory.run, [Entry(0, "step", "000003.40.act", {"until": JUNE.isoformat()})])
    belief = Curation(memory).add(Addition(**lesson())).belief
    assert handed(memory, 1, "pm", start=JUNE) == []
    assert handed(memory, 2, "pm") == [belief]
    early = Curation(memory).add(Addition(**lesson("Or not.", aspect="prices.risk")), known_at=MAY).belief
    assert handed(memory, 3, "pm", start=JUNE) == [early]


def test_an_episode_that_has_begun_sees_what_it_saw(memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.")
    before = propagated(memory, 1)
    Curation(memory).retract(first, "wrong")
    assert propagated(memory, 1) == before
    assert propagated(memory, 2).taken("pm") == ()
    with BeliefMemory(memory.journal, memory.run) as again:
        assert again.before(1)[first].status is Status.ACTIVE
        assert again.before(2)[first].status is Status.RETIRED


def test_the_critique_of_the_episode_under_way_comes_before_the_person(memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.")
    propagated(memory, 1)
    Curation(memory).retract(first, "wrong")
    learned(memory, 1, "Fade momentum.", polarity="against")
    assert memory.get(first).contradicts
    assert memory.get(first).status is Status.RETIRED


def test_an_ended_run_can_be_curated_for_those_that_start_from_it(journal: Journal, memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.")
    journal.append(memory.run, [Entry(ENDED, "run.ended", "")])
    early = journal.begin("early", parent=memory.run)
    Curation(memory).pin(first, "I know it")
    late = journal.begin("late", parent=memory.run)
    assert last_episode(journal, memory.run) == 0
    with BeliefMemory(journal, early) as one, BeliefMemory(journal, late) as other:
        assert (one.get(first).pinned, other.get(first).pinned) == (False, True)


def test_an_opposite_word_makes_both_disputed(memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.")
    hand = Curation(memory)
    against = hand.add(Addition(**lesson("Fade momentum.", polarity="against")))
    assert against.op == "dispute"
    assert {b.status for b in memory.beliefs()} == {Status.DISPUTED}
    with pytest.raises(BeliefError, match=rf"contradicted by {against.belief}.*retract"):
        hand.approve(first, "it holds")
    hand.retract(against.belief or "", "no")
    assert memory.get(first).status is Status.ACTIVE


def test_the_same_word_reinforces(memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.")
    before = memory.get(first)
    assert Curation(memory).add(Addition(**lesson("follow  Momentum."))).op == "reinforcement"
    after = memory.get(first)
    assert len(memory.beliefs()) == 1
    assert after.credence.mean > before.credence.mean
    assert after.evidence[-1].note.startswith("stated by a person")


def test_an_edit_keeps_evidence_and_leaves_the_old_on_record(memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.", support=7)
    old, result = memory.get(first), Curation(memory).edit(first, "clearer", statement="Go with momentum.")
    new = memory.get(result.belief or "")
    assert (result.op, memory.get(first).status) == ("revision", Status.SUPERSEDED)
    assert (new.supersedes, new.credence, new.evidence[:-1]) == ((first,), old.credence, old.evidence)
    turned = memory.get(Curation(memory).edit(new.id, "the other way", polarity="against").belief or "")
    assert [e.note for e in turned.evidence] == ["stated by a person: the other way"]
    assert turned.credence.mean == 0.5


def test_an_edit_of_the_audience_keeps_the_belief(memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.")
    Curation(memory).edit(first, "his", audience=("pm",))
    assert memory.get(first).audience == ("pm",)
    assert memory.get(first).status is Status.ACTIVE


def test_a_pinned_belief_stays_until_it_is_unpinned(memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.")
    hand = Curation(memory)
    hand.pin(first, "I know it")
    for operation in (hand.retract, hand.edit):
        with pytest.raises(BeliefError, match=f"unpin it first, doxa belief unpin {memory.run} {first}"):
            operation(first, "no")
    hand.unpin(first, "or not")
    hand.retract(first, "no")
    assert memory.get(first).status is Status.RETIRED


def test_what_cannot_be_done_leaves_nothing_behind(memory: BeliefMemory) -> None:
    [first] = learned(memory, 0, "Follow momentum.")
    hand = Curation(memory)
    count = len(list(memory.journal.events(memory.run)))
    attempts: list[tuple[Callable[[], object], str]] = [
        (lambda: hand.approve(first, "x"), "is active already"),
        (lambda: hand.unpin(first, "x"), "is not pinned"),
        (lambda: hand.edit(first, "x"), "says that already"),
        (lambda: hand.edit(first, "x", aspect=" "), "names no aspect"),
        (lambda: hand.dispute(first, "x", first), "can't contradict itself"),
    ]
    for attempt, message in attempts:
        with pytest.raises(BeliefError, match=message):
            attempt()
    with pytest.raises(NotFoundError, match=f"choose from {first}"):
        hand.retract("b-zzz", "x")
    assert len(list(memory.journal.events(memory.run))) == count
    with (
        Journal.open(memory.journal.home, write=False) as reading,
        BeliefMemory(reading, memory.run) as read,
        pytest.raises(JournalError, match="for reading only"),
    ):
        Curation(read).pin(first, "x")


def test_a_doubt_is_a_mark_and_an_approval_takes_it_away(memory: BeliefMemory) -> None:
    [first, second] = learned(memory, 0, "Follow momentum.", "Beware of reversals at the end of a year.")
    hand = Curation(memory)
    hand.dispute(first, "not sure")
    assert memory.get(first).status is Status.DISPUTED
    assert first in handed(memory, 1, "pm")
    hand.approve(first, "sure")
    hand.dispute(first, "either", second)
    assert (memory.get(first).contradicts, memory.get(second).contradicts) == ((second,), (first,))


def test_retracting_withdraws_what_would_not_stand_without_it(memory: BeliefMemory) -> None:
    [root] = learned(memory, 0, "Follow momentum.")
    decided(memory, 1, 3, root)
    decided(memory, 1, 4)
    [derived] = learned(memory, 1, "Buy after a rise.", step=3, aspect="prices.a")
    [own] = learned_more(memory, 1, "Sell after a fall.", steps=(3, 4), aspect="prices.b")
    decided(memory, 2, 3, derived)
    [grandchild] = learned(memory, 2, "Hold in summer.", step=3, aspect="prices.c")
    hand = Curation(memory)
    edited = hand.edit(grandchild, "clearer", statement="Stay put in summer.").belief
    assert [d.belief for d in hand.derived(root)] == [derived, grandchild, edited]
    results = hand.retract(root, "it was luck")
    assert [r.belief for r in results] == [root, derived, grandchild, edited]
    assert {r.proposal.reason for r in results} == {"it was luck"}
    assert memory.get(own).status is Status.ACTIVE
    assert {memory.get(i).status for i in (root, derived, grandchild)} == {Status.RETIRED}
    told = memory.history(derived)[-1].what
    assert f"{derived} goes with {root}" in told
    assert "it was luck" in told


def learned_more(memory: BeliefMemory, episode: int, *statements: str, steps: Sequence[int], **other: Any) -> list[str]:
    cited = tuple(StepRef(episode=episode, step=step) for step in steps)
    said = [Expansion(**lesson(s, steps=cited, **other)) for s in statements]
    key = "000009.60.second-critic"
    results = memory.revise(episode, said, key=key, author="second", known_at=MAY, resolves=lambda _, s: s < 10)
    return [r.belief or "" for r in results]


def test_retracting_alone_and_past_what_is_pinned(memory: BeliefMemory) -> None:
    [root] = learned(memory, 0, "Follow momentum.")
    decided(memory, 1, 3, root)
    [derived] = learned(memory, 1, "Buy after a rise.", step=3, aspect="prices.a")
    hand = Curation(memory)
    hand.pin(derived, "mine")
    assert [(d.belief, d.pinned) for d in hand.derived(root)] == [(derived, True)]
    hand.retract(root, "luck")
    assert memory.get(derived).status is Status.ACTIVE
    hand.approve(root, "no luck")
    hand.unpin(derived, "whatever")
    hand.retract(root, "luck", cascade=False)
    assert memory.get(derived).status is Status.ACTIVE


OPERATIONS = ("add", "edit", "pin", "unpin", "approve", "dispute", "retract", "learn", "begin")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 7), st.booleans()), max_size=12))
def test_nothing_is_deleted_and_the_past_stays(steps: list[tuple[str, int, bool]]) -> None:
    with TemporaryDirectory() as folder, Journal.open(Home(Path(folder)), write=True) as journal:
        run, episode, seen, past = journal.begin("run"), 0, set[str](), dict[int, Any]()
        memory = BeliefMemory(journal, run)
        memory._take = _without_index(memory)  # type: ignore[method-assign]
        for what, which, flag in steps:
            if what == "begin":
                past[episode] = memory.as_of(episode)
                journal.append(run, [Entry(episode, "episode.started", "")])
                episode += 1
            else:
                _attempt(memory, what, which, flag)
            now = {b.id: b for b in memory.beliefs()}
            assert seen <= set(now)
            seen |= set(now)
        with BeliefMemory(journal, run) as again:
            assert again.beliefs() == memory.beliefs()
            assert {k: again.as_of(k) for k in past} == past
            for agent in AGENTS:
                taken = propagated(again, episode).taken(agent.name)
                assert all(agent.source in {None, b.aspect.split(".")[0]} for b in taken)
                assert all(b.status in {Status.ACTIVE, Status.DISPUTED} for b in taken)
        journal.verify(run)


def _without_index(memory: BeliefMemory) -> Any:
    """Opening Chroma for every example would take minutes."""
    take = memory._take

    def taken(entries: Any, results: Any) -> None:
        vars(memory)["_index"] = type("NoIndex", (), {"catch_up": lambda _: None})()
        take(entries, results)

    return taken


def _attempt(memory: BeliefMemory, what: str, which: int, flag: bool) -> None:  # noqa: FBT001
    hand, ids = Curation(memory), [b.id for b in memory.beliefs()]
    chosen = ids[which % len(ids)] if ids else "b-0"
    aspect = ("prices.a", "news.b", "prices.c")[which % 3]
    polarity = "for" if flag else "against"
    try:
        if what == "add":
            hand.add(Addition(**lesson(f"Lesson {which}.", aspect=aspect, polarity=polarity)), known_at=MAY)
        elif what == "edit":
            hand.edit(chosen, "r", statement=f"Other {which}.", polarity=polarity)
        elif what == "retract":
            hand.retract(chosen, "r", cascade=flag)
        elif what != "learn":
            getattr(hand, what)(chosen, "r")
    except (BeliefError, NotFoundError):
        pass
