"""A run's beliefs: recorded with their cause, the same on every replay, inherited, traced, of one generation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from doxa.errors import BeliefError, JournalError, NondeterminismError, NotFoundError
from doxa.memory import (
    AgentProfile,
    BeliefMemory,
    ByConcern,
    Contraction,
    Entry,
    Expansion,
    HashingEmbedder,
    Home,
    Journal,
    Nothing,
    Operation,
    PropagationContext,
    PropagationRecord,
    Revision,
    RevisionResult,
    Status,
    StepRef,
)
from doxa.memory.belief import Belief
from doxa.memory.embeddings import Vectors
from doxa.memory.propagation import Choice, Vectorise

MAY, START = datetime(2020, 5, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
AGENTS = (
    AgentProfile("pm", "manager", None, "decides"),
    AgentProfile("reader", "analyst", "news", "reads the news"),
    AgentProfile("chartist", "analyst", "prices", "reads prices"),
)


class CountingEmbedder(HashingEmbedder):
    """The offline default, counting what it embeds."""

    def __init__(self, dimension: int = 512) -> None:
        super().__init__(dimension)
        vars(self)["embedded"] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        vars(self)["embedded"].extend(texts)
        return super().embed(texts)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(Home(tmp_path / "home"), write=True) as opened:
        yield opened


def expansion(statement: str = "Follow momentum.", **other: Any) -> Expansion:
    told: dict[str, Any] = {
        "concept": "c",
        "statement": statement,
        "aspect": "prices.momentum_21",
        "polarity": "for",
        "support": 6,
        "against": 2,
        "steps": (StepRef(episode=0, step=3),),
        "reason": "it won",
    }
    return Expansion(**(told | other))


def revise(
    memory: BeliefMemory, episode: int, *proposals: Operation, known_at: datetime | None = MAY, **other: Any
) -> tuple[RevisionResult, ...]:
    told: dict[str, Any] = {
        "key": "000009.60.critic",
        "author": "critic",
        "known_at": known_at,
        "resolves": lambda _, step: step < 10,
        "cause": [Entry(episode, "critique", "000009.60.critic", {"words": "..."})],
    }
    return memory.revise(episode, proposals, **(told | other))


def propagate(memory: BeliefMemory, episode: int, policy: Any = None, **other: Any) -> PropagationRecord:
    told: dict[str, Any] = {"start": START, "facts": {"asset": "AAPL"}, "mode": "evaluate"}
    return memory.propagate(episode, AGENTS, PropagationContext(**(told | other)), policy, key="000000.00.propagate")


def ids(beliefs: Sequence[Belief]) -> list[str]:
    return [belief.id for belief in beliefs]


def test_a_critique_and_its_beliefs_are_recorded_together(journal: Journal) -> None:
    run = journal.begin("run")
    with BeliefMemory(journal, run) as memory:
        results = revise(memory, 0, expansion(), Contraction(belief="b-ffffffffff", reason="no"))
        assert [r.op for r in results] == ["expansion", "rejected"]
    assert [(e.kind, e.key) for e in journal.events(run)] == [
        ("critique", "000009.60.critic"),
        ("belief", "000009.60.critic.000"),
        ("belief", "000009.60.critic.001"),
    ]
    with pytest.raises(NondeterminismError), BeliefMemory(journal, run) as memory:
        revise(memory, 1, expansion(), cause=[Entry(0, "critique", "000009.60.critic", {"words": "other"})])
    assert len(list(journal.events(run))) == 3, "a cause that can't be recorded leaves no belief behind"


def test_a_critique_without_proposals_is_recorded_and_embeds_nothing(journal: Journal) -> None:
    embedder = CountingEmbedder()
    with BeliefMemory(journal, journal.begin("run"), embedder=embedder) as memory:
        assert revise(memory, 0) == ()
        assert revise(memory, 0) == ()
    assert [e.kind for e in journal.events("run-1")] == ["critique"]
    assert vars(embedder)["embedded"] == []


def test_beliefs_appear_in_the_next_episode_in_the_right_prompts(journal: Journal) -> None:
    with BeliefMemory(journal, journal.begin("run")) as memory:
        revise(memory, 0, expansion(), expansion("Trust the tone.", aspect="news"))
        prices, news = sorted(memory.beliefs(), key=lambda b: b.aspect, reverse=True)
        assert [ids(propagate(memory, 0).taken(a.name)) for a in AGENTS] == [[], [], []]
        record = propagate(memory, 1)
        assert sorted(ids(record.taken("pm"))) == sorted([prices.id, news.id])
        assert (ids(record.taken("reader")), ids(record.taken("chartist"))) == ([news.id], [prices.id])
        assert len(record.choices) == 6
        off = propagate(memory, 2, Nothing())
        assert not any(off.taken(a.name) for a in AGENTS)


def test_the_record_says_when_it_is_in_sample(journal: Journal) -> None:
    with BeliefMemory(journal, journal.begin("run")) as memory:
        revise(memory, 0, expansion(), known_at=START)
        assert not propagate(memory, 1).in_sample, "evaluation leaves it"
        assert not propagate(memory, 1).taken("pm")
        assert propagate(memory, 2, mode="train").in_sample
        assert propagate(memory, 2, mode="train").taken("pm")
        assert not propagate(memory, 3, Nothing(), mode="train").in_sample
        assert propagate(memory, 4, Nothing(), mode="train", in_sample=True).in_sample


def story(journal: Journal, run: str, embedder: Any = None) -> list[Any]:
    """Three episodes of one run; what they led to."""
    seen: list[Any] = []
    with BeliefMemory(journal, run, embedder=embedder) as memory:
        for episode in range(3):
            seen.append(propagate(memory, episode))
            held = sorted(memory.before(episode))
            proposals: list[Operation] = [
                expansion(f"Lesson {episode} on a subject of its own", aspect=f"news.signal_{episode}")
            ]
            if held:
                told = expansion("Something else entirely", polarity="against").model_dump(exclude={"kind"})
                proposals.append(Revision(**told, belief=held[0]))
            seen.append(revise(memory, episode, *proposals))
    return seen


def test_playing_a_run_again_gives_the_same_run(journal: Journal) -> None:
    run = journal.begin("run")
    embedder = CountingEmbedder()
    first = story(journal, run, embedder)
    digest, embedded = journal.digest(run), len(vars(embedder)["embedded"])
    assert embedded
    assert story(journal, run, embedder) == first
    assert (journal.digest(run), len(vars(embedder)["embedded"])) == (digest, embedded)
    journal.close()
    with Journal.open(journal.home, write=False) as reader:
        assert story(reader, run, embedder) == first
        with BeliefMemory(reader, run) as memory, pytest.raises(JournalError, match="open for reading only"):
            propagate(memory, 7)


def test_equal_runs_have_equal_logs_whatever_they_are_called(tmp_path: Path, journal: Journal) -> None:
    for name in ("run", "another"):
        story(journal, journal.begin(name))
    with Journal.open(Home(tmp_path / "elsewhere"), write=True) as other:
        story(other, other.begin("run"))
        digests = {journal.digest("run-1"), journal.digest("another-1"), other.digest("run-1")}
    assert len(digests) == 1
    assert "run-1" not in "".join(journal.export("run-1"))


def test_a_resumed_episode_sees_what_it_saw(journal: Journal) -> None:
    """The process died after episode 1's critique was recorded; the episode is played again from its start."""
    run = journal.begin("run")
    with BeliefMemory(journal, run) as memory:
        revise(memory, 0, expansion())
        before = propagate(memory, 1)
        results = revise(memory, 1, expansion("Trust the tone.", aspect="news"))
    with BeliefMemory(journal, run) as memory:
        assert ids(memory.as_of(1)) == ids(before.taken("pm"))
        assert propagate(memory, 1) == before
        assert revise(memory, 1, expansion("Trust the tone.", aspect="news")) == results
        assert len(memory.as_of(2)) == 2
        with pytest.raises(NondeterminismError, match=r'proposals\[0\].statement was "Trust the tone."'):
            revise(memory, 1, expansion("Trust the tone!", aspect="news"))
        with pytest.raises(NondeterminismError, match="proposals"):
            revise(memory, 1, expansion("Trust the tone.", aspect="news"), expansion("More."))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"facts": {"asset": "MSFT"}}, "asked.facts.asset"),
        ({"mode": "train"}, "asked.mode"),
        ({"start": MAY}, "asked.start"),
        ({"policy": Nothing()}, "asked.policy"),
        ({"policy": ByConcern(budget=10)}, "asked.policy.budget"),
    ],
)
def test_a_propagation_that_was_decided_otherwise_is_refused(
    journal: Journal, change: dict[str, Any], said: str
) -> None:
    with BeliefMemory(journal, journal.begin("run")) as memory:
        propagate(memory, 0)
        with pytest.raises(NondeterminismError, match=said):
            propagate(memory, 0, **change)


def test_a_child_starts_from_its_parent_as_it_was_and_leaves_it_alone(journal: Journal) -> None:
    parent, child = journal.begin("run"), journal.begin("run")
    with BeliefMemory(journal, parent) as memory:
        (first,) = revise(memory, 0, expansion())
    with BeliefMemory(journal, child, parent=parent) as memory:
        assert ids(memory.beliefs()) == [first.belief]
        assert ids(propagate(memory, 0).taken("pm")) == [first.belief]
        revise(memory, 0, Contraction(belief=first.belief or "", reason="not here"))
        assert ids(memory.beliefs(status=Status.RETIRED)) == [first.belief]
    with BeliefMemory(journal, parent) as memory:
        assert ids(memory.beliefs(status=Status.ACTIVE)) == [first.belief]
        revise(memory, 1, expansion("Later.", aspect="news"))
    with BeliefMemory(journal, child, parent=parent) as memory:
        assert ids(memory.beliefs()) == [first.belief], "what the parent learned later stays its own"
        (belief,) = memory.beliefs()
        assert [e.run for e in belief.evidence] == [parent]
        runs = [(e.run, e.op) for e in memory.history(belief.id)]
        assert runs == [(parent, "expansion"), (child, "handed"), (child, "left"), (child, "handed"),
                        (child, "contraction")]  # fmt: skip
    with pytest.raises(NotFoundError, match="choose from"):
        BeliefMemory(journal, child, parent="nobody")
    journal.close()
    with Journal.open(journal.home, write=False) as reader:
        assert len(BeliefMemory(reader, child, parent=parent).beliefs()) == 1
        with pytest.raises(NotFoundError, match="didn't start from"):
            BeliefMemory(reader, parent, parent=child)


def test_a_belief_tells_its_history(journal: Journal) -> None:
    with BeliefMemory(journal, journal.begin("run")) as memory:
        (first,) = revise(memory, 0, expansion())
        propagate(memory, 1)
        (second,) = revise(memory, 1, expansion("Act against it.", polarity="against"))
        told = [event.what for event in memory.history(first.belief or "")]
    assert told[0] == "expansion by critic: nothing in force says this (it won)"
    assert told[1].startswith("handed to pm: the manager hears every belief, score 0.")
    assert told[2] == "not for reader: audience: it concerns prices, and reader reads news"
    assert told[3].startswith("handed to chartist: concerns prices, score 0.")
    assert told[4].startswith(f"dispute by critic: by way of {second.belief}, ")
    assert len(told) == 5


def test_a_belief_is_found_by_the_beginning_of_its_id(journal: Journal) -> None:
    with BeliefMemory(journal, journal.begin("run")) as memory:
        with pytest.raises(NotFoundError, match="nothing: none exist"):
            memory.get("b-")
        (result,) = revise(memory, 0, expansion())
        name = result.belief or ""
        assert memory.get(name) == memory.get(name[:5])
        revise(memory, 1, expansion("Trust the tone.", aspect="news"))
        with pytest.raises(NotFoundError, match="give more of the id"):
            memory.get("b-")
        with pytest.raises(NotFoundError, match=f"did you mean '{name}'"):
            memory.get(name[:-1] + "~")
        with pytest.raises(NotFoundError):
            memory.history("")


def test_generations_are_not_mixed(journal: Journal) -> None:
    parent, child = journal.begin("run"), journal.begin("run")
    with BeliefMemory(journal, parent, embedder=HashingEmbedder(512)) as memory:
        revise(memory, 0, expansion())
    for run, origin in ((parent, None), (child, parent)):
        with pytest.raises(BeliefError, match="hashing-char3to5-v1-512, not by hashing-char3to5-v1-256"):
            BeliefMemory(journal, run, embedder=HashingEmbedder(256), parent=origin)
    with BeliefMemory(journal, journal.begin("run"), embedder=HashingEmbedder(256)) as memory:
        revise(memory, 0, expansion())  # a run of its own may have its own
    journal.close()
    with Journal.open(journal.home, write=False) as reader:
        memory = BeliefMemory(reader, parent, embedder=HashingEmbedder(256))
        assert len(memory.beliefs()) == 1, "reading compares nothing"
        with pytest.raises(BeliefError, match="can't be compared"):
            memory.search("momentum")


def test_rejections_bind_to_no_generation(journal: Journal) -> None:
    run = journal.begin("run")
    with BeliefMemory(journal, run, embedder=HashingEmbedder(256)) as memory:
        revise(memory, 0, Contraction(belief="b-ffffffffff", reason="no"))
    BeliefMemory(journal, run, embedder=HashingEmbedder(512))


def test_a_model_that_changed_behind_its_name_is_noticed(journal: Journal) -> None:
    class Renamed(HashingEmbedder):
        name = "some-model"  # type: ignore[assignment,misc]

    run = journal.begin("run")
    with BeliefMemory(journal, run, embedder=Renamed(512)) as memory:
        revise(memory, 0, expansion())
    with (
        BeliefMemory(journal, run, embedder=Renamed(256)) as memory,
        pytest.raises(BeliefError, match="the model behind the name has changed"),
    ):
        propagate(memory, 1)


class Forgetful:
    """A policy that doesn't account for everything."""

    def choose(
        self, agent: AgentProfile, beliefs: Sequence[Belief], context: PropagationContext, vectors: Vectorise
    ) -> tuple[Choice, ...]:
        del context, vectors
        return tuple(Choice(agent.name, b.id, taken=True, reason="why not") for b in beliefs[1:])


def test_a_policy_has_to_account_for_every_candidate(journal: Journal) -> None:
    with BeliefMemory(journal, journal.begin("run")) as memory:
        revise(memory, 0, expansion())
        with pytest.raises(BeliefError, match="Forgetful returned 0 choices for the 1 candidates of pm"):
            propagate(memory, 1, Forgetful())


LEAN = """
import json, sys
from pathlib import Path
import doxa.memory
from doxa.memory import AgentProfile, BeliefMemory, Entry, Home, Journal, PropagationContext
heavy = ("chromadb", "sklearn", "scipy", "pandas", "litellm", "openai", "onnxruntime", "filelock")
loaded = [[name for name in heavy if name in sys.modules]]
with Journal.open(Home(Path(sys.argv[1])), write=True) as journal:
    run = journal.begin("run")
    with BeliefMemory(journal, run) as memory:
        agents = [AgentProfile("pm", "manager", None, "decides")]
        memory.propagate(0, agents, PropagationContext(None, {}, "train"))
        memory.revise(0, [], key="c", author="c", known_at=None, resolves=lambda e, s: True, cause=[Entry(0, "x", "c")])
        memory.beliefs()
loaded.append([name for name in heavy[:-1] if name in sys.modules])
print(json.dumps(loaded))
"""


def test_nothing_heavy_is_imported_before_there_is_a_belief(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LEAN, str(tmp_path)], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout) == [[], []]
