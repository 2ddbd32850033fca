"""Whatever people and critics do to beliefs, in whatever order, agents are handed what a simple model says they may be.

The model knows what follows from the rules in docs/beliefs.md, and nothing of how the memory keeps or finds beliefs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from doxa.errors import BeliefError
from doxa.memory import (
    AgentProfile,
    BeliefMemory,
    ByConcern,
    Contraction,
    Expansion,
    Home,
    Journal,
    Predicate,
    PropagationContext,
    PropagationRecord,
    Scope,
    StepRef,
    parse,
    render,
)
from doxa.memory.belief import belief_id
from doxa.memory.choosing import chosen
from doxa.memory.curation import Curation
from doxa.memory.interchange import exported, take_in
from doxa.memory.interventions import Addition
from doxa.memory.merging import merge
from doxa.memory.revoking import revoke
from doxa.memory.timetravel import rollback

DAYS = tuple(datetime(2020, 1, day, tzinfo=UTC) for day in (1, 9))
START = datetime(2020, 1, 5, tzinfo=UTC)
AGENTS = (
    AgentProfile("pm", "manager", None, "decides"),
    AgentProfile("chartist", "analyst", "prices", "reads prices"),
    AgentProfile("reader", "analyst", "news", "reads news"),
)
EVERYTHING = ByConcern(budget=10**6)
SAID = ("Buy after a long quiet week.", "Reduce exposure ahead of holidays.")
Polarity = Literal["for", "against"]
IN_FORCE, HANDED = {"candidate", "active", "disputed"}, {"active", "disputed"}


@dataclass(frozen=True)
class Lesson:
    """What is said."""

    statement: str
    aspect: str
    polarity: Polarity
    asset: str | None

    @property
    def scope(self) -> Scope:
        return Scope(when=(Predicate(fact="asset", op="==", value=self.asset),) if self.asset else ())

    @property
    def told(self) -> dict[str, Any]:
        said = {"statement": self.statement, "aspect": self.aspect, "polarity": self.polarity, "scope": self.scope}
        return {"concept": "c", "reason": "r", **said}

    def id_as(self, kind: Literal["belief", "feedback"]) -> str:
        return belief_id("c", self.statement, self.aspect, self.polarity, self.scope, kind)

    def opposes(self, other: Lesson) -> bool:
        meet = None in {self.asset, other.asset} or self.asset == other.asset
        return self.aspect == other.aspect and self.polarity != other.polarity and meet


@dataclass(frozen=True)
class Held:
    """A belief, as the model has it."""

    lesson: Lesson
    status: str
    known: datetime
    pinned: bool = False
    rivals: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    untrusted: bool = False


State = dict[str, Held]


@dataclass
class Line:
    """A run: what is believed now, and what each episode saw."""

    memory: BeliefMemory
    now: State
    before: list[State]
    records: list[tuple[PropagationContext, dict[str, str]]]


def come_in(state: State, own: str, lesson: Lesson, known: datetime, old: str | None = None) -> None:
    """A lesson in force at once, new or taken up again; ``old`` makes room for it."""
    held = state.get(own)
    rivals = {i for i, b in state.items() if i not in {own, old} and b.status in HANDED and b.lesson.opposes(lesson)}
    for i in rivals:
        state[i] = replace(state[i], status="disputed", rivals=state[i].rivals | {own})
    before = held or Held(lesson, "", known)
    state[own] = replace(
        before,
        status="disputed" if rivals else "active",
        known=max(known, before.known),
        rivals=before.rivals | rivals,
        replaces=before.replaces | ({old} if old else set()),
    )
    if old:
        free(state, old, {own, *rivals})
        state[old] = replace(state[old], status="superseded")


def free(state: State, gone: str, but: Iterable[str] = ()) -> None:
    """Those whom only ``gone`` disputes are active again."""
    for i in state[gone].rivals - set(but):
        others = state[i].rivals - {gone}
        if state[i].status == "disputed" and not any(state[other].status in IN_FORCE for other in others):
            state[i] = replace(state[i], status="active")


def give_up(state: State, belief: str, *, cascade: bool) -> None:
    """A belief goes, and what took its place: the nearest first."""
    going = [belief]
    while cascade and (
        more := [
            i
            for i in sorted(state)
            if i not in going and state[i].status != "retired" and state[i].replaces & set(going)
            if not state[i].pinned
        ]
    ):
        going += more
    for i in going:
        free(state, i)
        state[i] = replace(state[i], status="retired")


def expected(state: State, agent: AgentProfile, where: PropagationContext) -> set[str]:
    def may(b: Held) -> bool:
        concerns = agent.source in {None, b.lesson.aspect.partition(".")[0]}
        in_time = where.mode == "train" or b.known < START
        return b.status in HANDED and concerns and in_time and b.lesson.asset in {None, where.facts["asset"]}

    return {i for i, b in state.items() if may(b)}


lessons = st.builds(
    Lesson,
    st.sampled_from(SAID),
    st.sampled_from(["prices.a", "news.b"]),
    st.sampled_from(["for", "against"]),
    st.sampled_from([None, "AAPL", "MSFT"]),
)
days = st.sampled_from(DAYS)
picks = st.integers(0, 99)
lines = st.integers(0, 9)


class Memories(RuleBasedStateMachine):
    """Runs in one home, and their models."""

    @initialize()
    def begin(self) -> None:
        self.stack, self.opened = ExitStack(), ExitStack()
        self.home = self.stack.enter_context(TemporaryDirectory())
        self.lines: list[Line] = []
        self.edits = 0
        self.open()
        self.lines.append(self.line({}))

    def open(self) -> None:
        self.journal = self.opened.enter_context(Journal.open(Home(self.home), write=True))

    def memory(self, run: str, parent: str | None = None) -> BeliefMemory:
        return BeliefMemory(self.journal, run, parent=parent, indexed=False)

    def line(self, state: State, parent: str | None = None) -> Line:
        return Line(self.memory(self.journal.begin("run"), parent), state, [], [])

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.opened.close()
            self.stack.close()

    def some(self, number: int) -> Line:
        return self.lines[number % len(self.lines)]

    def picked(self, line: Line, number: int, fits: Callable[[Held], bool] = lambda _: True) -> str | None:
        found = sorted(i for i, b in line.now.items() if fits(b))
        return found[number % len(found)] if found else None

    # -- what people do -----------------------------------------------------------------------------------------------

    @rule(at=lines, lesson=lessons, known=days)
    def add(self, at: int, lesson: Lesson, known: datetime) -> None:
        line = self.some(at)
        result = Curation(line.memory).add(Addition(**lesson.told), known_at=known)
        twin, own = lesson.id_as("belief"), lesson.id_as("feedback")
        same = [i for i in sorted({own, twin}) if i in line.now and line.now[i].status in IN_FORCE]
        if same:
            assert (result.op, result.belief in same) == ("reinforcement", True)
            held = line.now[str(result.belief)]
            line.now[str(result.belief)] = replace(held, known=max(held.known, known))
        else:
            come_in(line.now, own, lesson, known)

    @rule(at=lines, pick=picks, known=days, turn=st.booleans())
    def edit(self, at: int, pick: int, known: datetime, turn: bool) -> None:  # noqa: FBT001
        line = self.some(at)
        old = self.picked(line, pick, lambda b: b.status in IN_FORCE)
        if old is None:
            return
        self.edits += 1
        held, names = line.now[old], ("ash", "birch", "cedar", "dogwood", "elm", "fir")
        statement = f"{names[self.edits % 6].title()} {names[self.edits // 6 % 6]} number{self.edits}."
        polarity: Polarity = "against" if turn is (held.lesson.polarity == "for") else "for"
        changes = {"statement": statement, "polarity": polarity, "kind": "feedback"}
        if held.pinned:
            self.refused("is pinned", lambda: Curation(line.memory).edit(old, "r", known_at=known, **changes))
            return
        Curation(line.memory).edit(old, "r", known_at=known, **changes)
        lesson = replace(held.lesson, statement=statement, polarity=polarity)
        come_in(line.now, lesson.id_as("feedback"), lesson, max(held.known, known), old)

    @rule(at=lines, pick=picks, cascade=st.booleans())
    def retract(self, at: int, pick: int, cascade: bool) -> None:  # noqa: FBT001
        line = self.some(at)
        belief = self.picked(line, pick)
        if belief is None:
            return
        held, hand = line.now[belief], Curation(line.memory)
        if held.pinned or held.status == "retired":
            told = "is pinned" if held.pinned else "is retired already"
            self.refused(told, lambda: hand.retract(belief, "r", cascade=cascade))
        else:
            hand.retract(belief, "r", cascade=cascade)
            give_up(line.now, belief, cascade=cascade)

    @rule(at=lines, pick=picks)
    def pin_or_unpin(self, at: int, pick: int) -> None:
        line = self.some(at)
        belief = self.picked(line, pick, lambda b: b.pinned or b.status in IN_FORCE)
        if belief is None:
            return
        held, hand = line.now[belief], Curation(line.memory)
        (hand.unpin if held.pinned else hand.pin)(belief, "r")
        line.now[belief] = replace(held, pinned=not held.pinned)

    @rule(at=lines, pick=picks)
    def approve(self, at: int, pick: int) -> None:
        line = self.some(at)
        belief = self.picked(line, pick, lambda b: b.status != "active")
        if belief is None:
            return
        held, hand = line.now[belief], Curation(line.memory)
        others = [(i, b) for i, b in line.now.items() if b.status in HANDED and i != belief]
        if any(i in held.rivals or b.lesson.opposes(held.lesson) for i, b in others):
            self.refused("is contradicted by", lambda: hand.approve(belief, "r"))
        else:
            hand.approve(belief, "r")
            line.now[belief] = replace(held, status="active")

    @rule(at=lines, pick=picks, other=picks)
    def dispute(self, at: int, pick: int, other: int) -> None:
        line = self.some(at)
        one = self.picked(line, pick, lambda b: b.status in IN_FORCE)
        two = self.picked(line, other, lambda b: b.status in IN_FORCE)
        if one is None or two is None or one == two or two in line.now[one].rivals:
            return
        Curation(line.memory).dispute(one, "r", two)
        for i, rival in ((one, two), (two, one)):
            line.now[i] = replace(line.now[i], status="disputed", rivals=line.now[i].rivals | {rival})

    @rule(at=lines, back=st.integers(0, 3))
    def roll_back(self, at: int, back: int) -> None:
        line = self.some(at)
        episode = max(0, len(line.before) - 1 - back)
        if not line.before:
            return
        then = line.before[episode]
        gone = {i for i, b in line.now.items() if i not in then and b.status != "retired"}
        changed = {i for i, b in then.items() if line.now[i] != b}
        if any(line.now[i].pinned for i in gone | changed):
            self.refused("would change what is pinned", lambda: rollback(Curation(line.memory), episode, "r"))
            return
        rollback(Curation(line.memory), episode, "r")
        line.now |= {i: replace(line.now[i], status="retired") for i in gone}
        line.now |= then

    # -- what runs do -------------------------------------------------------------------------------------------------

    @rule(at=lines, mode=st.sampled_from(["train", "evaluate"]), asset=st.sampled_from(["AAPL", "MSFT", "IBM"]))
    def episode(self, at: int, mode: Literal["train", "evaluate"], asset: str) -> None:
        line = self.some(at)
        where = PropagationContext(START, {"asset": asset}, mode, episode=len(line.before))
        record = line.memory.propagate(len(line.before), AGENTS, where, EVERYTHING)
        for agent in AGENTS:
            assert {b.id for b in record.taken(agent.name)} == expected(line.now, agent, where)
        line.before.append(dict(line.now))
        line.records.append((where, shown(record)))

    @precondition(lambda self: any(line.before for line in self.lines))
    @rule(at=lines, lesson=lessons, pick=picks, known=days)
    def criticise(self, at: int, lesson: Lesson, pick: int, known: datetime) -> None:
        """A critic sees what the episode saw; what people did since has the last word, so it comes right after."""
        line = self.some(at)
        if not line.before or line.now != line.before[-1]:
            return
        episode = len(line.before) - 1
        gone = self.picked(line, pick)
        cited = (StepRef(episode=episode, step=len(line.now)),)
        said = [Expansion(**lesson.told, support=9, steps=cited)]
        gives_up = [Contraction(reason="r", belief=gone)] if gone else []
        results = line.memory.revise(
            episode,
            [*said, *gives_up],
            key="000001.critic",
            author="critic",
            known_at=known,
            resolves=lambda *_: True,
        )
        own, twin = lesson.id_as("belief"), lesson.id_as("feedback")
        first = results[0]
        if first.op in {"reinforcement", "dispute", "expansion"}:
            found = str(first.belief)
            assert found in {own, twin}
            if first.op == "reinforcement":
                line.now[found] = replace(line.now[found], known=max(known, line.now[found].known))
            elif line.memory.get(found).status.value not in HANDED:
                held = line.now.get(found, Held(lesson, "", known))
                line.now[found] = replace(held, status="quarantined", known=max(known, held.known))
                assert "echo" in first.reason
            else:
                come_in(line.now, found, lesson, known)
        if gone:
            held = line.now[gone]
            fits = held.status in IN_FORCE and not held.pinned
            assert (results[1].op == "contraction") is fits
            if fits:
                give_up(line.now, gone, cascade=False)

    @precondition(lambda self: len(self.lines) < 4)
    @rule(at=lines, back=st.none() | st.integers(0, 3))
    def branch(self, at: int, back: int | None) -> None:
        line = self.some(at)
        episode = None if back is None else max(0, len(line.before) - back)
        whole = episode is None or episode == len(line.before)
        state = line.now if whole or episode is None else line.before[episode]
        run = line.memory.run
        self.lines.append(self.line(dict(state), run if episode is None else f"{run}@{episode}"))

    @rule(at=lines, other=lines)
    def merge(self, at: int, other: int) -> None:
        ours, theirs = self.some(at), self.some(other)
        if ours is theirs:
            self.refused("can't be merged with itself", lambda: merge(Curation(ours.memory), ours.memory.run, "r"))
            return
        done = merge(Curation(ours.memory), theirs.memory.run, "r")
        told = {r.belief for r in done.results}
        for i in sorted(theirs.now):
            held = theirs.now[i]
            if i in ours.now:
                if i in told:
                    ours.now[i] = replace(ours.now[i], known=max(ours.now[i].known, held.known))
                continue
            rivals = {j for j, b in ours.now.items() if b.status in HANDED and b.lesson.opposes(held.lesson)}
            if held.status not in HANDED:
                rivals = set()
            for j in rivals:
                ours.now[j] = replace(ours.now[j], status="disputed", rivals=ours.now[j].rivals | {i})
            status = "disputed" if rivals else held.status
            ours.now[i] = replace(held, status=status, rivals=held.rivals | rivals)
        conflicts = {(c.ours, c.theirs) for c in done.conflicts if c.kind == "contradiction"}
        assert all(ours.now[a].status == ours.now[b].status == "disputed" for a, b in conflicts)

    @precondition(lambda self: len(self.lines) < 4)
    @rule(at=lines, untrusted=st.booleans())
    def export_and_import(self, at: int, untrusted: bool) -> None:  # noqa: FBT001
        line = self.some(at)
        lines = list(exported(line.memory.beliefs()))
        made = self.line(dict(line.now))
        if untrusted:
            held = {i: b for i, b in line.now.items() if b.status in IN_FORCE}
            made.now |= {i: replace(b, status="quarantined") for i, b in held.items()}
            made.now = {i: replace(b, pinned=False, untrusted=True) for i, b in made.now.items()}
        take_in(Curation(made.memory), lines, "r", "a file" if untrusted else "")
        assert untrusted or list(exported(made.memory.beliefs())) == lines
        self.lines.append(made)

    @rule(at=lines)
    def revoke_the_file(self, at: int) -> None:
        line = self.some(at)
        if not any(b.untrusted for b in line.now.values()):
            return
        hand = Curation(line.memory)
        before = {i for i, b in line.now.items() if not b.untrusted}
        with suppress(BeliefError):  # nothing came from it any more
            revoke(hand, "a file", "r")
        now = line.memory.now()
        for b in now.values():
            assert "a file" not in b.words or b.status.value not in HANDED, "it is handed out all the same"
        assert before <= set(now)
        line.now = {i: self.synced(line.now[i], now[i]) for i in now if i in line.now}

    def synced(self, held: Held, actual: Any) -> Held:
        """What is left of a belief where a source had a part in it is tested elsewhere; here it's taken as it is."""
        return replace(
            held,
            status=actual.status.value,
            known=actual.known_at,
            pinned=actual.pinned,
            rivals=frozenset(actual.contradicts),
            replaces=frozenset(actual.supersedes),
        )

    @rule()
    def reopen(self) -> None:
        for line in self.lines:
            line.memory.close()
        self.opened.close()
        self.open()
        for line in self.lines:
            line.memory = self.memory(line.memory.run)

    # -- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def beliefs_are_what_the_model_says(self) -> None:
        for line in getattr(self, "lines", ()):
            actual = {b.id: (b.status.value, b.known_at, b.pinned) for b in line.memory.beliefs()}
            assert actual == {i: (b.status, b.known, b.pinned) for i, b in line.now.items()}

    @rule(at=lines, pick=picks)
    def the_past_stays(self, at: int, pick: int) -> None:
        """Every prompt comes back byte for byte: from the record, and worked out anew from what was believed then."""
        line = self.some(at)
        if not line.records:
            return
        episode = pick % len(line.records)
        where, told = line.records[episode]
        assert shown(line.memory.propagate(episode, AGENTS, where, EVERYTHING)) == told
        then = line.memory.before(episode)
        assert {b.id: b.status.value for b in line.memory.as_of(episode)} == {
            i: b.status for i, b in line.before[episode].items()
        }
        anew = [c for agent in AGENTS for c in chosen(EVERYTHING, agent, then, where, line.memory._vectors)]
        assert shown(PropagationRecord(episode, False, tuple(anew), then)) == told  # noqa: FBT003

    def refused(self, told: str, action: Callable[[], object]) -> None:
        lengths = [self.journal.length(line.memory.run) for line in self.lines]
        with pytest.raises(BeliefError, match=told):
            action()
        assert lengths == [self.journal.length(line.memory.run) for line in self.lines], "nothing is half written"


def shown(record: PropagationRecord) -> dict[str, str]:
    """What stands in each prompt; pairs that contradict each other stand there marked."""
    told = {agent.name: render(record.taken(agent.name)) for agent in AGENTS}
    for agent in AGENTS:
        lines = {line.id: line for line in parse(told[agent.name])}
        for b in record.taken(agent.name):
            assert lines[b.id].disputed is (b.status.value == "disputed")
            for other in record.taken(agent.name):
                if b.id in other.contradicts and {b.status.value, other.status.value} & {"active"}:
                    raise AssertionError(
                        f"{b.id} and {other.id} contradict each other, and stand side by side unmarked"
                    )
    return told


Memories.TestCase.settings = settings(
    max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestMemories = Memories.TestCase
